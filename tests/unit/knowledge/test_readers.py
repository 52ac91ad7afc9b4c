"""Documents of every format become the blocks they are made of."""

import pytest
from support import documents

from holdfast.domains.knowledge.readers import Block, read


def told(document):
    return [(block.kind, block.level, block.text) for block in document.blocks]


def test_plain_text_is_parted_by_empty_lines():
    document = read("One\nstill one\r\n\r\n  \nTwo\r\n")
    assert told(document) == [("paragraph", 0, "One\nstill one"), ("paragraph", 0, "Two")]
    assert (document.title, document.media_type) == (None, "text/plain")


def test_markdown_keeps_its_structure_and_loses_its_marks():
    document = read(
        "---\ntitle: 'A guide'\nauthor: Amina\ndate: 2024-02-29\n---\n"
        "# One *two* `three`\n\nA [link](http://x.test/secret) to ![a picture](y.png)  \nsecond &amp; last\n\n"
        "3. three\n4. four\n   - inner\n\n   ```py\n   x = 1\n   ```\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n"
        "<div><p>A <b>block</b> of HTML</p><script>no()</script></div>\n\n> quoted\n",
        filename="guide.md",
    )
    assert told(document) == [
        ("heading", 1, "One two three"),
        ("paragraph", 0, "A link to a picture\nsecond & last"),
        ("list", 0, "3. three\n4. four\n  - inner"),
        ("code", 0, "x = 1"),
        ("table", 0, "a | b\n1 | 2"),
        ("paragraph", 0, "A block of HTML"),
        ("paragraph", 0, "quoted"),
    ]
    assert document.title == "A guide"
    assert document.metadata == {"encoding": "utf-8", "author": "Amina", "created": "2024-02-29"}


PAGE = """<!DOCTYPE html><html lang="en"><head><title>Loans &amp; more</title><meta charset="windows-1252">
<meta name="author" content="Amina"><style>p { color: red }</style></head><body><nav><a>Menu</a></nav>
<h1>The<br>head</h1><p>A caf\u00e9 <em>para</em>graph<p>two
   lines<br>broken<ul><li>one<ul><li>inner</ul><li>two<p>more of two</ul>
<table><caption>Rates</caption><tr><th>a<th>b<tr><td>1<td><p>2</p><p>3</table>
<pre>def f():
    pass</pre><script>evil("</p>")</script><div hidden>unseen</div><p style="display: none">unseen</p>
<dl><dt>Term<dd>Meaning</dl><footer>Foot &lt;here&gt;</footer>"""


def test_html_reads_as_a_browser_shows_it():
    document = read(PAGE.encode("cp1252"))
    assert told(document) == [
        ("heading", 1, "The head"),
        ("paragraph", 0, "A café paragraph"),
        ("paragraph", 0, "two lines\nbroken"),
        ("list", 0, "- one\n  - inner\n- two\n  more of two"),
        ("paragraph", 0, "Rates"),
        ("table", 0, "a | b\n1 | 2 3"),
        ("code", 0, "def f():\n    pass"),
        ("list", 0, "- Term\n  Meaning"),
        ("paragraph", 0, "Foot <here>"),
    ]
    assert document.title == "Loans & more"
    assert document.metadata == {"encoding": "cp1252", "language": "en", "author": "Amina"}


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>no end", "no end"),
        ("<p>wrong</div></b> order</p>", "wrong order"),
        ("<p>a <b>b <i>c</b> d</i></p>", "a b c d"),
        ("text alone", "text alone"),
        ("<p>1 < 2 & 3", "1 < 2 & 3"),
        ("<table><td>cell", "cell"),
        ("<p>cut in a tag <a href=", "cut in a tag"),
        ("<li>item without a list", "item without a list"),
        ("<p>emoji &#128512; &#x1F600; &nosuch;", "emoji 😀 😀 &nosuch;"),
    ],
)
def test_broken_html_is_read(page, text):
    assert [block.text for block in read(page, media_type="text/html").blocks] == [text]


def test_a_pdf_has_headings_paragraphs_and_pages():
    first = [("Handbook", 24), ("", 12), ("A line of the infor-", 11), ("mation (here) on Anglo-", 11), ("Saxons.", 11)]
    first += [
        ("", 11),
        ("Another paragraph.", 11),
        ("Lending", 16),
        ("What follows is most of what there is to say.", 11),
    ]
    document = read(documents.pdf([first, [("The café, page two of the document.", 11)]], title="Loans"))
    assert document.blocks == (
        Block(text="Handbook", kind="heading", level=1, page=1),
        Block(text="A line of the information (here) on Anglo-\nSaxons.", kind="paragraph", page=1),
        Block(text="Another paragraph.", kind="paragraph", page=1),
        Block(text="Lending", kind="heading", level=2, page=1),
        Block(text="What follows is most of what there is to say.", kind="paragraph", page=1),
        Block(text="The café, page two of the document.", kind="paragraph", page=2),
    )
    assert document.title == "Loans"
    assert document.metadata == {"author": "Amina", "created": "2024-02-29T10:11:12+00:00", "pages": 2}


@pytest.fixture(scope="module")
def word_document():
    document = documents.word()
    document.add_heading("Loans", 0)
    document.add_heading("Lending", 1)
    document.add_paragraph("A\tparagraph\nof two lines")
    document.add_paragraph("one", style="List Bullet")
    document.add_paragraph("two", style="List Number")
    table = document.add_table(2, 3)
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(0, 2).text = "a", "b", "c"
    table.cell(1, 0).merge(table.cell(1, 1)).text = "both"
    table.cell(1, 2).text = "é"
    document.core_properties.author = "Amina"
    document.core_properties.comments = ""
    return documents.saved(document)


