"""Changes as a person would say them: `PID.8 presence 0.98 → 0.71`.

What stands below a collection (`segments`, `fields`, …) is a place, named by the member; what stands below that is a
property of it. Where a document has no such collections, the whole path is named.
"""

from typing import Any

from holdfast.core.database.types import dump_json
from holdfast.domains.configurations.differences import Edit, Path, pointer
from holdfast.domains.configurations.models import Change, Kind

COLLECTIONS = frozenset({"segments", "groups", "fields", "components", "subcomponents", "parts"})
_KINDS: dict[str, Kind] = {"add": "added", "remove": "removed", "replace": "changed"}
_LONGEST = 80
"""Of a longer value so many characters are said."""


def change_of(edit: Edit) -> Change:
    """An edit, with its words."""
    return Change(
        path=pointer(edit.path),
        kind=_KINDS[edit.op],
        before=edit.before,
        after=edit.after,
        words=_words(edit),
    )


def _words(edit: Edit) -> str:
    place = place_of(edit.path)
    if edit.op == "add":
        return f"{place} added: {said(edit.after)}"
    if edit.op == "remove":
        return f"{place} removed: {said(edit.before)}"
    return f"{place} {said(edit.before)} → {said(edit.after)}"


def place_of(path: Path) -> str:
    """A path in words."""
    named: list[str] = []
    properties: list[str] = []
    steps = iter(path)
    for step in steps:
        if step in COLLECTIONS and not properties:
            member = next(steps, None)
            if member is None:
                properties.append(str(step))
            else:
                named.append(str(member))
        else:
            properties.append(f"[{step}]" if isinstance(step, int) else str(step))
    return " ".join(part for part in (".".join(named), _dotted(properties)) if part) or "the document"


def _dotted(steps: list[str]) -> str:
    return "".join(step if step.startswith("[") or not at else f".{step}" for at, step in enumerate(steps))


def said(value: Any) -> str:
    """A value in words, cut where it is long."""
    if isinstance(value, (dict, list)) and value:
        return f"{len(value)} {'members' if isinstance(value, dict) else 'elements'}"
    text = dump_json(value) if not isinstance(value, str) else f"“{value}”"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
