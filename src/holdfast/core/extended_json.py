"""MongoDB's extended JSON (v2): values of types that JSON has not, canonical and relaxed.

Read: ids, dates and decimal numbers become texts, numbers numbers, binary its base64, or the UUID that it is. Written:
relaxed, in which what a record can hold is plain JSON.
"""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(value: Any) -> Any:
    """A value of extended JSON as JSON. Raises `ValueError` for one that is not right."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) <= 2:
        for name, convert in _TYPES.items():
            if name in value:
                return convert(value[name])
    return {name: plain(one) for name, one in value.items()}


def _date(value: Any) -> str:
    if isinstance(value, str):
        return value
    milliseconds = int(value["$numberLong"] if isinstance(value, dict) else value)
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat().replace("+00:00", "Z")


def _double(value: Any) -> float | str:
    number = float(value)
    return number if number - number == 0 else str(value)  # infinite ones are no JSON


def _binary(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    data = value["base64"]
    return str(UUID(bytes=b64decode(data, validate=True))) if value.get("subType") in ("4", "04") else data


_TYPES: dict[str, Any] = {
    "$oid": str,
    "$date": _date,
    "$numberInt": int,
    "$numberLong": int,
    "$numberDouble": _double,
    "$numberDecimal": str,
    "$uuid": str,
    "$binary": _binary,
    "$symbol": str,
    "$undefined": lambda _: None,
}
