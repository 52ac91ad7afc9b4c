"""Long random histories on both engines beside a model: after each step all three agree."""

from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from integration.model import Chat, Person

import holdfast
from holdfast import HoldfastError, NewMessage

KEY = "0123456789abcdef" * 4
VOCABULARY = ("heliotrope", "saffron", "indigo", "住房", "cafe")
ROLES = st.sampled_from(["user", "assistant", "system", "tool"])
TEXTS = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4).map(" ".join)
KEYS = st.none() | st.sampled_from(["r-1", "r-2", "r-3"])
MESSAGES = st.tuples(ROLES, TEXTS, KEYS)
METADATA = st.fixed_dictionaries({}, optional={"a": st.sampled_from([1, True, None, "1", [1]]), "b": st.integers(0, 1)})
CHANGES = {"archive": "ARCHIVED", "close": "CLOSED", "delete": "DELETED", "restore": "ACTIVE"}
_people = count()


@pytest.fixture(scope="module")
def stores(tmp_path_factory, postgres, postgres_template):
    path = tmp_path_factory.mktemp("model") / "store.db"
    url = postgres.copy(postgres_template, "model")
    with holdfast.create(f"sqlite:///{path}", KEY) as sqlite, holdfast.open(url) as server:
        sqlite.system().identity.create_tenant("acme")
        yield (sqlite, server)
    postgres.drop("model")


