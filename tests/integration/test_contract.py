"""What was agreed of these rooms, called as it was agreed: names, order of arguments and results."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.embedding_server import EmbeddingServer

import holdfast
from holdfast.core.embedders import HashingEmbedder
from holdfast.domains.metering.errors import LimitExceeded

TEXT = "A home loan for a joint account needs both signatures."
SCHEMA = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "sector": {"type": "string"},
        "title": {"type": "string"},
        "repealed": {"type": "boolean"},
    },
}


@pytest.fixture
def me(sync_store: holdfast.Store) -> Any:
    root = sync_store.system()
    root.identity.set_clearance("amina@acme.test", tenant="acme", levels=["B", "C", "D"])
    return sync_store.tenant("acme").user("amina@acme.test")


def test_knowledge_memory_and_caches(sync_store: holdfast.Store, me: Any) -> None:
    with EmbeddingServer() as server:
        for name, embedder in (("served", server.spec), ("products", None), ("own", HashingEmbedder(64))):
            kb = me.knowledge.create_base(name, embedder=embedder)
            added = me.knowledge.add(kb.id, TEXT, title="Loans", clearance="B", metadata={"kind": "rule"})
            assert me.knowledge.add(kb.id, TEXT, title="Loans", clearance="B", metadata={"kind": "rule"}) == added
            retrieval = me.knowledge.search("home loan for a joint account", base=kb.id, k=8, filters={"kind": "rule"})
            hit = retrieval.hits[0]
            assert (hit.document.id, hit.chunk.content) == (added.id, TEXT) and hit.score > 0 and "loan" in hit.why
        m = me.conversations.append(me.conversations.create().id, role="assistant", content="Both sign.")
        me.knowledge.cite(retrieval.id, message=m.id, chunks=[hit.chunk.id])
    me.memory.remember("answer_style", "concise", confidence=0.8, source=m.id)
    assert me.memory.recall("style")[0].fact.value == "concise"
    assert len(me.memory.history("answer_style").items) == 1
    store = sync_store
    assert store.cache.get_or_load("name", "key", lambda: "old", ttl=300, tags=["kbli"]) == "old"
    store.cache.invalidate("kbli")
    assert store.cache.get_or_load("name", "key", lambda: "new", ttl=300, tags=["kbli"]) == "new"


def test_runs_and_records(me: Any) -> None:
    w = me.runs.create_workflow("lead-intake", external_id="n8n-12", category="crm")
    r = me.runs.start(w.id, input={"lead": 7})
    me.runs.finish(r.id, status="success", output={"sent": True})
    since, until = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    assert me.runs.statistics(since=since, until=until).total.success_rate == 1.0
    chat = me.conversations.create().id
    me.runs.record_decision(
        kind="eligibility", subjects=["6718949405"], status="refused", reasons=["income"], conversation=chat
    )
    assert me.runs.decisions(subject="6718949405").items[0].reasons == ["income"]
    s = me.records.define("kbli", schema=SCHEMA, key="code", indexed=["sector"], text=["title"], weight=None)
    rows = [{"code": "62", "sector": "J", "title": "Software", "repealed": False}, {"code": "01", "sector": "A"}]
    assert (s.name, me.records.put_many("kbli", rows).added) == ("kbli", 2)
    found = me.records.find("kbli", where={"sector": "J", "repealed": False}, order="code", limit=50)
    assert [one.key for one in found.items] == ["62"]
    me.records.define("names", key="name", weight="count")
    me.records.put("names", {"name": "Smith", "region": "TX", "count": 3})
    assert len(me.records.pick("names", where={"region": "TX"}, n=10, seed=7)) == 10


def test_metering(sync_store: holdfast.Store, me: Any) -> None:
    root, since = sync_store.system(), datetime.now(UTC) - timedelta(days=1)
    root.metering.set_limit(tenant="acme", measure="tokens", per="month", amount=1_000_000)
    with me.metering.reserve(tokens=1200) as hold:
        hold.settle(tokens=913, model="gpt-4o-mini")
    with pytest.raises(LimitExceeded), me.metering.reserve(tokens=1_000_000):
        pass
    (limit,) = root.metering.limits(tenant="acme")
    assert (limit.used, limit.reserved) == (913, 0)
    assert me.metering.report(group_by=["model", "day"], since=since).total.tokens == 913
