"""Keys: each form of one, what an encrypted file shows of its content, and what goes wrong with them."""

import os
import stat

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

import holdfast
from holdfast import HoldfastError
from holdfast.migrations import NEWEST

KEY = "0123456789abcdef" * 4
KEYS = {"passphrase": "correct horse battery staple ✓", "hex": KEY, "bytes": bytes(range(32))}


def refused(code, call, *args):
    with pytest.raises(HoldfastError) as caught:
        call(*args)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


def names(folder):
    return sorted(item.name for item in folder.iterdir())


@pytest.mark.parametrize("form", KEYS)
def test_each_form_of_key_opens_what_it_made(url, form):
    with holdfast.create(url, KEYS[form]) as store:
        store.system().identity.create_tenant("acme")
    with holdfast.open(url, KEYS[form]) as store:
        assert store.tenant("acme").tenant.slug == "acme"


def test_hex_digits_and_their_bytes_are_one_key(url):
    holdfast.create(url, KEY).close()
    holdfast.open(url, bytes.fromhex(KEY)).close()
    holdfast.open(url, KEY.upper()).close()


def test_without_a_key_it_is_a_plain_file(url, path):
    holdfast.create(url).close()
    assert path.read_bytes().startswith(b"SQLite format 3\0")
    holdfast.open(url).close()


def test_a_new_file_is_for_its_owner_only(url, path):
    old = os.umask(0)
    try:
        with holdfast.create(url, KEY) as store:
            store.system().identity.create_tenant("acme")
            modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert set(modes.values()) == {0o600}, modes


def test_nothing_that_was_said_can_be_read_in_an_encrypted_file(url, path):
    with holdfast.create(url, KEY) as store:
        identity = store.system().identity
        identity.create_tenant("acme", name="SecretBank")
        identity.create_user("amina@acme.test", tenant="acme")
        c = store.tenant("acme").user("amina@acme.test").conversations
        chat = c.create(title="Heliotrope title", metadata={"k": "Heliotrope metadata"})
        for n in range(200):
            c.append(chat.id, role="user", content=f"Heliotrope content {n}")
        c.attach(chat.id, b"Heliotrope attachment", name="a.txt", media_type="text/plain")
        c.search("heliotrope")
        files = [item.read_bytes() for item in path.parent.iterdir()]
    for data in [*files, *[item.read_bytes() for item in path.parent.iterdir()]]:
        for secret in (b"eliotrop", b"SecretBank", b"amina@acme", b"CREATE TABLE", b"SQLite format"):
            assert secret not in data


def test_the_passphrase_opens_the_file_in_sqlciphers_own_tools(url, path):
    holdfast.create(url, "correct horse").close()
    connection = sqlcipher.connect(str(path))
    connection.execute("PRAGMA key = 'correct horse'")
    assert connection.execute("SELECT version_num FROM holdfast_schema").fetchone() == (NEWEST,)
    connection.close()


def test_a_wrong_key_is_named_and_changes_nothing(url, path):
    holdfast.create(url, KEY).close()
    before = path.read_bytes()
    for wrong in ("wrong", "f" * 64, bytes(32)):
        text = refused("wrong_key", holdfast.open, url, wrong)
        assert str(path) in text and "wrong" in text and "f" * 64 not in text
    assert path.read_bytes() == before
    assert names(path.parent) == ["new.db"]
    refused("wrong_key", holdfast.migrate, url, "wrong")


def test_a_missing_key_and_a_needless_one_are_named(url, tmp_path):
    holdfast.create(url, KEY).close()
    assert "HOLDFAST_KEY" in refused("key_needed", holdfast.open, url)
    plain = f"sqlite:///{tmp_path}/plain.db"
    holdfast.create(plain).close()
    assert "is not encrypted, yet a key was given" in refused("not_encrypted", holdfast.open, plain, KEY)


@pytest.mark.parametrize("key", ["", "   ", b"", b"short", b"x" * 33, 5, [], "\ud800"])
def test_a_key_that_is_none_is_refused_and_leaves_nothing(url, path, key):
    refused("invalid_key", holdfast.create, url, key)
    assert names(path.parent) == []


def test_a_file_key_is_not_for_a_server(postgres):
    refused("invalid_key", holdfast.open, postgres.url("postgres"), KEY)
    refused("invalid_key", holdfast.create, postgres.url("postgres"), KEY)
