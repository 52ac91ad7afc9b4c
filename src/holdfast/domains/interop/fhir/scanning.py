"""JSON as it comes: one value after another from chunks of bytes, each with the text it was written in."""

import codecs
import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from holdfast.domains.interop.problems import ProblemKind

_NEAR = 16
"""How near the end of what has come an error may be and still mean that more is to come."""
_BLANK = re.compile(r"[ \t\r\n\ufeff\x1e]*")
_MUCH = 1 << 19
_DEEPEST = 200
"""Brackets within brackets: the decoder itself ends at a thousand."""
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)


class Malformed(Exception):
    """No JSON at `at`, counted in characters from the beginning of what is held."""

    def __init__(self, at: int, kind: ProblemKind) -> None:
        super().__init__(kind)
        self.at, self.kind = at, kind


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).raw_decode


class Scanner:
    """What has come. `at` is where reading goes on; up to `done` all is taken, and let go by `settle`."""

    def __init__(self, chunks: Iterable[bytes], longest: int) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.text, self.at, self.done = "", 0, 0
        self.ended = False
        self.longest = longest

    def more(self) -> bool:
        """Whether more has come: at least as much again as is held."""
        wanted = max(1, len(self.text) - self.at)
        parts: list[str] = []
        while not self.ended and sum(map(len, parts)) < wanted:
            chunk = next(self._chunks, None)
            self.ended = chunk is None
            parts.append(self._decoder.decode(chunk or b"", final=self.ended))
        self.text += "".join(parts)
        return any(parts)

    def peek(self) -> str:
        """The next character that is not blank, which `at` then stands on; "" at the end."""
        while True:
            found = _BLANK.match(self.text, self.at)
            self.at = found.end() if found is not None else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def value(self) -> tuple[Any, int]:
        """The value that begins at `at`, and where it ends. Raises `Malformed`."""
        while True:
            try:
                found, end = _decode(self.text, self.at)
            except json.JSONDecodeError as error:
                if not self._may_be_cut(error):
                    raise Malformed(error.pos, "json_malformed") from error
            except RecursionError as error:
                raise Malformed(self.at, "too_deep") from error
            except ValueError as error:
                raise Malformed(self.at, "json_malformed") from error
            else:
                if end < len(self.text) or self.text[end - 1] in '}]"' or not self.more():
                    self._check_depth(end)
                    return found, end

    def take(self, end: int) -> str:
        """What is not yet taken, up to `end`."""
        taken, self.done = self.text[self.done : end], end
        return taken

    def settle(self) -> None:
        """Lets go of what is taken, once it is much. Places counted before are then others."""
        if self.done > _MUCH:
            self.text, self.at, self.done = self.text[self.done :], self.at - self.done, 0

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether more has come that may mend it."""
        if error.pos < len(self.text) - _NEAR and not error.msg.startswith("Unterminated"):
            return False
        if len(self.text) - self.at > self.longest:
            raise Malformed(self.at, "too_long") from error
        return self.more()

    def _check_depth(self, end: int) -> None:
        if self.text.count("{", self.at, end) + self.text.count("[", self.at, end) <= _DEEPEST:
            return
        depth = 0
        for found in _BRACKETS.finditer(self.text, self.at, end):
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
            if depth > _DEEPEST:
                raise Malformed(found.start(), "too_deep")
