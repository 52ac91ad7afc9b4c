"""HL7 v2 as it is sent: every byte kept, what is malformed reported with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hl7 import admission, patients, result

from holdfast.domains.interop.errors import MessagesNotFound
from holdfast.domains.interop.hl7 import Delimiters, Message, Problem, escape, frame, parse, read, unescape

ONE = admission(patients(1, seed=3)[0], 5)
TWO = result(patients(2, seed=4)[1], 6)
HEADER = b"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5"


def only(raw: bytes) -> Message:
    [found] = [one for one in read(raw) if isinstance(one, Message)]
    return found


def problems(raw: bytes) -> list[Problem]:
    return [one for one in read(raw) if isinstance(one, Problem)]


def places(raw: bytes) -> list[tuple[object, ...]]:
    return [(one.kind, one.message, one.segment, one.position, one.field) for one in problems(raw)]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_lines_may_end_as_they_like(end: bytes) -> None:
    raw = ONE.replace(b"\r", end)
    message = only(raw)
    assert message.line_ends == {b"\r": "CR", b"\n": "LF", b"\r\n": "CRLF"}[end]
    assert [segment.name for segment in message.segments] == ["MSH", "EVN", "PID", "NK1", "PV1", "AL1", "AL1", "ZAB"]
    assert message.write() == raw


def test_fields_are_counted_as_the_standard_counts_them() -> None:
    message = only(ONE)
    [header] = message["MSH"]
    assert (header[1].raw, header[2].raw, header[9].raw) == ("|", "^~\\&", "ADT^A01^ADT_A01")
    assert (message.type, message.structure, message.version, message.control_id) == ("ADT^A01", "ADT_A01", "2.5", "5")
    [pid] = message["PID"]
    assert pid[3].value(5, repetition=2) == "SS"
    assert pid[3].value(9) == pid[99].value() == ""


def test_several_messages_one_after_another_framed_or_not() -> None:
    stream = b"\x0b" + ONE + b"\x1c\r" + TWO + b"\r\n\n" + b"\x0b" + TWO + b"\x1c\r"
    found = list(read(stream))
    assert [(one.type, one.number, one.framed) for one in found if isinstance(one, Message)] == [
        ("ADT^A01", 1, True),
        ("ORU^R01", 2, False),
        ("ORU^R01", 3, True),
    ]
    assert len(found) == 3


def test_delimiters_are_those_declared() -> None:
    message = only(b"MSH@~&#\\@APP@@@@20260101@@ADT~A01@1@P@2.5\rPID@1@@7~~~H~MR@@Doe~J#F#n\\x\r")
    assert message.type == "ADT^A01"
    assert message["PID"][0][5].repetitions == [[["Doe"], ["J#F#n", "x"]]]
    assert message["PID"][0][5].value(2) == "J@n"


def test_subcomponents_repetitions_and_null() -> None:
    message = only(HEADER + b'\rZZZ|a&b^c~d|""|\r')
    [segment] = message["ZZZ"]
    assert segment[1].repetitions == [[["a", "b"], ["c"]], [["d"]]]
    assert segment[2].is_null
    assert not segment[1].is_null
    assert message.write().endswith(b'|""|\r')


def test_escapes_go_back_and_forth() -> None:
    delimiters = Delimiters()
    text = "5 | 6 ^ 7 & 8 ~ 9 \\ end\r\n"
    assert unescape(escape(text, delimiters), delimiters) == text
    assert (
        unescape("a\\.br\\b \\X4142\\ \\H\\bold\\N\\ \\Zq\\ \\?\\", delimiters) == "a\nb AB \\H\\bold\\N\\ \\Zq\\ \\?\\"
    )


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("8859/1", "iso8859_1"), ("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859_15"), ("GB 18030-2000", "gb18030")],
)
def test_character_sets_are_those_declared(declared: str, codec: str) -> None:
    raw = f"MSH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5||||||{declared}\rPID|1||1||Müller\r".encode(codec)
    message = only(raw)
    assert message["PID"][0][5].raw == "Müller"
    assert message.write() == raw
    assert problems(raw) == []


def test_bytes_that_are_no_character_are_reported_with_their_place_and_kept() -> None:
    raw = HEADER + b"||||||UNICODE UTF-8\rPID|1||1||M\xfcller^J|\xff\r"
    assert only(raw).write() == raw
    found = problems(raw)
    assert [(one.kind, one.segment, one.position, one.field) for one in found] == [
        ("undecodable", "PID", 2, 5),
        ("undecodable", "PID", 2, 6),
    ]
    assert [raw[one.offset] for one in found if one.offset is not None] == [0xFC, 0xFF]


def test_what_is_malformed_is_reported_and_the_rest_counts() -> None:
    bad = b"MSH|^A^\rPID|lost\r"
    raw = b"before\r" + ONE + bad + HEADER + b"\rpid|1\rnothing here\rOBX|1|TX|||\\Q\\\r"
    assert len([one for one in read(raw) if isinstance(one, Message)]) == 2
    assert places(raw) == [
        ("no_header", None, None, None, None),
        ("delimiters_invalid", 2, "MSH", 1, 2),
        ("segment_malformed", 3, None, 2, None),
        ("segment_malformed", 3, None, 3, None),
        ("escape_unknown", 3, "OBX", 4, 5),
    ]


def test_a_problem_never_repeats_what_stood_there() -> None:
    raw = HEADER + b"||||||SECRETSET\rSecretname|1\rOBX|1|TX|||\\Qsecret\\\r"
    assert len(problems(raw)) == 3
    assert "secret" not in str(problems(raw)).lower()


def test_counts_of_batches_are_checked() -> None:
    batch = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ONE + TWO + b"BTS|%d\rFTS|%d\r"
    assert problems(batch % (2, 1)) == []
    assert places(batch % (3, 2)) == [("batch_count", None, "BTS", None, 1), ("batch_count", None, "FTS", None, 1)]
    assert places(b"BHS|^~\\&|A\r" + ONE) == [("batch_unclosed", None, "BHS", None, None)]
    assert places(ONE + b"BTS|1\r") == [("batch_unclosed", None, "BTS", None, None)]


def test_a_message_that_is_too_long_is_reported_and_the_next_is_read() -> None:
    long = HEADER + b"\rOBX|1|ED|||" + b"x" * 50_000 + b"\r"
    chunks = [(long + TWO)[at : at + 1_000] for at in range(0, len(long + TWO), 1_000)]
    assert b"".join(piece.raw for piece in frame(chunks, longest=10_000)) == long + TWO
    found = list(read(chunks, longest=10_000))
    assert [one.type for one in found if isinstance(one, Message)] == ["ORU^R01"]
    assert [(one.kind, one.message) for one in found if isinstance(one, Problem)] == [("too_long", 1)]


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(MessagesNotFound, match="'none.hl7' is no file"):
        list(read(tmp_path / "none.hl7"))


PIECES = st.sampled_from(
    [
        ONE,
        TWO,
        b"\x0b",
        b"\x1c\r",
        b"\r",
        b"\n",
        b"MSH",
        b"MSH|",
        HEADER,
        b"BHS|^~\\&|",
        b"BTS|1",
        b"\xef\xbb\xbf",
        b"|^~\\&",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=40), max_size=12), st.integers(1, 50))
def test_any_bytes_are_cut_and_written_back(parts: list[bytes], size: int) -> None:
    raw = b"".join(parts)
    chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
    pieces = list(frame(chunks))
    assert b"".join(piece.raw for piece in pieces) == raw
    assert [(one.kind, one.offset) for one in frame([raw])] == [(one.kind, one.offset) for one in pieces]
    for piece in pieces:
        if piece.kind == "MSH":
            found = parse(piece.raw)
            assert isinstance(found, Problem) or found.write() == piece.raw
    assert list(map(repr, read(raw))) == list(map(repr, read(chunks)))
