"""The consultancy's knowledge: clearance that cannot be got round, caches that do not lie, facts that are counted."""

import os
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from support.commands import as_json, run
from support.redis_server import RedisServer
from support.refusals import refused
from support.server import serving
from support.waiting import until

import holdfast
from examples.tiered_knowledge.app import Code, Library
from examples.tiered_knowledge.model import ScriptedModel
from examples.tiered_knowledge.renewals import Renewals
from holdfast.core.ids import new_id
from holdfast.core.scope import LEVELS

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PEOPLE = {"joko": "", "dewi": "D", "sari": "CD", "bima": "BCD", "ratna": "SABCD"}
RATNA = "ratna@lentera.test"
SECRET = "translators' bureau works for us at 60 % of its list"
"""A sentence of a document at level S."""
QUESTIONS = (
    "what does the landlord of the virtual offices ask",
    "price of an investor visa and the discount a client gets",
    "commission for introducing a client",
    SECRET,
    '"notary\'s office"',
    "agreem*",
    "partners -clients",
    "who works at 60 % of the list of translators",
    "S",
    "clearance:S level A",
)


@pytest.fixture
def model():
    return ScriptedModel()


@pytest.fixture
def library(organised, model):
    return Library(organised, model, tenant="lentera")


@pytest.fixture
def people(library):
    return {name: library.person(f"{name}@lentera.test") for name in PEOPLE}


@pytest.fixture
def secret(people):
    """The document at level S, and its first chunk, as a partner sees them."""
    room = people["ratna"].knowledge
    document = next(one for one in room.documents("library").items if one.title == "Agreements with partners")
    return document, room.chunks(document.id).items[0]


def levels_in(retrieval):
    return {level for hit in retrieval.hits for level in (hit.document.clearance, hit.chunk.clearance)}


# 4.1 A person's level decides what search can return; nothing gets round it.


@pytest.mark.parametrize("question", QUESTIONS)
def test_4_1_everybody_finds_only_what_is_at_their_levels(people, question):
    for name, held in PEOPLE.items():
        for base in (None, "library"):
            found = people[name].knowledge.search(question, base=base, k=50, neighbours=3)
            near = {chunk.clearance for hit in found.hits for chunk in hit.neighbours}
            assert levels_in(found) | near <= {*held}, (name, question)


def test_4_1_each_level_is_reached_by_those_who_hold_it(people):
    words = "company client visa price agreement discount commission code"
    for name, held in PEOPLE.items():
        assert levels_in(people[name].knowledge.search(words, k=100)) == {*held}


def test_4_1_levels_do_not_contain_each_other(organised, people):
    root = organised.system().identity
    for level in LEVELS:
        root.set_clearance("joko@lentera.test", [level], tenant="lentera")
        found = people["joko"].knowledge.search("company client visa price agreement discount commission", k=100)
        assert levels_in(found) == {level}


def test_4_1_an_empty_level_is_nothing_and_an_unknown_one_is_refused(organised, library, people):
    root = organised.system().identity
    joko, dewi = people["joko"].knowledge, people["dewi"]
    assert joko.search("visa", k=50).hits == () and joko.documents("library").items == ()
    for wrong in (["E"], ["s"], [""], ["SA"], "S", [None], ["*"]):
        refused("invalid_input", root.set_clearance, "dewi@lentera.test", wrong, tenant="lentera")
    assert dewi.scope.levels == {"D"}
    root.set_clearance("dewi@lentera.test", [], tenant="lentera")
    assert dewi.knowledge.search("visa", k=50).hits == ()
    assert library.codes(dewi) == [] and library.find_codes(dewi, "coffee") == []


def test_4_1_the_level_comes_from_the_identity_and_only_an_owner_gives_it(people):
    for name in ("joko", "bima"):
        refused("permission_denied", people[name].identity.set_clearance, f"{name}@lentera.test", [*LEVELS])
    with pytest.raises(TypeError):
        people["joko"].knowledge.search("visa", clearance="S")
    people["ratna"].identity.set_clearance("joko@lentera.test", ["S"])
    assert levels_in(people["joko"].knowledge.search(SECRET)) == {"S"}
    people["ratna"].identity.set_clearance("joko@lentera.test", [])
    assert people["joko"].knowledge.search(SECRET).hits == ()


