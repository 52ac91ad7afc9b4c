"""Workflow automation for many firms: the stories that a person who runs it would ask for, on both engines."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from support.backdoor import Backdoor
from support.refusals import refused

import holdfast
from examples.workflow_automation.app import Automation
from holdfast.core.embedders import HashingEmbedder

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
BEGAN = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = BEGAN + timedelta(days=1)
LENA, ARNO, TOM = (f"{name}@harborlight.test" for name in ("lena", "arno", "tom"))
FIRM = "harborlight"


@pytest.fixture
def store(organisations):
    settings = holdfast.Settings(embedders={"spelling": HashingEmbedder(64)})
    with holdfast.open(organisations.url, organisations.key, settings=settings) as opened:
        yield opened


@pytest.fixture
def app(store):
    return Automation(store)


@pytest.fixture
def firms(store):
    """Two firms that use the same ids."""
    root = store.system().identity
    for name in ("anchor", "beacon"):
        root.create_tenant(name)
        for role in ("owner", "admin", "member"):
            root.create_user(f"{role}@{name}.test", tenant=name, role=role)
        root.set_clearance(f"owner@{name}.test", [*"SABCD"], tenant=name)
    return "anchor", "beacon"


@pytest.fixture
def anchor(app, firms):
    return app.person("anchor", "owner@anchor.test")


@pytest.fixture
def beacon(app, firms):
    return app.person("beacon", "owner@beacon.test")


def add(app, me, engine_id="n8n-1", name="Lead intake"):
    return app.add_workflow(me, name, engine_id=engine_id, category="crm", source="web")


def event(status, minute=0, execution="x-1", workflow="n8n-1", **more):
    at = (BEGAN + timedelta(minutes=minute)).isoformat()
    return {"workflowId": workflow, "executionId": execution, "status": status, "at": at, **more}


# 2.1 The same outside id in two firms; a duplicate within one; nothing of one is seen by the other.


def test_2_1_two_firms_use_the_same_outside_id_and_one_firm_only_once(app, anchor, beacon):
    here, there = add(app, anchor), add(app, beacon)
    assert here.id != there.id and here.external_id == there.external_id
    refused("workflow_exists", add, app, anchor)
    assert [one.id for one in anchor.runs.workflows().items] == [here.id]


def test_2_1_a_firm_gets_nothing_of_another_by_id_list_statistics_search_or_error(app, anchor, beacon):
    made = add(app, anchor, name="Secret project heliotrope")
    run = app.hear(anchor, event("success", data={"name": "heliotrope"}))
    chat = anchor.conversations.create(title="heliotrope")
    anchor.conversations.append(chat.id, role="user", content="heliotrope")
    messages = [
        str(refused("workflow_not_found", beacon.runs.workflow, made.id)),
        str(refused("workflow_not_found", beacon.runs.workflow_of, "n8n-1")),
        str(refused("workflow_not_found", beacon.runs.start, made.id)),
        str(refused("workflow_not_found", app.hear, beacon, event("error"))),
        str(refused("run_not_found", beacon.runs.get, run.id)),
        str(refused("run_not_found", beacon.runs.finish, run.id)),
        str(refused("run_not_found", beacon.runs.resolve, run.id)),
        str(refused("workflow_not_found", beacon.runs.statistics, since=BEGAN, until=LATER, workflow=made.id)),
        str(refused("conversation_not_found", beacon.conversations.get, chat.id)),
    ]
    assert "heliotrope" not in " ".join(messages)
    assert beacon.runs.workflows().items == () and beacon.runs.list().items == ()
    assert app.dashboard(beacon, days=3650).statistics.total.runs == 0
    assert beacon.conversations.search("heliotrope") == []


# 2.2 Roles; a suspended firm and a suspended member; deleting for good asks for a reason, and the trail survives.


def test_2_2_a_suspended_firm_is_shut_and_comes_back_as_it_was(app, store, anchor):
    made, root = add(app, anchor), store.system().identity
    run = app.hear(anchor, event("waiting"))
    root.suspend_tenant("anchor", reason="unpaid")
    for call in (anchor.runs.workflows, lambda: app.hear(anchor, event("success"))):
        refused("tenant_suspended", call)
    refused("tenant_suspended", app.person, "anchor", "owner@anchor.test")
    root.restore_tenant("anchor")
    again = app.person("anchor", "owner@anchor.test")
    assert again.runs.workflow(made.id) == made and again.runs.get(run.id) == run


def test_2_2_a_member_who_is_suspended_is_shut_out_alone(app, anchor):
    anchor.identity.set_status("member@anchor.test", "suspended")
    refused("membership_suspended", app.person, "anchor", "member@anchor.test")
    assert app.person("anchor", "admin@anchor.test").runs.workflows().items == ()


def test_2_2_who_may_what(app, anchor, store):
    member = app.person("anchor", "member@anchor.test")
    admin = app.person("anchor", "admin@anchor.test")
    refused("permission_denied", member.identity.create_user, "new@anchor.test")
    refused("permission_denied", admin.identity.suspend_tenant, "anchor", reason="x")
    refused("permission_denied", admin.identity.set_role, "admin@anchor.test", "owner")
    store.system().identity.set_platform_role("admin@anchor.test", "admin")
    platform = store.platform("admin@anchor.test")
    platform.identity.suspend_tenant("anchor", reason="asked to")
    refused("permission_denied", platform.identity.delete_tenant, "anchor", reason="asked to")


def test_2_2_deleting_for_good_asks_why_removes_every_row_and_leaves_the_trail(app, store, anchor):
    add(app, anchor)
    app.hear(anchor, event("success"))
    tenant_id, root = anchor.scope.tenant_id, store.system()
    refused("invalid_input", root.identity.delete_tenant, "anchor", reason=" ")
    deleted = root.identity.delete_tenant("anchor", reason="left us")
    assert deleted.rows["runs"] == 1 and deleted.rows["workflows"] == 1
    backdoor = Backdoor(store.engine)
    for table in ("runs", "workflows", "memberships"):
        value = tenant_id.bytes if backdoor.name == "sqlite" else tenant_id
        assert backdoor.run(f"SELECT count(*) FROM {table} WHERE tenant_id = ?", value) == [(0,)]
    value = tenant_id.bytes if backdoor.name == "sqlite" else tenant_id
    assert backdoor.run("SELECT count(*) FROM audit_events WHERE tenant_id = ?", value)[0][0] > 5


# 2.3 Workflows and executions with status, timing, error; statistics by a stated rule.


@pytest.mark.parametrize("order", [*permutations(("new", "running", "success"))])
def test_2_3_an_execution_ends_up_right_in_whatever_order_it_is_told(app, anchor, order):
    add(app, anchor)
    at = {"new": 0, "running": 1, "success": 3}
    for status in (*order, *order):
        run = app.hear(anchor, event(status, at[status]))
    assert (run.status, run.duration_ms, len(anchor.runs.list().items)) == ("success", 120_000, 1)


def test_2_3_statistics_count_by_the_stated_rule(app, anchor):
    add(app, anchor)
    for number, (status, minutes) in enumerate(
        [("success", 1), ("success", 3), ("success", 5), ("error", 9), ("canceled", 20), ("running", None)]
    ):
        start = 60 * number
        app.hear(anchor, event("running", start, f"x-{number}"))
        if minutes is not None:
            app.hear(anchor, event(status, start + minutes, f"x-{number}", error="503" if status == "error" else None))
    told = anchor.runs.statistics(since=BEGAN, until=LATER)
    assert (told.total.success_rate, told.total.cancelled, told.total.open) == (0.75, 1, 1)
    assert (told.total.p50_ms, told.total.p95_ms) == pytest.approx((180_000, 540_000), rel=0.02)
    assert [one.name for one in told.workflows] == ["Lead intake"] and len(told.days) == 1
    assert anchor.runs.statistics(since=LATER, until=LATER + timedelta(days=1)).total.runs == 0


def test_2_3_whoever_clicks_first_has_decided(app, anchor):
    add(app, anchor)
    run = app.hear(anchor, event("waiting", data={"amount": 4200}))

    def click(number):
        try:
            return app.decide(anchor, run, {"by": number}).answer
        except holdfast.HoldfastError as late:
            return late.code

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(click, range(8))]
    assert answers.count("run_resolved") == 7
    (decided,) = [one for one in answers if one != "run_resolved"]
    assert anchor.runs.get(run.id).answer == decided


def test_2_3_the_sample_firm_has_a_week_of_runs(app):
    told = app.dashboard(app.person(FIRM, LENA), days=30)
    assert told.statistics.total.runs == 7 * 27 + 2 and len(told.waiting) == 2
    rates = {one.name: one.tally.success_rate for one in told.statistics.workflows}
    assert rates["Nightly renewals"] == 1 and 0.7 < rates["Claims mailbox"] < 1


# 2.5 Knowledge of several source types, a stated dimension, within the firm only; deleting takes all of it.


def test_2_5_knowledge_of_several_sources_stays_in_its_firm_and_goes_whole(app, store, anchor, beacon):
    sources = [
        ("Hours", "We are open from nine to five."),
        ("Fees", b"name,fee\nquote,0\ncancelling,25\n"),
        ("Claims", b"<h1>Claims</h1><p>Report a broken window within three days.</p>"),
    ]
    base = app.teach(anchor, "handbook", sources, embedder="spelling")
    app.teach(beacon, "handbook", [("Hours", "We are open at night only.")], embedder="spelling")
    backdoor, tenant = Backdoor(store.engine), anchor.scope.tenant_id
    value = tenant.bytes if backdoor.name == "sqlite" else tenant
    assert backdoor.run("SELECT dimension FROM vector_indexes WHERE tenant_id = ?", value) == [(64,)]
    found = app.look_up(anchor, base, "When are you open?", k=2)
    assert len(found.hits) == 2 and found.hits[0].document.title == "Hours"
    assert "night" not in " ".join(hit.chunk.content for hit in found.hits)
    refused("base_not_found", app.look_up, beacon, base, "When are you open?")
    anchor.knowledge.delete_base(base)
    for table in ("documents", "chunks", "vectors", "lexical_index", "lexical_counts"):
        assert backdoor.run(f"SELECT count(*) FROM {table} WHERE tenant_id = ?", value) == [(0,)], table


# 2.6 Preferences: everywhere and per firm, typed, one at a time.


def test_2_6_preferences_are_kept_one_by_one_per_firm_and_everywhere(store, firms):
    root = store.system().identity
    root.create_user("owner@anchor.test", tenant="beacon", role="member")
    here = store.tenant("anchor").user("owner@anchor.test").identity
    there = store.tenant("beacon").user("owner@anchor.test").identity
    here.set_preference("language", "nl", everywhere=True)
    here.set_preference("page", {"size": 50, "dense": True})
    there.set_preference("language", "en")
    assert here.preferences() == {"language": "nl", "page": {"size": 50, "dense": True}}
    assert there.preferences() == {"language": "en"}
    there.remove_preference("language")
    assert there.preference("language") == "nl"
    refused("invalid_input", here.set_preference, "bad", float("nan"))
    assert here.preference("page") == {"size": 50, "dense": True}


# 2.7 The web chat: append, resume, expire, a channel's id once; what is published is readable before log-in, only that.


def test_2_7_a_visitor_comes_back_and_a_message_delivered_twice_is_one(app):
    visit = app.welcome(FIRM, address="192.0.2.7")
    for channel_id in ("wa-1", "wa-1", "wa-2", "wa-1"):
        app.say(visit.token, "Do you deliver on Sundays?", channel_id=channel_id)
    assert [said.request_id for said in app.chat(visit.token)] == ["wa-1", "wa-2"]
    other = app.welcome(FIRM, address="192.0.2.8")
    assert app.chat(other.token) == []


def test_2_7_a_visit_expires(organisations, store):
    settings = holdfast.Settings(visitor_days=1 / 86_400 / 5)
    with holdfast.open(organisations.url, organisations.key, settings=settings) as brief:
        visit = brief.system().identity.create_visitor(tenant=FIRM)
    time.sleep(0.25)
    refused("not_authenticated", Automation(store).chat, visit.token)


def test_2_7_what_is_published_is_readable_by_slug_and_nothing_else(app, store):
    front = app.front(FIRM)
    assert front.branding["colour"] == "#0b6e69" and front.routing == {"sales": "desk-1", "claims": "desk-2"}
    store.system().identity.configure_tenant({"secret_plan": "heliotrope"}, tenant=FIRM)
    assert "heliotrope" not in repr(app.front(FIRM))
    refused("tenant_not_found", app.front, "no-such-firm")


def test_the_example_runs():
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "workflow_automation")], capture_output=True, text=True, timeout=120, check=True
    )
    assert "whoever clicks second: run_resolved" in done.stdout and "two messages: 2 are kept" in done.stdout
