"""The agency's marketing assistant: the stories that a person who runs one would ask for, on both engines."""

import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from io import StringIO
from pathlib import Path

import pytest
from support.backdoor import Backdoor
from support.oauth import OAuthServer
from support.refusals import refused

import holdfast
from examples.agency_assistant.app import Agency, WrongClient
from examples.agency_assistant.model import ScriptedModel

INES, MIA, THEO = (f"{name}@brightside.test" for name in ("ines", "mia", "theo"))
PLATFORMS = ("google_analytics", "google_ads", "meta_ads", "linkedin_ads")
EXAMPLES = Path(__file__).parent.parent.parent / "examples"


class Reporting:
    """The platforms' reporting interfaces: they answer to a token that is good."""

    def __init__(self, oauth: OAuthServer) -> None:
        self.oauth = oauth
        self.tokens: list[str] = []

    def fetch(self, platform: str, token: str) -> Mapping[str, object]:
        assert self.oauth.is_valid(token), "the platform refuses it"
        self.tokens.append(token)
        return {"clicks": 500 + len(self.tokens), "cost": "99.10 EUR"}


@pytest.fixture
def oauth():
    with OAuthServer() as server:
        yield server


@pytest.fixture
def store(organisations, oauth):
    settings = holdfast.Settings(oauth_clients={name: oauth.client() for name in PLATFORMS})
    with holdfast.open(organisations.url, organisations.key, settings=settings) as opened:
        yield opened


@pytest.fixture
def reporting(oauth):
    return Reporting(oauth)


@pytest.fixture
def model():
    return ScriptedModel()


@pytest.fixture
def app(store, model, reporting):
    return Agency(store, model, reporting, tenant="brightside")


@pytest.fixture
def clients(app):
    return {client.name: client.id for client in app.clients(app.person(INES))}


@pytest.fixture
def mia(app):
    return app.person(MIA)


@pytest.fixture
def bakery(app, mia, clients):
    """Mia at the bakery's desk."""
    return app.desk(mia, clients["Juniper Bakery"])


def connect(desk, oauth, platform, expires_in):
    access, refresh = oauth.grant()
    until = datetime.now(UTC) + timedelta(seconds=expires_in)
    desk.me.connections.put(
        platform, workspace=desk.client.id, access_token=access, refresh_token=refresh, expires_at=until
    )
    return access, refresh