def test_4_1_an_administrator_reads_no_more_than_their_levels_say(organised, library):
    organised.system().identity.create_user("adi@lentera.test", tenant="lentera", role="admin")
    adi = library.person("adi@lentera.test")
    assert adi.knowledge.search(SECRET).hits == () and adi.knowledge.documents("library").items == ()
    refused("permission_denied", adi.identity.set_clearance, "adi@lentera.test", ["S"])


def test_4_1_no_alias_of_a_base_and_no_filter_gets_round_it(people, secret):
    document, _ = secret
    base = people["ratna"].knowledge.base("library")
    sari = people["sari"].knowledge
    for alias in ("library", base.id, str(base.id), str(base.id).upper(), base.id.hex):
        assert "S" not in levels_in(sari.search(SECRET, base=alias, k=50))
    for filters in (
        {"document": str(document.id)},
        {"source": "partner-agreements.md"},
        {"kind": "partner"},
        {"media_type": "text/markdown"},
        {"clearance": "S"},
        {"kind": "partner", "clearance": "S"},
    ):
        assert "S" not in levels_in(sari.search(SECRET, base="library", k=50, filters=filters))
    assert sari.search(SECRET, filters={"document": str(document.id)}).hits == ()
    assert {one.clearance for one in sari.documents("library", metadata={"kind": "partner"}).items} == set()
    refused("base_not_found", sari.search, SECRET, base="Library of partners")


def test_4_1_an_id_of_what_is_above_says_no_more_than_one_of_nothing(people, secret):
    document, chunk = secret
    sari, nothing = people["sari"].knowledge, new_id()
    for call, id_, code in (
        (sari.document, document.id, "document_not_found"),
        (sari.text, document.id, "document_not_found"),
        (sari.chunks, document.id, "document_not_found"),
        (sari.similar, chunk.id, "chunk_not_found"),
        (sari.delete, document.id, "document_not_found"),
    ):
        assert refused(code, call, id_).replace(str(id_), "") == refused(code, call, nothing).replace(str(nothing), "")
    found = sari.search("investor visa")
    chat = people["sari"].conversations.create()
    answer = people["sari"].conversations.append(chat.id, role="assistant", content="Ask a partner.")
    refused("not_in_retrieval", sari.cite, found.id, message=answer.id, chunks=[chunk.id])


def test_4_1_a_similar_question_and_a_similar_passage_lead_no_higher(people, secret):
    _, chunk = secret
    above = people["ratna"].knowledge.search(SECRET)
    assert above.hits[0].chunk.id == chunk.id  # a partner has just asked it
    for name in ("dewi", "sari", "bima"):
        room = people[name].knowledge
        assert "S" not in levels_in(room.search(SECRET, k=50))
        near = room.search("partners notary agreement price visa", k=10).hits
        assert near
        for hit in near:
            assert {like.chunk.clearance for like in room.similar(hit.chunk.id, k=50)} <= {*PEOPLE[name]}
        refused("retrieval_not_found", room.retrieval, above.id)


def test_4_1_the_same_text_at_another_level_is_a_document_of_its_own(people, library, secret):
    document, _ = secret
    text = people["ratna"].knowledge.text(document.id)
    known = people["ratna"].knowledge.add("library", text, title="once", clearance="S", media_type="text/plain")
    made = people["ratna"].knowledge.add("library", text, title="twice", clearance="C", media_type="text/plain")
    assert made.id != known.id
    found = people["sari"].knowledge.search(SECRET)
    assert {hit.document.id for hit in found.hits if "translators" in hit.chunk.content} == {made.id}
    refused("base_read_only", people["sari"].knowledge.add, "library", text, clearance="C")
    refused("clearance_needed", people["sari"].knowledge.add, _own_base(people["sari"]), text, clearance="S")


def _own_base(scope):
    return scope.knowledge.create_base("of sari", clearance="C").id


