"""The trail: what leaves a line, what the line says, who may read it, and that nothing happens without one."""

import io
import json

import pytest
from support.backdoor import Backdoor

from holdfast import HoldfastError, NewMessage


def lines(room, **asked):
    """What was done with conversations, and with the trail nothing."""
    return [line for line in room.list(**asked, limit=200).items if line.operation.startswith("conversations.")]


def operations(room, **asked):
    return [line.operation for line in lines(room, **asked)]


def refused(call, *args, **kwargs):
    with pytest.raises(HoldfastError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_every_change_leaves_a_line_that_says_who_did_what_on_what(amina, ada):
    chat = amina.conversations.create(title="Loan")
    answer = amina.conversations.append(chat.id, role="assistant", content="Yes")
    amina.conversations.append_many(chat.id, [])
    amina.conversations.edit(chat.id, title="Loans")
    amina.conversations.summarize(chat.id, "A summary.")
    amina.conversations.rate(answer.id, 1)
    fork = amina.conversations.fork(chat.id, at=1)
    amina.conversations.hide(fork.id)
    amina.conversations.attach(chat.id, b"x", name="a", media_type="text/plain")
    amina.conversations.delete(chat.id)
    found = list(reversed(lines(ada.audit, actor=amina.scope.actor_id)))
    assert [line.operation.partition(".")[2] for line in found] == [
        "create", "append", "edit", "summarize", "rate", "fork", "edit", "append", "edit",
    ]  # fmt: skip
    assert {line.outcome for line in found} == {"done"}
    assert {line.actor_role for line in found} == {"member"}
    assert {line.face for line in found} == {"library"}
    assert (found[1].target_kind, found[1].target_id) == ("conversation", chat.id)
    assert found[1].details == {"message": str(answer.id)}
    assert found[1].owner_id == amina.scope.actor_id
    assert (found[4].target_kind, found[4].target_id) == ("message", answer.id)
    assert found[5].target_id == fork.id


def test_what_changes_nothing_leaves_no_line(amina, ada):
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="one", request_id="r-1")
    before = len(lines(ada.audit))
    amina.conversations.append(chat.id, role="user", content="one", request_id="r-1")
    amina.conversations.restore(chat.id)
    amina.conversations.search("one")
    amina.conversations.last(chat.id)
    refused(amina.conversations.append, chat.id, role="user", content="")
    assert len(lines(ada.audit)) == before


def test_a_colleagues_attempt_is_denied_and_recorded_with_its_target(amina, ben, ada):
    chat = amina.conversations.create()
    calls = [
        lambda: ben.conversations.get(chat.id),
        lambda: ben.conversations.last(str(chat.id)),
        lambda: ben.conversations.append(chat.id, role="user", content="let me in"),
        lambda: ben.conversations.context(chat.id),
    ]
    assert {refused(call).code for call in calls} == {"conversation_not_found"}
    found = lines(ada.audit, outcome="denied")
    assert len(found) == 4
    assert {(line.actor_id, line.target_id, line.reason) for line in found} == {
        (ben.scope.actor_id, chat.id, "conversation_not_found")
    }


def test_what_a_role_may_not_do_is_recorded(store, ada):
    auditor = store.tenant("acme").user("aud@acme.test")
    assert refused(auditor.conversations.create).code == "permission_denied"
    (line,) = lines(ada.audit, outcome="denied")
    assert (line.operation, line.reason, line.actor_role) == ("conversations.create", "permission_denied", "auditor")


def test_an_administrators_read_is_recorded_and_the_owners_is_not(amina, ada):
    chat = amina.conversations.create()
    said = amina.conversations.append(chat.id, role="user", content="heliotrope")
    amina.conversations.last(chat.id)
    ada.conversations.last(chat.id)
    ada.conversations.message(said.id)
    ada.conversations.search("heliotrope", conversation=chat.id)
    ada.conversations.list(owner=amina.scope.actor_id)
    found = lines(ada.audit, outcome="read")
    assert [(line.actor_id, line.owner_id) for line in found] == [(ada.scope.actor_id, amina.scope.actor_id)] * 4
    assert [line.target_id for line in found[1:]] == [chat.id] * 3


def test_reading_the_trail_is_recorded(ada):
    ada.audit.list()
    ada.audit.verify()
    ada.audit.export(io.StringIO())
    found = [line.operation for line in ada.audit.list(outcome="read").items]
    assert found == ["audit.export", "audit.verify", "audit.list"]


def test_the_request_id_is_on_every_line(store, ada):
    amina = store.tenant("acme").user("amina@acme.test", request_id="req-7")
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="hello")
    refused(amina.identity.create_workspace, "mine")
    assert {line.request_id for line in lines(ada.audit, actor=amina.scope.actor_id)} == {"req-7"}


