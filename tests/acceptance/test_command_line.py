"""The command line as a new user meets it: every command, in words and as JSON, with its exit code."""

import json
import re
import shlex
import socket
from pathlib import Path
from typing import Any

import pytest
from support.commands import as_json, run, run_process

from holdfast.migrations import NEWEST
from holdfast.samples import DAYS, ORGANISATIONS, read

pytestmark = pytest.mark.xdist_group("demo")  # it takes seconds to make


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    shown = run_process(folder, "demo").stdout
    assert "Every hash chain verified: sound." in shown
    assert "What now?" in shown
    (folder / "shown.txt").write_text(shown)
    return folder


@pytest.fixture(scope="module")
def samples() -> list[dict[str, Any]]:
    """What the demo is made of, organisation by organisation."""
    return [json.loads(read(name, "sample.json")) for name in ORGANISATIONS]


def lines_left_by(sample: dict[str, Any]) -> int:
    """How many lines making an organisation leaves in its trail."""
    workspaces, workflows = sample.get("workspaces", ()), sample.get("workflows", ())
    lines = 1 + ("profile" in sample) + 2 * len(sample["people"])  # each made, and cleared
    lines += len(sample["bases"]) + len(sample["documents"]) + len(sample["facts"])
    lines += 2 * len(sample.get("records", ()))  # each defined, and filled at once
    lines += sum(2 + ("summary" in chat) for chat in sample["conversations"])
    lines += sum(1 + sum(len(one[what]) for what in ("people", "connections", "snapshots")) for one in workspaces)
    lines += sum(1 + one["a_day"] * DAYS + one.get("waiting", 0) for one in workflows)
    return lines + 3 * len(sample.get("senders", ()))  # the job, its end, the configuration


ME = ("--profile", "holdfast-demo/profile.json")


def test_the_demo_is_encrypted_and_its_key_is_private(demo: Path) -> None:
    assert not (demo / "holdfast-demo" / "demo.db").read_bytes().startswith(b"SQLite format 3")
    assert (demo / "holdfast-demo" / "demo.key").stat().st_mode & 0o777 == 0o600


def test_a_second_demo_leaves_the_first_alone(demo: Path) -> None:
    made = as_json(demo, "demo")
    assert made["folder"] == "holdfast-demo-2"
    tenants = ["larkfield", "lentera", "brightside", "harborlight", "stonebridge"]
    assert [one["tenant"] for one in made["organisations"]] == tenants


def test_the_demo_answers_two_people_of_each_organisation_by_their_clearance(
    demo: Path, samples: list[dict[str, Any]]
) -> None:
    made = as_json(demo, "demo", "--folder", "third")
    assert all(one["trail_sound"] for one in made["organisations"])
    trails = [lines_left_by(sample) for sample in samples]
    assert [one["trail_lines"] for one in made["organisations"]] == trails
    held = ("documents", "facts", "chats")
    assert [[one["rows"][what] for what in held] for one in made["organisations"]] == [
        [len(sample[what]) for what in ("documents", "facts", "conversations")] for sample in samples
    ]
    for one in made["organisations"][:2]:
        few, many = one["found"]
        for found in (few, many):
            assert {document["clearance"] for document in found["documents"]} <= set(found["clearance"])
        assert set(few["clearance"]) < set(many["clearance"])
        above = {document["clearance"] for document in many["documents"]} - set(few["clearance"])
        assert above, "what the other one may not read answers best"
        assert many["documents"][0]["clearance"] in above
    shown = (demo / "shown.txt").read_text()
    assert "(A) Memo: margins" in shown
    assert [int(lines) for lines in re.findall(r"(\d+) lines, sound", shown)] == trails
    assert {one["name"]: one["waiting"] for one in made["organisations"][3]["workflows"]}["Quote approval"] == 2
    clients = {client["name"]: client["team"] for client in made["organisations"][2]["clients"]}
    assert len(clients) == 3 and clients["Juniper Bakery"] == ["mia@brightside.test"]
    hospital = made["organisations"][4]
    assert {one["address"]: (one["messages"], one["custom"]) for one in hospital["senders"]} == {
        "Brook-Lab%2F2/HL7v2/ORU^R01": (200, []),
        "Cerner/HL7v2/ADT^A01": (200, ["ZPI"]),
        "Epic/HL7v2/ADT^A01": (200, ["ZPV"]),
        "Meditech/HL7v2/ADT^A01": (200, []),
    }
    assert [one["location"] for one in hospital["drifted"]] == ["PV1-10", "ZFR", "PID-7.1.1"]


def test_every_command_that_the_demo_names_works(demo: Path) -> None:
    named = (demo / "shown.txt").read_text().partition("What now?")[2].splitlines()
    commands = [shlex.split(line)[3:] for line in named if line.strip()]
    assert len(commands) == 11
    answers = [run(demo, *command).stdout for command in commands if "import" not in command]
    assert all(answers)
    teller, manager = answers[2:4]
    assert "Memo: margins" not in teller and "Memo: margins" in manager
    assert "2 in all" in answers[4] and "Everything is as it was written" in answers[6]
    assert "ZPV" in answers[-1]