def test_4_1_the_model_is_never_shown_what_the_person_may_not_read(people, library, model):
    for name, held in PEOPLE.items():
        me = people[name]
        chat = me.conversations.create(title="Partners").id
        answer = library.ask(me, chat, SECRET, request_id="q")
        assert {level for _, level in answer.read} <= {*held}
        shown = model.told[-1].replace(SECRET, "", 1)  # the question itself
        assert ("18 % of its fee" in shown) is ("S" in held)
        assert ("18 % of its fee" in me.conversations.last(chat)[-1].content) is ("S" in held)
    chat = people["dewi"].conversations.create(title="Context").id
    people["dewi"].conversations.append(chat, role="user", content=SECRET)
    context = people["dewi"].conversations.context(chat, max_tokens=100_000)
    assert "18 % of its fee" not in str(context)


def test_4_1_what_is_moved_up_is_gone_at_once_and_what_is_moved_down_appears(people, library, secret):
    document, _ = secret
    sari, ratna = people["sari"], people["ratna"]
    assert "S" not in levels_in(sari.knowledge.search(SECRET, k=50))
    library.reclassify(ratna, document.id, "C")
    assert sari.knowledge.search(SECRET).hits[0].document.id == document.id
    library.reclassify(ratna, document.id, "S")
    assert all(hit.document.id != document.id for hit in sari.knowledge.search(SECRET, k=50).hits)
    refused("document_not_found", sari.knowledge.document, document.id)


def test_4_1_another_firm_with_every_level_finds_nothing(organised, secret):
    document, chunk = secret
    owen = organised.tenant("larkfield").user("owen@larkfield.test")
    assert owen.scope.levels == {*LEVELS}
    assert all("translators" not in hit.chunk.content for hit in owen.knowledge.search(SECRET, k=50).hits)
    refused("base_not_found", owen.knowledge.search, SECRET, base="library")
    refused("base_not_found", owen.knowledge.search, SECRET, base=document.base_id)
    refused("document_not_found", owen.knowledge.text, document.id)
    refused("chunk_not_found", owen.knowledge.similar, chunk.id)


def test_4_1_no_cache_of_another_persons_gets_round_it(people, library):
    partner = library.prices(people["ratna"])
    assert [*partner] == ["What our services cost: prices from", "Price list", "Discounts: who may give what"]
    for name, count in (("bima", 2), ("sari", 1), ("dewi", 1), ("joko", 0)):
        assert len(library.prices(people[name])) == count
    assert library.code(people["ratna"], "62019") is not None and library.code(people["joko"], "62019") is None


def test_4_1_a_level_taken_away_counts_for_what_is_cached_too(organised, people, library):
    root = organised.system().identity
    assert len(library.prices(people["bima"])) == 2
    root.set_clearance("bima@lentera.test", ["C", "D"], tenant="lentera")
    assert len(library.prices(people["bima"])) == 1
    root.set_clearance("bima@lentera.test", [], tenant="lentera")
    assert library.prices(people["bima"]) == {} and library.code(people["bima"], "62019") is None


def test_4_1_somebody_promoted_in_the_middle_of_a_load_leaves_nothing_to_others_in_the_cache(
    organised, people, library, monkeypatch
):
    dewi, room = people["dewi"], type(people["dewi"].knowledge)
    root, lists = organised.system().identity, room.documents
    root.set_clearance("joko@lentera.test", ["D"], tenant="lentera")

    def promoted_meanwhile(*asked, **options):
        root.set_clearance("dewi@lentera.test", [*LEVELS], tenant="lentera")
        return lists(*asked, **options)

    monkeypatch.setattr(room, "documents", promoted_meanwhile)
    assert len(library.prices(dewi)) == 3
    monkeypatch.undo()
    assert len(library.prices(people["joko"])) == 1 and len(library.prices(dewi)) == 3


def test_4_1_what_is_cached_is_called_back_when_a_document_moves(people, library):
    dewi, ratna = people["dewi"], people["ratna"]
    assert len(library.prices(dewi)) == 1
    public = next(one for one in ratna.knowledge.documents("library").items if one.title in library.prices(dewi))
    library.reclassify(ratna, public.id, "A")
    assert library.prices(dewi) == {}
    made = library.publish(ratna, "# Prices from\n\nFounding: 39", title="New prices", clearance="D", kind="price")
    assert [*library.prices(dewi)] == [made.title]


# 4.2 The two-level cache.


