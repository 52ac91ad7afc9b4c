"""What was counted as configurations: a version of each, or a change request where changes are reviewed."""

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.core.settings import Settings
from holdfast.domains.configurations import ChangeRequest, Configuration, Configurations, address_of
from holdfast.domains.configurations.checks import check_configuration
from holdfast.domains.configurations.documents import digest_of
from holdfast.domains.configurations.errors import (
    ConfigurationNotFound,
    ConfigurationReadOnly,
    RequestClosed,
    ReviewRequired,
)

from .documents import by_type, documents
from .profiles import Profile, Recognised, Signature, recognise, signature

_KNOWN = 200
_BEGINS = "inferred from "


def configure(
    room: Configurations,
    profile: Profile,
    settings: Settings,
    *,
    vendor: str,
    more: bool,
    tell: Callable[[str], None],
) -> list[dict[str, Any]]:
    """A configuration for each type. What it says already makes no new version, nor does a batch that added nothing.

    Where a rule has changes reviewed, or it is another's, it is asked for: see `_proposed`. `tell` hears of each type.
    """
    known = {name: _recognised(room, name, one, vendor) for name, one in by_type(profile).items()}
    made = []
    for name, document in documents(profile, vendor=vendor, recognised=known).items():
        tell(f"{name}: configuration")
        address = address_of(vendor, profile.standard, name)
        there = None if more else _there(room, address)
        told = _kept(room, address, document, settings) if there is None else {"version": there.version}
        made.append({"address": address, "messages": document["messages"]} | told)
    return made


def _there(room: Configurations, address: str) -> Configuration | None:
    try:
        return room.get(address)
    except ConfigurationNotFound:
        return None


def _kept(room: Configurations, address: str, document: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The version that the document is now; or the current one, and the request that asks for the document."""
    try:
        return {"version": room.put(address, document, reason=_reason(document)).version}
    except (ReviewRequired, ConfigurationReadOnly):
        asked = _proposed(room, address, document, settings)
        return {"version": asked.base_version, "request": str(asked.id)}


def _reason(document: Mapping[str, Any]) -> str:
    return f"{_BEGINS}{document['messages']} messages"


def _proposed(room: Configurations, address: str, document: Mapping[str, Any], settings: Settings) -> ChangeRequest:
    """The request for a document at an address: an analysis has one at most that is open, and revises that.

    Asking for the same again changes nothing, so a job that is done twice asks once. Requests that somebody wrote, or
    gave another reason, are left alone. Raises `ConfigurationReadOnly`, `SchemaViolated`.
    """
    reason = _reason(document)
    digest = digest_of(check_configuration(document, settings))
    current = room.get(address).version
    for known in _own(room, address):
        if known.digest == digest and known.base_version == current:
            return known
        try:
            return room.revise(known.id, document, reason=reason)
        except RequestClosed:
            continue
    return room.propose(address, document, reason=reason)


def _own(room: Configurations, address: str) -> list[ChangeRequest]:
    """The open requests that analyses of the caller's made, the newest first."""
    cursor, found = None, list[ChangeRequest]()
    while True:
        page = room.requests(address=address, cursor=cursor)
        found += [one for one in page.items if one.author_id == room.actor() and one.reason.startswith(_BEGINS)]
        cursor = page.next
        if cursor is None:
            return found


def _recognised(room: Configurations, message_type: str, profile: Profile, vendor: str) -> Recognised:
    """Whether structure tells this sender from the others whose configurations of this type whoever asks may read."""
    known: dict[str, Signature] = {}
    for one in room.find(f"*/{profile.standard}/{_literal(message_type)}", limit=_KNOWN).items:
        document = room.get(one.address).document
        if isinstance(document, Mapping) and isinstance(document.get("signature"), Mapping):
            known[str(document["vendor"])] = dict(document["signature"]["traits"])
    return recognise(profile, known | {vendor: signature(profile)})


def _literal(segment: str) -> str:
    return segment.replace("%", "%25").replace("/", "%2F").replace("*", "%2A")
