"""The bank's staff assistant: the stories that a person who runs one would ask for, on both engines."""

import logging
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.backdoor import Backdoor
from support.postgres import PostgresServer
from support.refusals import refused

import holdfast
from examples.staff_assistant.app import ModelAway, StaffAssistant
from examples.staff_assistant.eligibility import LendingRules
from examples.staff_assistant.model import ScriptedAccounts, ScriptedModel
from holdfast.core.database.schema import every_table
from holdfast.samples import load

OWEN, MARTA, NOOR, TOMAS, CLEO = (f"{name}@larkfield.test" for name in ("owen", "marta", "noor", "tomas", "cleo"))
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SIGNATURES = "Who signs for a loan on a joint account?"


@pytest.fixture
def model():
    return ScriptedModel()


@pytest.fixture
def accounts():
    return ScriptedAccounts()


@pytest.fixture
def app(organised, model, accounts):
    return StaffAssistant(organised, model, tenant="larkfield", base="handbook", rules=LendingRules(accounts))


@pytest.fixture
def noor(app):
    """Her scope, for looking at what is kept."""
    return app.person(NOOR, "look")


@pytest.fixture
def chat(app):
    return app.start(NOOR, "Joint account", request_id="start").id


def said(scope, chat, n=200):
    return [(message.seq, message.role, message.content) for message in scope.conversations.last(chat, n)]


# 3.1 The user's message is durable before the model is called; a retry is one row; everything carries the request id.


def test_3_1_the_question_is_on_disk_when_the_model_is_called(organisations, app, model, chat):
    seen = []
    answer = model.complete

    def looks(messages):
        with holdfast.open(organisations.url, organisations.key) as other:  # as another process would
            seen.extend(said(other.tenant("larkfield").user(NOOR), chat))
        return answer(messages)

    model.complete = looks
    app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    assert seen == [(1, "user", SIGNATURES)]


def test_3_1_when_the_model_fails_the_question_is_there_and_a_retry_is_one_row(app, model, noor, chat):
    model.failures = 6
    for _ in range(2):
        with pytest.raises(ModelAway, match="q-1"):
            app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
        assert said(noor, chat) == [(1, "user", SIGNATURES)]
    reply = app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    assert reply.message.metadata["attempts"] == 2 and "both holders" in reply.message.content
    assert [(seq, role) for seq, role, _ in said(noor, chat)] == [(1, "user"), (2, "assistant")]
    assert noor.conversations.get(chat).message_count == 2
    assert noor.conversations.verify(chat).ok


def test_3_1_an_answer_that_was_lost_on_the_way_is_given_again_without_the_model(app, model, noor, chat):
    first = app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    app.ask(NOOR, chat, "And who when they part?", request_id="q-2")
    calls = len(model.calls)
    assert app.ask(NOOR, chat, SIGNATURES, request_id="q-1").message == first.message
    assert len(model.calls) == calls and len(said(noor, chat)) == 4


def test_3_1_the_same_request_eight_times_at_once_is_one_question_and_one_answer(app, noor, chat):
    with ThreadPoolExecutor(8) as pool:
        replies = [*pool.map(lambda _: app.ask(NOOR, chat, SIGNATURES, request_id="q-1").message.id, range(8))]
    assert len({*replies}) == 1
    assert [(seq, role) for seq, role, _ in said(noor, chat)] == [(1, "user"), (2, "assistant")]


def test_3_1_every_message_search_trail_line_and_log_line_carries_the_request_id(app, model, noor, chat, caplog):
    model.failures = 1
    with caplog.at_level(logging.INFO, "staff_assistant"):
        app.ask(NOOR, chat, SIGNATURES, request_id="q-17")
    assert [message.request_id for message in noor.conversations.last(chat)] == ["q-17", "q-17"]
    (logged,) = [one for one in noor.knowledge.retrievals().items if one.conversation_id == chat]
    assert logged.request_id == "q-17"
    lines = app.person(MARTA, "look").audit.list(actor=noor.scope.actor_id, limit=10).items
    ours = [line.operation for line in lines if line.request_id == "q-17"]
    assert ours.count("conversations.append") == 2 and "knowledge.cite" in ours
    own = [record.getMessage() for record in caplog.records if record.name == "staff_assistant"]
    assert len(own) == 2 and all(line.endswith("request_id=q-17") for line in own)
    assert not [line for line in own if "joint" in line]


