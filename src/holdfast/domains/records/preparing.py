"""Records on their way in, held to their set: what their rows will hold."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from holdfast.core.clock import as_utc
from holdfast.core.database.types import Spelled, dump_json, dump_whole
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_json, is_plain_json
from holdfast.core.settings import Settings
from holdfast.domains.records.errors import RecordRefused
from holdfast.domains.records.models import NotStored, RecordSet
from holdfast.domains.records.paths import Path, parse_path, value_at
from holdfast.domains.records.schemas import Held, kind_of
from holdfast.domains.records.tables import PLACES
from holdfast.domains.records.values import MOST_BYTES, code_of, is_scalar

Data = dict[str, object]


class Ready(NamedTuple):
    """A record that fits its set: what its row holds."""

    number: int
    key: str
    data: Data
    text: Spelled
    weight: float | None
    expires_at: datetime | None
    codes: tuple[bytes | None, ...]


class Preparing:
    """Holds records to a set; made once for many."""

    def __init__(self, of: RecordSet, settings: Settings) -> None:
        self.of = of
        self._settings = settings
        self._held = Held(of.schema)
        self._key = parse_path(of.key, field="key")
        self._weight = None if of.weight is None else parse_path(of.weight, field="weight")
        self._expires = None if of.expires is None else parse_path(of.expires, field="expires")
        self._indexed = [parse_path(one, field="indexed") for one in of.indexed]
        self._unused = (None,) * (len(PLACES) - len(self._indexed))
        self._text = [parse_path(one, field="text") for one in of.text]

    def __call__(self, data: Mapping[str, object], number: int = 1) -> Ready:
        """What a record becomes. Raises `RecordRefused`."""
        if not isinstance(data, dict):
            if not isinstance(data, Mapping):
                raise RecordRefused(f"an object is needed, got {kind_of(data)}")
            data = dict(data)
        text = self._spelled(data)
        reason = self._held.reason(data)
        if reason is not None:
            raise RecordRefused(f"{reason}; see the set's schema")
        return Ready(
            number=number,
            key=self._key_of(data),
            data=data,
            text=text,
            weight=self._weight_of(data),
            expires_at=self._expiry_of(data),
            codes=(*[self._code(data, path) for path in self._indexed], *self._unused),
        )

    def _spelled(self, data: Data) -> Spelled:
        """A record as it is stored."""
        most, depth = self._settings.record_bytes, self._settings.record_depth
        try:
            whole = is_plain_json(data, most_depth=depth, floats=False)
            if whole or is_plain_json(data, most_depth=depth):
                text = dump_whole(data) if whole else dump_json(data)
                if "\\u0000" not in text and (len(text) <= most // 4 or len(text.encode()) <= most):
                    return Spelled(text)
            check_json(data, field="record", most_bytes=most, most_depth=depth)
        except InvalidInput as error:
            raise RecordRefused(str(error).removeprefix("record: ")) from None
        except UnicodeEncodeError as error:
            raise RecordRefused(
                f"lone surrogate U+{ord(error.object[error.start]):04X}; decode its source rightly"
            ) from None
        return Spelled(dump_json(data))

    def some(self, rows: Iterable[Mapping[str, object]], first: int = 1) -> tuple[list[Ready], list[NotStored]]:
        """Of many records those that fit, and why each other does not; of a key that comes twice the last one."""
        ready: dict[str, Ready] = {}
        failed: list[NotStored] = []
        for number, row in enumerate(rows, first):
            try:
                made = self(row, number)
            except RecordRefused as error:
                failed.append(self._not_stored(number, row, error))
            else:
                ready.pop(made.key, None)
                ready[made.key] = made
        return list(ready.values()), failed

    def _not_stored(self, number: int, row: object, error: RecordRefused) -> NotStored:
        key = value_at(row, self._key)
        shown = str(key)[:200] if is_scalar(key) else None
        return NotStored(number=number, key=shown, code=error.code, reason=str(error).removeprefix("record: "))

    def text(self, data: Data) -> str:
        """The words that a record is found by."""
        found: list[str] = []
        for path in self._text:
            value = value_at(data, path)
            values = value if isinstance(value, list) else [value]
            found += [str(one) for one in values if isinstance(one, str)]
        return "\n".join(found)

    def _key_of(self, data: Data) -> str:
        key = value_at(data, self._key)
        if isinstance(key, int) and not isinstance(key, bool):
            key = str(key)
        if key == "":
            raise RecordRefused(f"{self.of.key}: the key is empty; give each record one of its own")
        if not isinstance(key, str):
            raise RecordRefused(f"{self.of.key}: the key is a text or a whole number, not {kind_of(key)}")
        if len(key.encode()) > MOST_BYTES:
            raise RecordRefused(f"{self.of.key}: a key of {len(key.encode()):,} bytes, the limit is {MOST_BYTES}")
        return key

    def _weight_of(self, data: Data) -> float | None:
        if self._weight is None:
            return None
        weight = value_at(data, self._weight)
        if weight is None:
            return 0.0
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight < 0:
            given = kind_of(weight) if isinstance(weight, bool) or not isinstance(weight, (int, float)) else "below it"
            raise RecordRefused(f"{self.of.weight}: a weight is a number of at least 0, not {given}")
        return float(weight)

    def _expiry_of(self, data: Data) -> datetime | None:
        if self._expires is None:
            return None
        given = value_at(data, self._expires)
        if given is None:
            return None
        try:
            return moment_of(given)
        except (ValueError, TypeError, InvalidInput):
            text = f"{self.of.expires}: the expiry is a date or a moment with its zone, like 2026-01-31T12:00:00Z"
            raise RecordRefused(text) from None

    def _code(self, data: Data, path: Path) -> bytes:
        value = data.get(path[0]) if len(path) == 1 else value_at(data, path)
        try:
            code = code_of(value)
        except TypeError:
            raise RecordRefused(
                f"{'.'.join(path)}: is indexed, and {kind_of(value)} cannot be; take it out of `indexed`"
            ) from None
        if len(code) > MOST_BYTES + 1:
            raise RecordRefused(
                f"{'.'.join(path)}: is indexed, and its {len(code) - 1:,} bytes are more than {MOST_BYTES}; "
                "take it out of `indexed`"
            )
        return code


def moment_of(given: object) -> datetime:
    """A moment from a date (its beginning, UTC) or a moment with its zone, as RFC 3339 spells them."""
    if not isinstance(given, str):
        raise TypeError("a text is needed")
    if len(given) == len("2026-01-31"):
        return datetime.combine(date.fromisoformat(given), time(), UTC)
    return as_utc(datetime.fromisoformat(given), field="expires")
