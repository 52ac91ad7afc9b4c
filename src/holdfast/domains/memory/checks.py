"""What `remember` takes, checked before a database sees it."""

from datetime import datetime
from uuid import UUID

from holdfast.core.clock import as_utc, now
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_json, check_name
from holdfast.core.settings import Settings
from holdfast.domains.memory.confidence import check_confidence
from holdfast.domains.memory.remembering import Said

KEY_CHARS = 200
SAID_BY_CHARS = 200
REQUEST_ID_CHARS = 200


def check_key(value: object, *, field: str = "key") -> str:
    """A key: text of 1 to 200 characters that spells no identifier, which `forget` would take for a fact's."""
    key = check_name(value, field=field, most_chars=KEY_CHARS)
    if as_fact_id(key) is not None:
        raise InvalidInput(f"{field}: {key!r} is an identifier; give a name such as answer_style", field=field)
    return key


def as_fact_id(value: UUID | str) -> UUID | None:
    """The identifier that `value` spells, if it spells one; a key otherwise."""
    try:
        return as_id(value, field="fact")
    except InvalidInput:
        return None


def check_said(
    settings: Settings,
    *,
    key: object,
    value: object,
    confidence: object,
    source: UUID | str | None,
    said_by: str | None,
    valid_from: datetime | None,
    valid_to: datetime | None,
    sensitive: bool,
    recorded_by: UUID,
    request_id: str | None = None,
    extractor: str | None = None,
) -> Said:
    """What is to be remembered. Raises `InvalidInput`, naming the field."""
    if value is None:
        raise InvalidInput("value: null; memory.forget(…) takes a fact away", field="value")
    if not isinstance(sensitive, bool):
        raise InvalidInput(f"sensitive: {sensitive!r:.40} is neither True nor False", field="sensitive")
    check_json(value, field="value", most_bytes=settings.metadata_bytes, most_depth=settings.metadata_depth)
    begins, ends = _check_times(valid_from, valid_to)
    return Said(
        key=check_key(key),
        value=value,
        confidence=check_confidence(confidence),
        source=None if source is None else as_id(source, field="source"),
        said_by=None if said_by is None else check_name(said_by, field="said_by", most_chars=SAID_BY_CHARS),
        extractor=extractor,
        valid_from=begins,
        valid_to=ends,
        sensitive=sensitive,
        request_id=_check_request_id(request_id),
        recorded_by=recorded_by,
    )


def _check_request_id(request_id: object) -> str | None:
    return None if request_id is None else check_name(request_id, field="request_id", most_chars=REQUEST_ID_CHARS)


def _check_times(valid_from: datetime | None, valid_to: datetime | None) -> tuple[datetime | None, datetime | None]:
    moment = now()
    begins = None if valid_from is None else as_utc(valid_from, field="valid_from")
    ends = None if valid_to is None else as_utc(valid_to, field="valid_to")
    if begins is not None and begins > moment:
        raise InvalidInput(
            f"valid_from: {begins:%Y-%m-%dT%H:%M:%SZ} has not been yet; remember it when it holds", field="valid_from"
        )
    if ends is not None and ends <= (begins or moment):
        raise InvalidInput(f"valid_to: {ends:%Y-%m-%dT%H:%M:%SZ} is not after it begins", field="valid_to")
    return begins, ends
