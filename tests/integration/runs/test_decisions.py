"""Decisions: subjects as keyed hashes only, yet found by number, conversation, reason and date; in the context."""

from datetime import UTC, datetime, timedelta

import pytest
from support.backdoor import Backdoor
from support.refusals import refused

import holdfast
from holdfast.core.ids import new_id

ONE, TWO = "6718949405", "4402118876"


def record(me, **given):
    said = {"subjects": [ONE, TWO], "status": "refused", "reasons": ["income_too_low", "arrears"]}
    return me.runs.record_decision("eligibility", **{**said, **given})


@pytest.fixture
def chat(amina):
    return amina.conversations.create()


def test_a_decision_is_kept_and_found_by_number_conversation_reason_and_date(amina, chat):
    made = record(
        amina,
        evidence={"income": 900, "arrears": [3, 4]},
        recommendations=["Ask again in a year."],
        rule_version="2026-3",
        latency_ms=12.5,
        conversation=chat.id,
        request_id="r-9",
    )
    other = record(amina, subjects=[TWO], status="eligible", reasons=[])
    r = amina.runs
    assert r.decision(made.id) == made
    assert (made.subject_count, made.request_id, made.latency_ms, made.rule_version) == (2, "r-9", 12.5, "2026-3")
    found = {
        "subject": ({"subject": ONE}, [made]),
        "the other": ({"subject": TWO}, [other, made]),
        "spelled otherwise": ({"subject": " 6718 949-405"}, [made]),
        "conversation": ({"conversation": chat.id}, [made]),
        "reason": ({"reason": "arrears"}, [made]),
        "kind": ({"kind": "eligibility"}, [other, made]),
        "status": ({"status": "eligible"}, [other]),
        "both": ({"subject": TWO, "reason": "arrears"}, [made]),
        "nobody's": ({"subject": "999999"}, []),
        "since": ({"since": datetime.now(UTC) + timedelta(hours=1)}, []),
        "until": ({"until": datetime.now(UTC) + timedelta(hours=1)}, [other, made]),
    }
    for name, (asked, expected) in found.items():
        assert list(r.decisions(**asked).items) == expected, name
    first = r.decisions(subject=TWO, limit=1)
    assert r.decisions(subject=TWO, limit=1, cursor=first.next).items == (made,)


def test_no_number_is_in_the_database_in_the_open(sync_store):
    me = sync_store.tenant("acme").user("amina@acme.test")
    record(me, subjects=["67-18949405"])
    door = Backdoor(sync_store.engine)
    tables = ("decisions", "decision_subjects", "decision_reasons", "audit_events")
    for table in tables:
        for row in door.run(f"SELECT * FROM {table}"):
            assert ONE not in repr(row)
    (hashed,) = {row[0] for row in door.run("SELECT subject FROM decision_subjects")}
    assert len(bytes(hashed)) == 32


@pytest.mark.parametrize(
    "given",
    [
        {"evidence": {"account": ONE}},
        {"evidence": {"note": "account 6718 949 405 is in arrears"}},
        {"evidence": {"note": "account 6718\u2013949\u2011405"}},
        {"evidence": {"account": "\uff16\uff17\uff11\uff18\uff19\uff14\uff19\uff14\uff10\uff15"}},
        {"reasons": [f"account_{TWO}"]},
        {"recommendations": [f"Close {ONE}."]},
        {"request_id": ONE},
    ],
)
def test_what_the_hashes_hide_is_not_said_beside_them(amina, given):
    text = refused("invalid_input", record, amina, **given)
    assert ONE not in text and TWO not in text
    assert amina.runs.decisions().items == ()


def test_equal_numbers_of_two_tenants_have_nothing_in_common(sync_store):
    for tenant, email in (("acme", "amina@acme.test"), ("globex", "gus@globex.test")):
        record(sync_store.tenant(tenant).user(email), subjects=[ONE])
    assert len(set(Backdoor(sync_store.engine).run("SELECT subject FROM decision_subjects"))) == 2


def test_a_colleague_sees_nothing_and_an_administrators_reading_is_in_the_trail(amina, ben, ada, gus, chat):
    made = record(amina, conversation=chat.id)
    for other in (ben, gus):
        refused("decision_not_found", other.runs.decision, made.id)
        assert other.runs.decisions(subject=ONE).items == ()
        assert other.runs.decisions(conversation=chat.id).items == ()
    refused("conversation_not_found", record, ben, conversation=chat.id)
    assert ada.runs.decisions(subject=ONE).items == (made,)
    reads = [line.target_id for line in ada.audit.list().items if line.outcome == "read"]
    assert made.id in reads


def test_the_latest_decision_of_a_conversation_is_in_its_context(amina, chat):
    c = amina.conversations
    c.append(chat.id, role="user", content="Can the customer borrow?")
    assert c.context(chat.id, max_tokens=4000).decisions == ()
    record(amina, conversation=chat.id, status="refused")
    latest = record(amina, conversation=chat.id, status="eligible", reasons=[], recommendations=["Up to 9,000."])
    record(amina, status="refused")  # of no conversation
    (item,) = c.context(chat.id, max_tokens=4000).decisions
    assert item.origin == {"decision": str(latest.id), "kind": "eligibility", "status": "eligible"}
    assert "eligible" in item.text and "Up to 9,000." in item.text and "income_too_low" not in item.text
    tight = c.context(chat.id, max_tokens=40)
    assert tight.decisions == () and any(f"decision {latest.id}" in out.what for out in tight.left_out)
    elsewhere = c.create()
    c.append(elsewhere.id, role="user", content="Can the customer borrow?")
    assert c.context(elsewhere.id, max_tokens=4000).decisions == ()


def test_what_python_alone_can_say_wrongly_is_refused(amina):
    for bad in ([], "6718949405", [""], [" - "], [5], None, ["x" * 201], [str(n) for n in range(101)]):
        refused("invalid_input", record, amina, subjects=bad)
    for field, values in {
        "status": ("", None, 5),
        "reasons": ("arrears", [""], [5], None),
        "evidence": ([1], {"a": float("nan")}, {"a": "x" * 70_000}),
        "recommendations": ("x", [5]),
        "latency_ms": (-1, float("inf"), "1", True),
        "conversation": ("no id",),
    }.items():
        for value in values:
            refused("invalid_input", record, amina, **{field: value})
    refused("conversation_not_found", record, amina, conversation=new_id())
    assert amina.runs.decisions().items == ()


def test_without_a_key_ring_no_number_is_kept_in_any_form(tmp_path, monkeypatch):
    monkeypatch.delenv("HOLDFAST_KEYRING")
    with holdfast.create(f"sqlite:///{tmp_path}/new.db") as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")
        me = store.tenant("acme").user("amina@acme.test")
        refused("key_ring_needed", record, me)
        assert me.runs.decisions().items == ()
