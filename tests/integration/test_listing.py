"""The filters of a list mean the same on both engines."""

from uuid import uuid4

import pytest

from holdfast import HoldfastError


def found(scope, **filters):
    return {conversation.title for conversation in scope.conversations.list(**filters).items}


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED", "CLOSED", "DELETED"])
def test_status_lists_only_that_status(amina, status):
    for title, change in {"ACTIVE": None, "ARCHIVED": "archive", "CLOSED": "close", "DELETED": "delete"}.items():
        chat = amina.conversations.create(title=title)
        if change:
            getattr(amina.conversations, change)(chat.id)
    assert found(amina, status=status) == {status}
    assert found(amina) == {"ACTIVE", "ARCHIVED", "CLOSED"}


def test_workspace_lists_only_that_workspace(store, amina):
    identity = store.system().identity
    one, two = (identity.create_workspace(name, tenant="acme") for name in ("one", "two"))
    for title, workspace in (("in one", one.id), ("in two", str(two.id)), ("in none", None)):
        amina.conversations.create(title=title, workspace=workspace)
    assert found(amina, workspace=one.id) == {"in one"}
    assert found(amina, workspace=str(two.id)) == {"in two"}
    assert found(amina, workspace=uuid4()) == set()
    assert found(amina) == {"in one", "in two", "in none"}


def test_an_unknown_workspace_takes_no_conversation(amina):
    with pytest.raises(HoldfastError, match="no workspace") as caught:
        amina.conversations.create(workspace=uuid4())
    assert caught.value.code == "workspace_not_found"
    assert amina.conversations.list().items == ()


def test_another_tenants_workspace_takes_no_conversation(store, amina):
    foreign = store.system().identity.create_workspace("theirs", tenant="globex")
    with pytest.raises(HoldfastError, match="no workspace") as caught:
        amina.conversations.create(workspace=foreign.id)
    assert caught.value.code == "workspace_not_found"


def test_tag_finds_the_whole_tag_only(amina):
    amina.conversations.create(title="a", tags=["loan", "Zürich"])
    amina.conversations.create(title="b", tags=["loans"])
    assert found(amina, tag="loan") == {"a"}
    assert found(amina, tag="Zürich") == {"a"}
    assert found(amina, tag="LOAN") == set()
    assert found(amina, tag='"') == set()


def test_hidden_ones_are_listed_only_when_asked_for(amina):
    amina.conversations.create(title="seen")
    amina.conversations.hide(amina.conversations.create(title="hidden").id)
    assert found(amina) == {"seen"}
    assert found(amina, hidden=True) == {"seen", "hidden"}


def test_an_administrator_lists_anothers_and_a_colleague_nothing(amina, ada, ben):
    amina.conversations.create(title="hers")
    assert found(ada, owner=amina.scope.actor_id) == {"hers"}
    assert found(ada) == set()
    assert found(ben, owner=amina.scope.actor_id) == set()


DOCUMENTS = {
    "int": {"k": 1},
    "float": {"k": 1.0},
    "true": {"k": True},
    "false": {"k": False},
    "zero": {"k": 0},
    "text one": {"k": "1"},
    "text true": {"k": "true"},
    "null": {"k": None},
    "missing": {"other": 1},
    "empty": {},
    "object": {"k": {"b": 1, "a": [1, {"c": None}]}},
    "object as text": {"k": '{"a":[1,{"c":null}],"b":1}'},
    "list": {"k": [1, 2]},
    "list turned": {"k": [2, 1]},
    "list as text": {"k": "[1,2]"},
    "list of true": {"k": [True, 2]},
    "list of floats": {"k": [1.0, 2.0]},
    "empty list": {"k": []},
    "empty object": {"k": {}},
    "unicode": {"k": "Grüße 漢字 🦉"},
    "decomposed": {"k": "Gru\u0308ße 漢字 🦉"},
    "quotes": {"k": 'it\'s "so" \\ \n\t%_'},
    "big": {"k": 2**53 + 1},
    "small": {"k": 1e-300},
}


def test_metadata_members_are_equal_as_they_are_spelled(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    for title, document in DOCUMENTS.items():
        amina.conversations.create(title=title, metadata=document)
    wrong = {}
    for title, document in DOCUMENTS.items():
        if "k" in document:
            answer = found(amina, metadata=document)
            if answer != {title}:
                wrong[title] = answer ^ {title}
    assert wrong == {}
    assert found(amina, metadata={}) == set(DOCUMENTS)


def test_every_member_asked_for_must_be_there(amina):
    amina.conversations.create(title="both", metadata={"a": 1, "b": {"c": [1]}, "more": True})
    amina.conversations.create(title="one", metadata={"a": 1})
    assert found(amina, metadata={"a": 1}) == {"both", "one"}
    assert found(amina, metadata={"a": 1, "b": {"c": [1]}}) == {"both"}
    assert found(amina, metadata={"b": {"c": [1], "d": None}}) == set()
    assert found(amina, metadata={"b": {}}) == set()


@pytest.mark.parametrize(
    "key", ["", "a.b", 'q"uote', "it's", "back\\slash", "$", "[0]", "ключ", "🦉", "new\nline", "%s"]
)
def test_any_key_can_be_asked_for(sync_store, key):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    amina.conversations.create(title="has", metadata={key: "v"})
    amina.conversations.create(title="has not", metadata={key + "x": "v"})
    assert found(amina, metadata={key: "v"}) == {"has"}


def test_a_statement_in_a_filter_is_data(amina):
    text = "'; DROP TABLE conversations; --"
    amina.conversations.create(title=text, metadata={text: text}, tags=[text])
    assert found(amina, metadata={text: text}, tag=text) == {text}
