"""Analyses: messages in, configurations out; each message once, nothing kept that was not asked for."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.hl7 import messages, patients

import holdfast
from holdfast.core.database import Query
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.scope import OPERATOR
from holdfast.domains.configurations.errors import ConfigurationNotFound
from holdfast.domains.interop.documents import documents
from holdfast.domains.interop.errors import DocumentUnreadable, ProfileTaken
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.interop.profiles import ProfileKey, profile_messages
from holdfast.domains.interop.spool import Spool, parts
from holdfast.domains.interop.tables import interop_lots, interop_samples
from holdfast.domains.records.errors import SetNotFound

SENT = messages(120, seed=31)
ADDRESS = "Epic/HL7v2/ADT^A01"


def done(store: Any, job: Any) -> Any:
    """The job, when a worker has done what waits."""
    store.worker().run_due()
    return job


def analysed(store: Any, person: Any, sent: list[bytes], **more: Any) -> dict[str, Any]:
    job = person.interop.analyse(b"".join(sent), **{"vendor": "Epic"} | more)
    store.worker().run_due()
    found = person.jobs.get(job.id)
    assert found.status == "done", (found.error, found.reason)
    return found.result  # type: ignore[no-any-return]


def counts(person: Any, address: str = ADDRESS) -> int:
    return person.configurations.get(address).document["messages"]  # type: ignore[no-any-return]


def rows(store: Any, table: Any) -> int:
    query = Query(select(table.c.tenant_id), operator=True)
    return len(store.engine.read(OPERATOR, "all", lambda tx: tx.all(query)))


@pytest.fixture
def me(sync_store: holdfast.Store) -> Any:
    return sync_store.tenant("acme").user("amina@acme.test")


def test_each_type_becomes_a_configuration_and_nothing_of_a_message_stays(sync_store: Any, me: Any) -> None:
    result = analysed(sync_store, me, SENT)
    assert {one["address"]: one["version"] for one in result["configurations"]} == {ADDRESS: 1, "Epic/HL7v2/ORU^R01": 1}
    assert (result["messages"], result["new"], result["unreadable"]) == (120, 120, 0)
    document = me.configurations.get(ADDRESS).document
    assert (document["vendor"], document["type"], document["messages"]) == ("Epic", "ADT^A01", 60)
    assert document["versions"]["2.5"]["segments"]["PV1"]["fields"]["2"]["present"] == 60
    assert rows(sync_store, interop_lots) == rows(sync_store, interop_samples) == 0


def test_the_same_again_adds_nothing_and_more_is_added(sync_store: Any, me: Any) -> None:
    analysed(sync_store, me, SENT[:80])
    assert counts(me) == 40
    again = analysed(sync_store, me, SENT[:80])
    assert again["new"] == 0
    assert {one["version"] for one in again["configurations"]} == {1}
    more = analysed(sync_store, me, SENT[40:])
    assert more["new"] == 40
    assert counts(me) == 60
    one_pass = analysed(sync_store, me, SENT, vendor="Other")
    assert one_pass["new"] == 120
    other = me.configurations.get("Other/HL7v2/ADT^A01").document
    mine = me.configurations.get(ADDRESS).document
    assert other["versions"] == mine["versions"]


def test_a_worker_that_dies_loses_no_message_and_counts_none_twice(
    sync_store: Any, me: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.domains.interop.lots.LOT", 4_000)
    monkeypatch.setattr("holdfast.domains.interop.analysing.LOTS", 2)
    from holdfast.domains.interop import analysing

    steps, whole = [0], analysing._step

    def dying(*given: Any) -> Any:
        steps[0] += 1
        if steps[0] == 3:
            raise ConnectionError("the machine went away")
        return whole(*given)

    monkeypatch.setattr(analysing, "_step", dying)
    job = me.interop.analyse(b"".join(SENT), vendor="Epic")
    sync_store.worker().run_due()
    half = me.jobs.get(job.id)
    assert half.status == "queued"
    assert 0 < half.done < half.total
    me.jobs.cancel(job.id)
    me.jobs.retry(job.id)
    sync_store.worker().run_due()
    found = me.jobs.get(job.id)
    assert found.status == "done", found.reason
    assert found.result["new"] == 120
    analysed(sync_store, me, SENT, vendor="Other")
    mine = me.configurations.get(ADDRESS).document["versions"]
    assert mine == me.configurations.get("Other/HL7v2/ADT^A01").document["versions"]


def test_an_analysis_can_be_cancelled(sync_store: Any, me: Any) -> None:
    job = me.interop.analyse(b"".join(SENT), vendor="Epic")
    assert me.jobs.cancel(job.id).status == "cancelled"
    sync_store.worker().run_due()
    with pytest.raises(holdfast.HoldfastError, match="no configuration at"):
        me.configurations.get(ADDRESS)


def test_samples_are_kept_only_where_asked_each_once_and_deleted(sync_store: Any, me: Any) -> None:
    analysed(sync_store, me, SENT[:20] + SENT[:4], keep_days=30)
    analysed(sync_store, me, SENT[10:30], keep_days=30)
    kept = me.interop.samples("Epic", "ADT^A01", limit=200)
    assert {one.content.encode() for one in kept} == set(SENT[1:30:2])
    first = me.interop.samples("Epic", "ADT^A01", limit=3)
    rest = me.interop.samples("Epic", "ADT^A01", after=first[-1].digest, limit=200)
    assert [*first, *rest] == kept
    assert me.interop.delete_samples("Epic") == 30
    assert me.interop.samples("Epic", "ADT^A01") == []
    assert counts(me) == 15


def test_copies_of_samples_have_nobody_in_them(sync_store: Any, me: Any) -> None:
    analysed(sync_store, me, SENT, keep_days=30)
    secrets = [secret for one in patients(120, seed=31) for secret in one.secrets]
    kept = me.interop.samples("Epic", "ADT^A01", limit=200)
    shown = me.interop.samples("Epic", "ADT^A01", limit=200, deidentified=True)
    made = me.interop.deidentify([one.content for one in kept])
    assert [one.digest for one in shown] == [one.digest for one in kept]
    for copied in ("".join(one.content for one in shown), "".join(made.messages)):
        assert [secret for secret in secrets if secret in copied] == []
        assert sum(isinstance(one, Message) for one in read(copied.encode())) == 60
    assert (made.left_out, made.mapping) == (0, None)
    assert me.interop.samples("Epic", "ADT^A01", limit=200) == kept
    fewer = me.interop.samples("Epic", "ADT^A01", limit=200, deidentified=True, k=1_000)
    lines = [[line.split("|") for one in some for line in one.content.splitlines()] for some in (kept, shown, fewer)]
    was, stays, left = ({fields[2] for fields in some if fields[0] == "PV1"} for some in lines)
    assert was == stays and not was & left, "no code is that of a thousand patients: none stays"
    for k, copied in ((0, True), (True, True), ("5", True), (2, False)):
        with pytest.raises(InvalidInput, match="^k: "):
            me.interop.samples("Epic", "ADT^A01", deidentified=copied, k=k)
    with pytest.raises(InvalidInput, match="not de-identified yet"):
        me.interop.samples("Epic", "Patient", standard="FHIR", deidentified=True)
    with pytest.raises(PermissionDenied):
        sync_store.tenant("acme").user("aud@acme.test").interop.deidentify(SENT[0])


def test_a_vendors_profile_is_of_who_began_it(sync_store: Any, me: Any) -> None:
    analysed(sync_store, me, SENT[:20], keep_days=30)
    ben = sync_store.tenant("acme").user("ben@acme.test")
    with pytest.raises(ProfileTaken, match="analysed by another member"):
        ben.interop.analyse(SENT[0], vendor="Epic")
    assert ben.interop.samples("Epic", "ADT^A01") == []
    assert ben.interop.delete_samples("Epic") == 0
    ada = sync_store.tenant("acme").user("ada@acme.test")
    assert len(ada.interop.samples("Epic", "ADT^A01")) == 10
    gus = sync_store.tenant("globex").user("gus@globex.test")
    assert analysed(sync_store, gus, SENT[:4])["new"] == 4
    assert counts(gus) == 2


def test_what_is_asked_of_a_configuration(sync_store: Any, me: Any) -> None:
    analysed(sync_store, me, SENT)
    assert me.interop.drift(ADDRESS, b"".join(SENT)).findings == ()
    changed = [one.replace(b"\rPID", b"\rZZZ|1\rPID") for one in SENT]
    assert [(one.location, one.kind) for one in me.interop.drift(ADDRESS, changed).findings] == [("ZZZ", "new segment")]
    assert [(one.kind, one.location) for one in me.interop.deviations(ADDRESS)["2.5"].found] == [
        ("custom segment", "ZAB")
    ]
    assert me.interop.validate(ADDRESS, SENT[1]) == []
    assert [one.kind for one in me.interop.validate(ADDRESS, changed[1])] == ["custom segment"]
    me.configurations.put("Epic/HL7v2/other", {"a": 1}, reason="not inferred")
    with pytest.raises(DocumentUnreadable, match="no configuration inferred from messages"):
        me.interop.deviations("Epic/HL7v2/other")


def test_a_resource_is_validated_where_its_configuration_is_of_fhir(me: Any) -> None:
    sent = [f'{{"resourceType": "Patient", "id": "p{number}", "gender": "female"}}\n' for number in range(20)]
    profile = profile_messages("".join(sent).encode(), ProfileKey(b"of this test alone"), standard="FHIR")
    address = "North/FHIR/Patient"
    me.configurations.put(address, documents(profile, vendor="North")["Patient"], reason="inferred")
    assert me.interop.validate(address, sent[3]) == []
    found = me.interop.validate(address, sent[3].replace("female", "f"))
    assert [(one.kind, one.location, one.position) for one in found] == [("unknown code", "Patient.gender", 1)]
    for wrong in ('{"resourceType": ', "".join(sent), " "):
        with pytest.raises(InvalidInput, match="^message: "):
            me.interop.validate(address, wrong)


def test_messages_are_made_as_the_sender_would_send_them_of_what_the_caller_may_read(sync_store: Any, me: Any) -> None:
    analysed(sync_store, me, SENT)
    made = me.interop.synthesise(ADDRESS, 60, seed=7)
    assert made == me.interop.synthesise(ADDRESS, 60, seed=7) != me.interop.synthesise(ADDRESS, 60, seed=8)
    check = me.interop.validator(ADDRESS)
    assert [check(one) for one in read("".join(made).encode()) if isinstance(one, Message)] == [[]] * 60
    again = analysed(sync_store, me, [text.encode() for text in made], vendor="Made")
    assert [one["messages"] for one in again["configurations"]] == [60]
    me.configurations.set_visibility(ADDRESS, "private")
    for wrong in ({"n": 0}, {"n": 10_001}, {"n": "5"}, {"n": True}, {"seed": "a"}, {"seed": 1.5}, {"seed": 2**64}):
        with pytest.raises(InvalidInput, match=f"^{next(iter(wrong))}: "):
            me.interop.synthesise(ADDRESS, **wrong)
    for person in ("acme/ben@acme.test", "globex/gus@globex.test"):
        tenant, email = person.split("/")
        with pytest.raises(ConfigurationNotFound):
            sync_store.tenant(tenant).user(email).interop.synthesise(ADDRESS, 1)
    assert len(sync_store.tenant("acme").user("ada@acme.test").interop.synthesise(ADDRESS, 1)) == 1
    with pytest.raises(PermissionDenied, match=r"the role 'auditor' may not do 'interop\.synthesise'"):
        sync_store.tenant("acme").user("aud@acme.test").interop.synthesise(ADDRESS, 1)
    me.configurations.put("Epic/HL7v2/other", ["a"], reason="not inferred")
    with pytest.raises(DocumentUnreadable, match="it is no object"):
        me.interop.synthesise("Epic/HL7v2/other", 1)


def with_reference(person: Any) -> None:
    """Names and addresses to make messages with: all of them weigh, but one."""
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "weight": {"type": "number"}}}
    person.records.define("names", key="name", schema=schema, weight="weight")
    rows = [{"name": name, "weight": weight} for name, weight in (("Óx^&", 3), ("Ape", 1), ("Elk", 0), ("L" * 90, 9))]
    person.records.put_many("names", rows)


def test_messages_are_made_of_reference_data_by_its_weights_where_the_caller_may_read_it(
    sync_store: Any, me: Any
) -> None:
    analysed(sync_store, me, SENT)
    with_reference(me)
    asked = {"surnames": "names", "PV1-3.1.1": {"set": "names", "member": "name", "where": {"name": "Ape"}}}
    made = me.interop.synthesise(ADDRESS, 60, seed=7, reference=asked)
    assert made == me.interop.synthesise(ADDRESS, 60, seed=7, reference=asked)
    found = [one for one in read("".join(made).encode()) if isinstance(one, Message)]
    names = [one["PID"][0][5].value(1) for one in found if one["PID"][0][5].value(1)]
    assert set(names) == {"Ox^&", "Ape"}
    assert names.count("Ape") < len(names) / 2
    assert {one["PV1"][0][3].value(1) for one in found} - {""} == {"Ape"}
    check = me.interop.validator(ADDRESS)
    assert [check(one) for one in found] == [[]] * 60
    for wrong in (
        ["surnames"],
        {"surnames": 3},
        {"surnames": {"set": "names", "more": 1}},
        {"nobody": "names"},
        {"PID-5.1.1": "names"},
        {"PID-5.1.1": {"set": "names", "member": "none"}},
        {"surnames": {"set": "names", "where": 3}},
    ):
        with pytest.raises(InvalidInput, match="^reference: "):
            me.interop.synthesise(ADDRESS, 1, reference=wrong)
    with pytest.raises(SetNotFound):
        me.interop.synthesise(ADDRESS, 1, reference={"surnames": "none"})


def test_other_standards_take_the_same_road(sync_store: Any, me: Any) -> None:
    patient = '{"resourceType":"Patient","id":"%d","gender":"female","birthDate":"1980-01-31"}'
    sent = [patient % number for number in range(20)]
    job = me.interop.analyse(sent, vendor="Epic", standard="FHIR")
    sync_store.worker().run_due()
    found = me.jobs.get(job.id)
    assert found.status == "done", found.reason
    assert [one["address"] for one in found.result["configurations"]] == ["Epic/FHIR/Patient"]
    assert counts(me, "Epic/FHIR/Patient") == 20
    assert me.interop.drift("Epic/FHIR/Patient", sent).findings == ()
    with pytest.raises(InvalidInput, match="messages are made of HL7v2"):
        me.interop.synthesise("Epic/FHIR/Patient", 1)


def test_a_vendor_with_slashes_and_what_is_no_input(sync_store: Any, me: Any) -> None:
    result = analysed(sync_store, me, SENT[:2], vendor="A/B-C*")
    assert result["configurations"][0]["address"].startswith("A%2FB-C%2A/HL7v2/")
    for wrong in (
        {"messages": b"MSH|", "vendor": "x", "standard": "X12"},
        {"messages": [], "vendor": "x"},
        {"messages": [3], "vendor": "x"},
        {"messages": b"MSH|", "vendor": "x", "keep_days": 0},
        {"messages": b"MSH|", "vendor": "x", "processes": 0},
        {"messages": b"MSH|", "vendor": " "},
    ):
        with pytest.raises(InvalidInput):
            me.interop.analyse(**wrong)


def test_what_is_malformed_is_told_with_its_place(sync_store: Any, me: Any) -> None:
    sent = [SENT[0], b"MSH|^AA\rPID|1\r", SENT[1], SENT[2].replace(b"\rPID", b"\rpid")]
    result = analysed(sync_store, me, sent)
    assert (result["messages"], result["new"], result["unreadable"]) == (4, 3, 1)
    assert result["problems"][:2] == [
        {"kind": "delimiters_invalid", "message": 2, "segment": "MSH", "position": 1},
        {"kind": "segment_malformed", "message": 4, "position": 2},
    ]


def test_the_async_face_has_the_same(amina: Any) -> None:
    assert amina.interop.analyse(b"".join(SENT[:20]), vendor="Epic").kind == "interop.analyse"
    assert amina.interop.samples("Epic", "ADT^A01") == []


def test_where_changes_are_reviewed_an_analysis_asks_for_one_and_revises_what_it_asked_for(
    sync_store: Any, me: Any
) -> None:
    first = analysed(sync_store, me, SENT[:40])
    ada = sync_store.tenant("acme").user("ada@acme.test")
    ada.configurations.set_rule("Epic/HL7v2/ADT^*", approvals=1)
    other = me.configurations.propose(ADDRESS, {"mine": 1}, reason="inferred by hand")
    told = {one["address"]: one for one in analysed(sync_store, me, SENT[:80])["configurations"]}
    assert told["Epic/HL7v2/ORU^R01"] == {"address": "Epic/HL7v2/ORU^R01", "version": 2, "messages": 40}
    assert (told[ADDRESS]["version"], told[ADDRESS]["messages"], counts(me)) == (1, 40, 20)
    assert [one["version"] for one in first["configurations"]] == [1, 1]
    request = me.configurations.request(told[ADDRESS]["request"])
    assert (request.status, request.base_version, request.revision) == ("open", 1, 1)
    assert (request.document["messages"], request.reason) == (40, "inferred from 40 messages")
    told = {one["address"]: one for one in analysed(sync_store, me, SENT)["configurations"]}
    assert told[ADDRESS]["request"] == str(request.id)
    request = me.configurations.request(request.id)
    assert (request.revision, request.document["messages"]) == (2, 60)
    assert {one.id for one in me.configurations.requests(address=ADDRESS).items} == {other.id, request.id}
    ada.configurations.approve(request.id)
    assert me.configurations.publish(request.id).version == 2
    assert counts(me) == 60


def test_an_analysis_that_is_done_twice_asks_once(sync_store: Any, me: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from holdfast.domains.interop import analysing

    analysed(sync_store, me, SENT[:40])
    sync_store.tenant("acme").user("ada@acme.test").configurations.set_rule("Epic/*/*", approvals=2)
    whole = analysing.configure

    def dying(*given: Any, **more: Any) -> Any:
        whole(*given, **more)
        raise ConnectionError("the machine went away")

    monkeypatch.setattr(analysing, "configure", dying)
    job = me.interop.analyse(b"".join(SENT), vendor="Epic")
    sync_store.worker().run_due()
    (asked,) = me.configurations.requests(address=ADDRESS).items
    monkeypatch.setattr(analysing, "configure", whole)
    me.jobs.cancel(job.id)
    me.jobs.retry(job.id)
    sync_store.worker().run_due()
    found = {one["address"]: one for one in me.jobs.get(job.id).result["configurations"]}
    assert found[ADDRESS]["request"] == str(asked.id)
    assert me.configurations.request(asked.id).revision == 1


def test_another_members_configuration_is_asked_for_where_one_may_comment(sync_store: Any, me: Any) -> None:
    ben = sync_store.tenant("acme").user("ben@acme.test")
    ben.configurations.put(ADDRESS, {"from": "ben"}, reason="first")
    ben.configurations.share(ADDRESS, me.scope.actor_id, "comment")
    told = {one["address"]: one for one in analysed(sync_store, me, SENT[:40])["configurations"]}
    assert ben.configurations.request(told[ADDRESS]["request"]).document["messages"] == 20


def received(folder: Path, *sent: bytes) -> Path:
    with Spool(folder / "in.hl7") as spool:
        for one in sent:
            spool.store(one)
        spool.cut()
    return spool.path


def test_what_a_listener_received_is_analysed_once_whatever_happens(
    sync_store: Any, me: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from holdfast.domains.interop import actions

    spool = received(tmp_path, *SENT[:20])
    ben = sync_store.tenant("acme").user("ben@acme.test")
    analysed(sync_store, ben, SENT[:1], vendor="Ben's")
    with pytest.raises(ProfileTaken):
        me.interop.drain(spool, vendor="Ben's")
    assert len(parts(spool)) == 1, "what is refused stays"

    def dies(_part: Path) -> None:
        raise OSError("the machine went away")

    with monkeypatch.context() as broken:
        broken.setattr(actions, "remove", dies)
        with pytest.raises(OSError, match="went away"):
            me.interop.drain(spool, vendor="Epic", keep_days=30)
    received(tmp_path, *SENT[20:40])
    assert len(parts(spool)) == 2
    again = me.interop.drain(spool, vendor="Epic", keep_days=30)
    assert (len(again), parts(spool), rows(sync_store, interop_lots)) == (2, [], 2)
    sync_store.worker().run_due()
    assert [me.jobs.get(one.id).result["messages"] for one in again] == [20, 20]
    assert (counts(me), rows(sync_store, interop_samples), rows(sync_store, interop_lots)) == (20, 40, 0)
    assert len(me.jobs.list(kind="interop.analyse").items) == 2
    assert me.interop.drain(spool, vendor="Epic") == []