@pytest.mark.parametrize("question", ["?", "👍", "-" * 5_000, "the of and", "x" * 20_000, '"', '- elig* "joint'])
def test_3_1_whatever_somebody_types_is_kept_and_answered(app, noor, chat, question):
    app.ask(NOOR, chat, question, request_id="q-1")
    assert [role for _, role, _ in said(noor, chat)] == ["user", "assistant"]
    assert said(noor, chat)[0][2] == question


def test_3_1_what_cannot_be_kept_is_refused_by_name_and_nothing_is_kept(app, model, noor, chat):
    refused("empty_message", app.ask, NOOR, chat, "", request_id="q-1")
    refused("invalid_input", app.ask, NOOR, chat, "a\x00b", request_id="q-2")
    refused("invalid_input", app.ask, NOOR, "no id", "hello", request_id="q-3")
    refused("user_not_found", app.ask, "nobody@larkfield.test", chat, "hello", request_id="q-4")
    assert said(noor, chat) == [] and model.calls == []


# 3.2 Context is the summary and the last messages, of this conversation only; summaries are due every ten messages.


def test_3_2_the_model_is_told_of_this_conversation_and_no_other(app, model, chat):
    app.ask(NOOR, chat, "My customer is called Wren and wants a joint account.", request_id="q-1")
    other = app.start(NOOR, "Another", request_id="s-2").id
    app.ask(NOOR, other, "What did my customer want?", request_id="q-2")
    told = " ".join(message["content"] for message in model.calls[-1])
    assert "Wren" not in told and "ombudsman" in told  # the latter from the handbook
    app.ask(NOOR, chat, "What did my customer want?", request_id="q-3")
    assert [message["role"] for message in model.calls[-1]] == ["system", "user", "assistant", "user"]
    assert "Wren" in model.calls[-1][1]["content"]


def test_3_2_a_summary_comes_every_ten_messages_and_says_what_it_covers(app, model, noor, chat):
    for number in range(1, 11):
        app.ask(NOOR, chat, f"Question {number} about joint accounts", request_id=f"q-{number}")
    versions = [
        (summary.version, summary.first_seq, summary.through_seq) for summary in noor.conversations.summaries(chat)
    ]
    assert versions == [(1, 1, 10), (2, 1, 20)]
    app.ask(NOOR, chat, "And now?", request_id="q-11")
    told = model.calls[-1][0]["content"]
    assert "So far: Asked so far:" in told and "Question 10" in told


def test_3_2_a_summary_that_the_model_was_away_for_stays_due_and_is_made_up_for(app, model, noor, chat):
    class Away(ScriptedModel):
        def summarize(self, text):
            raise ConnectionError("away")

    app._model = Away()
    for number in range(1, 6):
        app.ask(NOOR, chat, f"Question {number}", request_id=f"q-{number}")
    assert noor.conversations.summaries(chat) == []
    assert [due.id for due in noor.conversations.due_summaries()] == [chat]
    app._model = model
    app.ask(NOOR, chat, "Question 6", request_id="q-6")
    (summary,) = noor.conversations.summaries(chat)
    assert (summary.first_seq, summary.through_seq) == (1, 12) and "Question 1 / Question 2" in summary.text


def test_3_2_what_people_say_of_themselves_is_remembered_with_its_source_and_forgotten_on_request(
    app, model, noor, chat
):
    text = "I work at the Mill Lane branch. What does a lost card cost?"
    reply = app.ask(NOOR, chat, text, request_id="q-1")
    fact = noor.memory.fact("branch")
    assert (fact.value, fact.confidence) == ("Mill Lane", 0.8)
    assert noor.memory.why(fact.id).confirmations[0].message.content == text
    assert [one.value for one in noor.memory.history("branch").items] == ["Mill Lane", "Harbour Square", "Ferry Road"]
    assert "About the person: branch: Mill Lane" in model.calls[-1][0]["content"]
    app.forget(NOOR, "branch", request_id="f-1")
    refused("fact_not_found", noor.memory.fact, "branch")
    app.ask(NOOR, chat, "Which branch am I at?", request_id="q-2")
    assert "branch: " not in model.calls[-1][0]["content"] and reply.message.content


# 3.3 A colleague cannot see the conversation, and the attempt is audited; an administrator can, and that is audited.


