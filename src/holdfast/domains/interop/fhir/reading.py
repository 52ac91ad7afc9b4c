"""Resources of a file, a stream or bytes: of bundles, of arrays, one to a line, or one after another."""

import re
from collections.abc import Iterator
from typing import Any

from holdfast.domains.interop.problems import Problem
from holdfast.domains.interop.sources import Source, chunks_of
from holdfast.domains.interop.trees import TreePiece

from .resources import Resource
from .scanning import Malformed, Scanner

LONGEST = 32 << 20
_HEAD = 400
_BUNDLE = re.compile(r'\{\s*"resourceType"\s*:\s*"Bundle"')
_TYPE = re.compile(r'\{\s*"resourceType"\s*:\s*"')
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_AGAIN = re.compile(r"(?<=\n)[{\[]")
_AROUND = " \t\r\n,\ufeff\x1e"
_OBJECT = re.compile(r'\{\s*"resourceType"')
_ENTRY = re.compile(r'\{\s*"(?:fullUrl|resource)"\s*:\s*["{]')
_KIND = re.compile(r"[a-z]{1,12}(?:-[a-z]{1,12})?")
_SAYS: dict[str, str] = {
    "json_malformed": "this is no JSON",
    "too_long": "the value is longer than the reader takes",
    "too_deep": "there is too much within each other to be read",
    "not_an_object": "a resource is an object, and this is none",
    "bundle_unclosed": "the text ends before its bundle or array is closed",
}


def read(source: Source, *, longest: int = LONGEST) -> Iterator[Resource | Problem]:
    """Every resource of a source, and what is malformed, in order, in constant memory.

    A bundle's entries come one by one; the bundle around them is no resource. What is wrong in a resource follows it.
    `longest`: characters of one resource. Raises `MessagesNotFound`.
    """
    for piece in pieces_of(source, longest=longest):
        if isinstance(piece.message, Resource):
            yield piece.message
            yield from piece.message.problems
        yield from piece.problems


def pieces_of(source: Source, *, longest: int = LONGEST) -> Iterator[TreePiece]:
    """The pieces of a source; joined they are the source. Raises `MessagesNotFound`."""
    return _Reading(Scanner(chunks_of(source), longest)).documents()