def test_the_trail_is_found_by_actor_action_target_and_time(amina, ben, ada):
    first = amina.conversations.create()
    second = ben.conversations.create()
    amina.conversations.edit(first.id, title="t")
    assert operations(ada.audit, actor=ben.scope.actor_id) == ["conversations.create"]
    assert len(lines(ada.audit, action="conversations.create")) == 2
    assert [line.target_id for line in lines(ada.audit, target=second.id)] == [second.id]
    middle = lines(ada.audit, target=second.id)[0].at
    assert operations(ada.audit, since=middle) == ["conversations.edit", "conversations.create"]
    assert operations(ada.audit, until=middle) == ["conversations.create"]


def test_pages_go_through_everything_once(amina, ada):
    for _ in range(7):
        amina.conversations.create()
    seen, cursor = [], None
    while True:
        page = ada.audit.list(action="conversations.create", limit=3, cursor=cursor)
        seen += [line.id for line in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7
    assert refused(ada.audit.list, cursor="nonsense").code == "invalid_cursor"


def test_members_and_other_tenants_see_nothing_of_it(store, amina, gus):
    amina.conversations.create()
    assert refused(amina.audit.list).code == "permission_denied"
    assert refused(amina.audit.verify).code == "permission_denied"
    assert refused(amina.audit.export, io.StringIO()).code == "permission_denied"
    other = store.tenant("globex").user("ada@acme.test")
    assert operations(other.audit) == []
    assert refused(gus.audit.list).code == "permission_denied"


def test_the_operator_reads_each_trail(store, amina, ada):
    amina.conversations.create()
    assert operations(store.system().audit_of("acme"))[0] == "conversations.create"
    assert refused(store.system().audit_of, "nobody").code == "tenant_not_found"
    own = store.system().audit
    own.list()
    assert [(line.operation, line.actor_role) for line in own.list().items] == [("audit.list", "operator")]


def test_the_export_holds_every_line_as_json(amina, ada):
    for _ in range(3):
        amina.conversations.create()
    to, seen = io.StringIO(), []
    count = ada.audit.export(to, on_progress=seen.append)
    documents = [json.loads(text) for text in to.getvalue().splitlines()]
    assert len(documents) == count == seen[-1]
    assert [d["operation"] for d in documents].count("conversations.create") == 3
    assert documents[-1]["operation"] == "audit.export"
    assert documents[-1]["at"].endswith("Z")


def test_no_line_no_change(sync_store):
    """An action whose line cannot be written does not happen."""
    amina = sync_store.tenant("acme").user("amina@acme.test")
    ada = sync_store.tenant("acme").user("ada@acme.test")
    chat = amina.conversations.create(title="before")
    amina.conversations.append(chat.id, role="user", content="one")
    backdoor = Backdoor(sync_store.engine)
    backdoor.run("ALTER TABLE audit_events RENAME TO lost")
    for call in (
        lambda: amina.conversations.append(chat.id, role="user", content="two"),
        lambda: amina.conversations.append_many(chat.id, [NewMessage(role="user", content="three")]),
        lambda: amina.conversations.edit(chat.id, title="after"),
        lambda: ada.conversations.last(chat.id),
        lambda: ada.conversations.append(chat.id, role="user", content="four"),
    ):
        assert refused(call).code == "internal_error"
    backdoor.run("ALTER TABLE lost RENAME TO audit_events")
    assert [m.content for m in amina.conversations.last(chat.id)] == ["one"]
    assert amina.conversations.get(chat.id).title == "before"


@pytest.mark.parametrize("table", ["audit_events", "audit_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
def test_nobody_changes_the_trail(sync_store, table, statement):
    """Not even the owner of the database, short of taking the triggers away."""
    sync_store.tenant("acme").user("amina@acme.test").conversations.create()
    sync_store.close()
    backdoor = Backdoor(sync_store.engine)
    with pytest.raises(Exception, match="append-only"):
        backdoor.run(statement.format(table))


def test_lines_hold_no_content_and_no_address(amina, ada):
    amina.conversations.create(title="SECRET-TITLE", metadata={"k": "SECRET-META"}, tags=["SECRET-TAG"])
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="SECRET-CONTENT")
    amina.conversations.summarize(chat.id, "SECRET-SUMMARY")
    ada.identity.create_user("new@acme.test")
    ada.identity.set_role("new@acme.test", "auditor")
    to = io.StringIO()
    ada.audit.export(to)
    assert "SECRET" not in to.getvalue()
    assert "@acme.test" not in to.getvalue()
