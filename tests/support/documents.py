"""Documents made for the tests: PDFs with pages and sizes of letters, DOCX with styles, archives that lie."""

import zipfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

Line = tuple[str, float]
"""A text and its size in points."""


def pdf(pages: Iterable[Sequence[Line]], *, title: str | None = None) -> bytes:
    """A PDF whose pages show these lines, an empty text leaving a gap."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for lines in pages:
        stream = _drawn(lines)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        kids.append(len(objects) + 1)
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R %s >>"
        objects.append(page % (len(objects), b"/Resources << /Font << /F1 3 0 R >> >>"))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    if title is not None:
        objects.append(b"<< /Title (%s) /Author (Amina) /CreationDate (D:20240229101112Z) >>" % title.encode())
    return file_of(objects, info=title is not None)


def file_of(objects: Sequence[bytes], *, info: bool = False) -> bytes:
    """A PDF of these objects, the first its catalog, the last its information when there is some."""
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    told = b"/Info %d 0 R" % len(objects) if info else b""
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, told, table)
    return bytes(out)


def _drawn(lines: Sequence[Line]) -> bytes:
    y, parts = 800.0, []
    for text, size in lines:
        if text:
            escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252")
            parts.append(b"BT /F1 %g Tf 1 0 0 1 60 %g Tm (%s) Tj ET" % (size, y, escaped))
        y -= size * 1.2
    return b"\n".join(parts)


def encrypted(data: bytes, password: str, algorithm: str = "AES-256") -> bytes:
    """The same PDF under a password."""
    from pypdf import PdfReader, PdfWriter  # not for every worker, as docx below

    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(data)))
    writer.encrypt(password, owner_password="the owner's", algorithm=algorithm)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def word() -> Any:
    """An empty DOCX, to be written in."""
    import docx

    return docx.Document()


def saved(document: Any) -> bytes:
    """The bytes of a DOCX."""
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The same archive with one part replaced or added."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            if part != name:
                target.writestr(part, source.read(part))
        target.writestr(name, content)
    return out.getvalue()
