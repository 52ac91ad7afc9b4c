"""What can be wrong with what is put into the cache. That Redis is away is no error: then things are loaded."""

from holdfast.core.errors import InvalidInput


class NotCacheable(InvalidInput):
    """A value of a type that would not come back as it was put."""

    code = "not_cacheable"

    def __init__(self, value: object, why: str) -> None:
        super().__init__(
            f"cache: a {type(value).__qualname__} {why}; give None, bool, int, float, str, bytes, Decimal, datetime, "
            "date, UUID, lists, tuples, dicts and sets of them, or register a frozen dataclass or an enum",
            field="value",
        )


class TooLargeToCache(InvalidInput):
    """A value larger than `Settings.cache_value_bytes`."""

    code = "too_large_to_cache"

    def __init__(self, size: int, most: int) -> None:
        super().__init__(f"cache: the value takes {size:,} bytes, at most {most:,} are kept", field="value")
