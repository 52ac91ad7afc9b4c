"""The ring in a key-management service, against a server that runs here."""

import threading
import traceback
from uuid import uuid4

import pytest
from support import vaulted
from support.kms import CREDENTIALS, REGION, kms_client, kms_server

import holdfast
from holdfast.core.crypto.models import STORE
from holdfast.core.crypto.ring import generation
from holdfast.core.crypto.rings import open_ring

pytestmark = pytest.mark.xdist_group("kms")  # moto is imported by one worker
KEY = "0123456789abcdef" * 4
ACME, GLOBEX = uuid4(), uuid4()
SECRET = bytes(range(32))
TRANSACTIONS = {"_read_on", "_alone", "_together", "_behind_savepoint"}
"""What is on the stack inside a transaction of the SQLite engine."""


@pytest.fixture(scope="module")
def server():
    with kms_server() as url:
        yield url


@pytest.fixture
def client(server):
    return kms_client(server)


@pytest.fixture
def ring(client, request):
    return aws_kms(client, name=f"t{abs(hash(request.node.nodeid))}")


def aws_kms(client, **named):
    """The class is imported when it is used: boto3 is not for every worker."""
    from holdfast.core.crypto.kms import AwsKms

    return AwsKms(client, **named)


def refused(code, call, *args, **named):
    with pytest.raises(holdfast.HoldfastError) as caught:
        call(*args, **named)
    assert caught.value.code == code, str(caught.value)
    return str(caught.value)


def state(client, wrapped):
    return client.describe_key(KeyId=wrapped.ring_key.partition(":")[2])["KeyMetadata"]["KeyState"]


def test_what_was_wrapped_comes_back_for_its_owner_only(ring, client):
    wrapped = ring.wrap(ACME, SECRET)
    assert ring.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET
    assert SECRET not in wrapped.blob
    assert wrapped.ring_key in refused("wrong_ring_key", ring.unwrap, GLOBEX, wrapped.ring_key, wrapped.blob)
    assert wrapped.ring_key in refused("wrong_ring_key", ring.unwrap, ACME, wrapped.ring_key, wrapped.blob[:-1])
    theirs = ring.wrap(GLOBEX, SECRET)
    assert theirs.ring_key != wrapped.ring_key
    again = aws_kms(client, name=ring._prefix.split("/")[1])
    assert again.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET
    assert again.wrap(ACME, SECRET).ring_key == wrapped.ring_key


def test_a_key_that_is_not_there_is_named(ring):
    blob = ring.wrap(ACME, SECRET).blob
    missing = f"20260101T000000-abcd:{uuid4()}"
    assert missing in refused("ring_key_missing", ring.unwrap, ACME, missing, blob)
    assert "2026-01" in refused("ring_key_missing", ring.unwrap, ACME, "2026-01", blob)


def test_a_new_generation_wraps_and_the_earlier_ones_unwrap(ring):
    before = ring.wrap(ACME, SECRET)
    added = ring.add()
    after = ring.wrap(ACME, SECRET)
    assert added.current and generation(after.ring_key) == added.id != generation(before.ring_key)
    for wrapped in (before, after):
        assert ring.unwrap(ACME, wrapped.ring_key, wrapped.blob) == SECRET
    assert [key.current for key in ring.keys()] == [True, False]
    assert all(key.created_at is not None for key in ring.keys())


def test_destroying_disables_the_key_and_has_it_deleted(ring, client):
    mine, theirs = ring.wrap(ACME, SECRET), ring.wrap(GLOBEX, SECRET)
    ring.add()
    later = ring.wrap(ACME, SECRET)
    assert ring.destroy(ACME) is True
    assert [state(client, w) for w in (mine, later, theirs)] == ["PendingDeletion", "PendingDeletion", "Enabled"]
    assert ring.unwrap(GLOBEX, theirs.ring_key, theirs.blob) == SECRET
    assert ring.destroy(ACME) is True
    anew = ring.wrap(ACME, SECRET)
    assert anew.ring_key not in (mine.ring_key, later.ring_key) and state(client, anew) == "Enabled"


