"""Log lines and errors hold ids and sizes, never content."""

import json
from typing import Any

import pytest
from support.backdoor import Backdoor

import holdfast
from holdfast.core.telemetry import configure_logs

SECRET = "the patient has a secret illness"


def test_an_internal_failure_shows_its_id_and_no_content(
    sync_store: holdfast.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(level="debug")
    mine = sync_store.tenant("acme").user("amina@acme.test").conversations
    chat = mine.create()
    Backdoor(sync_store.engine).run("ALTER TABLE feedback RENAME TO gone")
    answer = mine.append(chat.id, role="assistant", content=SECRET)
    with pytest.raises(holdfast.HoldfastError) as raised:
        mine.rate(answer.id, 1, comment=SECRET)
    assert raised.value.code == "internal_error"
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["error_id"] in str(raised.value)
    assert SECRET not in json.dumps(line) + str(raised.value)
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("bad", [SECRET + "\0", SECRET + "\ud800", SECRET * 40_000])
def test_an_error_of_input_does_not_repeat_the_input(amina: Any, bad: str) -> None:
    chat = amina.conversations.create()
    with pytest.raises(holdfast.HoldfastError) as raised:
        amina.conversations.append(chat.id, role="user", content=bad)
    assert "illness" not in str(raised.value)
