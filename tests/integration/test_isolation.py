"""Every operation, called by somebody it does not belong to. The list is made from the class: new ones are covered."""

import inspect
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from holdfast import HoldfastError, NewMessage
from holdfast.core.policy import POLICY
from holdfast.domains.conversations import Conversations

ASKS_FOR_NO_ID = {"create", "list", "due_summaries", "visible", "import_export", "embed_some"}
"""Operations that name nothing of another's; each has a test of its own below, or of its own file."""
BY_ID = ("conversation", "message_id")
GIVEN = (*BY_ID, "content")
"""Parameters that are given though they may be left out."""


def is_operation(name):
    return not name.startswith("_") and callable(getattr(Conversations, name))


OPERATIONS = {
    name: inspect.signature(getattr(Conversations, name)).parameters
    for name in dir(Conversations)
    if is_operation(name)
}
FOREIGN = {name: params for name, params in OPERATIONS.items() if set(BY_ID) & set(params)}
COMPOSITES = {"context", "embed_some", "import_export", "search"}
"""Operations made of several actions; a search is a read, whatever it does to its index."""
WRITES = {"append", "edit", "fork", "rate", "summarize"}


def plain_arguments(hers):
    """An argument that is right for every parameter, by its name."""
    return {
        "conversation": hers.chat.id,
        "message_id": hers.answer.id,
        "digest": hers.file.digest,
        "role": "user",
        "content": "theirs",
        "messages": [NewMessage(role="user", content="theirs")],
        "text": "theirs",
        "query": "heliotrope",
        "at": 1,
        "since": datetime(2020, 1, 1, tzinfo=UTC),
        "rating": 1,
        "data": b"theirs",
        "name": "theirs.txt",
        "media_type": "text/plain",
        "title": "theirs",
    }


def call(scope, name, hers):
    values = plain_arguments(hers)
    needed = {
        parameter.name: values[parameter.name]
        for parameter in OPERATIONS[name].values()
        if parameter.name != "self" and (parameter.default is parameter.empty or parameter.name in GIVEN)
    }
    return getattr(scope.conversations, name)(**needed)


def operation(name):
    return getattr(getattr(Conversations, name), "operation", None)


def writes(name):
    return name not in COMPOSITES and operation(name).partition(".")[2] in WRITES


@pytest.fixture
def hers(amina):
    """A conversation of Amina's with everything in it."""
    c = amina.conversations
    chat = c.create(title="hers", metadata={"customer": "c-17"}, tags=["t"])
    c.append(chat.id, role="user", content="heliotrope question", request_id="r-1")
    answer = c.append(chat.id, role="assistant", content="heliotrope answer")
    c.summarize(chat.id, "A summary.")
    c.rate(answer.id, 1, comment="good")
    file = c.attach(chat.id, b"bytes", name="a.txt", media_type="text/plain")
    return SimpleNamespace(chat=c.get(chat.id), answer=answer, file=file)


def unchanged(amina, hers):
    c = amina.conversations
    assert c.get(hers.chat.id) == hers.chat
    assert len(c.messages(hers.chat.id).items) == 2
    assert len(c.summaries(hers.chat.id)) == len(c.feedback(hers.chat.id)) == 1
    assert len(c.list(hidden=True).items) == 1
    assert c.verify(hers.chat.id).ok


def test_every_operation_is_covered():
    assert set(OPERATIONS) == set(FOREIGN) | ASKS_FOR_NO_ID
    assert len(FOREIGN) >= 20
    assert {name for name in OPERATIONS if operation(name) is None} == COMPOSITES
    assert {operation(name) for name in OPERATIONS if name not in COMPOSITES} <= set(POLICY)


def test_the_owner_can_do_each_of_them(store, amina, hers):
    for name in FOREIGN:
        chat = hers if name not in ("close", "archive", "delete") else _another(amina)
        call(amina, name, chat)


def _another(amina):
    chat = amina.conversations.create()
    return SimpleNamespace(chat=chat, answer=SimpleNamespace(id=chat.id), file=SimpleNamespace(digest=""))


@pytest.mark.parametrize("who", ["colleague", "other tenant", "administrator of another tenant"])
def test_a_foreign_id_is_as_good_as_none(store, amina, hers, who):
    tenant, email = {
        "colleague": ("acme", "ben@acme.test"),
        "other tenant": ("globex", "gus@globex.test"),
        "administrator of another tenant": ("globex", "ada@acme.test"),
    }[who]
    scope = store.tenant(tenant).user(email)
    for name in FOREIGN:
        with pytest.raises(HoldfastError, match="no (conversation|message)") as caught:
            call(scope, name, hers)
        assert caught.value.code in ("conversation_not_found", "message_not_found"), name
        assert caught.value.status == 404
        assert "heliotrope" not in str(caught.value)
    unchanged(amina, hers)


