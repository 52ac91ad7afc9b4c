"""`holdfast metering`, as a person and as a script use it."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from support.commands import as_json, run

import holdfast

KEY = "0123456789abcdef" * 4


@pytest.fixture
def me(tmp_path: Path) -> tuple[str, ...]:
    """A store with one person, who used something."""
    url = f"sqlite:///{tmp_path}/me.db"
    with holdfast.create(url, KEY) as store:
        identity = store.system().identity
        identity.create_tenant("home")
        identity.create_user("me@home.test", tenant="home", role="owner")
        metering = store.tenant("home").user("me@home.test").metering
        metering.record("chat", model="gpt-4o-mini", tokens_in=1_000_000, tokens_out=100, latency_ms=1200)
        metering.record("chat", model="home-made", tokens=5, outcome="error")
    return ("--store", url, "--tenant", "home", "--user", "me@home.test", "metering")


def test_usage_is_reported_priced_and_limited(tmp_path: Path, me: tuple[str, ...]) -> None:
    given = {"HOLDFAST_KEY": KEY, "HOLDFAST_KEYRING": os.environ["HOLDFAST_KEYRING"]}
    lines = as_json(tmp_path, *me, "report", **given)["lines"]
    assert [(line["model"], line["tokens"], line["unpriced"]) for line in lines] == [
        ("gpt-4o-mini", 1_000_100, 0),
        ("home-made", 5, 1),
    ]
    assert lines[0]["cost"] == "0.150060000"
    shown = run(tmp_path, *me, "report", "--by", "day", "--by", "model", "--of", "tokens", **given).stdout
    assert "████" in shown and "Of 1 events nobody knows the cost" in shown
    run(tmp_path, *me, "report", "--out", "report.csv", **given)
    assert (tmp_path / "report.csv").read_text().splitlines()[1].startswith("gpt-4o-mini,1,1,0,1000100")
    from pyarrow import parquet

    run(tmp_path, *me, "report", "--out", "report.parquet", **given)
    assert parquet.read_table(tmp_path / "report.parquet")["cost"].to_pylist()[0] == Decimal("0.15006")
    assert "invalid_input" in run(tmp_path, *me, "report", "--out", "report.xls", code=2, **given).stderr
    assert "0 of 1 people" not in run(tmp_path, *me, "analytics", **given).stdout
    assert as_json(tmp_path, *me, "analytics", **given)["failure_rate"] == 0.5
    run(tmp_path, *me, "analytics", "--out", "days.csv", **given)
    assert "messages.user" in (tmp_path / "days.csv").read_text()
    assert len(as_json(tmp_path, *me, "events", **given)["items"]) == 2
    assert "home-made" in run(tmp_path, *me, "events", **given).stdout
    assert as_json(tmp_path, *me, "price", "gpt-4o-mini", **given)["input"] == "0.15"
    assert "price_unknown" in run(tmp_path, *me, "price", "home-made", code=3, **given).stderr
    made = as_json(tmp_path, *me, "set-price", "home-made", "--input", "0.5", "--output", "1", **given)
    assert (made["output"], made["cached"], made["source"]) == ("1.000000000", "0.500000000", "tenant")
    assert [one["model"] for one in as_json(tmp_path, *me, "prices", **given)["items"]] == ["home-made"]
    limit = as_json(tmp_path, *me, "set-limit", "tokens", "2000000", **given)
    assert (limit["used"], limit["left"]) == (1_000_105, 999_895)
    assert "2,000,000 tokens per month" in run(tmp_path, *me, "set-limit", "tokens", "2000000", **given).stdout
    assert "1.5" in run(tmp_path, *me, "set-limit", "money", "1.5", "--per", "window", "--hours", "5", **given).stdout
    assert "invalid_input" in run(tmp_path, *me, "set-limit", "tokens", "many", code=2, **given).stderr
    assert "tenant" in run(tmp_path, *me, "limits", **given).stdout
    run(tmp_path, *me, "end-limit", limit["id"], **given)
    assert [one["measure"] for one in as_json(tmp_path, *me, "limits", **given)["items"]] == ["money"]


def test_a_limit_is_recounted_and_the_platform_shows_how_it_is(tmp_path: Path, me: tuple[str, ...]) -> None:
    given = {"HOLDFAST_KEY": KEY, "HOLDFAST_KEYRING": os.environ["HOLDFAST_KEYRING"]}
    made = as_json(tmp_path, *me, "set-limit", "tokens", "5000000", **given)
    done = as_json(tmp_path, *me, "recount", made["id"], **given)
    assert (done["limit"]["used"], done["was_used"], done["was_reserved"]) == (1_000_105, 1_000_105, 0)
    said = run(tmp_path, *me, "recount", made["id"], **given).stdout
    assert "1,000,105 tokens are used and 0 reserved; it said 1,000,105 and 0." in " ".join(said.split())
    health = as_json(tmp_path, *me[:2], "metering", "health", **given)
    assert health["wrong"] == [] and health["dependencies"][0]["name"] == "database"
    shown = run(tmp_path, *me[:2], "metering", "health", **given).stdout
    assert "expired holds" in shown and "1 tenants, 1 people" in shown
