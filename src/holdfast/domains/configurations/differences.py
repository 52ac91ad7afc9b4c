"""Differences of two JSON documents, field by field: as places that changed, and as a JSON Patch (RFC 6902).

Objects are compared member by member. Arrays are compared from both ends; what is left between is aligned by its
equal elements, and what lies between those is compared element by element. A patch applied in order gives the second
document from the first, exactly: 1, 1.0 and true are three values.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple

from holdfast.core.database.types import dump_json

ALIGNED = 250_000
"""Where the product of two lengths is larger, arrays are not aligned but compared element by element."""
Step = str | int
Path = tuple[Step, ...]


class Edit(NamedTuple):
    """One operation of a patch, at a place as it is when the operations before it were done."""

    op: Literal["add", "remove", "replace"]
    path: Path
    before: Any = None
    after: Any = None


def edits(before: Any, after: Any) -> list[Edit]:
    """What leads from one document to the other, in the order in which it applies."""
    return list(_compare(before, after, ()))


def patch_of(changes: list[Edit]) -> tuple[dict[str, object], ...]:
    """The JSON Patch of some edits."""
    return tuple(
        {"op": one.op, "path": pointer(one.path)} | ({} if one.op == "remove" else {"value": one.after})
        for one in changes
    )


def pointer(path: Path) -> str:
    """The JSON Pointer (RFC 6901) of a place."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _compare(before: Any, after: Any, path: Path) -> Iterator[Edit]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _compare_objects(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_arrays(before, after, path)
    elif not is_same(before, after):
        yield Edit("replace", path, before, after)


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON. Equal objects in Python can be different JSON, never the other way."""
    if type(one) is type(other) and not isinstance(one, (dict, list)):
        return bool(one == other)
    return one == other and dump_json(one) == dump_json(other)


def _compare_objects(before: dict[str, Any], after: dict[str, Any], path: Path) -> Iterator[Edit]:
    for name in sorted(before.keys() | after.keys()):
        here = (*path, name)
        if name not in after:
            yield Edit("remove", here, before[name])
        elif name not in before:
            yield Edit("add", here, None, after[name])
        else:
            yield from _compare(before[name], after[name], here)


def _compare_arrays(before: list[Any], after: list[Any], path: Path) -> Iterator[Edit]:
    start, most = 0, min(len(before), len(after))
    while start < most and is_same(before[start], after[start]):
        start += 1
    end = 0
    while end < most - start and is_same(before[-1 - end], after[-1 - end]):
        end += 1
    yield from _middle(before[start : len(before) - end], after[start : len(after) - end], start, path)


def _middle(before: list[Any], after: list[Any], start: int, path: Path) -> Iterator[Edit]:
    at = start
    for tag, a0, a1, b0, b1 in _aligned(before, after):
        old, new = before[a0:a1], after[b0:b1]
        if tag == "equal":
            at += a1 - a0
            continue
        both = min(len(old), len(new))
        yield from _elements(old[:both], new[:both], at, path)
        at += both
        for gone in old[both:]:
            yield Edit("remove", (*path, at), gone)
        for come in new[both:]:
            yield Edit("add", (*path, at), None, come)
            at += 1


def _aligned(before: list[Any], after: list[Any]) -> list[tuple[str, int, int, int, int]]:
    if not before or not after or len(before) * len(after) > ALIGNED:
        return [("replace", 0, len(before), 0, len(after))]
    old, new = ([dump_json(one) for one in side] for side in (before, after))
    return [*SequenceMatcher(None, old, new, autojunk=False).get_opcodes()]


def _elements(before: list[Any], after: list[Any], start: int, path: Path) -> Iterator[Edit]:
    for number, (old, new) in enumerate(zip(before, after, strict=True), start):
        yield from _compare(old, new, (*path, number))