class Histories(RuleBasedStateMachine):
    """One person's conversations, by the same steps in three places."""

    stores: tuple

    @initialize()
    def begin(self):
        email = f"person-{next(_people)}@acme.test"
        self.people = []
        for store in self.stores:
            store.system().identity.create_user(email, tenant="acme")
            self.people.append(store.tenant("acme").user(email).conversations)
        self.model, self.ids = Person(), ([], [])
        self.touched = None

    def each(self, name, place=None, *args, **kwargs):
        """What an operation gives on each engine: a value, or the code of its error."""
        outcomes = []
        for conversations, ids in zip(self.people, self.ids, strict=True):
            target = () if place is None else (ids[place],)
            try:
                outcomes.append(getattr(conversations, name)(*target, *args, **kwargs))
            except HoldfastError as error:
                outcomes.append(error.code)
        return outcomes

    def agreed(self, outcomes, expected, view=lambda value: value):
        shown = [outcome if isinstance(outcome, str) else view(outcome) for outcome in outcomes]
        assert shown == [expected, expected]

    def pick(self, data):
        self.touched = data.draw(st.integers(0, len(self.model.chats) - 1), "conversation")
        return self.touched, self.model.chats[self.touched]

    def made(self, chat, outcomes):
        self.model.chats.append(chat)
        for ids, outcome in zip(self.ids, outcomes, strict=True):
            ids.append(outcome.id)
        self.touched = len(self.model.chats) - 1

    def some(self):
        return bool(self.model.chats)

    @rule(title=TEXTS, metadata=METADATA)
    def create(self, title, metadata):
        self.made(Chat(title, metadata), self.each("create", title=title, metadata=metadata))

    @precondition(some)
    @rule(data=st.data(), message=MESSAGES)
    def append(self, data, message):
        place, chat = self.pick(data)
        role, text, key = message
        expected = chat.add([message]) if not (chat.status == "DELETED" and key) else None
        if expected is None:
            return
        outcomes = self.each("append", place, role=role, content=text, request_id=key)
        self.agreed(outcomes, expected, lambda m: [(m.seq, m.replayed)])

    @precondition(some)
    @rule(data=st.data(), messages=st.lists(MESSAGES, max_size=5))
    def append_many(self, data, messages):
        place, chat = self.pick(data)
        new = [NewMessage(role=role, content=text, request_id=key) for role, text, key in messages]
        outcomes = self.each("append_many", place, new)
        self.agreed(outcomes, chat.add(messages), lambda said: [(m.seq, m.replayed) for m in said])

    @precondition(some)
    @rule(data=st.data(), at=st.integers(0, 8))
    def fork(self, data, at):
        place, chat = self.pick(data)
        expected, outcomes = chat.fork(at), self.each("fork", place, at=at)
        if isinstance(expected, Chat):
            self.made(expected, outcomes)
        else:
            self.agreed(outcomes, expected)

    @precondition(some)
    @rule(data=st.data(), change=st.sampled_from([*CHANGES, "restore"]))
    def change(self, data, change):
        place, chat = self.pick(data)
        self.agreed(self.each(change, place), chat.change(CHANGES[change]), lambda c: c.status)

    @precondition(some)
    @rule(data=st.data())
    def hide(self, data):
        place, chat = self.pick(data)
        if chat.status == "DELETED":
            self.agreed(self.each("hide", place), "conversation_not_found")
        else:
            chat.hidden = True
            self.agreed(self.each("hide", place), True, lambda c: c.hidden_at is not None)

    @precondition(some)
    @rule(data=st.data(), through=st.integers(0, 8))
    def summarize(self, data, through):
        place, chat = self.pick(data)
        outcomes = self.each("summarize", place, "A summary.", through=through)
        self.agreed(outcomes, chat.summarize(through), lambda s: (s.version, s.first_seq, s.through_seq))

    @precondition(some)
    @rule(limit=st.integers(1, 4), status=st.none() | st.sampled_from([*CHANGES.values()]), hidden=st.booleans(),
          metadata=st.none() | METADATA)  # fmt: skip
    def pages(self, limit, status, hidden, metadata):
        expected = self.model.listed(status=status, hidden=hidden, metadata=metadata)
        for conversations, ids in zip(self.people, self.ids, strict=True):
            seen, cursor, more = [], None, True
            while more:
                page = conversations.list(limit=limit, cursor=cursor, status=status, hidden=hidden, metadata=metadata)
                seen += [ids.index(chat.id) for chat in page.items]
                cursor, more = page.next, page.next is not None
            assert seen == expected

    @precondition(some)
    @rule(
        words=st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=2),
        without=st.lists(st.sampled_from(VOCABULARY), max_size=1),
    )
    def search(self, words, without):
        must, may = self.model.found(words, without)
        query = " ".join([*words, *(f"-{word}" for word in without)])
        answers = []
        for conversations, ids in zip(self.people, self.ids, strict=True):
            hits = conversations.search(query, limit=200)
            answers.append({(ids.index(hit.message.conversation_id), hit.message.seq) for hit in hits})
        assert answers[0] == answers[1]
        assert self.places(must) <= answers[0] <= self.places(may)

    def places(self, messages):
        chats = self.model.chats
        return {(chats.index(m.home), m.home.said.index(m) + 1) for m in messages}

    @invariant()
    def what_was_touched_is_the_same_everywhere(self):
        if getattr(self, "touched", None) is None:
            return
        self.compare(self.touched)

    def compare(self, place):
        chat = self.model.chats[place]
        (verified, other) = self.each("verify", place)
        assert verified == other and verified.ok and verified.messages == len(chat.said)
        if chat.status == "DELETED":
            for name in ("get", "last", "counts", "summaries", "messages"):
                self.agreed(self.each(name, place), "conversation_not_found")
            return
        shown = (chat.title, chat.metadata, chat.status, chat.hidden, len(chat.said))
        self.agreed(self.each("get", place), shown,
                    lambda c: (c.title, c.metadata, c.status, c.hidden_at is not None, c.message_count))  # fmt: skip
        said = [(n, *message.shown()) for n, message in enumerate(chat.said, 1)]
        view = lambda found: [(m.seq, m.role, m.content, m.request_id) for m in found]  # noqa: E731
        self.agreed(self.each("last", place, 200), said, view)
        self.agreed(self.each("last", place, 3), said[-3:], view)
        self.agreed(self.each("messages", place, limit=5), said[:5], lambda page: view(page.items))
        self.agreed(self.each("counts", place), chat.counts())
        self.agreed(self.each("summaries", place), chat.summaries,
                    lambda found: [(s.version, s.first_seq, s.through_seq) for s in found])  # fmt: skip

    def teardown(self):
        for place in range(len(getattr(self, "model", Person()).chats)):
            self.compare(place)


@pytest.mark.xdist_group("model")
@pytest.mark.parametrize("histories", [6, pytest.param(60, marks=pytest.mark.thorough)])
def test_both_engines_and_the_model_agree_over_long_histories(stores, histories):
    machine = type("HistoriesOfTheseStores", (Histories,), {"stores": stores})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