def test_3_3_a_colleague_is_not_told_that_it_exists_and_the_attempt_is_in_the_trail(app, model, noor, chat):
    app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    tomas, before = app.person(TOMAS, "t-1"), len(model.calls)
    text = refused("conversation_not_found", app.ask, TOMAS, chat, "What did she ask?", request_id="t-2")
    assert "Joint" not in text and len(model.calls) == before
    room = tomas.conversations
    for call in (room.get, room.last, room.context, room.summaries, room.delete, room.verify):
        refused("conversation_not_found", call, chat)
    assert room.search("joint account") == [] and chat not in {one.id for one in room.list(hidden=True).items}
    denied = app.person(MARTA, "look").audit.list(outcome="denied", target=chat).items
    assert {line.actor_id for line in denied} == {tomas.scope.actor_id}
    assert {line.request_id for line in denied} == {"t-1", "t-2"} and len(denied) == 7
    assert {line.reason for line in denied} == {"conversation_not_found"}
    assert len(said(noor, chat)) == 2


def test_3_3_an_administrator_reads_it_and_that_is_in_the_trail(app, noor, chat):
    app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    marta = app.person(MARTA, "m-1")
    assert said(marta, chat)[0] == (1, "user", SIGNATURES)
    (line,) = marta.audit.list(outcome="read", target=chat).items
    assert (line.actor_id, line.owner_id, line.request_id) == (marta.scope.actor_id, noor.scope.actor_id, "m-1")
    refused("conversation_not_found", app.ask, MARTA, chat, "I write as her", request_id="m-2")
    cleo = app.person(CLEO, "c-1")
    assert len(said(cleo, chat)) == 2
    assert len(marta.audit.list(outcome="read", target=chat, actor=cleo.scope.actor_id).items) == 1


def test_3_3_nobody_can_change_the_trail_and_who_gets_around_that_is_found(organised, app, chat):
    app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    refused("conversation_not_found", app.ask, TOMAS, chat, "?", request_id="t-1")
    audit = app.person(OWEN, "o-1").audit
    assert audit.verify().ok
    checkpoint = audit.checkpoint()  # seals what is written
    (line,) = audit.list(outcome="denied", target=chat).items
    door = Backdoor(organised.engine)
    statement = "UPDATE audit_events SET request_id = ? WHERE request_id = ?"
    with pytest.raises(Exception, match="append-only|audit"):
        door.run(statement, "nobody", "t-1")
    door.without_triggers(statement, "nobody", "t-1", table="audit_events")
    report = audit.verify(checkpoint=checkpoint)
    assert not report.ok and report.first_bad == line.id


# 3.5 Retrieval log: chunks, scores, which were cited in which answer; and the question as a digest.


def test_3_5_a_search_is_logged_with_its_scores_and_what_the_answer_cites(app, noor, chat):
    reply = app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    assert reply.cited == ("Joint accounts: procedure",)
    (logged,) = [one for one in noor.knowledge.retrievals().items if one.conversation_id == chat]
    logged = noor.knowledge.retrieval(logged.id)
    assert logged.message_id == reply.message.id and logged.latency_ms > 0
    scores = [hit.score for hit in logged.hits]
    assert len(scores) == 4 and scores == sorted(scores, reverse=True)
    cited = [hit for hit in logged.hits if hit.message_id == reply.message.id]
    assert [hit.rank for hit in cited] == [1]
    assert noor.knowledge.document(cited[0].document_id).title == "Joint accounts: procedure"
    refused("retrieval_not_found", app.person(TOMAS, "t").knowledge.retrieval, logged.id)


def test_3_5_the_report_counts_what_was_found_and_cited_and_names_answers_without_support(app, model, chat):
    for number in range(3):
        app.ask(NOOR, chat, SIGNATURES, request_id=f"q-{number}")
    model.complete = lambda messages: {"content": "I guess so.", "cites": [99], "intent": "other", "tokens": 3}
    guessed = app.ask(NOOR, chat, SIGNATURES, request_id="q-guess")
    marta = app.person(MARTA, "look")
    report = marta.knowledge.report(base="handbook")
    assert report.retrievals == 4 and report.unsupported == (guessed.message.id,)
    used = {marta.knowledge.document(one.document_id).title: one for one in report.most_found}
    logged = [marta.knowledge.retrieval(one.id) for one in marta.knowledge.retrievals().items]
    joint = used["Joint accounts: procedure"]
    assert joint.cited == 3
    assert joint.found == sum(hit.document_id == joint.document_id for one in logged for hit in one.hits) >= 4
    assert "Memo: review of branches" in {document.title for document in report.never_found}