def everything(backdoor):
    """Every row of every table, as who has a copy of the disk and its key reads it."""
    if backdoor.name == "sqlite":
        names = backdoor.run("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        names = backdoor.run("SELECT 'holdfast.' || tablename FROM pg_tables WHERE schemaname = 'holdfast'")
    return [row for (name,) in names for row in backdoor.run(f"SELECT * FROM {name}")]


# 5.1 Switching client shows that client's conversations and connections only; mixing them is refused.


def test_5_1_a_desk_shows_its_client_and_no_other(app, mia, bakery, clients):
    travel = app.desk(mia, clients["North-South Travel"])
    assert [chat.title for chat in bakery.chats().items] == ["Easter campaign"]
    assert travel.chats().items == ()
    assert [one.platform for one in bakery.connections()] == ["google_ads", "google_analytics"]
    assert [one.platform for one in travel.connections()] == ["linkedin_ads", "meta_ads"]
    assert [one.name for one in app.clients(mia)] == ["Juniper Bakery", "North-South Travel"]


def test_5_1_another_clients_conversation_is_refused_and_keeps_nothing(app, mia, bakery, clients):
    chat = bakery.start("Weekend")
    travel = app.desk(mia, clients["North-South Travel"])
    with pytest.raises(WrongClient, match="North-South Travel"):
        travel.ask(chat.id, "And here?", request_id="r-1")
    assert mia.conversations.get(chat.id).message_count == 0


def test_5_1_a_client_of_others_is_not_there(app, bakery, clients):
    theo = app.person(THEO)
    chat = bakery.start("Weekend")
    with pytest.raises(LookupError):
        app.desk(theo, clients["Juniper Bakery"])
    refused("conversation_not_found", theo.conversations.get, chat.id)
    refused("workspace_not_found", theo.connections.token, "google_ads", workspace=clients["Juniper Bakery"])
    refused("workspace_not_found", theo.conversations.create, title="x", workspace=clients["Juniper Bakery"])
    refused("workspace_not_found", theo.connections.snapshots, workspace=clients["Juniper Bakery"])


# 5.2 Tokens are encrypted, absent from files, logs, errors and exports; renewed once; moved ones do not open.


def test_5_2_tokens_are_nowhere_to_be_read(store, bakery, oauth, caplog, capsys):
    with caplog.at_level(logging.DEBUG):
        access, refresh = connect(bakery, oauth, "google_ads", 3600)
        refused("invalid_input", bakery.me.connections.put, "google_ads", workspace=bakery.client.id, access_token="")
        listed = [repr(one) for one in bakery.connections()]
        owner, exported = store.tenant("brightside").user(INES), StringIO()
        owner.audit.export(exported)
    told = "".join([*listed, exported.getvalue(), caplog.text, *capsys.readouterr()])
    kept = "".join(repr(row) for row in everything(Backdoor(store.engine)))
    assert bakery.me.connections.token("google_ads", workspace=bakery.client.id) == access
    for secret in (access, refresh):
        assert secret not in told and secret not in kept


def test_5_2_rotated_keys_still_open_them(store, bakery, oauth):
    access, _ = connect(bakery, oauth, "google_ads", 3600)
    store.system().keys.rotate_data(bakery.me.scope.tenant_id)
    assert bakery.me.connections.token("google_ads", workspace=bakery.client.id) == access


def test_5_2_a_token_moved_to_another_client_does_not_open(app, store, bakery, clients, oauth):
    connect(bakery, oauth, "google_ads", 3600)
    travel = app.desk(app.person(THEO), clients["North-South Travel"])
    connect(travel, oauth, "linkedin_ads", 3600)
    backdoor = Backdoor(store.engine)
    ((sealed,),) = backdoor.run("SELECT access_token FROM connections WHERE platform = 'google_ads'")
    backdoor.run("UPDATE connections SET access_token = ? WHERE platform = 'linkedin_ads'", sealed)
    refused("secret_unreadable", travel.me.connections.token, "linkedin_ads", workspace=travel.client.id)


def test_5_2_an_expired_token_is_renewed_once_however_many_ask(bakery, oauth, reporting):
    old, _ = connect(bakery, oauth, "google_ads", -60)
    oauth.delay = 0.2
    with ThreadPoolExecutor(16) as pool:
        taken = [*pool.map(lambda _: bakery.refresh("google_ads").metrics["clicks"], range(16))]
    assert oauth.calls["/token"] == 1
    assert len({*reporting.tokens}) == 1 and old not in reporting.tokens and len(taken) == 16


def test_5_2_statuses_say_how_it_stands(bakery, oauth):
    def status():
        return bakery.me.connections.get("google_ads", workspace=bakery.client.id).status

    connect(bakery, oauth, "google_ads", 3600)
    assert status() == "active"
    connect(bakery, oauth, "google_ads", -60)
    oauth.answer("/token", 500)
    refused("platform_failing", bakery.refresh, "google_ads")
    assert status() == "error"
    bakery.me.connections.put(
        "google_ads",
        workspace=bakery.client.id,
        access_token="old",
        expires_at=datetime.now(UTC) - timedelta(minutes=1),
    )
    assert status() == "expired"
    bakery.me.connections.revoke("google_ads", workspace=bakery.client.id)
    assert status() == "revoked"


# 5.3 Snapshots with freshness are what the model is told; old ones are fetched anew.


def test_5_3_the_model_is_told_metrics_with_their_age(bakery, model):
    bakery.ask(bakery.start("x").id, "Which platform is best?", request_id="r-1")
    told = model.told[0][0]["content"]
    assert "google_ads (2 hours ago, 20" in told and '{"clicks":412,' in told
    assert "google_analytics (30 hours ago, 20" in told
    assert "meta_ads" not in told and "linkedin_ads" not in told


def test_5_3_metrics_without_room_are_named_with_their_age(bakery, model, oauth):
    connect(bakery, oauth, "google_ads", 3600)
    long = {f"campaign {number}": "paused, to be looked at" for number in range(200)}
    bakery.me.connections.snapshot("google_ads", workspace=bakery.client.id, metrics=long)
    bakery.ask(bakery.start("x").id, "Which platform is best?", request_id="r-1")
    told = model.told[0][0]["content"]
    assert "campaign" not in told and "Not told: metrics of google_ads, " in told
    assert "google_analytics (30 hours ago, 20" in told


def test_5_3_fresh_metrics_are_used_and_old_ones_fetched(bakery, oauth, reporting):
    connect(bakery, oauth, "google_analytics", 3600)
    chat = bakery.start("x").id
    assert "412" in bakery.ask(chat, "How do our Google Ads stand?", request_id="r-1").message.content
    assert reporting.tokens == []
    assert "501" in bakery.ask(chat, "And Analytics?", request_id="r-2").message.content
    assert len(reporting.tokens) == 1
    newest = {one.platform: one.age_seconds for one in bakery.metrics()}
    assert newest["google_analytics"] < 60


# 5.4 Structured messages, tool calls with results, attachments, feedback on answers only.


def test_5_4_what_was_done_for_an_answer_is_in_the_log(bakery):
    chat = bakery.start("x").id
    reply = bakery.ask(chat, "How do our Google Ads stand?", request_id="r-1")
    assert reply.called == ("fresh_metrics",)
    kinds = [(one.role, [part["type"] for part in one.parts or ()]) for one in bakery.me.conversations.last(chat)]
    assert kinds == [
        ("user", []),
        ("assistant", ["tool_call"]),
        ("tool", ["tool_result"]),
        ("assistant", ["text", "card", "button"]),
    ]
    assert bakery.me.conversations.verify(chat).ok


def test_5_4_a_repeated_request_answers_once(bakery, model):
    chat = bakery.start("x").id
    first = bakery.ask(chat, "How do our Google Ads stand?", request_id="r-1")
    calls = len(model.told)
    assert bakery.ask(chat, "How do our Google Ads stand?", request_id="r-1").message == first.message
    assert len(model.told) == calls and bakery.me.conversations.get(chat).message_count == 4


def test_5_4_files_are_kept_by_digest_with_their_size_and_type(bakery):
    chat, image = bakery.start("x").id, b"\x89PNG\r\n\x1a\n" + b"\0" * 64
    bakery.ask(chat, "What is on it?", request_id="r-1", files=[("poster.png", "image/png", image)])
    (part,) = [part for part in bakery.me.conversations.last(chat)[0].parts if part["type"] == "attachment"]
    assert part["digest"] == hashlib.sha256(image).hexdigest()
    assert bakery.me.conversations.attachment(chat, part["digest"]) == image
    refused("attachment_refused", bakery.ask, chat, "?", request_id="r-2", files=[("a.png", "no type", image)])
    refused("attachment_refused", bakery.ask, chat, "?", request_id="r-3", files=[("a.png", "image/png", b"")])
    assert bakery.me.conversations.get(chat).message_count == 2


def test_5_4_only_answers_are_rated(bakery):
    chat = bakery.start("x").id
    reply = bakery.ask(chat, "Which platform is best?", request_id="r-1")
    assert bakery.rate(reply.message.id, -1, "vague").rating == -1
    question = bakery.me.conversations.last(chat)[0]
    refused("not_an_answer", bakery.rate, question.id, 1)


# 5.5 Tokens and cost per conversation, client and model, from current prices; analytics by day.


def period():
    now = datetime.now(UTC)
    return {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}


def at_list_price(me, tokens_in, tokens_out):
    """What so many tokens of the model cost, worked out from the price that is shown."""
    price = me.metering.price("gpt-4o-mini", provider="openai")
    assert price.source == "catalogue"
    return (tokens_in * price.input + tokens_out * price.output) / 1_000_000


def test_5_5_each_call_of_the_model_is_recorded_with_what_it_cost(bakery, model):
    chat = bakery.start("x").id
    bakery.ask(chat, "How do our Google Ads stand?", request_id="r-1")
    assert len(model.told) == 2, "one to call the tool, one to answer"
    events = bakery.me.metering.events(conversation=chat).items
    sent = [sum(len(one["content"]) for one in told) // 4 for told in model.told]
    assert sorted((one.tokens_in, one.tokens_out) for one in events) == sorted((tokens, 40) for tokens in sent)
    assert {(one.model, one.provider, one.workspace_id) for one in events} == {
        ("gpt-4o-mini", "openai", bakery.client.id)
    }
    assert {one.priced_by for one in events} == {"catalogue"}
    assert bakery.cost(chat) == sum(one.cost for one in events) == at_list_price(bakery.me, sum(sent), 80) > 0
    bakery.ask(chat, "How do our Google Ads stand?", request_id="r-1")
    assert len(bakery.me.metering.events(conversation=chat).items) == 2, "a repeated request calls no model"


def test_5_5_cost_is_told_by_client_model_and_day(app, model, mia, bakery, clients):
    theo, ines = app.person(THEO), app.person(INES)
    travel = app.desk(theo, clients["North-South Travel"])
    first, second = bakery.start("x").id, travel.start("y").id
    bakery.ask(first, "How do our Google Ads stand?", request_id="r-1")
    travel.ask(second, "Which platform is best?", request_id="r-2")
    model.name = "gpt-4o"
    travel.ask(second, "And now?", request_id="r-3")
    spent = {(one.client, one.model): one for one in app.spent(ines, **period())}
    assert {place: one.calls for place, one in spent.items()} == {
        ("Juniper Bakery", "gpt-4o-mini"): 2,
        ("North-South Travel", "gpt-4o-mini"): 1,
        ("North-South Travel", "gpt-4o"): 1,
    }
    assert spent["Juniper Bakery", "gpt-4o-mini"].cost == bakery.cost(first)
    assert sum(one.cost for place, one in spent.items() if place[0] == "North-South Travel") == travel.cost(second)
    assert all(timedelta(0) <= datetime.now(UTC) - one.day < timedelta(days=1, minutes=5) for one in spent.values())
    assert [one.client for one in app.spent(mia, **period())] == ["Juniper Bakery"], "one's own use alone"
    assert {one.client for one in app.spent(theo, **period())} == {"North-South Travel"}
    refused("conversation_not_found", bakery.cost, second)


def test_5_5_a_call_that_failed_is_counted_as_failed(app, model, mia, bakery):
    chat = bakery.start("x").id

    def away(messages):
        raise TimeoutError("no answer")

    model.complete = away
    with pytest.raises(TimeoutError):
        bakery.ask(chat, "Which platform is best?", request_id="r-1")
    (event,) = mia.metering.events(conversation=chat).items
    assert (event.outcome, event.tokens) == ("error", 0)
    assert app.days(mia, **period()).failure_rate == 1.0


def test_5_5_the_days_show_conversations_messages_people_tokens_cost_ratings_and_intents(app, mia, bakery):
    chat = bakery.start("x").id
    before = app.days(app.person(INES), **period())
    reply = bakery.ask(chat, "How do our Google Ads stand?", request_id="r-1")
    bakery.rate(reply.message.id, 1)
    after = app.days(app.person(INES), **period())
    assert after.total.requests == 2 and after.total.cost == bakery.cost(chat)
    assert [(line.model, line.cost) for line in after.models] == [("gpt-4o-mini", bakery.cost(chat))]
    assert sum(day.tokens for day in after.days) == after.total.tokens > 80
    assert after.ratings["up"] == before.ratings["up"] + 1
    assert after.intents["metrics"] == before.intents.get("metrics", 0) + 1

    def counted(report, what):
        return sum(day.counts.get(what, 0) for day in report.days)

    assert counted(before, "conversations") >= 1
    assert counted(after, "messages.user") == counted(before, "messages.user") + 1
    assert after.users >= 1 and max(day.users for day in after.days) >= 1


# 5.6 Putting a client away: conversations archived, tokens revoked by a job; back again; deleted only after that.


def test_5_6_a_client_is_put_away_brought_back_and_only_then_deleted(app, store, mia, bakery, clients, oauth):
    ines, here = app.person(INES), clients["Juniper Bakery"]
    access, _ = connect(bakery, oauth, "google_ads", 3600)
    (chat,) = bakery.chats().items
    refused("workspace_not_archived", app.drop, ines, here)
    app.put_away(ines, here)
    assert mia.conversations.get(chat.id).status == "ARCHIVED"
    assert "Juniper Bakery" not in [client.name for client in app.clients(mia)]
    refused("workspace_archived", mia.connections.token, "google_ads", workspace=here)
    assert oauth.is_valid(access), "telling the platform is a job of its own"
    app.tell_platforms()
    assert not oauth.is_valid(access)
    app.bring_back(ines, here)
    assert mia.conversations.get(chat.id).status == "ACTIVE"
    assert [one.status for one in ines.connections.list(workspace=here, status="revoked").items] != []
    app.put_away(ines, here)
    app.drop(ines, here)
    refused("conversation_not_found", mia.conversations.get, chat.id)


def test_5_6_a_platform_that_is_away_is_told_later(app, clients, bakery, oauth):
    access, _ = connect(bakery, oauth, "google_ads", 3600)
    oauth.answer("/revoke", 503)
    app.put_away(app.person(INES), clients["Juniper Bakery"])
    report = app.tell_platforms()
    assert report.waiting and oauth.is_valid(access)


# 5.8 An export of MongoDB's: clients as records, conversations with their embedded messages.

MONGODB = Path(str(files("holdfast") / "samples" / "agency_assistant" / "mongodb"))
PEOPLE = {"65e8a1f0c3d4e5f60718a001": MIA, "65e8a1f0c3d4e5f60718a002": THEO}


def test_5_8_an_export_of_mongodb_comes_in_whole_and_once(app, mia):
    ines = app.person(INES)
    came = app.bring_in(ines, MONGODB, PEOPLE)
    assert sum(one.conversations for one in came) == 3 and sum(one.messages for one in came) == 8
    left = {(one.place, one.reason) for report in came for one in report.unreadable}
    assert left == {("conversations.json:4.deleted_at", "it was deleted at the source")}
    budgets = {one.data["name"]: one.data["monthly_budget"] for one in ines.records.find("clients").items}
    assert budgets == {"Juniper Bakery": "1200.00", "Harbour Opticians": "640.50"}
    again = app.bring_in(ines, MONGODB, PEOPLE)
    assert [(one.conversations, one.messages) for one in again] == [(0, 0)] * 3
    assert sum(one.unchanged for one in again) == 3 and ines.records.count("clients") == 2


def test_5_8_messages_keep_their_order_authors_times_calls_and_ids(app, mia, clients):
    app.bring_in(app.person(INES), MONGODB, PEOPLE)
    found = {one.title: one for one in app.desk(mia, clients["Juniper Bakery"]).chats().items}
    menu = found["Spring menu"]
    assert menu.source == "mongodb" and menu.source_id == "65f01a2b0718d00000000001"
    assert menu.metadata["tags"] == ["ads", "spring"] and menu.created_at == datetime(2024, 3, 12, 9, 5, 31, tzinfo=UTC)
    said = mia.conversations.messages(menu.id).items
    assert [(one.seq, one.role) for one in said] == [(1, "user"), (2, "assistant"), (3, "assistant"), (4, "user")]
    assert [one.request_id for one in said] == [f"65f01a2b{number:016x}" for number in (1, 2, 3, 4)]
    assert said[0].metadata == {"user_id": "65e8a1f0c3d4e5f60718a001"}
    assert said[1].parts[0]["result"] == {"clicks": 388, "cost": "91.15 EUR"}
    assert said[2].created_at == datetime(2024, 3, 12, 9, 5, 36, 120_000, tzinfo=UTC)
    assert said[2].metadata["feedback"] == {"rating": 1, "comment": "to the point"}
    assert said[3].parts[1] == {
        "type": "file",
        "name": "poster.png",
        "mime_type": "image/png",
        "size": 48210,
        "url": "https://files.example/poster.png",
    }
    assert mia.conversations.verify(menu.id).ok


def test_5_8_each_client_and_person_gets_their_own(app, mia):
    app.bring_in(app.person(INES), MONGODB, PEOPLE)
    theo = app.person(THEO)
    opticians = {one.name: one.id for one in app.clients(theo)}["Harbour Opticians"]
    assert [one.title for one in app.desk(theo, opticians).chats().items] == ["Glasses for children"]
    (archived,) = mia.conversations.list(workspace=opticians, status="ARCHIVED").items
    assert archived.title == "Opening hours"


def test_5_8_what_belongs_to_nobody_is_told(app, tmp_path):
    (tmp_path / "clients.json").write_text((MONGODB / "clients.json").read_text())
    chats = (
        (MONGODB / "conversations.json").read_text().replace('"65e8a1f0c3d4e5f60718a002"', '"65e8a1f0c3d4e5f60718a009"')
    )
    (tmp_path / "conversations.json").write_text(chats)
    with pytest.raises(ValueError, match="1 conversations are of people"):
        app.bring_in(app.person(INES), tmp_path, PEOPLE)


def test_the_example_runs():
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "agency_assistant")], capture_output=True, text=True, timeout=120, check=True
    )
    assert "called: fresh_metrics" in done.stdout and "go to its own client" in done.stdout
    assert json.dumps("Back again")[1:-1] in done.stdout
