"""Random histories of facts on both engines beside a model, many at once on one key, and what forgetting leaves."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import holdfast

KEY = "0123456789abcdef" * 4
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 8
KEYS = st.sampled_from(["city", "style"])
VALUES = st.sampled_from(["a", 1, 1.0, True])
SPEAKERS = st.sampled_from([None, "x", "y"])
_people = count()


def day(n):
    return START + timedelta(days=n)


@pytest.fixture(scope="module")
def stores(tmp_path_factory, postgres, postgres_template):
    path = tmp_path_factory.mktemp("facts") / "store.db"
    postgres.execute(f"CREATE DATABASE facts TEMPLATE {postgres_template}")
    with holdfast.create(f"sqlite:///{path}", KEY) as sqlite, holdfast.open(postgres.url("facts")) as server:
        sqlite.system().identity.create_tenant("acme")
        yield (sqlite, server)
    postgres.execute("DROP DATABASE facts WITH (FORCE)")


class Version:
    """A version in the model. `begins`: (0, day), or (1, n) for what began when it was told."""

    def __init__(self, number, value, begins, ends):
        self.number, self.value, self.begins, self.ends = number, value, begins, ends
        self.sources = {}

    @property
    def confidence(self):
        doubt = 1.0
        for sure in self.sources.values():
            doubt *= 1 - sure
        return 1 - doubt

    def has_ended(self, at):
        return self.ends is not None and self.ends <= at

    def shown(self):
        return (self.number, type(self.value), self.value, round(self.confidence, 9))


class Facts(RuleBasedStateMachine):
    """What is known about one person, by the same steps in three places."""

    stores: tuple

    @initialize()
    def begin(self):
        email = f"knower-{next(_people)}@acme.test"
        self.memories = []
        for store in self.stores:
            store.system().identity.create_user(email, tenant="acme")
            self.memories.append(store.tenant("acme").user(email).memory)
        self.known, self.told = {}, 0

    def deciding(self, key, at):
        begun = [version for version in self.known.get(key, []) if version.begins <= at]
        return max(begun, key=lambda version: (version.begins, version.number), default=None)

    @rule(
        key=KEYS,
        value=VALUES,
        since=st.none() | st.integers(0, DAYS),
        lasting=st.none() | st.integers(1, 3),
        speaker=SPEAKERS,
        sure=st.sampled_from([0.25, 0.5]),
    )
    def remember(self, key, value, since, lasting, speaker, sure):
        self.told += 1
        begins = (1, self.told) if since is None else (0, since)
        ends = None if since is None or lasting is None else (0, since + lasting)
        holding = self.deciding(key, begins)
        if holding is not None and holding.has_ended(begins):
            holding = None
        same = holding is not None and (type(holding.value), holding.value) == (type(value), value)
        if not same or ends not in (None, holding.ends):
            versions = self.known.setdefault(key, [])
            holding = Version(len(versions) + 1, value, begins, ends)
            versions.append(holding)
        holding.sources[speaker] = max(holding.sources.get(speaker, 0), sure)
        for memory in self.memories:
            fact = memory.remember(
                key,
                value,
                confidence=sure,
                said_by=speaker,
                valid_from=None if since is None else day(since),
                valid_to=None if ends is None else day(ends[1]),
            )
            assert view(fact) == holding.shown()

    @rule(key=KEYS)
    def forget(self, key):
        expected = len(self.known.pop(key, []))
        for memory in self.memories:
            if expected:
                assert memory.forget(key).versions == expected
            else:
                with pytest.raises(holdfast.HoldfastError, match="no fact"):
                    memory.forget(key)

    @rule(at=st.integers(0, DAYS + 3), key=st.none() | KEYS)
    def as_of(self, at, key):
        expected = {}
        for name in sorted(self.known):
            found = self.deciding(name, (0, at))
            if found is not None and not found.has_ended((0, at)) and key in (None, name):
                expected[name] = found.shown()
        for memory in self.memories:
            assert {fact.key: view(fact) for fact in memory.as_of(day(at), key).items} == expected

    @invariant()
    def every_version_is_kept_and_one_is_current(self):
        now = (1, self.told)
        holding = {key for key in self.known if not self.deciding(key, now).has_ended(now)}
        for memory in self.memories:
            assert memory.count() == len(memory.list().items) == len(holding)
            assert {fact.key for fact in memory.list().items} == holding
            for key, versions in self.known.items():
                history = memory.history(key, limit=200).items
                latest = sorted(versions, key=lambda one: (one.begins, one.number), reverse=True)
                assert [view(fact) for fact in history] == [version.shown() for version in latest]
                assert [fact.superseded_at is None for fact in history] == [True] + [False] * (len(history) - 1)


def view(fact):
    return (fact.version, type(fact.value), fact.value, round(fact.confidence, 9))


@pytest.mark.xdist_group("memory-model")
@pytest.mark.parametrize("histories", [5, pytest.param(25, marks=pytest.mark.thorough)])
def test_both_engines_and_the_model_agree_over_random_histories(stores, histories):
    machine = type("FactsOfTheseStores", (Facts,), {"stores": stores})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def at_once(*calls):
    """Run them in threads; raise what any of them raised."""
    errors = []

    def run(call):
        try:
            call()
        except Exception as error:  # noqa: BLE001  # raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_many_at_once_leave_one_current_version_and_lose_none(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")
    each, writers = 5, 8

    def write(number):
        memory = sync_store.tenant("acme").user("amina@acme.test").memory
        for n in range(each):
            memory.remember("style", f"{number} {n}")

    at_once(*(lambda number=number: write(number) for number in range(writers)))
    history = amina.memory.history("style", limit=200).items
    assert {fact.value for fact in history} == {f"{number} {n}" for number in range(writers) for n in range(each)}
    assert [fact.version for fact in history] == list(range(each * writers, 0, -1))
    assert [fact for fact in history if fact.superseded_at is None] == [amina.memory.fact("style")]
    assert amina.memory.count() == 1
    assert [one.fact.value for one in amina.memory.recall("style")] == [history[0].value]


def test_many_who_confirm_at_once_are_all_counted(sync_store):
    amina = sync_store.tenant("acme").user("amina@acme.test")

    def confirm(number):
        memory = sync_store.tenant("acme").user("amina@acme.test").memory
        memory.remember("style", "concise", confidence=0.5, said_by=f"speaker {number}")

    at_once(*(lambda number=number: confirm(number) for number in range(8)))
    fact = amina.memory.fact("style")
    assert (fact.version, fact.confidence) == (1, 1 - 0.5**8)
    assert len(amina.memory.why(fact.id).confirmations) == 8


def test_what_is_forgotten_leaves_no_byte_in_the_file(tmp_path):
    """Of an unencrypted file, while another process has it open, so that closing does not remove the log."""
    path = tmp_path / "new.db"
    with holdfast.create(f"sqlite:///{path}") as store:
        root = store.system().identity
        root.create_tenant("acme")
        root.create_user("amina@acme.test", tenant="acme")
        memory = store.tenant("acme").user("amina@acme.test").memory
        for n in range(60):
            memory.remember(f"keptkey{n}", f"keptvalue{n} " * 40)
            memory.remember(f"plantedkey{n}", f"plantedvalue{n} " * 40, said_by=f"plantedspeaker{n}")
            memory.remember(f"plantedkey{n}", {"plantedname": f"plantedagain{n}"}, request_id=f"plantedrequest{n}")
        other = store.engine.connect()
        other.execute("SELECT count(*) FROM tenants").fetchall()
        for n in range(60):
            memory.forget(f"plantedkey{n}")
    found = b"".join(file.read_bytes() for file in tmp_path.glob("new.db*"))
    other.close()
    assert b"keptvalue7" in found and b"keptkey7" in found
    assert b"planted" not in found


def test_what_is_sensitive_is_in_the_file_sealed_and_what_was_in_the_clear_is_gone(tmp_path):
    path = tmp_path / "new.db"
    with holdfast.create(f"sqlite:///{path}") as store:
        root = store.system().identity
        root.create_tenant("acme")
        root.create_user("amina@acme.test", tenant="acme")
        memory = store.tenant("acme").user("amina@acme.test").memory
        memory.remember("blood", "plantedbefore")
        memory.remember("blood", "plantedafter", sensitive=True)
        assert [fact.value for fact in memory.history("blood").items] == ["plantedafter", "plantedbefore"]
    assert b"planted" not in b"".join(file.read_bytes() for file in tmp_path.glob("new.db*"))


def test_without_a_key_ring_nothing_is_sealed(tmp_path, monkeypatch):
    monkeypatch.delenv("HOLDFAST_KEYRING")
    with holdfast.create(f"sqlite:///{tmp_path}/new.db") as store:
        root = store.system().identity
        root.create_tenant("acme")
        root.create_user("amina@acme.test", tenant="acme")
        memory = store.tenant("acme").user("amina@acme.test").memory
        with pytest.raises(holdfast.HoldfastError) as caught:
            memory.remember("blood", "A", sensitive=True)
        assert caught.value.code == "key_ring_needed"
        assert memory.count() == 0