def test_3_5_the_answer_rests_on_what_the_person_may_read(app, model):
    question = "Which margin and floor rate has a home loan?"
    for email, may in ((TOMAS, False), (NOOR, False), (MARTA, True)):
        chat = app.start(email, "Margins", request_id="s").id
        reply = app.ask(email, chat, question, request_id=f"q-{email}")
        told = model.calls[-1][0]["content"]
        assert ("3.15 %" in told) is may and ("1.45 percentage" in reply.message.content) is may
        assert "forged payslips" not in told


# 3.4 Eligibility checks: several accounts, reasons, evidence, latency; numbers as keyed hashes only, yet found.

ANN, BO, DUE = "6718949405", "4402118876", "9935041127"


def test_3_4_a_check_of_several_accounts_says_why_on_what_evidence_and_by_which_rules(app, noor, chat):
    made = app.check(NOOR, chat, [ANN, DUE], amount=40_000, request_id="c-1")
    assert (made.status, made.reasons, made.subject_count) == ("refused", ["arrears", "income_too_low"], 2)
    assert made.evidence == {"amount": 40_000, "monthly_income": 5_500, "months_in_arrears": 2, "accounts": 2}
    assert (made.rule_version, made.request_id, len(made.recommendations)) == ("2026-3", "c-1", 2)
    assert made.latency_ms is not None and made.latency_ms >= 0
    assert noor.runs.decision(made.id) == made
    assert app.check(NOOR, chat, [ANN, DUE], amount=40_000, request_id="c-1") == made, "a retry is one row"
    assert app.check(NOOR, chat, [ANN, BO], amount=20_000, request_id="c-2").status == "eligible"


def test_3_4_it_is_found_by_number_conversation_and_date_and_no_number_is_anywhere(app, organised, noor, chat):
    first = app.check(NOOR, chat, [ANN, DUE], amount=40_000, request_id="c-1")
    second = app.check(NOOR, chat, [ANN, BO], amount=20_000, request_id="c-2")
    assert app.checks_of(NOOR, ANN, request_id="l") == (second, first)
    assert app.checks_of(NOOR, " 9935-041 127 ", request_id="l") == (first,)
    r, hour = noor.runs, timedelta(hours=1)
    assert r.decisions(conversation=chat).items == (second, first) and r.decisions(reason="arrears").items == (first,)
    assert r.decisions(since=first.created_at - hour, until=first.created_at + hour).items == (second, first)
    assert r.decisions(since=first.created_at + hour).items == ()
    door = Backdoor(organised.engine)
    for table in every_table():
        for row in door.run(f"SELECT * FROM {table.name}"):
            assert not [number for number in (ANN, BO, DUE) if number in repr(row)], table.name


def test_3_4_the_model_is_told_of_the_latest_check_of_this_conversation_and_no_other(app, model, chat):
    app.check(NOOR, chat, [ANN, DUE], amount=40_000, request_id="c-1")
    app.check(NOOR, chat, [ANN, BO], amount=20_000, request_id="c-2")
    other = app.start(NOOR, "Another", request_id="s-2").id
    app.check(NOOR, other, [DUE], amount=1_000, request_id="c-3")
    app.ask(NOOR, chat, "May they borrow?", request_id="q-1")
    told = model.calls[-1][0]["content"]
    assert "Checked: eligibility" in told and "eligible" in told and "arrears," not in told and "refused" not in told
    assert told.count("Checked:") == 1


def test_3_4_a_colleague_finds_nothing_and_an_administrators_look_is_in_the_trail(app, chat):
    made = app.check(NOOR, chat, [ANN], amount=1_000, request_id="c-1")
    refused("conversation_not_found", app.check, TOMAS, chat, [ANN], amount=1_000, request_id="c-2")
    assert app.checks_of(TOMAS, ANN, request_id="l-1") == ()
    assert app.checks_of(MARTA, ANN, request_id="l-2") == (made,)
    lines = app.person(MARTA, "look").audit.list().items
    assert [line.target_id for line in lines if line.request_id == "l-2"] == [made.id]


