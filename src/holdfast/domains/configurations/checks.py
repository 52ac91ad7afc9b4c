"""What callers give, checked before a database sees it."""

from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_json, check_name
from holdfast.core.settings import Settings
from holdfast.domains.configurations.documents import canonical

REASON_CHARS = 1_000
BRANCH_CHARS = 100
MOST_VERSIONS = 2**31 - 1


def check_configuration(document: object, settings: Settings) -> str:
    """A document in its one spelling. Raises `InvalidInput`."""
    if document is None:
        raise InvalidInput("document: null; give an object, a list, a text or a number", field="document")
    most = settings.configuration_bytes
    check_json(document, field="document", most_bytes=most, most_depth=settings.configuration_depth)
    return canonical(document)


def check_reason(reason: object) -> str:
    """Why something is changed: 1 to 1,000 characters."""
    return check_name(reason, field="reason", most_chars=REASON_CHARS)


def check_version(version: object, *, field: str, least: int = 1) -> int:
    """The number of a version."""
    if isinstance(version, bool) or not isinstance(version, int) or not least <= version <= MOST_VERSIONS:
        raise InvalidInput(f"{field}: {version!r:.40} is not the number of a version, which begin with 1", field=field)
    return version