@pytest.fixture(scope="module")
def redis():
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def processes(organisations, redis):
    """Opens the same store as another process would: with a first level and connections of its own."""
    redis.flush()
    with ExitStack() as opened:

        def open_one(**settings):
            quick = {"cache_link_seconds": 1.0, "cache_settle_seconds": 1.0, "cache_redis_seconds": 0.3} | settings
            chosen = holdfast.Settings(cache=redis.url, **quick)
            store = opened.enter_context(holdfast.open(organisations.url, organisations.key, settings=chosen))
            store.cache.get("linked", "x")
            until(lambda: store.cache.stats().redis.linked)
            return store

        yield open_one


def in_firm(store):
    library = Library(store, ScriptedModel(), tenant="lentera")
    return library, library.person("sari@lentera.test"), library.person("ratna@lentera.test")


def test_4_2_five_kilobytes_come_back_equal_from_both_levels_and_are_smaller_in_redis(processes, redis):
    (library, sari, _), (_, same, _) = in_firm(processes()), in_firm(processes())
    codes = tuple(library.codes(sari)[:40])
    assert len(str(codes)) > 5_000 and all(isinstance(one, Code) for one in codes)
    loads = []

    def load():
        loads.append(1)
        return codes

    for me in (sari, sari, same, same):
        assert me.cache.get_or_load("codes", "first", load, ttl=60, per_clearance=True) == codes
    assert len(loads) == 1
    with redis.client() as client:
        sizes = [client.memory_usage(key) for key in redis.keys("v")]
        held = b"".join(client.dump(key) for key in redis.keys("v"))
    assert len(sizes) == 1 and sizes[0] < 0.7 * len(str(codes))
    assert b"Wholesale" not in held and b"lentera" not in held  # sealed where the store has keys


def test_4_2_invalidating_a_tag_in_one_process_is_seen_in_another(processes):
    (library, sari, ratna), (other, there, _) = in_firm(processes()), in_firm(processes())
    assert len(library.prices(sari)) == len(other.prices(there)) == 1
    library.publish(ratna, "# Summer prices\n\nFounding: 35", title="Summer prices", clearance="C", kind="price")
    assert "Summer prices" in library.prices(sari)
    until(lambda: "Summer prices" in other.prices(there))


def test_4_2_a_hundred_simultaneous_misses_load_once(processes):
    stores = [processes() for _ in range(2)]
    scopes = [in_firm(store)[1] for store in stores]
    loads, ready = [], threading.Barrier(100)

    def load():
        loads.append(1)
        return {"62019": "Other computer programming"}

    def ask(number):
        ready.wait()
        return scopes[number % 2].cache.get_or_load("codes", "storm", load, ttl=60)

    with ThreadPoolExecutor(100) as pool:
        answers = [*pool.map(ask, range(100))]
    assert len(loads) == 1 and all(answer == {"62019": "Other computer programming"} for answer in answers)


def test_4_2_with_redis_down_answers_are_right_and_it_is_found_again(organisations):
    redis = RedisServer()
    quick = {"cache_link_seconds": 1.0, "cache_settle_seconds": 1.0, "cache_redis_seconds": 0.3}
    settings = holdfast.Settings(cache=redis.url, **quick)
    try:
        with holdfast.open(organisations.url, organisations.key, settings=settings) as store:
            library, sari, ratna = in_firm(store)
            breaker = lambda: store.cache.stats().redis.breaker  # noqa: E731
            assert len(library.prices(sari)) == 1 and breaker() == "closed"
            redis.kill()
            for number in range(5):
                title = f"Prices {number}"
                library.publish(ratna, f"# P\n\n{number}", title=title, clearance="C", kind="price")
                assert len(library.prices(sari)) == number + 2 and title in library.prices(sari)
            until(lambda: library.prices(sari) and breaker() == "open")
            redis.start()
            until(lambda: len(library.prices(sari)) == 6 and breaker() == "closed")
            until(lambda: library.prices(sari) and store.cache.stats().redis.linked)
            hits = store.cache.stats().names["prices"].l1_hits
            until(lambda: library.prices(sari) and store.cache.stats().names["prices"].l1_hits > hits)
            assert store.cache.stats().redis.untold == 0 and len(library.prices(sari)) == 6
    finally:
        redis.stop()


