"""Secrets in columns: sealed where they lie, open to their own row only, and nowhere in the clear."""

import pytest
from support import vaulted
from support.backdoor import Backdoor

import holdfast
from holdfast.core.scope import OPERATOR


@pytest.fixture
def kept(sync_store):
    vaulted.make(sync_store)
    return vaulted.of(sync_store)


@pytest.fixture
def theirs(sync_store, kept):
    return vaulted.of(sync_store, "globex", "gus@globex.test")


@pytest.fixture
def backdoor(sync_store):
    return Backdoor(sync_store.engine)


def refused(code, call, *args):
    with pytest.raises(holdfast.HoldfastError) as caught:
        call(*args)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


def test_what_was_put_comes_back(kept):
    row = kept.put("ads", "ya29.heliotrope ✓", spare="1//refresh")
    assert (kept.get(row).token, kept.get(row).spare) == ("ya29.heliotrope ✓", "1//refresh")
    assert kept.change(row, "new") == 1
    assert kept.get(row).token == "new"
    kept.change(row, None)
    assert kept.get(row).token is None
    empty = kept.put("empty", "")
    assert kept.get(empty).token == ""
    kept.put_many([f"token {n}" for n in range(50)])
    assert [k.token for k in kept.all()][2:] == [f"token {n}" for n in range(50)]
    assert "heliotrope" not in repr(kept.all())


def test_in_the_database_it_is_sealed_each_time_anew(kept, backdoor):
    for _ in range(2):
        kept.put("same", "heliotrope")
    first, second = [bytes(row[0]) for row in backdoor.run("SELECT token FROM vaulted")]
    assert first != second and b"heliotrope" not in first + second
    assert len(first) == 1 + 16 + 12 + len("heliotrope") + 16


def test_a_secret_moved_to_another_row_fails_loudly(kept, backdoor):
    mine, other = kept.put("mine", "first"), kept.put("other", "second")
    (sealed,) = backdoor.run("SELECT token FROM vaulted WHERE name = 'mine'")[0]
    backdoor.run("UPDATE vaulted SET token = ? WHERE name = 'other'", sealed)
    assert kept.get(mine).token == "first"
    text = refused("secret_unreadable", kept.get, other)
    assert "vaulted.token" in text and "does not belong to this row" in text
    refused("secret_unreadable", kept.all)


def test_a_secret_moved_to_another_column_fails_loudly(kept, backdoor):
    row = kept.put("mine", "first")
    backdoor.run("UPDATE vaulted SET spare = token")
    assert "vaulted.spare" in refused("secret_unreadable", kept.get, row)


def test_a_secret_moved_to_another_tenant_fails_loudly(sync_store, kept, theirs, backdoor):
    row = kept.put("mine", "first")
    theirs.put("theirs", "second")
    (globex,) = backdoor.run("SELECT tenant_id FROM vaulted WHERE name = 'theirs'")[0]
    backdoor.run("DELETE FROM vaulted WHERE name = 'theirs'")
    backdoor.run("UPDATE vaulted SET tenant_id = ?", globex)
    refused("secret_unreadable", theirs.get, row)
    everything = lambda tx: tx.all(vaulted.of_all)  # noqa: E731
    refused("secret_unreadable", sync_store.engine.read, OPERATOR, "all", everything)


@pytest.mark.parametrize("damage", [b"", b"x", b"\x01" * 44, b"\x02" * 100, b"\x01" * 100])
def test_a_damaged_secret_fails_loudly(kept, backdoor, damage):
    row = kept.put("mine", "first")
    backdoor.run("UPDATE vaulted SET token = ?", damage)
    refused("secret_unreadable", kept.get, row)


def test_every_byte_of_a_secret_counts(kept, backdoor):
    row = kept.put("mine", "first")
    (sealed,) = map(bytes, backdoor.run("SELECT token FROM vaulted")[0])
    for at in range(len(sealed)):
        backdoor.run("UPDATE vaulted SET token = ?", sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
        refused("secret_unreadable", kept.get, row)


def test_an_identifier_is_found_by_its_keyed_hash_and_not_kept(kept, theirs, backdoor):
    row = kept.put("mine", None, account="DE89 3704 0044")
    theirs.put("theirs", None, account="DE89 3704 0044")
    assert [k.id for k in kept.find("DE89 3704 0044")] == [row]
    assert kept.find("DE89 3704 0045") == []
    hashes = {bytes(h) for (h,) in backdoor.run("SELECT account FROM vaulted")}
    assert len(hashes) == 2 and all(len(h) == 32 for h in hashes)


def test_the_operator_reads_the_secrets_of_every_tenant(sync_store, kept, theirs):
    kept.put("mine", "first")
    theirs.put("theirs", "second")
    rows = sync_store.engine.read(OPERATOR, "all", lambda tx: tx.all(vaulted.of_all))
    assert [row[3] for row in rows] == ["first", "second"]


PLANTED = [f"planted-{n}-heliotrope-secret" for n in range(100)]
NEEDLE = b"heliotrope-secret"


@pytest.fixture
def lines(caplog):
    """Whatever is logged, by anybody."""
    caplog.set_level(0)
    return caplog


def test_nothing_of_a_hundred_planted_secrets_is_in_files_logs_errors_or_models(tmp_path, lines, capfd):
    """In a file that is not encrypted itself, so that what is found was written in the clear."""
    url, shown = f"sqlite:///{tmp_path}/plain.db", []
    with holdfast.create(url) as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")
        vaulted.make(store)
        kept, backdoor = vaulted.of(store), Backdoor(store.engine)
        rows = [kept.put(f"n{n}", text, spare=text, account=text) for n, text in enumerate(PLANTED)]
        for n, row in enumerate(rows[:50]):
            kept.change(row, f"changed {PLANTED[n]}")
        assert {k.token.removeprefix("changed ") for k in kept.all()} == set(PLANTED)
        assert [kept.find(text)[0].id for text in PLANTED] == rows
        store.system().keys.rotate_data(store.tenant("acme").tenant.id)
        shown += [repr(kept.all()), repr(store.system().keys.list_keys()), repr(store.engine.vault.__dict__.keys())]
        backdoor.run("UPDATE vaulted SET token = spare")
        shown.append(refused("secret_unreadable", kept.all))
        files = [item.read_bytes() for item in tmp_path.iterdir()]
    files += [item.read_bytes() for item in tmp_path.iterdir()]
    out = capfd.readouterr()
    shown += [out.out, out.err, *[str(record.__dict__) for record in lines.records]]
    assert len(files) >= 2
    for data in [*files, *[text.encode() for text in shown]]:
        assert NEEDLE not in data
        assert NEEDLE.hex().encode() not in data.lower()


def test_a_failing_statement_shows_no_secret(kept, backdoor, lines):
    backdoor.run("DROP TABLE vaulted")
    text = refused("internal_error", kept.put, "mine", "heliotrope-secret")
    assert "heliotrope" not in text + str([record.__dict__ for record in lines.records])
