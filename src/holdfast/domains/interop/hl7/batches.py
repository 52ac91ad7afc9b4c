"""Batches: FHS and BHS open, BTS and FTS close, and say how many they closed over."""

from holdfast.domains.interop.problems import Problem

from .delimiters import declared_by
from .framing import Piece


class Batches:
    """Counts what came since the last header."""

    def __init__(self) -> None:
        self.messages = self.batches = 0
        self.batch_open = self.file_open = False
        self.separator = "|"

    def message(self) -> None:
        """One more message, read or not."""
        self.messages += 1

    def header(self, piece: Piece) -> list[Problem]:
        """What is wrong with a header or trailer, given what came before it."""
        line = piece.raw.splitlines()[0].decode("latin-1")
        match piece.kind:
            case "FHS":
                return self._file_begins(line, piece)
            case "BHS":
                return self._batch_begins(line, piece)
            case "BTS":
                return self._batch_ends(line, piece)
            case _:
                return self._file_ends(line, piece)

    def end(self) -> list[Problem]:
        """What is left open at the end of the stream."""
        opened = [name for name, is_open in (("BHS", self.batch_open), ("FHS", self.file_open)) if is_open]
        return [Problem("batch_unclosed", f"{name} without its trailer", segment=name) for name in opened]

    def _file_begins(self, line: str, piece: Piece) -> list[Problem]:
        found = _unclosed("FHS", piece) if self.file_open else []
        self.file_open, self.batches = True, 0
        return found + self._declared(line, "FHS", piece)

    def _batch_begins(self, line: str, piece: Piece) -> list[Problem]:
        found = _unclosed("BHS", piece) if self.batch_open else []
        self.batch_open, self.messages = True, 0
        return found + self._declared(line, "BHS", piece)

    def _batch_ends(self, line: str, piece: Piece) -> list[Problem]:
        found = [] if self.batch_open else _unopened("BTS", piece)
        found += self._counted("BTS", line, self.messages, piece)
        self.batch_open, self.messages = False, 0
        self.batches += 1
        return found

    def _file_ends(self, line: str, piece: Piece) -> list[Problem]:
        found = [] if self.file_open else _unopened("FTS", piece)
        found += self._counted("FTS", line, self.batches, piece)
        self.file_open = False
        return found

    def _declared(self, line: str, name: str, piece: Piece) -> list[Problem]:
        delimiters = declared_by(line[:10])
        self.separator = "|" if delimiters is None else delimiters.field
        detail = f"{name}-1 and {name}-2 do not say how to read this"
        return [] if delimiters else [Problem("delimiters_invalid", detail, segment=name, field=2, offset=piece.offset)]

    def _counted(self, name: str, line: str, came: int, piece: Piece) -> list[Problem]:
        given = line.split(self.separator)[1:2]
        if not given or not given[0].strip():
            return []  # the count is optional
        said = given[0].strip()
        if said.isascii() and said.isdigit() and said.lstrip("0") == str(came).lstrip("0"):
            return []
        detail = f"{name}-1 differs from the {came} that came"
        return [Problem("batch_count", detail, segment=name, field=1, offset=piece.offset)]


def _unclosed(name: str, piece: Piece) -> list[Problem]:
    return [Problem("batch_unclosed", f"{name} before the last was closed", segment=name, offset=piece.offset)]


def _unopened(name: str, piece: Piece) -> list[Problem]:
    return [Problem("batch_unclosed", f"{name} without its header", segment=name, offset=piece.offset)]