def test_4_2_hit_rates_pool_use_and_the_breaker_are_on_the_metrics_page(organisations):
    redis = RedisServer()
    quick = {"cache_link_seconds": 1.0, "cache_settle_seconds": 1.0, "cache_redis_seconds": 0.3}
    settings = holdfast.Settings(cache=redis.url, **quick)
    try:
        with holdfast.open(organisations.url, organisations.key, settings=settings) as store, serving(store) as server:
            library, sari, _ = in_firm(store)

            def page():
                with urllib.request.urlopen(f"{server.url}/metrics") as answer:
                    lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
                return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

            for _ in range(4):
                assert len(library.prices(sari)) == 1
            shown = page()
            assert shown['holdfast_cache_hit_rate{name="prices"}'] == 0.75
            assert shown['holdfast_breaker_state{name="cache"}'] == 0
            assert shown["holdfast_cache_redis_connections"] >= 0
            assert any("pool" in name or "connections" in name for name in shown if "redis" not in name)
            redis.kill()
            until(lambda: library.codes(sari) and page()['holdfast_breaker_state{name="cache"}'] == 2)
            assert len(library.prices(sari)) == 1
            redis.start()
            until(lambda: page()['holdfast_breaker_state{name="cache"}'] == 0)
            assert page()['holdfast_breaker_opened_total{name="cache"}'] >= 1
    finally:
        redis.stop()


# 4.3 Business records by code, by filter and by text; repealed ones left out unless asked for.


def test_4_3_by_code(library, people):
    sari = people["sari"]
    found = library.code(sari, "62019")
    assert found == Code("62019", "Other computer programming", "Information", "low", "100 %")
    assert library.code(sari, "62010") is None and library.code(sari, "99999") is None
    assert library.code(sari, "62010", repealed=True).replaced_by == "62019"
    assert library.code(sari, "01270").title.startswith("Growing of beverage crops")  # a code is no number


def test_4_3_by_filter(library, people):
    every, in_force = library.codes(people["sari"], repealed=True), library.codes(people["sari"])
    assert len(every) == 71 and len(in_force) == 66 and {one.code for one in in_force} < {one.code for one in every}
    assert [one.code for one in every] == sorted(one.code for one in every)
    assert all(one.replaced_by in {known.code for known in every} | {"63912"} for one in every if one.repealed)
    trade = library.codes(people["sari"], sector="Trade", risk="medium high")
    assert [(one.code, one.title) for one in trade] == [("46443", "Wholesale of cosmetics")]
    assert library.codes(people["sari"], sector="Astrology") == []


def test_4_3_by_words(library, people):
    sari = people["sari"]
    assert {one.code for one in library.find_codes(sari, "coffee")} == {"01270", "10761", "56303"}
    assert library.find_codes(sari, "computer programming")[0].code == "62019"
    assert "62010" in [one.code for one in library.find_codes(sari, "computer programming", repealed=True)]
    assert not any(one.repealed for one in library.find_codes(sari, "design advertising computer electricity", k=50))


def test_4_3_visas_and_prices_by_code_by_filter_and_by_words(library, people):
    sari, bima = people["sari"], people["bima"]
    assert library.entry(sari, "visas", "C314")["months"] == 24
    assert library.entry(sari, "visas", "C315") is None
    assert library.entry(sari, "visas", "C315", repealed=True)["replaced_by"] == "C313"
    long = library.entries(sari, "visas", months={">=": 12})
    assert [one["code"] for one in long] == ["C312", "C313", "C314", "C317", "D212", "E33G"]
    assert len(library.entries(sari, "visas", repealed=True)) == len(library.entries(sari, "visas")) + 2
    assert {one["code"] for one in library.find(sari, "visas", "investors")} == {"C313", "C314"}
    assert {one["code"] for one in library.find(sari, "visas", "investors", repealed=True)} == {"C313", "C314", "C315"}
    assert library.entry(bima, "prices", "c314")["price"] == 20
    assert [one["price"] for one in library.entries(bima, "prices", service="Investor visa C314 two years")] == [20]
    assert {one["price"] for one in library.find(bima, "prices", "founding company zone", repealed=True, k=9)} >= {
        38,
        42,
    }
    assert {one["price"] for one in library.find(bima, "prices", "founding", k=9)} == {42, 58}


