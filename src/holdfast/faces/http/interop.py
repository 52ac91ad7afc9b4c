"""/v1/interop: messages analysed into configurations, and what is asked of those.

An analysis is a PUT: sending the same messages again adds nothing. Messages are texts here. The library takes paths as
well; the functions below take none, so that nothing a request says is ever looked for on the server's disk.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from holdfast.core.jobs import Job
from holdfast.domains.interop import Interop, Sample
from holdfast.domains.interop.deidentifying import Deidentified
from holdfast.domains.interop.drift import Drift
from holdfast.domains.interop.reads import Differences
from holdfast.faces.http.routes import Route


def analyse(
    room: Interop, messages: str | Sequence[str], *, vendor: str, standard: str = "HL7v2", keep_days: int | None = None
) -> Job:
    """Have messages analysed in the background: the job says how far it is, and then the result.

    Each text holds any number of messages. Each type's configuration is put at `vendor/standard/type`; a message
    that was counted before adds nothing. `keep_days`: keep the messages as samples, sealed, for so long. Raises
    `InvalidInput`, `ProfileTaken`.
    """
    return room.analyse(messages, vendor=vendor, standard=standard, keep_days=keep_days)


def drift(room: Interop, address: str, messages: str | Sequence[str]) -> Drift:
    """How new messages differ from the configuration at an address, by exact tests. Nothing of them is kept.

    Raises `ConfigurationNotFound`, `DocumentUnreadable`, `NothingToCompare`.
    """
    return room.drift(address, messages)


def validate(room: Interop, address: str, message: str) -> Differences:
    """Where one message differs from the configuration at an address; nothing of it is kept.

    HL7 v2, a resource of FHIR, SCRIPT or Telecom, as the configuration is. Raises `ConfigurationNotFound`,
    `DocumentUnreadable`, `InvalidInput` for what is no message, or several.
    """
    return room.validate(address, message)


def samples(
    room: Interop,
    vendor: str,
    type: str,
    *,
    standard: str = "HL7v2",
    after: str = "",
    limit: int = 50,
    deidentified: bool = False,
    k: int = 1,
) -> list[Sample]:
    """Messages of a type that were kept, in the order of their digests, up to 200; `after`: the last digest seen.

    `deidentified`: copies of HL7 v2 messages without the people in them, of one batch; with `k` only codes that
    so many patients of the batch have stay. Another's are read by administrators, which leaves a line in the trail.
    What is no UTF-8 in one is a U+FFFD: JSON has no way to say it. Raises `InvalidInput`.
    """
    found = room.samples(vendor, type, standard=standard, after=after, limit=limit, deidentified=deidentified, k=k)
    return [replace(one, content=_readable(one.content)) for one in found]


def deidentify(room: Interop, messages: str | Sequence[str], *, mapping: bool = False, k: int = 1) -> Deidentified:
    """Copies of HL7 v2 messages without the people in them; nothing of them is kept.

    One batch: within it a patient, and each identifier, has one pseudonym, and dates of a patient are moved by one
    number of days. Codes and structure stay (with `k` codes that so many patients of the batch have); all else is
    replaced. `mapping`: say what stands for what, which is as personal as the messages. Raises `InvalidInput`.
    """
    made = room.deidentify(messages, mapping=mapping, k=k)
    return replace(made, messages=tuple(map(_readable, made.messages)))


def _readable(content: str) -> str:
    return content.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_route = partial(Route, "interop", given=("address",))
_asked = partial(_route, "POST", policy="configurations.read", repeatable=True)

ROUTES = (
    _route("PUT", "/interop/analyses", Interop.analyse, calls=analyse, policy="interop.analyse", status=202),
    _asked("/interop/drift", Interop.drift, calls=drift),
    _asked("/interop/validation", Interop.validate, calls=validate),
    _route(
        "POST", "/interop/copies", Interop.deidentify, calls=deidentify, policy="interop.deidentify", repeatable=True
    ),
    _route("GET", "/interop/deviations", Interop.deviations, policy="configurations.read"),
    _route("POST", "/interop/messages", Interop.synthesise, policy="interop.synthesise", repeatable=True),
    _route("GET", "/interop/samples", Interop.samples, calls=samples),
    _route("DELETE", "/interop/samples", Interop.delete_samples),
)
