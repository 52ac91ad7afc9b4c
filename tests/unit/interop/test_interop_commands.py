"""`holdfast interop synthesise`, which needs no store. `listen` is in tests/faults."""

import json
from pathlib import Path

from support.commands import as_json, run

from holdfast.domains.interop.documents import documents
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages
from holdfast.samples.hl7 import messages


def test_messages_are_made_from_a_document(tmp_path: Path) -> None:
    raw = "".join(messages("Cerner", 60)).encode()
    [document] = documents(profile_messages(raw, ProfileKey(b"profiles of commands")), vendor="Cerner").values()
    (tmp_path / "adt.json").write_text(json.dumps(document))
    given = ("interop", "synthesise", "--document", "adt.json", "--out", "made.hl7", "--count", "30", "--seed", "5")
    assert as_json(tmp_path, *given)["messages"] == 30
    made = (tmp_path / "made.hl7").read_bytes()
    assert len([one for one in read(made) if isinstance(one, Message)]) == 30
    assert "30 messages" in run(tmp_path, *given).stdout
    assert (tmp_path / "made.hl7").read_bytes() == made


def test_a_file_that_is_no_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adt.json").write_text("[]")
    given = ("interop", "synthesise", "--out", "made.hl7", "--document")
    assert "is no configuration" in run(tmp_path, *given, "adt.json", code=2).stderr
    assert "give the address of a configuration, or --document" in run(tmp_path, *given[:-1], code=2).stderr
    assert "is no JSON document" in run(tmp_path, *given, "none.json", code=2).stderr