def test_4_3_prices_are_for_those_alone_who_hold_their_level(library, people):
    for name, held in PEOPLE.items():
        me, reads = people[name], "B" in held
        assert (library.entry(me, "prices", "c314") is not None) == reads
        assert bool(library.entries(me, "prices", repealed=True)) == reads
        assert bool(library.find(me, "prices", "visa")) == reads
        assert bool(me.records.group("prices", by="status")) == reads
        assert (library.entry(me, "codes", "62019") is not None) == ("D" in held)
    lists = library.prices(people["bima"])
    assert "Investor visa C314 two years" in lists["Price list"] and "13.2" in lists["Price list"]
    assert "13.2" not in str(library.prices(people["sari"]))


# 4.4 Clients, cases and renewal reminders: one reminder per expiry however often the job runs; dismissed stays so.

TODAY = date(2026, 11, 1)
EXPIRY = date(2026, 12, 15)


@pytest.fixture
def renewals(organised, people):
    """One client with a case, and two dates of expiry, one of them soon."""
    made = Renewals(organised, tenant="lentera")
    made.prepare(people["ratna"])
    sari = people["sari"]
    made.add_client(sari, "kestrel", "Case Kestrel", phone="+62 811 000")
    made.open_case(sari, "k-1", client="kestrel", service="C314", consultant="sari@lentera.test")
    made.enter_expiry(sari, "k-1", "stay permit", EXPIRY)
    made.enter_expiry(sari, "k-1", "passport", date(2999, 1, 1))
    yield made
    made.forget_job()


def test_4_4_one_reminder_per_expiry_however_often_and_by_how_many_the_job_runs(renewals, people):
    sari, bima = people["sari"], people["bima"]
    assert renewals.remind(sari, today=TODAY) == 1
    with ThreadPoolExecutor(6) as pool:
        again = pool.map(lambda _: renewals.remind(bima, today=TODAY + timedelta(days=1)), range(12))
    assert sum(again) == 0
    (one,) = renewals.due(sari)
    assert (one.case, one.document, one.expires) == ("k-1", "stay permit", EXPIRY)
    renewals.enter_expiry(sari, "k-1", "stay permit", date(2027, 1, 20))  # a new date is a new expiry
    with ThreadPoolExecutor(6) as pool:
        made = pool.map(lambda _: renewals.remind(bima, today=TODAY), range(12))
    assert sum(made) == 1
    assert [reminder.expires for reminder in renewals.due(sari)] == [EXPIRY, date(2027, 1, 20)]


def test_4_4_what_was_dismissed_stays_dismissed(renewals, people):
    sari = people["sari"]
    renewals.remind(sari, today=TODAY)
    (one,) = renewals.due(sari)
    renewals.dismiss(sari, one)
    for day in range(3):
        assert renewals.remind(sari, today=TODAY + timedelta(days=day)) == 0
    assert renewals.due(sari) == []
    assert [version.data["status"] for version in sari.records.history("reminders", one.key)] == ["dismissed", "open"]


def test_4_4_every_morning_a_job_reminds_once_whoever_of_the_workers_runs_it(organised, renewals, people):
    renewals.every_morning("ratna@lentera.test")
    for day in range(3):
        moment = datetime.now(UTC) + timedelta(days=day)
        for worker in [organised.worker(clock=lambda now=moment: now) for _ in range(3)]:
            worker.run_due()
        assert bool(renewals.due(people["sari"])) == (day > 0)
    assert [one.document for one in renewals.due(people["sari"])] == ["stay permit"]


def test_4_4_what_is_not_theirs_to_see_nobody_sees(renewals, people):
    renewals.remind(people["sari"], today=TODAY)
    assert renewals.due(people["dewi"]) == [] and renewals.cases_of(people["dewi"], "kestrel") == []
    refused("record_refused", renewals.open_case, people["sari"], "k-2", client="kestrel", service="", consultant="x")
    assert [case["service"] for case in renewals.cases_of(people["bima"], "kestrel")] == ["C314"]
    assert renewals.clients(people["bima"], "kestrel")[0]["name"] == "Case Kestrel"


# 4.5 Memory facts about a user: newest first, deduplicated, counted exactly, with history.