@pytest.mark.parametrize("answer", ["DisabledException", "KMSInvalidStateException"])
def test_a_key_that_the_service_has_disabled_is_destroyed_to_us(ring, client, answer, monkeypatch):
    """Moto's server decrypts with a disabled key; the real one answers like this."""
    wrapped = ring.wrap(ACME, SECRET)

    def disabled(**_):
        raise client.exceptions.ClientError({"Error": {"Code": answer, "Message": "is disabled"}}, "Decrypt")

    monkeypatch.setattr(client, "decrypt", disabled)
    assert wrapped.ring_key in refused("key_destroyed", ring.unwrap, ACME, wrapped.ring_key, wrapped.blob)


def test_of_two_that_make_a_key_at_once_one_gives_way(client, ring):
    ring.wrap(STORE, SECRET)
    name = ring._prefix.split("/")[1]
    rings, found = [aws_kms(client, name=name) for _ in range(4)], []
    threads = [threading.Thread(target=lambda r=r: found.append(r.wrap(ACME, SECRET))) for r in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({wrapped.ring_key for wrapped in found}) == 1
    assert state(client, found[0]) == "Enabled"


def test_a_service_that_does_not_answer_is_named(ring):
    wrapped = ring.wrap(ACME, SECRET)
    with kms_server() as elsewhere:
        gone = aws_kms(kms_client(elsewhere))
        gone._client.meta.config.retries = {"max_attempts": 0}
    text = refused("key_ring_unavailable", gone.unwrap, ACME, wrapped.ring_key, wrapped.blob)
    assert REGION in text


def test_a_store_keeps_its_secrets_under_the_service(server, tmp_path, monkeypatch):
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_KMS": server}.items():
        monkeypatch.setenv(name, value)
    spec, url = f"aws-kms:{REGION}/stored", f"sqlite:///{tmp_path}/store.db"
    with holdfast.create(url, KEY, keys=spec) as store:
        for tenant in ("acme", "globex"):
            store.system().identity.create_tenant(tenant)
            store.system().identity.create_user("amina@acme.test", tenant=tenant)
        vaulted.make(store)
        row = vaulted.of(store).put("mine", "first")
        other = vaulted.of(store, "globex").put("other", "second")
    with holdfast.open(url, KEY, keys=spec) as store:
        kept, keys = vaulted.of(store), store.system().keys
        assert kept.get(row).token == "first"
        assert keys.rotate().rewrapped == 3
        keys.rotate_data(store.tenant("acme").tenant.id)
    with holdfast.open(url, KEY, keys=open_ring(spec)) as store:
        kept = vaulted.of(store)
        assert kept.get(row).token == "first"
        assert store.system().keys.destroy(store.tenant("acme").tenant.id).backups_too
        refused("key_destroyed", kept.get, row)
        assert vaulted.of(store, "globex").get(other).token == "second"


def test_the_service_is_never_asked_inside_a_transaction(server, tmp_path, monkeypatch):
    """Nor for a key that is at hand."""
    ring = aws_kms(kms_client(server), name="asked")
    url = f"sqlite:///{tmp_path}/store.db"
    with holdfast.create(url, KEY, keys=ring) as store:
        store.system().identity.create_tenant("acme")
        store.system().identity.create_user("amina@acme.test", tenant="acme")
        vaulted.make(store)
        asked = []

        def watched(step):
            def call(*args):
                asked.append({frame.name for frame in traceback.extract_stack()} & TRANSACTIONS)
                return step(*args)

            return call

        for name in ("wrap", "unwrap"):
            monkeypatch.setattr(ring, name, watched(getattr(ring, name)))
        kept = vaulted.of(store)
        row = kept.put("mine", "first", account="a-1")
        assert asked == [set(), set()]  # a key for fields and one for hashes was made
        for _ in range(3):
            assert kept.get(row).token == "first" and kept.find("a-1")
        kept.put_many(["more"] * 10)
        assert asked == [set(), set()]
    with holdfast.open(url, KEY, keys=ring) as store:
        asked.clear()
        threads = [threading.Thread(target=vaulted.of(store).all) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert asked == [set()]  # once for all of them
