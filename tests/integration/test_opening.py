"""Making, opening and migrating a store: what goes wrong is named, and nothing is left behind."""

import os
import stat

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

import holdfast
from holdfast import HoldfastError
from holdfast import store as store_module

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
    assert connection.execute("SELECT version_num FROM holdfast_schema").fetchone() == ("0001",)
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


def test_what_is_there_is_not_made_again(url, path, tmp_path):
    with holdfast.create(url, KEY) as store:
        store.system().identity.create_tenant("acme")
    before = path.read_bytes()
    for key in (KEY, None, "other"):
        assert "already something" in refused("store_exists", holdfast.create, url, key)
    assert path.read_bytes() == before
    (tmp_path / "notes.txt").write_text("notes")
    refused("store_exists", holdfast.create, f"sqlite:///{tmp_path}/notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "notes"
    refused("store_exists", holdfast.create, f"sqlite:///{tmp_path}")


def test_what_is_not_there_is_missing_and_not_made(url, path):
    for call in (holdfast.open, holdfast.migrate):
        for key in (KEY, None):
            assert "holdfast init" in refused("store_missing", call, url, key)
    assert names(path.parent) == []


FILES = {
    "text": b"Dear diary, this is only a text file.\n" * 300,
    "text of whole pages": b"0123456789abcde\n" * 512,
    "empty": b"",
    "one byte": b"x",
    "a zip": b"PK\x03\x04" + b"\0" * 1000,
    "the beginning of a database": b"SQLite format 3\0",
    "a database of noise": b"SQLite format 3\0" + bytes(range(256)) * 32,
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("call", [holdfast.open, holdfast.migrate])
def test_a_file_that_is_no_database_is_named_and_left_alone(url, path, kind, call):
    path.write_bytes(FILES[kind])
    text = refused("not_a_database", call, url)
    assert str(path) in text and "nothing was changed" in text
    assert path.read_bytes() == FILES[kind]
    assert names(path.parent) == ["new.db"]


def test_a_folder_is_no_database(tmp_path):
    for key in (None, KEY):
        refused("not_a_database", holdfast.open, f"sqlite:///{tmp_path}", key)


def test_a_store_that_was_cut_off_is_named(url, path):
    holdfast.create(url, KEY).close()
    whole = path.read_bytes()
    for size in (4096 * 2, 4096 + 100, 100):
        path.write_bytes(whole[:size])
        with pytest.raises(HoldfastError) as caught:
            holdfast.open(url, KEY)
        assert caught.value.code in ("wrong_key", "not_a_database", "not_a_store"), size


def test_a_database_of_another_program_is_named_and_left_alone(url, path):
    connection = sqlcipher.connect(str(path))
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    for call in (holdfast.open, holdfast.migrate):
        assert "without a Holdfast schema" in refused("not_a_store", call, url)
    assert path.read_bytes() == before
    assert names(path.parent) == ["new.db"]


URLS = ("", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "redis://localhost", "http://x", None, 5,
        "sqlite+pysqlite:///x.db", "/path/to/file.db", "app.db")  # fmt: skip


def test_a_url_of_no_known_engine_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given in URLS:
        for call in (holdfast.open, holdfast.create, holdfast.migrate):
            assert "sqlite:///path/to/file.db" in refused("unsupported_url", call, given)
    assert names(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    assert "does not exist" in refused("unsupported_url", holdfast.create, f"sqlite:///{tmp_path}/no/such/new.db")
    (tmp_path / "file").write_text("x")
    refused("unsupported_url", holdfast.create, f"sqlite:///{tmp_path}/file/new.db")
    refused("unsupported_url", holdfast.create, f"sqlite:///{tmp_path}/{'x' * 300}.db")
    refused("store_missing", holdfast.open, f"sqlite:///{tmp_path}/file/new.db")
    assert names(tmp_path) == ["file"]


def execute(place, statement):
    """As the schema's owner, past Holdfast."""
    engine = holdfast.open(place.url, place.key)
    with engine.engine.admin() as connection:
        connection.connection.cursor().execute(statement)
    engine.close()


@pytest.mark.parametrize("found", ["9999", "0002_later", "abc"])
def test_a_schema_from_the_future_is_named_and_left_alone(place, found):
    execute(place, f"UPDATE holdfast_schema SET version_num = '{found}'")
    for call in (holdfast.open, holdfast.migrate):
        text = refused("schema_too_new", call, place.url, place.key)
        assert repr(found) in text and "upgrade Holdfast" in text


def test_a_schema_of_the_past_is_named_with_the_command_to_run(place, monkeypatch):
    monkeypatch.setattr(store_module, "REVISIONS", (*store_module.REVISIONS, "0002"))
    monkeypatch.setattr(store_module, "NEWEST", "0002")  # a later version of Holdfast
    text = refused("schema_too_old", holdfast.open, place.url, place.key)
    assert "needs 0002" in text and "holdfast migrate" in text


def test_migrating_what_is_newest_already_changes_nothing(place):
    assert holdfast.migrate(place.url, place.key) == store_module.NEWEST
    holdfast.open(place.url, place.key).close()


def test_a_store_that_is_there_already_is_not_made_again(place):
    assert "already something" in refused("store_exists", holdfast.create, place.url, place.key)
    with holdfast.open(place.url, place.key) as store:
        assert store.tenant("acme").tenant.slug == "acme"


def test_a_database_without_the_schema_is_no_store(postgres):
    for call in (holdfast.open, holdfast.migrate):
        assert "without a Holdfast schema" in refused("not_a_store", call, postgres.url("postgres"))
    assert "there is no store" in refused("store_missing", holdfast.open, postgres.url("nosuchdatabase"))


def test_a_server_or_login_that_is_not_there_is_unavailable(postgres, tmp_path):
    refused("unavailable", holdfast.open, f"postgresql://postgres@/postgres?host={tmp_path}")
    refused("unavailable", holdfast.open, postgres.url("postgres").replace("//postgres@", "//nobody_of_this_name@"))


def test_a_url_shows_no_password(postgres, tmp_path):
    url = f"postgresql://postgres:sesame@/nosuchdatabase?host={postgres.folder}"
    assert "sesame" not in refused("store_missing", holdfast.open, url)


def test_a_closed_store_says_so(place):
    store = holdfast.open(place.url, place.key)
    amina = store.tenant("acme").user("amina@acme.test")
    store.close()
    store.close()
    assert "open it again" in refused("store_closed", amina.conversations.create)
    refused("store_closed", amina.conversations.list)
    refused("store_closed", store.tenant, "acme")