def test_conversations_are_listed_shown_searched_and_recalled(demo: Path) -> None:
    page = as_json(demo, *ME, "conversations", "list", "--limit", "5")
    assert len(page["items"]) == 5
    rest = as_json(demo, *ME, "conversations", "list", "--limit", "5", "--cursor", page["next"])
    assert not {item["id"] for item in rest["items"]} & {item["id"] for item in page["items"]}
    first = page["items"][0]
    shown = as_json(demo, *ME, "conversations", "show", first["id"])
    assert len(shown["messages"]) == first["message_count"]
    assert first["created_at"].endswith("Z")
    hits = as_json(demo, *ME, "conversations", "search", "standing order")
    assert hits
    assert "**" in hits[0]["snippet"]
    context = as_json(demo, *ME, "conversations", "context", first["id"], "--max-tokens", "500")
    assert 0 < context["tokens"] <= 500
    assert (
        run_process(demo, *ME, "conversations", "list", "--json").stdout
        == run(demo, *ME, "conversations", "list", "--json").stdout
    )
    for command in (("list",), ("show", first["id"]), ("search", "order"), ("context", first["id"])):
        assert run(demo, *ME, "conversations", *command).stdout.strip()


def test_status_and_verify_say_that_all_is_well(demo: Path) -> None:
    tenants = as_json(demo, *ME, "status")["tenants"]
    tenant = next(one for one in tenants if one["tenant"] == "demo")
    assert len(tenants) == 6 and tenant["rows"]["messages"] == 50
    assert as_json(demo, *ME, "verify") == {"ok": True, "conversations": 12, "bad": []}
    assert "0 not sound" in run(demo, *ME, "verify").stdout


def test_a_store_is_made_filled_and_looked_at(tmp_path: Path, demo: Path) -> None:
    run(tmp_path, "--tenant", "home", "init", "sqlite:///me.db", "--new-key", "me.key", "--write-profile", "me.json")
    export = tmp_path / "export.jsonl"
    export.write_text(json.dumps({"messages": [{"role": "user", "content": "hello"}]}) + "\nnot json\n")
    ran = run(tmp_path, "--profile", "me.json", "import", "export.jsonl", code=8)
    assert "left out" in ran.stdout
    assert len(as_json(tmp_path, "--profile", "me.json", "conversations", "list")["items"]) == 1
    assert as_json(tmp_path, "--profile", "me.json", "migrate") == {"from": NEWEST, "to": NEWEST}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--store", "sqlite:///none.db", "status"), 6, "store_missing"),
        (("--store", "mysql://x/y", "status"), 2, "unsupported_url"),
        (("status",), 2, "invalid_input"),
        (("--profile", "holdfast-demo/profile.json", "--key-file", "wrong.key", "status"), 6, "wrong_key"),
        ((*ME, "init"), 6, "store_exists"),
        ((*ME, "conversations", "show", "nonsense"), 2, "invalid_input"),
        ((*ME, "conversations", "show", "0198c0de-0000-7000-8000-000000000000"), 3, "conversation_not_found"),
        ((*ME, "--user", "stranger@demo.test", "conversations", "list"), 3, "user_not_found"),
        ((*ME, "import", "missing.zip"), 2, "export_not_found"),
        (("--profile", "none.json", "status"), 2, "invalid_input"),
    ],
)
def test_an_error_has_its_code_says_what_to_do_and_exits_so(
    demo: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    (demo / "wrong.key").write_text("0" * 64)
    assert says in run(demo, *arguments, code=code).stderr
    error = json.loads(run(demo, *arguments, "--json", code=code).stderr)["error"]
    assert error["code"] == says
    assert "Traceback" not in error["message"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((*ME, "--user", "stranger@demo.test", "conversations", "list"), 3, "user_not_found"),
        (("--store", "sqlite:///none.db", "status"), 6, "store_missing"),
    ],
)
def test_a_process_ends_with_that_code_and_says_nothing_on_standard_output(
    demo: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ran = run_process(demo, *arguments, "--json", code=code)
    assert (ran.stdout, json.loads(ran.stderr)["error"]["code"]) == ("", says)


def test_serving_plainly_without_a_trusted_proxy_is_warned_of(demo: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        serve = (*ME, "serve", "--plain-http", "--port", str(taken.getsockname()[1]))  # it ends: the port is taken
        warned = run(demo, *serve, code=2)
        named = run(demo, *serve, "--trusted-proxies", "127.0.0.1", code=2)
    assert "--trusted-proxies" in warned.stdout
    assert "unsafe_options" in warned.stderr
    assert "Warning" not in named.stdout
    assert "unsafe_options" not in named.stderr