def test_3_4_while_the_banks_system_is_away_nothing_is_decided(app, accounts, noor, chat):
    accounts.failures = 1
    with pytest.raises(TimeoutError):
        app.check(NOOR, chat, [ANN], amount=1_000, request_id="c-1")
    assert noor.runs.decisions().items == ()
    assert app.check(NOOR, chat, [ANN], amount=1_000, request_id="c-1").status == "eligible"


# 3.6 A cap on visible conversations; concurrent appends.


def test_3_6_the_list_holds_twenty_and_warns_from_fifteen_on(app, noor, caplog):
    began = noor.conversations.visible().count  # two of hers were loaded
    with caplog.at_level(logging.WARNING, "staff_assistant"):
        made = [app.start(NOOR, f"Chat {number}", request_id=f"s-{number}").id for number in range(19)]
    assert len([line for line in caplog.messages if "conversations visible" in line]) == 19 - (14 - began)
    visible = noor.conversations.visible()
    assert (visible.count, visible.limit, visible.warning) == (20, 20, True)
    shown = {one.id for one in noor.conversations.list(limit=100).items}
    assert {*made} <= shown and len(shown) == 20
    assert len(noor.conversations.list(limit=100, hidden=True).items) == began + 19  # none is lost


def test_3_6_under_concurrent_creation_the_cap_holds_and_the_open_one_stays(app, noor):
    opened = app.start(NOOR, "On my screen", request_id="open").id
    with ThreadPoolExecutor(8) as pool:
        start = lambda number: app.start(NOOR, f"{number}", request_id=f"s-{number}", on_screen=[opened]).id  # noqa: E731
        made = [*pool.map(start, range(40))]
    assert noor.conversations.visible().count == 20
    shown = {one.id for one in noor.conversations.list(limit=100).items}
    assert opened in shown and len(shown) == 20
    assert len({*made}) == 40 and len(noor.conversations.list(limit=100, hidden=True).items) == 43
    assert app.person(TOMAS, "look").conversations.visible().count == 2


def test_3_6_forty_questions_at_once_leave_no_gap_and_none_is_lost(app, noor, chat):
    with ThreadPoolExecutor(8) as pool:
        ask = lambda number: app.ask(NOOR, chat, f"Question number{number}", request_id=f"q-{number}")  # noqa: E731
        replies = [*pool.map(ask, range(40))]
    rows = said(noor, chat)
    assert [seq for seq, _, _ in rows] == [*range(1, 81)] and noor.conversations.get(chat).message_count == 80
    assert {content for _, role, content in rows if role == "user"} == {f"Question number{n}" for n in range(40)}
    assert len({reply.message.id for reply in replies}) == 40 and noor.conversations.verify(chat).ok
    assert noor.conversations.counts(chat) == {"user": 40, "assistant": 40}
    covered = [summary.through_seq for summary in noor.conversations.summaries(chat)]
    assert covered and covered[-1] > 70


# 3.7, as far as it is there: put away, restored.


def test_3_7_what_is_put_away_is_in_no_list_and_no_search_and_can_be_restored(app, noor, chat):
    app.ask(NOOR, chat, "An unmistakable quokka wants a loan", request_id="q-1")
    assert noor.conversations.search("quokka")
    app.put_away(NOOR, chat, request_id="p-1")
    assert noor.conversations.search("quokka") == []
    assert chat not in {one.id for one in noor.conversations.list(hidden=True, limit=100).items}
    refused("conversation_not_found", app.ask, NOOR, chat, "Still there?", request_id="q-2")
    noor.conversations.restore(chat)
    assert noor.conversations.search("quokka") and len(said(noor, chat)) == 2


# 3.8 The database goes away while people type: nothing acknowledged is lost, order is kept, nothing is doubled.


@pytest.fixture
def bank_server():
    """A server of its own with the settings that PostgreSQL comes with, to be killed, and the bank's database."""
    server = PostgresServer()
    with holdfast.create(server.url("postgres")) as store:
        load(store, "staff_assistant")
    yield server
    server.stop()