def test_4_5_facts_come_newest_first_each_once_and_are_counted(library, people):
    sari, began = people["sari"], library.known(people["sari"])[1]
    for number in range(120):
        library.remember(sari, f"fact-{number}", number)
    for number in range(0, 120, 2):
        library.remember(sari, f"fact-{number}", number)  # said again: the same fact
    facts, count = library.known(sari)
    assert count == len(facts) == began + 120
    assert [fact.key for fact in facts][:120] == [f"fact-{number}" for number in reversed(range(120))]
    assert {fact.version for fact in facts} == {1} and len({fact.id for fact in facts}) == count


def test_4_5_what_changed_is_one_fact_with_a_history(library, people):
    bima = people["bima"]
    library.remember(bima, "working_on", "case Plover")
    facts, count = library.known(bima)
    assert [(fact.key, fact.value) for fact in facts] == [("working_on", "case Plover"), ("language", "Indonesian")]
    assert count == 2
    history = [(fact.value, fact.version) for fact in bima.memory.history("working_on").items]
    assert history == [("case Plover", 3), ("case Kestrel", 2), ("case Heron", 1)]


def test_4_5_said_by_two_messages_a_fact_is_surer_and_says_why(library, people):
    bima = people["bima"]
    chat = bima.conversations.create().id
    said = [bima.conversations.append(chat, role="user", content=f"Number {n}: in English").id for n in range(2)]
    for message in (*said, said[0]):  # the same message twice is one source
        fact = library.remember(bima, "language", "English", source=message)
    assert fact.version == 2 and round(fact.confidence, 4) == 0.91
    assert [one.source for one in bima.memory.why(fact.id).confirmations] == said


def test_4_5_twenty_at_once_are_counted_exactly(library, people):
    sari, before = people["sari"], library.known(people["sari"])[1]
    with ThreadPoolExecutor(8) as pool:
        remember = lambda number: library.remember(sari, f"key-{number % 10}", number // 10)  # noqa: E731
        [*pool.map(remember, range(20))]
    facts, count = library.known(sari)
    assert count == before + 10 == len(facts)
    for number in range(10):
        history = sari.memory.history(f"key-{number}").items
        assert sorted(fact.value for fact in history) in ([0, 1], [0, 0, 1], [0, 1, 1])


def test_4_5_nobody_sees_anothers_facts(library, people):
    facts, _ = library.known(people["dewi"])
    assert facts == []
    dewi, bima = people["dewi"].memory, people["bima"]
    refused("user_not_found", dewi.list, user=bima.scope.actor_id)
    refused("user_not_found", dewi.count, user=bima.scope.actor_id)


# 4.6 Chroma as an outside vector index, with the same clearance rule.


@pytest.fixture
def outside(organisations, tmp_path):
    """The firm's store opened with a Chroma in a folder; the same library with its vectors there."""
    settings = holdfast.Settings(
        vector_indexes={"chroma": f"chroma:{tmp_path}/{new_id()}"}
    )  # chromadb keeps a client a path
    with holdfast.open(organisations.url, organisations.key, settings=settings) as store:
        library = Library(store, ScriptedModel(), tenant="lentera", base="library in chroma")
        library.move_out(library.person("ratna@lentera.test"), "chroma", embedder="hashing:256")
        yield library


def test_4_6_with_vectors_in_chroma_everybody_finds_only_what_is_at_their_levels(outside):
    for name, held in PEOPLE.items():
        me = outside.person(f"{name}@lentera.test")
        for question in QUESTIONS:
            for mode in ("auto", "vector"):
                found = me.knowledge.search(question, base="library in chroma", k=50, neighbours=3, mode=mode)
                near = {chunk.clearance for hit in found.hits for chunk in hit.neighbours}
                assert levels_in(found) | near <= {*held}, (name, question)
        found = me.knowledge.search(SECRET, base="library in chroma", k=50, mode="vector")
        assert (found.mode, found.notes) == ("vector", ())
        assert levels_in(found) == {*held} & levels_in(
            outside.person("ratna@lentera.test").knowledge.search(SECRET, base="library in chroma", k=50, mode="vector")
        )


def test_4_6_an_answer_is_given_from_it_and_what_is_deleted_is_gone_there_too(outside, tmp_path):
    ratna, dewi = outside.person("ratna@lentera.test"), outside.person("dewi@lentera.test")
    for me, sees in ((ratna, True), (dewi, False)):
        chat = me.conversations.create()
        answer = outside.ask(me, chat.id, SECRET, request_id=str(new_id()))
        assert ("S" in {level for _, level in answer.read}) == sees
    for document in ratna.knowledge.documents("library in chroma", limit=200).items:
        ratna.knowledge.delete(document.id)
    assert ratna.knowledge.search(SECRET, base="library in chroma").hits == ()
    assert SECRET.encode() not in b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())