class _Reading:
    """What is known so far."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.offset = self.number = 0

    def documents(self) -> Iterator[TreePiece]:
        scanner = self.scanner
        while first := scanner.peek():
            yield from self.between(scanner.at)
            scanner.settle()
            try:
                if first == "[":
                    yield from self.array("array")
                elif first == "{" and self.is_bundle():
                    yield from self.bundle()
                else:
                    yield from self.one("alone")
            except Malformed as error:
                yield from self.unreadable(error, _AGAIN)
        yield from self.between(len(scanner.text))

    def is_bundle(self) -> bool:
        """Whether it says so at its beginning; one that says it later is read whole first."""
        scanner = self.scanner
        while len(scanner.text) - scanner.at < _HEAD and scanner.more():
            pass
        if _TYPE.match(scanner.text, scanner.at):
            return _BUNDLE.match(scanner.text, scanner.at) is not None
        found, _ = scanner.value()
        return found.get("resourceType") == "Bundle" and isinstance(found.get("entry"), list)

    def bundle(self) -> Iterator[TreePiece]:
        """Its members; the entries one by one."""
        scanner, kind = self.scanner, "bundle"
        for name in self.members():
            if name == "entry" and scanner.peek() == "[":
                yield from self.array(kind)
                continue
            found, scanner.at = scanner.value()
            if name == "type" and isinstance(found, str) and _KIND.fullmatch(found):
                kind = f"{found} bundle"

    def array(self, kind: str) -> Iterator[TreePiece]:
        """Its elements: entries of a bundle, or resources."""
        scanner, first, of_bundle = self.scanner, True, kind != "array"
        scanner.at += 1
        while self.goes_on("]", first):
            scanner.settle()
            first, begun = False, scanner.at
            try:
                yield from self.entry(kind) if of_bundle else self.one(kind)
            except Malformed as error:
                yield from self.between(begun)
                yield from self.unreadable(error, _ENTRY if of_bundle else _OBJECT)
                first = True

    def entry(self, kind: str) -> Iterator[TreePiece]:
        """One entry, read to its end first: what it asks for often comes after its resource."""
        scanner, request = self.scanner, "none"
        found: tuple[int, int, Any] | None = None
        if scanner.peek() != "{":
            raise Malformed(scanner.at, "not_an_object")
        for name in self.members():
            begun = scanner.at
            value, scanner.at = scanner.value()
            if name == "resource":
                found = begun, scanner.at, value
            elif name == "request" and isinstance(value, dict) and value.get("method") in _METHODS:
                request = value["method"]
        if found is not None:
            yield from self.resource(*found, kind, request)

    def members(self) -> Iterator[str]:
        """The names of an object; whoever asks for the next has gone past the value of the last."""
        scanner, first = self.scanner, True
        scanner.at += 1
        while self.goes_on("}", first):
            first, name = False, None
            if scanner.peek() == '"':
                name, scanner.at = scanner.value()
            if name is None or scanner.peek() != ":":
                raise Malformed(scanner.at, "json_malformed")
            scanner.at += 1
            scanner.peek()
            yield name

    def goes_on(self, end: str, first: bool) -> bool:
        """Whether there is another element, at which the scanner then stands, or past the bracket that ends them."""
        scanner = self.scanner
        found = scanner.peek()
        if found == "," and not first:
            scanner.at += 1
            found = scanner.peek()
        elif found not in ("", end) and not first:
            raise Malformed(scanner.at, "json_malformed")
        if found == "":
            raise Malformed(scanner.at, "bundle_unclosed")
        scanner.at += found == end
        return found != end

    def one(self, carried: str) -> Iterator[TreePiece]:
        """The resource at which the scanner stands."""
        begun = self.scanner.at
        found, self.scanner.at = self.scanner.value()
        yield from self.resource(begun, self.scanner.at, found, carried, "none")

    def resource(self, begun: int, end: int, found: Any, carried: str, request: str) -> Iterator[TreePiece]:
        """A value that should be a resource, after what lies before it."""
        yield from self.between(begun)
        self.number += 1
        if isinstance(found, dict):
            yield self.piece(end, (found, carried, request))
        else:
            problem = Problem("not_an_object", _SAYS["not_an_object"], self.number, offset=self.offset)
            yield self.piece(end, None, (problem,))

    def between(self, until: int) -> Iterator[TreePiece]:
        """What was not taken before a place."""
        if until > self.scanner.done:
            yield self.piece(until)

    def piece(
        self, until: int, found: tuple[Any, str, str] | None = None, problems: tuple[Problem, ...] = ()
    ) -> TreePiece:
        text = self.scanner.take(until)
        raw = text.encode("utf-8", "surrogateescape")
        message = None if found is None else Resource(raw, text, self.number, self.offset, *found)
        made = TreePiece(raw, self.offset, message, problems)
        self.offset += len(raw)
        return made

    def unreadable(self, error: Malformed, again: re.Pattern[str]) -> Iterator[TreePiece]:
        """Everything up to where reading may begin again: in pieces, where that is much."""
        scanner = self.scanner
        self.number += 1
        place = self.offset + len(scanner.text[scanner.done : error.at].encode("utf-8", "surrogateescape"))
        problems: tuple[Problem, ...] = (Problem(error.kind, _SAYS[error.kind], self.number, offset=place),)
        begun = max(error.at, scanner.done + 1)
        while True:
            found = again.search(scanner.text, begun)
            if found is not None or scanner.ended:
                break
            scanner.at = scanner.done
            if len(scanner.text) - scanner.done > scanner.longest:
                yield self.piece(len(scanner.text) - _HEAD, None, problems)
                problems, begun = (), scanner.done
                scanner.settle()
                begun = scanner.done
            scanner.more()
        scanner.at = len(scanner.text) if found is None else found.start()
        rest = scanner.text[scanner.done : scanner.at].rstrip(_AROUND)
        yield self.piece(scanner.done + len(rest), None, problems)
