"""Documents cut into pieces that are searched and cited, along the lines the document itself draws."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One piece of a document.

    `heading` is the path of headings above it, outermost first, joined by " › "; "" before the first. It is not part of
    `text`; `indexed` puts it before the text for the index. `page` is the page it begins on, where the format has
    pages. `position` counts from 0 within the document. `overlap` is how many characters at the beginning of `text`
    repeat the end of the piece before. `digest` is SHA-256 over heading and text, in hex: a piece that a new version of
    the document left alone has it still.
    """

    text: str
    heading: str
    page: int | None
    position: int
    tokens: int
    overlap: int
    digest: str

    @property
    def indexed(self) -> str:
        """The text with its heading before it, as the index sees it when headings are to be found."""
        return f"{self.heading}\n\n{self.text}" if self.heading else self.text