# 4.8 A dashboard: response time, hit rate, pool, errors, cost per month and per user.


def test_4_8_the_dashboard_shows_how_the_server_does_and_what_use_costs(organisations, tmp_path):
    with holdfast.open(organisations.url, organisations.key) as store, serving(store) as server:
        library, sari, ratna = in_firm(store)
        key = sari.identity.create_api_key()
        for _ in range(4):
            library.prices(sari)
        client = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key.secret}"})
        with client:
            assert [client.get("/v1/conversations").status_code for _ in range(3)] == [200] * 3
            assert client.get(f"/v1/conversations/{new_id()}").status_code == 404
        last_month = datetime.now(UTC).replace(day=1, hour=0) - timedelta(days=3)
        sari.metering.record("answer", model="m", tokens=10, cost=Decimal("0.25"))
        sari.metering.record("answer", model="m", tokens=10, cost=Decimal("0.50"), outcome="error")
        ratna.metering.record("answer", model="m", tokens=10, cost=Decimal("0.125"))
        ratna.metering.record("answer", model="m", tokens=10, cost=Decimal(2), at=last_month)
        asked = ("--store", organisations.url, "--tenant", "lentera", "--user")
        given = {"HOLDFAST_KEYRING": os.environ["HOLDFAST_KEYRING"]}
        given |= {} if organisations.key is None else {"HOLDFAST_KEY": organisations.key}
        shown = as_json(tmp_path, *asked, RATNA, "dashboard", "--server", server.url, **given)
        text = run(tmp_path, *asked, RATNA, "dashboard", "--server", server.url, **given).stdout
        own = as_json(tmp_path, *asked, "sari@lentera.test", "dashboard", **given)
    figures = shown["server"]
    one = {route["route"]: route for route in figures["routes"]}
    assert (one["/conversations"]["requests"], one["/conversations"]["refused"]) == (3, 0)
    assert 0 < one["/conversations"]["half_ms"] <= one["/conversations"]["most_ms"]
    assert figures["total"]["requests"] >= 4 and figures["total"]["refused"] == 1 and figures["total"]["failed"] == 0
    assert figures["total"]["mean_ms"] > 0
    (prices,) = [family for family in figures["caches"] if family["name"] == "prices"]
    assert (prices["lookups"], prices["hit_rate"]) == (4, 0.75)
    assert 0 <= figures["connections"] <= figures["pool"] == holdfast.Settings().pool
    assert [(month["cost"], month["requests"]) for month in shown["months"]] == [
        ("0.875000000", 3),
        ("2.000000000", 1),
    ]
    assert [(user["whose"], user["cost"], user["failures"]) for user in shown["users"]] == [
        ("sari@lentera.test", "0.750000000", 1),
        ("ratna@lentera.test", "0.125000000", 0),
    ]
    assert "/conversations" in text and "75.0%" in text and "sari@lentera.test" in text
    assert own["server"] is None and [user["whose"] for user in own["users"]] == ["sari@lentera.test"]


def test_4_8_a_server_that_is_away_or_is_none_is_named(organisations, tmp_path):
    asked = ("--store", organisations.url, "--tenant", "lentera", "--user", RATNA, "dashboard", "--server")
    assert as_json(tmp_path, *asked, "http://127.0.0.1:9", code=7)["error"]["code"] == "server_away"
    assert as_json(tmp_path, *asked, "nowhere", code=2)["error"]["code"] == "invalid_input"


def test_it_runs_as_its_readme_says():
    ran = subprocess.run([sys.executable, EXAMPLES / "tiered_knowledge"], capture_output=True, text=True, check=True)
    assert "joko (nothing): –" in ran.stdout and "now 62019" in ran.stdout
    assert "after the public one was moved to level A, Sari reads []" in ran.stdout
