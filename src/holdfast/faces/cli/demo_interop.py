"""The senders of the demo's hospitals: what was inferred of each, and what one of them does otherwise today."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from holdfast.faces.cli.output import console, table
from holdfast.samples.hl7 import Drift, messages
from holdfast.scopes import UserScope

EXTRA = "hl7apy"
"""What `holdfast[interop]` brings: the definitions of the standard."""
DRIFTING = ("Epic", "Epic/HL7v2/ADT^A01")
BATCH = 200


@dataclass(frozen=True, kw_only=True)
class Sender:
    """What is known of a sender. `deviations` from the standard, in words."""

    address: str
    vendor: str
    type: str
    messages: int
    segments: tuple[str, ...]
    custom: tuple[str, ...]
    formats: tuple[str, ...]
    deviations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """A difference of today's messages."""

    address: str
    location: str
    kind: str
    before: str
    after: str


def is_installed() -> bool:
    """Whether messages of health systems can be analysed here."""
    return find_spec(EXTRA) is not None


def senders(owner: UserScope) -> Iterator[Sender]:
    """What was inferred, by address."""
    for one in owner.configurations.find("*/HL7v2/*").items:
        document: Any = owner.configurations.get(one.address).document
        segments = {
            name: found for version in document["versions"].values() for name, found in version["segments"].items()
        }
        told = (found for judged in owner.interop.deviations(one.address).values() for found in judged.found)
        yield Sender(
            address=one.address,
            vendor=document["vendor"],
            type=document["type"],
            messages=document["messages"],
            segments=tuple(segments),
            custom=tuple(name for name, found in segments.items() if found["custom"]),
            formats=tuple(sorted({shape for found in segments.values() for shape in _dates(found)})),
            deviations=tuple(f"{found.location} {found.kind}" for found in told),
        )


def drifted(owner: UserScope) -> Iterator[Drifted]:
    """What a sender's next messages, which were changed in three places, have otherwise."""
    vendor, address = DRIFTING
    changed = Drift(leaves_out_service=True, new_segment=True, births_with_time=True)
    today = "".join(messages(vendor, BATCH, since=BATCH, drift=changed))
    for one in owner.interop.drift(address, today).findings:
        yield Drifted(address=address, location=one.location, kind=one.kind, before=one.before, after=one.after)


def show_senders(name: str, known: tuple[Sender, ...], found: tuple[Drifted, ...]) -> None:
    """Both, as tables."""
    console.print(f"\n[bold]{name}[/bold]: how its senders write, inferred from their messages", soft_wrap=True)
    shown = table("sender", "type", "messages", "segments", "custom", "dates", "deviations")
    shown.columns[5].no_wrap = True
    for one in known:
        standing = " ".join(name for name in one.segments if name not in one.custom)
        told = "\n".join(one.deviations)
        cells = (standing, " ".join(one.custom) or "–", "\n".join(one.formats), told or "–")
        shown.add_row(one.vendor, one.type, str(one.messages), *cells)
    console.print(shown)
    console.print(f"\n{DRIFTING[0]} today, {BATCH} messages: what changed")
    shown = table("place", "what", "before", "now")
    for change in found:
        shown.add_row(change.location, change.kind, change.before, change.after)
    console.print(shown)


def _dates(segment: Mapping[str, Any]) -> Iterator[str]:
    for column in segment["fields"].values():
        for part in column["parts"].values():
            if part["data type"]["guess"] == "date or time":
                yield from part["formats"]