def test_a_docx_has_headings_lists_and_tables(word_document):
    document = read(word_document, filename="anything.bin")
    assert told(document) == [
        ("heading", 1, "Loans"),
        ("heading", 1, "Lending"),
        ("paragraph", 0, "A\tparagraph\nof two lines"),
        ("list", 0, "- one\n- two"),
        ("table", 0, "a | b | c\nboth | é"),
    ]
    assert document.title == "Loans"
    assert document.metadata["author"] == "Amina"


def test_footnotes_and_text_boxes_of_a_docx_are_read_and_struck_text_is_not(word_document):
    body = (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>'
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:ins><w:r><w:t>new </w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:hyperlink><w:r><w:t>linked</w:t></w:r></w:hyperlink></w:p>"
        "<w:p><mc:AlternateContent><mc:Choice><w:t>boxed</w:t></mc:Choice><mc:Fallback><w:t>boxed</w:t></mc:Fallback>"
        "</mc:AlternateContent></w:p></w:body></w:document>"
    )
    found = read(documents.with_part(word_document, "word/document.xml", body.encode()))
    assert [block.text for block in found.blocks] == ["In a control", "new linked", "boxed"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_of_a_csv_carry_the_names_of_its_columns(delimiter):
    rows = [["name", "rate, in %", "note"], ["House", "3,5", 'says "yes"'], ["Car", "", "two\nlines"]]
    text = "\r\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    document = read(text, filename="rates.csv")
    assert [block.text for block in document.blocks] == [
        'name: House; rate, in %: 3,5; note: says "yes"',
        "name: Car; note: two\nlines",
    ]
    assert document.metadata["columns"] == ["name", "rate, in %", "note"]
    assert {block.kind for block in document.blocks} == {"row"}


def test_a_csv_without_a_header_and_with_ragged_rows_loses_nothing():
    document = read("1,2,3\n4,5\n6,7,8,9\n\n,,\n", media_type="text/csv")
    assert [block.text for block in document.blocks] == ["1 | 2 | 3", "4 | 5", "6 | 7 | 8 | 9"]
    longer = read("a,b\n1,2,extra\n", media_type="text/csv")
    assert [block.text for block in longer.blocks] == ["a: 1; b: 2; extra"]
    assert [block.text for block in read("a,b\n", media_type="text/csv").blocks] == ["a | b"]
    assert [block.text for block in read("sep=;\na;b\n1;2\n", media_type="text/csv").blocks] == ["a: 1; b: 2"]


@pytest.mark.parametrize(
    ("data", "media_type", "text"),
    [
        ("é\u4e2d".encode(), None, "é中"),
        (b"\xef\xbb\xbf" + "é".encode(), None, "é"),
        ("é wide".encode("utf-16"), None, "é wide"),
        ("é wide, no mark".encode("utf-16-le"), None, "é wide, no mark"),
        ("é “quoted” €".encode("cp1252"), None, "é “quoted” €"),
        ("日本語".encode("shift_jis"), "text/plain; charset=Shift_JIS", "日本語"),
        ("naïve".encode("latin-1"), 'text/plain; charset="iso-8859-1"', "naïve"),
        ("é".encode(), "text/plain; charset=nosuch", "é"),
        ("é".encode(), "text/plain; charset=base64", "é"),
        ("é多个字节的文字 ".encode() * 9 + b"\xff", None, ("é多个字节的文字 " * 9) + "\ufffd"),
    ],
)
def test_the_encoding_is_found(data, media_type, text):
    document = read(data, media_type=media_type)
    assert [block.text for block in document.blocks] == [text]
    assert document.metadata.get("replaced", 0) == text.count("\ufffd")


def test_the_encoding_of_a_page_is_what_it_declares():
    page = "<html><head><meta http-equiv='Content-Type' content='text/html; charset=koi8-r'></head><p>Привет</html>"
    assert [block.text for block in read(page.encode("koi8-r")).blocks] == ["Привет"]


def test_what_no_database_stores_is_cleaned_away():
    document = read("a\u00adb \ud800 c\u00a0d e\u0301\n\nx\ufeffy\x7f", filename="x.txt")
    assert read("<p>" + "x" * 5_000 + "\0y", media_type="text/html").blocks[0].text == "x" * 5_000 + "y"
    assert [block.text for block in document.blocks] == ["ab \ufffd\ufffd\ufffd c d é", "xy"]


@pytest.mark.parametrize(
    ("given", "media_type"),
    [
        ({"source": "<!-- x --><!doctype HTML><p>a", "filename": "page.txt"}, "text/html"),
        ({"source": "# a", "filename": "A.MD"}, "text/markdown"),
        ({"source": "# a", "filename": "a.md", "media_type": "text/plain"}, "text/markdown"),
        ({"source": "a,b", "filename": "a.txt", "media_type": "text/csv"}, "text/csv"),
        (
            {"source": "a\tb", "filename": "a.tsv", "media_type": "application/octet-stream"},
            "text/tab-separated-values",
        ),
        ({"source": "x = 1", "filename": "a.py"}, "text/plain"),
        ({"source": "about %PDF-1.7 files"}, "text/plain"),
        ({"source": documents.pdf([[("x", 9)]]), "filename": "a.txt"}, "application/pdf"),
        ({"source": b"\x00junk\r\n" + documents.pdf([[("x", 9)]])}, "application/pdf"),
    ],
)
def test_the_content_tells_what_it_is_and_then_the_name(given, media_type):
    assert read(given.pop("source"), **given).media_type == media_type


def test_a_path_is_read_and_its_name_used(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("## Hello")
    document = read(path)
    assert (document.title, document.blocks[0].level) == ("Hello", 2)