@pytest.mark.parametrize("email", ["ada@acme.test", "oli@acme.test", "aud@acme.test"])
def test_those_who_administer_or_audit_read_all_of_it(store, amina, hers, email):
    scope = store.tenant("acme").user(email)
    for name in FOREIGN:
        if not writes(name):
            assert read(scope, name, hers) == read(amina, name, hers), name
    unchanged(amina, hers)


def read(scope, name, hers):
    """What an operation shows; of a context not what the caller's role may not search for it."""
    shown = call(scope, name, hers)
    return replace(shown, left_out=()) if name == "context" else shown


def test_an_auditor_writes_nothing(store, amina, hers):
    auditor = store.tenant("acme").user("aud@acme.test")
    for name in FOREIGN:
        if writes(name):
            with pytest.raises(HoldfastError, match="the role 'auditor' may not do") as caught:
                call(auditor, name, hers)
            assert (caught.value.code, caught.value.status) == ("permission_denied", 403)
    with pytest.raises(HoldfastError, match="may not do"):
        auditor.conversations.create()
    unchanged(amina, hers)


@pytest.mark.parametrize("email", ["ada@acme.test", "oli@acme.test"])
def test_an_administrator_writes_nothing_in_anothers_name(store, amina, hers, email):
    scope = store.tenant("acme").user(email)
    for name in FOREIGN:
        if writes(name) and operation(name) not in ("conversations.edit", "conversations.summarize"):
            with pytest.raises(HoldfastError, match="no (conversation|message)") as caught:
                call(scope, name, hers)
            assert caught.value.code in ("conversation_not_found", "message_not_found"), name
    unchanged(amina, hers)


def test_the_operator_has_no_conversations(store):
    assert not hasattr(store.system(), "conversations")


def test_what_asks_for_no_id_shows_nothing_of_anothers(amina, ben, ada, gus, hers):
    for scope in (ben, ada, gus):
        assert scope.conversations.list(hidden=True).items == ()
        assert scope.conversations.due_summaries(every=1) == []
        assert scope.conversations.visible().count == 0
    for scope in (ben, gus):
        assert scope.conversations.list(owner=amina.scope.actor_id).items == ()


@pytest.mark.parametrize("listing", ["list", "messages"])
def test_a_foreign_cursor_is_refused(amina, ben, ada, gus, hers, listing):
    amina.conversations.create()

    def page(scope, **options):
        if listing == "list":
            return scope.conversations.list(limit=1, owner=amina.scope.actor_id, **options)
        return scope.conversations.messages(hers.chat.id, limit=1, **options)

    cursor = page(amina).next
    assert cursor is not None
    for scope in (ben, ada, gus):
        with pytest.raises(HoldfastError, match="does not belong to this question") as caught:
            page(scope, cursor=cursor)
        assert caught.value.code == "invalid_cursor"


def test_a_cursor_of_another_question_is_refused(amina, hers):
    other = amina.conversations.create(title="other")
    for _ in range(2):
        amina.conversations.append(other.id, role="user", content="x")
    of_list = amina.conversations.list(limit=1).next
    of_messages = amina.conversations.messages(hers.chat.id, limit=1).next
    questions = (
        lambda: amina.conversations.list(limit=1, cursor=of_messages),
        lambda: amina.conversations.list(limit=1, status="ACTIVE", cursor=of_list),
        lambda: amina.conversations.list(limit=1, metadata={"customer": "c-17"}, cursor=of_list),
        lambda: amina.conversations.list(limit=1, tag="t", cursor=of_list),
        lambda: amina.conversations.list(limit=1, hidden=True, cursor=of_list),
        lambda: amina.conversations.messages(other.id, cursor=of_messages),
        lambda: amina.conversations.messages(hers.chat.id, cursor=of_list),
    )
    for question in questions:
        with pytest.raises(HoldfastError, match="does not belong to this question") as caught:
            question()
        assert caught.value.code == "invalid_cursor"


def test_a_reader_of_everything_may_not_use_a_request_id_to_read_or_write(ada, hers):
    with pytest.raises(HoldfastError, match="no conversation"):
        ada.conversations.append(hers.chat.id, role="user", content="x", request_id="r-1")
    with pytest.raises(HoldfastError, match="no conversation"):
        ada.conversations.append_many(hers.chat.id, [NewMessage(role="user", content="x", request_id="r-1")])


def test_a_colleagues_open_conversation_is_not_hidden_by_anothers_cap(store, amina, ben, hers):
    store.system().identity.configure_tenant({"visible_conversations": 1}, tenant="acme")
    for _ in range(3):
        ben.conversations.create(keep_visible=[hers.chat.id])
    assert amina.conversations.get(hers.chat.id).hidden_at is None
