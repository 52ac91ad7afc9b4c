"""Memory: nothing is overwritten, the same fact is one, and what is forgotten is gone."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from support.backdoor import Backdoor
from support.refusals import refused

import holdfast
from holdfast.domains.memory import Candidate

VALUES = ["concise", "", 0, 1.5, True, False, [], [1, None, "a"], {}, {"a": {"b": [1, 2]}}, "ä✓", 2**62]


def engine_of(store):
    return store._target._store.engine if hasattr(store, "_target") else store.engine


DAY = timedelta(days=1)


def day(n):
    return datetime(2026, 1, n, tzinfo=UTC)


def said(memory, **kwargs):
    """What a history says, the latest first."""
    return [fact.value for fact in memory.history("style", **kwargs).items]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_was(amina, value):
    made = amina.memory.remember("style", value)
    found = amina.memory.fact("style")
    assert found == made
    assert found.value == value and type(found.value) is type(value)
    assert (found.key, found.confidence, found.version, found.user_id) == ("style", 1.0, 1, amina.scope.actor_id)
    assert found.superseded_at is None and found.valid_to is None


def test_another_value_supersedes_and_the_old_one_stays_in_the_history(amina):
    first = amina.memory.remember("style", "long")
    second = amina.memory.remember("style", "concise", confidence=0.3)
    assert amina.memory.fact("style") == second
    newest, oldest = amina.memory.history("style").items
    assert (newest, oldest.id, oldest.value) == (second, first.id, "long")
    assert oldest.valid_to == second.valid_from
    assert oldest.superseded_at == second.recorded_at
    assert [fact.version for fact in (newest, oldest)] == [2, 1]


def test_the_same_fact_twice_is_one_and_its_sources_make_it_surer(amina):
    chat = amina.conversations.create()
    a, b = (amina.conversations.append(chat.id, role="user", content=f"{n}") for n in range(2))
    first = amina.memory.remember("style", "concise", confidence=0.5, source=a.id)
    assert (first.source, first.said_by) == (a.id, "user")
    again = amina.memory.remember("style", "concise", confidence=0.6, source=b.id)
    assert (again.id, again.version) == (first.id, 1)
    assert again.confidence == pytest.approx(1 - 0.5 * 0.4)
    assert amina.memory.fact("style") == again
    assert amina.memory.count() == 1


def test_the_same_source_counts_once_with_the_most_it_was_sure(amina):
    chat = amina.conversations.create()
    message = amina.conversations.append(chat.id, role="user", content="Be brief.")
    for confidence, expected in ((0.5, 0.5), (0.5, 0.5), (0.4, 0.5), (0.7, 0.7)):
        fact = amina.memory.remember("style", "concise", confidence=confidence, source=message.id)
        assert fact.confidence == pytest.approx(expected)
    assert amina.memory.remember("style", "concise", confidence=0.5, said_by="her manager").confidence == (
        pytest.approx(1 - 0.3 * 0.5)
    )
    assert amina.memory.remember("style", "concise", confidence=0.5, said_by="her manager").confidence == (
        pytest.approx(1 - 0.3 * 0.5)
    )


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), (0, False), ("1", 1), ([1], [1.0]), ({}, [])])
def test_values_that_json_spells_differently_are_two_facts(amina, one, other):
    amina.memory.remember("style", one)
    assert amina.memory.remember("style", other).version == 2
    assert amina.memory.remember("style", other).version == 2


def test_what_held_before_goes_into_its_place_and_changes_nothing_now(amina):
    now = amina.memory.remember("style", "b", valid_from=day(10))
    old = amina.memory.remember("style", "a", valid_from=day(5))
    assert old.superseded_at == old.recorded_at
    assert amina.memory.fact("style") == now
    between = amina.memory.remember("style", "ab", valid_from=day(7))
    assert said(amina.memory) == ["b", "ab", "a"]
    assert [fact.valid_to for fact in amina.memory.history("style").items] == [None, day(10), day(7)]
    assert between.version == 3
    assert amina.memory.remember("style", "c").version == 4
    assert said(amina.memory) == ["c", "b", "ab", "a"]


def test_an_old_fact_that_is_told_again_is_confirmed_in_its_place(amina):
    amina.memory.remember("style", "a", valid_from=day(1), confidence=0.5)
    amina.memory.remember("style", "b", valid_from=day(5))
    again = amina.memory.remember("style", "a", valid_from=day(3), confidence=0.5, said_by="somebody")
    assert (again.version, again.confidence) == (1, 0.75)
    assert said(amina.memory) == ["b", "a"]


def test_a_correction_from_the_same_moment_takes_its_place(amina):
    amina.memory.remember("style", "a", valid_from=day(1))
    amina.memory.remember("style", "b", valid_from=day(1))
    assert said(amina.memory) == ["b", "a"]
    assert amina.memory.fact("style").value == "b"
    assert [fact.value for fact in amina.memory.as_of(day(2), "style").items] == ["b"]


def test_what_has_ended_holds_no_more_and_stays_in_the_history(amina):
    amina.memory.remember("style", "a", valid_from=day(1), valid_to=day(3))
    refused("fact_not_found", amina.memory.fact, "style")
    assert (amina.memory.count(), amina.memory.list().items) == (0, ())
    assert [fact.valid_to for fact in amina.memory.history("style").items] == [day(3)]
    assert [len(amina.memory.as_of(day(n), "style").items) for n in (1, 2, 3)] == [1, 1, 0]
    assert amina.memory.remember("style", "a").version == 2


def test_an_end_makes_another_version(amina):
    first = amina.memory.remember("style", "a")
    ended = amina.memory.remember("style", "a", valid_to=datetime.now(UTC) + DAY)
    assert (first.version, ended.version) == (1, 2)
    assert amina.memory.remember("style", "a").version == 2, "says nothing of the end"


def test_as_of_a_moment_as_known_now_and_as_known_then(amina):
    amina.memory.remember("style", "a", valid_from=day(1), confidence=0.5)
    amina.memory.remember("city", "Lagos", valid_from=day(2))
    before = datetime.now(UTC)
    amina.memory.remember("style", "a", valid_from=day(2), confidence=0.5, said_by="somebody")
    amina.memory.remember("style", "b", valid_from=day(4))

    def held(moment, **kwargs):
        return {fact.key: fact.value for fact in amina.memory.as_of(moment, **kwargs).items}

    assert held(day(1)) == {"style": "a"}
    assert held(day(3)) == {"style": "a", "city": "Lagos"}
    assert held(day(5)) == {"style": "b", "city": "Lagos"}
    assert held(day(5), known_at=before) == {"style": "a", "city": "Lagos"}
    assert held(day(5), known_at=day(1)) == {}
    assert held(day(5), key="style") == {"style": "b"}
    (now,), (then,) = (amina.memory.as_of(day(3), "style", known_at=at).items for at in (None, before))
    assert (now.confidence, now.valid_to) == (0.75, day(4))
    assert (then.confidence, then.valid_to, then.superseded_at) == (0.5, None, None)


def test_pages_are_newest_first_and_the_count_is_exact(amina):
    for n in range(7):
        amina.memory.remember(f"key{n}", n)
    amina.memory.remember("key3", "again")
    seen, cursor = [], None
    while True:
        page = amina.memory.list(limit=3, cursor=cursor)
        seen += [fact.key for fact in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["key3", "key6", "key5", "key4", "key2", "key1", "key0"]
    assert amina.memory.count() == 7


def test_pages_of_a_history_and_of_a_moment(amina):
    for n in range(1, 6):
        amina.memory.remember("style", n, valid_from=day(n))
        amina.memory.remember(f"key{n}", n, valid_from=day(1))
    first = amina.memory.history("style", limit=2)
    second = amina.memory.history("style", limit=2, cursor=first.next)
    third = amina.memory.history("style", limit=2, cursor=second.next)
    assert [fact.value for page in (first, second, third) for fact in page.items] == [5, 4, 3, 2, 1]
    assert [fact.valid_to for fact in second.items] == [day(4), day(3)]
    assert third.next is None
    page = amina.memory.as_of(day(9), limit=4)
    rest = amina.memory.as_of(day(9), limit=4, cursor=page.next)
    assert [fact.key for found in (page, rest) for fact in found.items] == [*(f"key{n}" for n in range(1, 6)), "style"]
    for call, args in ((amina.memory.list, ()), (amina.memory.history, ("style",)), (amina.memory.as_of, (day(8),))):
        refused("invalid_cursor", call, *args, cursor=page.next)


def test_why_leads_to_the_messages(amina):
    chat = amina.conversations.create()
    asked = amina.conversations.append(chat.id, role="user", content="Be brief, please.")
    answered = amina.conversations.append(chat.id, role="assistant", content="You like it brief.")
    fact = amina.memory.remember("style", "concise", confidence=0.8, source=asked.id)
    amina.memory.remember("style", "concise", confidence=0.2, source=answered.id)
    amina.memory.remember("style", "concise", said_by="her manager")
    why = amina.memory.why(fact.id)
    assert why.fact.confidence == 1.0
    assert [c.message for c in why.confirmations] == [asked, answered, None]
    assert [c.said_by for c in why.confirmations] == ["user", "assistant", "her manager"]
    assert [c.confidence for c in why.confirmations] == [0.8, 0.2, 1.0]
    amina.conversations.delete(chat.id)
    why = amina.memory.why(str(fact.id))
    assert [c.message for c in why.confirmations] == [None, None, None]
    assert [c.source for c in why.confirmations] == [asked.id, answered.id, None]


def test_a_source_is_a_message_that_one_may_read(amina, ben):
    chat = ben.conversations.create()
    message = ben.conversations.append(chat.id, role="user", content="Mine.")
    refused("message_not_found", amina.memory.remember, "style", "a", source=message.id)
    refused("message_not_found", amina.memory.remember, "style", "a", source=chat.id)
    assert amina.memory.count() == 0


def test_a_request_takes_effect_once(amina, ben):
    first = amina.memory.remember("style", "a", request_id="r-1")
    amina.memory.remember("style", "b", request_id="r-2")
    assert amina.memory.remember("style", "a", request_id="r-1").id == first.id
    assert amina.memory.remember("style", "other", request_id="r-1").id == first.id
    assert said(amina.memory) == ["b", "a"]
    assert ben.memory.remember("style", "his", request_id="r-1").version == 1


def test_forgetting_takes_every_version_and_source(amina):
    for n in range(3):
        amina.memory.remember("style", n)
        amina.memory.remember("style", n, said_by="somebody")
    amina.memory.remember("other", 1)
    first = amina.memory.history("style").items[-1]
    gone = amina.memory.forget("style")
    assert (gone.versions, gone.sources) == (3, 6)
    refused("fact_not_found", amina.memory.fact, "style")
    refused("fact_not_found", amina.memory.why, first.id)
    refused("fact_not_found", amina.memory.forget, "style")
    assert amina.memory.history("style").items == ()
    assert amina.memory.count() == 1
    by_id = amina.memory.remember("style", "anew")
    assert by_id.version == 1
    assert amina.memory.forget(str(by_id.id)).versions == 1
    refused("fact_not_found", amina.memory.forget, str(by_id.id))


def test_the_trail_keeps_ids_and_no_word_of_a_fact(amina, ada):
    fact = amina.memory.remember("heliotrope", "zebrawood", said_by="wenge")
    amina.memory.remember("heliotrope", "zebrawood", said_by="teak")
    amina.memory.forget("heliotrope")
    lines = [line for line in ada.audit.list().items if line.operation.startswith("memory.")]
    assert [line.operation for line in lines] == ["memory.forget", "memory.remember", "memory.remember"]
    assert all((line.target_kind, line.target_id) == ("fact", fact.id) for line in lines)
    assert all(line.owner_id == amina.scope.actor_id for line in lines)
    told = repr(ada.audit.list())
    assert not any(word in told for word in ("heliotrope", "zebrawood", "wenge", "teak"))


def test_what_changes_nothing_leaves_no_line(amina, ada):
    amina.memory.remember("style", "a")
    amina.memory.remember("style", "a")
    assert [line.operation for line in ada.audit.list().items].count("memory.remember") == 1


# -- whose -------------------------------------------------------------------------------------------------------------


def test_a_colleague_and_another_tenant_get_nothing(amina, ben, gus):
    fact = amina.memory.remember("style", "hers")
    me = amina.scope.actor_id
    for other in (ben, gus):
        refused("fact_not_found", other.memory.fact, "style")
        refused("fact_not_found", other.memory.why, fact.id)
        refused("fact_not_found", other.memory.forget, str(fact.id))
        assert (other.memory.count(), other.memory.list().items, other.memory.history("style").items) == (0, (), ())
        for call, args in (
            (other.memory.fact, ("style",)),
            (other.memory.list, ()),
            (other.memory.count, ()),
            (other.memory.history, ("style",)),
            (other.memory.as_of, (day(1),)),
            (other.memory.remember, ("style", "theirs")),
            (other.memory.forget, ("style",)),
        ):
            refused("user_not_found", call, *args, user=me)
    assert amina.memory.fact("style") == fact


def test_an_administrator_reads_and_writes_and_it_is_recorded(amina, ada):
    fact = amina.memory.remember("style", "hers")
    me = amina.scope.actor_id
    assert ada.memory.fact("style", user=me) == fact
    assert ada.memory.list(user=me).items == (fact,)
    assert ada.memory.why(fact.id).fact == fact
    lines = [line for line in ada.audit.list().items if line.operation == "memory.read"]
    assert [(line.outcome, line.target_id, line.owner_id) for line in lines] == [("read", me, me)] * 3
    made = ada.memory.remember("style", "as she was told", user=me)
    assert (made.user_id, made.recorded_by) == (me, ada.scope.actor_id)
    assert amina.memory.fact("style") == made
    assert ada.memory.forget("style", user=me).versions == 2


def test_an_auditor_reads_and_changes_nothing(store, amina):
    aud = store.tenant("acme").user("aud@acme.test")
    fact = amina.memory.remember("style", "hers")
    assert aud.memory.fact("style", user=amina.scope.actor_id) == fact
    refused("permission_denied", aud.memory.remember, "style", 1)
    refused("permission_denied", aud.memory.forget, str(fact.id))


def test_a_visitor_has_their_own_and_sees_no_workspace(store, amina):
    visitor = store.authenticate(store.system().identity.create_visitor(tenant="acme").token)
    workspace = store.system().identity.create_workspace("Client", tenant="acme")
    amina.memory.remember("budget", 5, workspace=workspace.id)
    visitor.memory.remember("name", "Vera")
    assert visitor.memory.fact("name").value == "Vera"
    refused("workspace_not_found", visitor.memory.fact, "budget", workspace=workspace.id)
    refused("workspace_not_found", visitor.memory.remember, "budget", 6, workspace=workspace.id)
    fact = amina.memory.fact("budget", workspace=workspace.id)
    refused("fact_not_found", visitor.memory.why, fact.id)


@pytest.fixture
def client(store):
    """A workspace with an editor, Amina, and a viewer, Ben."""
    identity = store.system().identity
    made = identity.create_workspace("Client", tenant="acme")
    identity.create_user("cleo@acme.test", tenant="acme")
    identity.assign(made.id, "amina@acme.test", tenant="acme")
    identity.assign(made.id, "ben@acme.test", "viewer", tenant="acme")
    return made


def test_facts_about_a_workspace_are_for_whom_it_is_open_to(store, amina, ben, ada, gus, client):
    cleo = store.tenant("acme").user("cleo@acme.test")
    place = {"workspace": client.id}
    fact = amina.memory.remember("budget", 5_000, **place)
    assert (fact.workspace_id, fact.user_id) == (client.id, None)
    for reader in (amina, ben, ada):
        assert reader.memory.fact("budget", **place) == fact
        assert (reader.memory.count(**place), reader.memory.count()) == (1, 0)
    for stranger in (cleo, gus):
        refused("workspace_not_found", stranger.memory.fact, "budget", **place)
        refused("workspace_not_found", stranger.memory.list, **place)
        refused("fact_not_found", stranger.memory.why, fact.id)
        refused("fact_not_found", stranger.memory.forget, str(fact.id))
    refused("workspace_read_only", ben.memory.remember, "budget", 6_000, **place)
    refused("workspace_read_only", ben.memory.forget, str(fact.id))
    assert ada.memory.remember("budget", 6_000, **place).version == 2
    refused("invalid_input", amina.memory.fact, "budget", **place, user=amina.scope.actor_id)


def test_an_archived_workspace_keeps_its_facts_and_takes_none(store, amina, client):
    identity, place = store.system().identity, {"workspace": client.id}
    fact = amina.memory.remember("budget", 5_000, **place)
    identity.archive_workspace(client.id, tenant="acme")
    assert amina.memory.fact("budget", **place) == fact
    refused("workspace_archived", amina.memory.remember, "budget", 6_000, **place)
    amina.memory.forget("budget", **place)
    identity.restore_workspace(client.id, tenant="acme")
    assert amina.memory.remember("budget", 7_000, **place).version == 1
    identity.archive_workspace(client.id, tenant="acme")
    identity.delete_workspace(client.id, tenant="acme")
    refused("workspace_not_found", amina.memory.fact, "budget", **place)
    door = Backdoor(engine_of(store))
    assert [door.run(f"SELECT count(*) FROM {table}") for table in ("facts", "fact_sources")] == [[(0,)]] * 2


# -- sensitive values --------------------------------------------------------------------------------------------------


def test_a_sensitive_value_is_sealed_with_its_whole_history(store, amina, place):
    amina.memory.remember("blood", "B planted-before")
    made = amina.memory.remember("blood", "A planted-after", sensitive=True)
    assert amina.memory.fact("blood") == made
    assert [fact.value for fact in amina.memory.history("blood").items] == ["A planted-after", "B planted-before"]
    assert all(fact.sensitive for fact in amina.memory.history("blood").items)
    assert amina.memory.remember("blood", "AB planted-later").sensitive, "what is sensitive stays so"
    again = amina.memory.remember("blood", "AB planted-later", said_by="the doctor", confidence=0.5)
    assert again.version == 3


def test_a_narrowed_key_is_shown_no_more_than_it_was_given(store, amina):
    identity, chat = store.system().identity, amina.conversations.create()
    message = amina.conversations.append(chat.id, role="user", content="Be brief.")
    fact = amina.memory.remember("style", "concise", source=message.id)

    def narrowed(*scopes):
        key = identity.create_api_key(tenant="acme", user="amina@acme.test", scopes=list(scopes))
        return store.authenticate(key.secret)

    reader, writer, talker = (narrowed(scope) for scope in ("memory:read", "memory:write", "conversations:write"))
    assert reader.memory.fact("style") == fact
    refused("not_granted", reader.memory.remember, "style", 1)
    refused("not_granted", reader.memory.forget, "style")
    assert [one.message for one in writer.memory.why(fact.id).confirmations] == [None]
    refused("not_granted", writer.memory.unseen, chat.id, extractor="one")
    refused("not_granted", talker.memory.fact, "style")
    context = talker.conversations.context(chat.id)
    assert context.facts == ()
    assert "memory:read" in next(one.reason for one in context.left_out if one.what == "facts")


# -- recalling ---------------------------------------------------------------------------------------------------------


def recalled(memory, query, **kwargs):
    return [(one.fact.key, one.found_by) for one in memory.recall(query, **kwargs)]


def test_facts_are_recalled_by_key_and_by_text_and_say_why(amina):
    amina.memory.remember("style", "concise")
    amina.memory.remember("style.greeting", "formal")
    amina.memory.remember("answer_style", "no tables")
    amina.memory.remember("diet", {"avoids": ["peanuts", "gluten"], "style": "vegan"})
    amina.memory.remember("city", "Lagos")
    assert recalled(amina.memory, "style") == [
        ("style", ("key", "text")),
        ("style.greeting", ("key", "text")),
        ("diet", ("text",)),
        ("answer_style", ("key", "text")),
    ] or {key for key, _ in recalled(amina.memory, "style")} == {"style", "style.greeting", "answer_style", "diet"}
    assert recalled(amina.memory, "STYLE")[0] == ("style", ("key", "text"))
    assert recalled(amina.memory, "does she eat peanut butter?") == [("diet", ("text",))]
    assert recalled(amina.memory, "yle.gr") == [("style.greeting", ("key",))]
    assert recalled(amina.memory, "style", k=1) == [("style", ("key", "text"))]
    assert recalled(amina.memory, "%") == recalled(amina.memory, "_y") == []
    assert all(0 < one.score <= 1 for one in amina.memory.recall("style"))
    refused("invalid_input", amina.memory.recall, "")


def test_only_what_holds_is_recalled(amina, ben):
    amina.memory.remember("city", "Lagos")
    amina.memory.remember("city", "Accra")
    assert recalled(amina.memory, "Lagos") == []
    assert recalled(amina.memory, "Accra") == [("city", ("text",))]
    assert recalled(ben.memory, "Accra") == recalled(ben.memory, "city") == []
    amina.memory.forget("city")
    assert recalled(amina.memory, "Accra") == recalled(amina.memory, "city") == []
    amina.memory.remember("town", "Kumasi", valid_from=day(1), valid_to=day(2))
    assert recalled(amina.memory, "Kumasi") == recalled(amina.memory, "town") == []


def test_a_sensitive_fact_is_found_by_its_key_only(amina):
    amina.memory.remember("blood", "rhesus")
    amina.memory.remember("blood", "rhesus negative", sensitive=True)
    assert recalled(amina.memory, "rhesus") == []
    assert recalled(amina.memory, "blood") == [("blood", ("key",))]


def test_facts_about_a_workspace_are_recalled_there(amina, ben, gus, client):
    amina.memory.remember("budget", "five thousand", workspace=client.id)
    assert recalled(ben.memory, "thousand", workspace=client.id) == [("budget", ("text",))]
    assert recalled(ben.memory, "thousand") == []
    refused("workspace_not_found", gus.memory.recall, "thousand", workspace=client.id)


# -- context -----------------------------------------------------------------------------------------------------------


def test_a_context_holds_the_relevant_facts_first_and_then_the_surest(amina):
    chat = amina.conversations.create()
    message = amina.conversations.append(chat.id, role="user", content="Which restaurants serve vegan food?")
    amina.memory.remember("blood", "A", sensitive=True)
    amina.memory.remember("diet", "vegan", confidence=0.4, source=message.id)
    amina.memory.remember("city", "Lagos", confidence=0.9)
    amina.memory.remember("name", "Amina")
    facts = amina.conversations.context(chat.id).facts
    assert [item.text for item in facts] == ["diet: vegan", "name: Amina", "city: Lagos"]
    found = amina.memory.fact("diet")
    assert facts[0].origin == {"fact": str(found.id), "key": "diet", "confidence": 0.4, "source": str(message.id)}


def test_facts_stay_within_their_share_and_what_is_left_out_is_said(amina):
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="Hello")
    amina.memory.remember("long", "word " * 200)
    amina.memory.remember("short", "x")
    context = amina.conversations.context(chat.id, max_tokens=400)
    assert [item.text for item in context.facts] == ["short: x"]
    (left,) = [one for one in context.left_out if one.what.startswith("fact ")]
    assert left.what == f"fact {amina.memory.fact('long').id}"
    assert left.tokens > 200
    assert context.tokens <= 400


def test_a_conversation_in_a_workspace_knows_what_is_known_of_it(amina, ada, client):
    amina.memory.remember("budget", 5_000, workspace=client.id)
    inside, outside = amina.conversations.create(workspace=client.id), amina.conversations.create()
    for chat in (inside, outside):
        amina.conversations.append(chat.id, role="user", content="How much may we spend?")
    assert [item.text for item in amina.conversations.context(inside.id).facts] == ["budget: 5000"]
    assert amina.conversations.context(outside.id).facts == ()
    amina.memory.remember("name", "Amina")
    assert "name: Amina" in [item.text for item in ada.conversations.context(outside.id).facts]
    assert ada.audit.list().items[0].outcome == "read"


# -- proposing ---------------------------------------------------------------------------------------------------------


class Sayings:
    """An extractor: `key = value` in a message is a fact."""

    name = "sayings-1"

    def __init__(self):
        self.shown = []

    def extract(self, messages):
        self.shown.append([message.seq for message in messages])
        for message in messages:
            key, equals, value = message.content.partition(" = ")
            if equals:
                yield Candidate(key=key, value=value, source=message.id, confidence=0.5)


def test_an_extractor_is_shown_each_message_once_and_its_facts_are_explained(amina):
    chat = amina.conversations.create()
    texts = ("Hello", "city = Lagos", "diet = vegan", "city = Lagos", "city = Accra")
    said = [amina.conversations.append(chat.id, role="user", content=text) for text in texts]
    extractor = Sayings()
    first = amina.memory.propose(chat.id, extractor=extractor, limit=4)
    assert ([fact.value for fact in first.facts], first.refused) == (["Lagos", "vegan", "Lagos"], ())
    assert (first.through, first.more) == (4, True)
    lagos = amina.memory.fact("city")
    assert (lagos.value, lagos.confidence, lagos.source) == ("Lagos", 0.75, said[1].id)
    assert lagos.valid_from == said[1].created_at
    second = amina.memory.propose(chat.id, extractor=extractor, limit=4)
    assert ([fact.value for fact in second.facts], second.through, second.more) == (["Accra"], 5, False)
    assert amina.memory.propose(chat.id, extractor=extractor).facts == ()
    assert extractor.shown == [[1, 2, 3, 4], [5]]
    confirmations = amina.memory.why(lagos.id).confirmations
    assert [(c.message, c.extractor) for c in confirmations] == [(said[1], "sayings-1"), (said[3], "sayings-1")]
    again = Sayings()
    again.name = "sayings-2"
    amina.memory.propose(chat.id, extractor=again)
    assert amina.memory.fact("city").confidence == 0.5, "the same message is the same source"


def test_when_an_extractor_fails_it_is_shown_the_same_again(amina):
    chat = amina.conversations.create()
    amina.conversations.append(chat.id, role="user", content="city = Lagos")

    class Failing(Sayings):
        def extract(self, messages):
            raise RuntimeError("the model is away")

    with pytest.raises(RuntimeError, match="the model is away"):
        amina.memory.propose(chat.id, extractor=Failing())
    assert amina.memory.count() == 0
    assert len(amina.memory.propose(chat.id, extractor=Sayings()).facts) == 1


def test_a_candidate_that_does_not_pass_is_refused_by_itself(amina, ben):
    chat, other = amina.conversations.create(), ben.conversations.create()
    message = amina.conversations.append(chat.id, role="user", content="Hello")
    late = amina.conversations.append(chat.id, role="user", content="Later")
    his = ben.conversations.append(other.id, role="user", content="His")
    given = [
        Candidate(key="city", value="Lagos", source=message.id),
        Candidate(key="", value=1, source=message.id),
        Candidate(key="a", value=1, source=message.id, confidence=2),
        Candidate(key="a", value=1, source=his.id),
        Candidate(key="a", value=1, source=late.id),
    ]
    made = amina.memory.accept(chat.id, given, extractor="one", through=1)
    assert [fact.key for fact in made.facts] == ["city"]
    assert [one.number for one in made.refused] == [1, 2, 3, 4]
    assert {one.code for one in made.refused} == {"invalid_input", "message_not_found"}
    refused("conversation_not_found", ben.memory.accept, chat.id, [], extractor="one", through=1)
    refused("conversation_not_found", ben.memory.unseen, chat.id, extractor="one")
    refused("seq_out_of_range", amina.memory.accept, chat.id, [], extractor="one", through=3)
    assert [m.seq for m in amina.memory.unseen(chat.id, extractor="one").messages] == [2]


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "more"),
    [
        ("", 1, {}),
        ("  ", 1, {}),
        ("x" * 201, 1, {}),
        ("a\0", 1, {}),
        ("01890a5d-ac96-774b-bcce-b302099a8057", 1, {}),
        ("a", None, {}),
        ("a", "x" * 70_000, {}),
        ("a", "\0", {}),
        ("a", 2**63, {}),
        ("a", 1, {"confidence": 0}),
        ("a", 1, {"confidence": 1.1}),
        ("a", 1, {"confidence": -1}),
        ("a", 1, {"source": "no id"}),
        ("a", 1, {"said_by": ""}),
        ("a", 1, {"said_by": "x" * 201}),
        ("a", 1, {"request_id": ""}),
        ("a", 1, {"valid_from": datetime(2199, 1, 1, tzinfo=UTC)}),
        ("a", 1, {"valid_from": day(2), "valid_to": day(2)}),
        ("a", 1, {"valid_to": day(1)}),
        ("a", 1, {"workspace": "no id"}),
        ("a", 1, {"user": "no id"}),
    ],
)
def test_what_is_no_fact_is_refused(amina, key, value, more):
    refused("invalid_input", amina.memory.remember, key, value, **more)
    assert amina.memory.count() == 0


@pytest.mark.parametrize(
    ("key", "value", "more"),
    [
        (None, 1, {}),
        ("a", object(), {}),
        ("a", float("nan"), {}),
        ("a", {1: 2}, {}),
        ("a", 1, {"confidence": True}),
        ("a", 1, {"confidence": "high"}),
        ("a", 1, {"confidence": float("nan")}),
        ("a", 1, {"valid_from": datetime(2020, 1, 1)}),
        ("a", 1, {"sensitive": "yes"}),
    ],
)
def test_what_python_alone_can_say_wrongly_is_refused(amina, key, value, more):
    refused("invalid_input", amina.memory.remember, key, value, **more)
    assert amina.memory.count() == 0


def test_a_request_id_used_for_somebody_else_is_refused_by_name_also_at_once(sync_store):
    ada = sync_store.tenant("acme").user("ada@acme.test")
    people = [sync_store.tenant("acme").user(f"{name}@acme.test").scope.actor_id for name in ("amina", "ben")]
    told = []

    def remember(user):
        try:
            told.append(ada.memory.remember("style", "a", user=user, request_id="r-1").user_id)
        except holdfast.HoldfastError as error:
            told.append(error.code)

    threads = [threading.Thread(target=remember, args=(user,)) for user in people * 2]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert told.count("request_id_taken") == 2
    assert sum(one in people for one in told) == 2