@pytest.mark.thorough
def test_3_8_the_database_is_killed_while_people_type(bank_server):
    acknowledged, refusals, away = {NOOR: [], TOMAS: []}, [], threading.Event()

    def types(email):
        chat = app.start(email, "Busy", request_id=f"start-{email}").id
        for number in range(6):
            while True:
                try:
                    app.ask(email, chat, f"Question number{number}", request_id=f"{email}-{number}")
                    break
                except holdfast.HoldfastError as error:
                    refusals.append(error)
                    time.sleep(0.02)  # a person looks at the error, and sends again
            acknowledged[email].append(f"Question number{number}")
            if number == 1:
                away.set()
        return chat

    with holdfast.open(bank_server.url("postgres")) as store, ThreadPoolExecutor(2) as pool:
        app = StaffAssistant(store, ScriptedModel(), tenant="larkfield", base="handbook")
        typing = {email: pool.submit(types, email) for email in acknowledged}
        assert away.wait(30)
        bank_server.kill()
        time.sleep(0.3)
        bank_server.start()
        chats = {email: future.result(60) for email, future in typing.items()}
        assert {error.code for error in refusals} == {"unavailable"}
        for email, chat in chats.items():
            scope = app.person(email, "look")
            kept = said(scope, chat)
            assert [content for _, role, content in kept if role == "user"] == acknowledged[email]
            assert [(seq, role) for seq, role, _ in kept] == [(n + 1, ("user", "assistant")[n % 2]) for n in range(12)]
            assert scope.conversations.verify(chat).ok


# 3.9 Reports: messages per user and day, conversation length, common intents, model latency, failure rate.


LOADED = {"since": datetime(2026, 11, 16, tzinfo=UTC), "until": datetime(2026, 11, 19, tzinfo=UTC)}


def _now():
    """The days around now, whatever midnight does meanwhile."""
    now = datetime.now(UTC)
    return {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}


def test_3_9_the_report_is_what_was_loaded_and_what_was_asked(app, model, chat):
    model.failures = 1
    app.ask(NOOR, chat, "What does a lost card cost?", request_id="q-1")  # answered at the second try
    app.ask(NOOR, chat, SIGNATURES, request_id="q-2")
    model.failures = 3
    with pytest.raises(ModelAway):
        app.ask(NOOR, chat, "Anybody there?", request_id="q-3")
    loaded = app.report(MARTA, **LOADED, request_id="r")
    days = {(TOMAS, 16): 2, (TOMAS, 17): 1, (NOOR, 17): 5, (NOOR, 18): 1}
    assert loaded.messages == {(email, date(2026, 11, day)): count for (email, day), count in days.items()}
    assert loaded.intents == [("home loan", 3), ("procedure", 3), ("fees", 2), ("eligibility", 1)]
    assert (loaded.mean_length, loaded.longest) == (18 / 4, 10)
    assert loaded.failure_rate is None, "no model was called for them"
    report = app.report(MARTA, **_now(), request_id="r")
    assert sum(report.messages.values()) == 3 and {email for email, _ in report.messages} == {NOOR}
    assert report.intents == [("fees", 1), ("procedure", 1)]
    assert report.failure_rate == 4 / 6  # of six calls: one before the second try, three of what was never answered
    assert report.latency_worst >= report.latency_mean >= 0
    assert (report.conversations, report.mean_length, report.longest) == (5, 5.0, 5)
    later = datetime.now(UTC) + timedelta(days=2)
    nothing = app.report(MARTA, since=later, until=later + timedelta(days=1), request_id="r")
    assert (nothing.messages, nothing.conversations, nothing.failure_rate, nothing.latency_worst) == ({}, 0, None, None)


def test_3_9_the_report_reads_no_conversation_and_a_tellers_is_about_the_teller(app, model, noor, chat):
    app.ask(NOOR, chat, SIGNATURES, request_id="q-1")
    everybody = app.report(MARTA, **LOADED, request_id="report-7")
    assert {email for email, _ in everybody.messages} == {NOOR, TOMAS}
    assert app.person(OWEN, "look").audit.list(outcome="read", target=chat).items == (), "it was counted, not read"
    own = app.report(TOMAS, **LOADED, request_id="t")
    assert {email for email, _ in own.messages} == {TOMAS} and own.failure_rate is None
    (event,) = noor.metering.events(conversation=chat).items
    assert (event.operation, event.model, event.outcome) == ("answer", model.name, "success") and event.tokens > 0


def test_it_runs_as_its_readme_says():
    ran = subprocess.run([sys.executable, EXAMPLES / "staff_assistant"], capture_output=True, text=True, check=True)
    assert "marta@larkfield.test reads Memo: margins" in ran.stdout
    assert "{'assistant': 1, 'user': 1}; remembered: Harbour Square" in ran.stdout
