"""A resource: as it was sent, and as what it says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from holdfast.domains.interop.problems import Problem
from holdfast.domains.interop.trees import DEEPEST, Tree

VERSION = "4.0"
"""R4. A resource does not say which version of FHIR it is of."""
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_SLICE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_DIGITS = re.compile(r"\d{5}|^[0-9a-fA-F]{8}-")
_SURROGATE = re.compile("[\udc80-\udcff]")
_OWNERS = ("subject", "patient", "beneficiary", "for", "individual")


@dataclass(eq=False)
class Resource:
    """One resource. `carried` says in what it came: "bundle", "transaction bundle", "array", "alone".

    `offset` is where it began, in bytes from the beginning of the stream. Not to be changed.
    """

    raw: bytes
    text: str
    number: int
    offset: int
    tree: Tree
    carried: str
    request: str = "none"
    """The method that a bundle's entry asks for."""

    @cached_property
    def type(self) -> str:
        """`resourceType`, "unknown" where it is none."""
        given = self.tree.get("resourceType")
        return given if isinstance(given, str) and _TYPE.fullmatch(given) else "unknown"

    version = VERSION

    @property
    def root(self) -> str:
        """The path of its outermost object: its type."""
        return self.type

    @property
    def patient(self) -> str:
        """The id of the patient it is about, "" where it names none."""
        if self.type == "Patient":
            return _id(self.tree.get("id"))
        for name in _OWNERS:
            owner = self.tree.get(name)
            if isinstance(owner, dict) and (found := _id(owner.get("reference"))):
                return found
        return ""

    @property
    def habits(self) -> dict[str, str]:
        """How it was sent."""
        written = "indented" if "\n" in self.text else "compact"
        return {"carried by": self.carried, "request": self.request, "layout": written}

    order: tuple[str, ...] = ()

    def write(self) -> bytes:
        """The bytes it was read from."""
        return self.raw

    @property
    def problems(self) -> Iterator[Problem]:
        """What is malformed in it."""
        if self.type == "unknown":
            yield Problem("type_missing", "resourceType names no type", self.number, offset=self.offset)
        if _SURROGATE.search(self.text):
            yield from self._undecodable()
        names, depth = _measured(self.tree)
        if self.text.count('":') != names:  # cheap, and right unless there are spaces or quotation marks
            for path in _repeated(self.text):
                yield Problem("name_repeated", "an object has a name twice", self.number, path, offset=self.offset)
        if depth > DEEPEST:
            detail = f"objects within objects beyond {DEEPEST} are not looked into"
            yield Problem("too_deep", detail, self.number, self.type, offset=self.offset)

    def _undecodable(self) -> Iterator[Problem]:
        for found in _SURROGATE.finditer(self.text):
            place = self.offset + len(self.text[: found.start()].encode("utf-8", "surrogateescape"))
            yield Problem("undecodable", "a byte that is no character of UTF-8", self.number, self.type, offset=place)


def slice_of(url: object) -> str:
    """What tells an extension from others: the end of its URL, "other" where that may be anything."""
    end = url.rpartition("/")[2] if isinstance(url, str) else ""
    return end if _SLICE.fullmatch(end) and not _DIGITS.search(end) else "other"


def _id(given: object) -> str:
    """`p1` of `Patient/p1`, `urn:uuid:p1` or `p1`. Without half characters, which no hash takes."""
    if not isinstance(given, str):
        return ""
    found = given.rpartition("/")[2].rpartition(":")[2]
    return found if found.isprintable() else ascii(found)


def _measured(tree: Tree) -> tuple[int, int]:
    """How many names there are, and how many objects are within each other at most."""
    names = depth = 0
    level = [tree]
    while level:
        depth += 1
        below: list[Tree] = []
        for one in level:
            names += len(one)
            for value in one.values():
                if value.__class__ is dict:
                    below.append(value)
                elif value.__class__ is list:
                    below += [item for item in value if item.__class__ is dict]
        level = below
    return names, depth


def _repeated(text: str) -> list[str]:
    """The type of every object that has a name twice, "" where it has none."""
    found: list[str] = []

    def whole(pairs: list[tuple[str, Any]]) -> Tree:
        made = dict(pairs)
        if len(made) < len(pairs):
            given = made.get("resourceType")
            found.append(given if isinstance(given, str) and _TYPE.fullmatch(given) else "")
        return made

    json.loads(text, object_pairs_hook=whole)
    return found
