"""Why there are no vectors. No message holds text that was to be embedded, nor an answer, nor a key."""

from collections.abc import Iterable

from holdfast.core.errors import Conflict, HoldfastError, InvalidInput


class InvalidEmbedder(InvalidInput):
    """What names the embedder cannot be understood. The text is not repeated: it may hold a secret."""

    code = "invalid_embedder"

    def __init__(self, reason: str) -> None:
        super().__init__(f"embedder: {reason}", field="embedder")


class EmbedderUnknown(InvalidInput):
    """No embedder of this name was given when the store was opened, or the caller may not name one by its address."""

    code = "embedder_unknown"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(
            f"embedder: {name!r:.80} is none of those this store was opened with ({names}); "
            "give it in Settings(embedders={…}), or HOLDFAST_EMBEDDERS",
            field="embedder",
        )
        self.name = name


class EmbedderMissing(HoldfastError):
    """The library of this embedder is not installed."""

    code = "embedder_missing"
    status = 501

    def __init__(self, provider: str, module: str, extra: str) -> None:
        super().__init__(
            f"embedder {provider!r} needs {module}, which is not installed; pip install 'holdfast[{extra}]'"
        )
        self.provider = provider


class EmbedderFailed(HoldfastError):
    """The embedder gave no vectors that can be used. `answer_status` is that of its HTTP answer, None without one."""

    code = "embedder_failed"
    status = 502

    def __init__(self, name: str, reason: str, *, answer_status: int | None = None) -> None:
        super().__init__(f"embedder {name!r}: {reason}")
        self.name = name
        self.answer_status = answer_status


class EmbedderUnavailable(EmbedderFailed):
    """It did not answer in time, or said that it cannot now, as often as it was asked. It may be asked again later."""

    code = "embedder_unavailable"
    status = 503


class EmbedderMismatch(EmbedderFailed):
    """It makes vectors of another dimension than those it made before: another model answers under this name."""

    code = "embedder_mismatch"

    def __init__(self, name: str, expected: int, found: int) -> None:
        super().__init__(
            name,
            f"vectors of {found} numbers where {expected} are expected; "
            "ask the model that made the index, or build the index anew with this one",
        )
        self.expected = expected
        self.found = found


class TextTooLong(EmbedderFailed):
    """One text is longer than the model reads. `index` is its place among the texts given, from 0."""

    code = "embedder_text_too_long"
    status = 422

    def __init__(self, name: str, index: int, chars: int, *, answer_status: int | None = None) -> None:
        super().__init__(
            name,
            f"text {index} ({chars:,} characters) is longer than the model reads; cut smaller pieces",
            answer_status=answer_status,
        )
        self.index = index


class NoEmbedderSet(Conflict):
    """Vectors are asked for of something that no embedder is set for."""

    code = "no_embedder_set"

    def __init__(self, setting: str) -> None:
        super().__init__(
            f"there is no embedder for it; open the store with Settings({setting}=…), a name or hashing:256"
        )
        self.setting = setting
