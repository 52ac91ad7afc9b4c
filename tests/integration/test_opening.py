"""Making, opening and migrating a store: what goes wrong is named, and nothing is left behind."""

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

import holdfast
from holdfast import HoldfastError, opening

KEY = "0123456789abcdef" * 4


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


@pytest.mark.parametrize("found", ["9998", "0002_later", "abc"])
def test_a_schema_from_the_future_is_named_and_left_alone(place, found):
    execute(place, f"UPDATE holdfast_schema SET version_num = '{found}'")
    for call in (holdfast.open, holdfast.migrate):
        text = refused("schema_too_new", call, place.url, place.key)
        assert repr(found) in text and "upgrade Holdfast" in text


def test_a_schema_of_the_past_is_named_with_the_command_to_run(place, monkeypatch):
    monkeypatch.setattr(opening, "REVISIONS", (*opening.REVISIONS, "9999"))
    monkeypatch.setattr(opening, "NEWEST", "9999")  # a later version of Holdfast
    text = refused("schema_too_old", holdfast.open, place.url, place.key)
    assert "needs 9999" in text and "holdfast migrate" in text


def test_migrating_what_is_newest_already_changes_nothing(place):
    assert holdfast.migrate(place.url, place.key) == opening.NEWEST
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
