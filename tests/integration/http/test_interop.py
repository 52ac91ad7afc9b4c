"""Interop over HTTP and through the client: messages are texts, and no file of the server's is read for anybody."""

from pathlib import Path

import pytest
from support.hl7 import messages
from support.interop import keep_sample
from support.through_client import ThroughClient

from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations.errors import ConfigurationNotFound
from holdfast.domains.interop.errors import DocumentUnreadable, NothingToCompare, ProfileTaken

SENT = [raw.decode() for raw in messages(120, seed=51)]
ADDRESS = "Epic/HL7v2/ADT^A01"


@pytest.fixture
def store(place):
    opened = ThroughClient(place.url, place.key, jobs=False)
    yield opened
    opened.close()


@pytest.fixture
def me(store):
    return store.tenant("acme").user("amina@acme.test")


def test_the_client_analyses_and_asks_as_the_library_does(store, me):
    job = me.interop.analyse(SENT, vendor="Epic", keep_days=30)
    store.worker().run_due()
    assert me.jobs.get(job.id).result["new"] == 120
    me.records.define("names", key="name", schema={"type": "object"}, weight="weight")
    me.records.put("names", {"name": "Ape", "weight": 1})
    here = store._store.tenant("acme").user("amina@acme.test")
    changed = [one.replace("\rPID", "\rZZZ|1\rPID") for one in SENT]
    for ask in (
        lambda one: one.interop.drift(ADDRESS, changed),
        lambda one: one.interop.drift(ADDRESS, "".join(SENT)),
        lambda one: one.interop.deviations(ADDRESS),
        lambda one: one.interop.validate(ADDRESS, changed[1]),
        lambda one: one.interop.synthesise(ADDRESS, 20, seed=7),
        lambda one: one.interop.synthesise(ADDRESS, 20, seed=7, reference={"surnames": "names"}),
        lambda one: one.interop.samples("Epic", "ADT^A01", limit=7),
        lambda one: [each.digest for each in one.interop.samples("Epic", "ADT^A01", deidentified=True)],
        lambda one: one.interop.deidentify([*SENT, "MSH|^AA"]).left_out,
        lambda one: sorted(one.interop.deidentify(SENT[:3], mapping=True).mapping["days"]),
        lambda one: sorted(one.interop.deidentify(SENT[:3], mapping=True, k=2).mapping["pseudonyms"][""]),
    ):
        assert ask(me) == ask(here) != []
    assert [(one.kind, one.location) for one in me.interop.validate(ADDRESS, changed[1])] == [("custom segment", "ZZZ")]
    assert [one.kind for one in me.interop.drift(ADDRESS, changed).findings] == ["new segment"]
    assert (me.interop.delete_samples("Epic"), me.interop.samples("Epic", "ADT^A01")) == (120, [])
    with pytest.raises(ProfileTaken):
        store.tenant("acme").user("ben@acme.test").interop.analyse(SENT[0], vendor="Epic")
    with pytest.raises(ConfigurationNotFound):
        me.interop.synthesise("Epic/HL7v2/none", 1)
    with pytest.raises(InvalidInput, match="n: 10001 is not from 1 to 10000"):
        me.interop.synthesise(ADDRESS, 10_001)
    with pytest.raises(InvalidInput, match="k: 0 is not from 1 to 1000"):
        me.interop.deidentify(SENT[:3], k=0)
    me.configurations.put("Epic/HL7v2/other", {"a": 1}, reason="not inferred")
    with pytest.raises(DocumentUnreadable):
        me.interop.deviations("Epic/HL7v2/other")


def test_a_path_is_a_text_and_nothing_of_the_servers_disk_is_read(store, me, tmp_path):
    file = tmp_path / "sent.hl7"
    file.write_text("".join(SENT))
    job = me.interop.analyse([str(file), file.as_uri()], vendor="Epic")
    store.worker().run_due()
    assert (me.jobs.get(job.id).result["messages"], me.jobs.get(job.id).result["configurations"]) == (0, [])
    me.interop.analyse(SENT, vendor="Epic")
    store.worker().run_due()
    with pytest.raises(NothingToCompare):
        me.interop.drift(ADDRESS, str(file))
    with pytest.raises(InvalidInput, match="^message: "):
        me.interop.validate(ADDRESS, str(file))
    for address in (str(file), "../../etc/passwd", file.as_uri()):
        with pytest.raises((ConfigurationNotFound, InvalidInput)):
            me.interop.deviations(address)
    for given in (Path(file), [SENT[0], Path(file)]):
        with pytest.raises(InvalidInput, match="a server reads no file of this machine"):
            me.interop.analyse(given, vendor="Epic")


def test_a_kept_message_that_is_no_utf_8_is_shown_all_the_same(store, me):
    keep_sample(store.engine, me.scope, "Latin", "Müller".encode("latin-1"))
    assert [one.content for one in me.interop.samples("Latin", "ORU^R01")] == ["M\ufffdller"]
