"""The interface engine of a hospital: the stories that a person who runs one would ask for, on both engines."""

import copy
import json
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from support.backdoor import Backdoor
from support.fhir import person
from support.hl7 import patients
from support.reference import write_reference
from support.refusals import refused

from examples.interface_engine.app import Answered, InterfaceEngine
from holdfast.domains.configurations import address_of
from holdfast.domains.interop.hl7 import Message, read
from holdfast.domains.metering import LimitExceeded, actions, charging, cleaning, limiting, recording
from holdfast.samples.hl7 import Drift, messages

NORA, AMIR, PIA = (f"{name}@stonebridge.test" for name in ("nora", "amir", "pia"))
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
EPIC = "Epic/HL7v2/ADT^A01"
NEW = "Epic-North/HL7v2/ADT^A01"
SENT = messages("Epic", 1_000, seed=5)
CODES = {"PV1-2", "PV1-10", "PID-8", "PID-16"}
"""The coded fields among those that this sender fills, in segments of the standard."""
NOTE = ("versions", "2.3", "segments", "PV1", "fields", "10", "note")


@pytest.fixture
def store(organised):
    """The hospital's, with a worker."""
    worker = organised.worker()
    worker.start()
    yield organised
    worker.stop()


@pytest.fixture
def app(store):
    return InterfaceEngine(store, tenant="stonebridge")


@pytest.fixture
def nora(app):
    return app.person(NORA)


@pytest.fixture
def amir(app):
    return app.person(AMIR)


@pytest.fixture
def pia(app):
    return app.person(PIA)


def fields(message):
    """A message's segments as a person would cut them: (name, {number: text}); MSH-1 and 2 are the delimiters."""
    for line in message.rstrip("\r").split("\r"):
        name, *rest = line.replace("MSH|^~\\&", "MSH||").split("|")
        yield name, {number: text for number, text in enumerate(rest, 1) if text}


def lots(sent, size):
    return ["".join(sent[at : at + size]) for at in range(0, len(sent), size)]


def without_patients(found):
    """Without the numbers of different patients, which are estimates above 64."""
    if isinstance(found, dict):
        return {name: without_patients(one) for name, one in found.items() if name != "patients"}
    return [without_patients(one) for one in found] if isinstance(found, list) else found


# 1.1 Samples become a configuration, exact to the count; the same again adds nothing, more is added without the first.


def test_1_1_five_hundred_samples_are_one_job_that_says_how_far_it_is(app, nora):
    seen = []
    result = app.learn(nora, "Epic-North", lots(SENT[:500], 5), told=lambda job: seen.append((job.done, job.total)))
    assert result["configurations"] == [{"address": NEW, "version": 1, "messages": 500}]
    assert (result["new"], result["unreadable"], result["problems"]) == (500, 0, [])
    done = [each for each, _ in seen]
    assert done == sorted(done) and seen[-1] == (100, 100) and any(0 < each < 100 for each in done)


def test_1_1_counts_lengths_formats_and_codes_are_exact(app, nora):
    app.learn(nora, "Epic-North", ["".join(SENT[:500])])
    document = nora.configurations.get(NEW).document
    found = document["versions"]["2.3"]
    have, present, lengths, values = Counter(), Counter(), {}, {}
    order = Counter()
    for message in SENT[:500]:
        segments = [*fields(message)]
        have.update({name for name, _ in segments})
        names = ["^", *(name for name, _ in segments), "$"]
        order.update(f"{one}>{other}" for one, other in pairwise(names))
        patient = dict(segments)["PID"][3]
        for name, filled in segments:
            for number, text in filled.items():
                present[name, number] += 1
                if "^" not in text and name != "MSH":
                    lengths.setdefault((name, number), []).append(len(text))
                if f"{name}-{number}" in CODES:
                    values.setdefault((name, number), {}).setdefault(text, []).append(patient)
    assert {name: one["messages"] for name, one in found["segments"].items()} == have
    assert all(one["in message"] == {"1": have[name]} for name, one in found["segments"].items()), "cardinality"
    columns = {
        (name, int(number)): column
        for name, one in found["segments"].items()
        for number, column in one["fields"].items()
    }
    assert {place: column["present"] for place, column in columns.items()} == present
    assert found["order"] == order
    for place, sizes in lengths.items():
        told = columns[place]["parts"]["1.1"]["length"]
        assert (told["min"], told["max"]) == (min(sizes), max(sizes)), place
    for place, by_value in values.items():
        shown = columns[place]["parts"]["1.1"]["values"]["shown"]
        assert {value: one["count"] for value, one in shown.items()} == {
            value: len(who) for value, who in by_value.items()
        }
        assert all(one["patients"] == pytest.approx(len({*by_value[value]}), rel=0.3) for value, one in shown.items())
    assert columns["PID", 7]["parts"]["1.1"]["formats"] == {"YYYYMMDD": 500}
    assert columns["EVN", 2]["parts"]["1.1"]["data type"]["guess"] == "date or time"
    assert found["segments"]["ZPV"]["custom"] and not found["segments"]["PV1"]["custom"]
    assert found["encoding"]["line ends"] == {"CR": 500} and found["encoding"]["delimiters"] == {"|^~\\&": 500}


def test_1_1_every_share_says_how_sure_it_is_and_no_value_of_a_patient_is_kept(app, nora):
    app.learn(nora, "Epic-North", ["".join(SENT[:500])])
    document = nora.configurations.get(NEW).document
    segments = document["versions"]["2.3"]["segments"]
    for one in segments.values():
        assert one["share"]["low"] <= one["share"]["of"] <= one["share"]["high"] and 0 <= one["confidence"] <= 1
        assert all(column["share"]["low"] <= column["share"]["of"] for column in one["fields"].values())
    assert document["signature"]["nearest"] in ("Epic", "Epic-North") and document["signature"]["evidence"]
    assert document["signature"]["declared"]["sending application"] == ["EPIC"]
    told = json.dumps(document, default=dict)
    with_values = {
        f"{name}-{number}.{place}"
        for name, one in segments.items()
        for number, column in one["fields"].items()
        for place, part in column["parts"].items()
        if "values" in part
    }
    assert with_values >= {f"{place}.1.1" for place in CODES}
    assert not [
        place for place in with_values if place.startswith(("PID-3.1.", "PID-5.", "PID-7.", "PID-11.", "PID-13."))
    ]
    for message in SENT[:500]:
        filled = dict(fields(message))["PID"]
        secrets = (
            filled[3].split("^")[0],
            *filled[5].strip("^").split("^"),
            filled[7],
            filled[11].split("^")[0],
            filled[13],
        )
        assert not [secret for secret in secrets if len(secret) > 5 and secret in told]


def test_1_1_the_same_again_adds_nothing_and_five_hundred_more_are_added_to_what_was_counted(app, nora):
    first, again, more = (
        app.learn(nora, "Epic-North", ["".join(sent)]) for sent in (SENT[:500], SENT[:500], SENT[500:])
    )
    assert (first["new"], again["new"], more["new"]) == (500, 0, 500)
    assert [one["configurations"][0]["version"] for one in (first, again, more)] == [1, 1, 2]
    assert nora.interop.samples("Epic-North", "ADT^A01") == [], "there is no first message to read again"
    app.learn(nora, "At once", ["".join(SENT)])
    whole, added = (nora.configurations.get(one).document for one in (address_of("At once", "HL7v2", "ADT^A01"), NEW))
    assert added["messages"] == 1_000 and without_patients(added["versions"]) == without_patients(whole["versions"])


def test_1_1_what_is_malformed_is_counted_and_named_and_the_rest_counts(app, nora):
    result = app.learn(nora, "Epic-North", [SENT[0], "MSH|^AA\rPID|1\r", SENT[1]])
    assert (result["messages"], result["new"], result["unreadable"]) == (3, 2, 1)
    assert result["problems"] == [{"kind": "delimiters_invalid", "message": 2, "segment": "MSH", "position": 1}]
    refused("invalid_input", app.learn, nora, "Epic-North", [])
    refused("invalid_input", app.learn, nora, "Epic-North", SENT[:1], standard="X12")


# 1.2 Deviations from the base standard, each with its place, kind and severity.


def planted(message):
    """A message of Cerner's with one deviation of each kind more."""
    header, event, patient, visit, *rest = message.rstrip("\r").split("\r")
    parts = patient.split("|")
    parts[1], parts[7], parts[8] = "123456", f"born {parts[7]}", "QQ"
    event = event.split("|")
    event[2] = ""
    return "\r".join([header, "|".join([*event, "", "more"]), visit, "|".join(parts), *rest]) + "\r"


def test_1_2_each_kind_of_deviation_is_told_with_its_place_and_severity(app, nora):
    app.learn(nora, "Planted", ["".join(planted(one) for one in messages("Cerner", 120))])
    (known,) = app.senders(nora, "Planted/*/*")
    told = {(one.kind, one.severity, one.location) for one in known.deviations}
    assert told == {
        ("custom segment", "note", "ZPI"),
        ("missing required", "error", "EVN-2"),
        ("extra", "warning", "EVN-8"),
        ("reordered", "warning", "PID"),
        ("over-long", "warning", "PID-1.1.1"),
        ("wrong type", "error", "PID-7.1.1"),
        ("unknown code", "note", "PID-8.1.1"),
    }
    assert all(0 < one.count <= one.whole and one.detail for one in known.deviations)
    (clean,) = app.senders(nora, "Cerner/*/*")
    assert [(one.kind, one.location, one.count) for one in clean.deviations] == [("custom segment", "ZPI", 200)]


# 1.3 Drift: nothing of an identical batch; of a changed one what was changed, and nothing else.


def test_1_3_an_identical_batch_and_an_undisturbed_one_report_nothing(app, nora):
    assert app.changed(nora, EPIC, messages("Epic", 200)).findings == ()
    assert app.changed(nora, EPIC, messages("Epic", 200, since=200)).findings == ()


def test_1_3_three_changes_are_reported_with_their_evidence_and_nothing_else(app, amir):
    today = messages("Epic", 200, since=200, drift=Drift(True, True, True))
    found = {(one.location, one.kind): one for one in app.changed(amir, EPIC, today).findings}
    assert found.keys() == {
        ("PV1-10", "field no longer sent"),
        ("ZFR", "new segment"),
        ("PID-7.1.1", "format"),
    }
    for one in found.values():
        assert one.test == "Fisher's exact test" and one.p <= one.adjusted < 1e-50
        assert one.sizes == (200, 200) and one.effect == pytest.approx(3.1416)
    birth = found["PID-7.1.1", "format"]
    assert (birth.before, birth.after) == ("YYYYMMDD 100 %", "YYYYMMDDHHMM 100 %")


# 1.4 Review: request, comments, approval of what was seen, publishing; roll back; stale bases; branches.


def test_1_4_a_change_is_asked_for_discussed_approved_by_another_and_rolled_back(app, nora, amir, pia):
    request = app.adopt(
        amir, EPIC, messages("Epic", 200, since=200, drift=Drift(new_segment=True)), "ZFR is here to stay"
    )
    assert any("ZFR" in change.words for change in request.changes)
    asked = pia.configurations.comment(request.id, "For outpatients, too?", path="/versions/2.3/segments/ZFR")
    amir.configurations.comment(request.id, "Yes.", reply_to=asked.id)
    refused("own_request", app.approve, amir, request)
    refused("approvals_missing", app.publish, nora, request.id)
    app.approve(pia, request)
    second = app.publish(nora, request.id)
    assert second.version == 2 and "ZFR" in second.document["versions"]["2.3"]["segments"]
    third = nora.configurations.rollback(EPIC, 1, reason="it was a test system")
    assert (third.version, third.document) == (3, nora.configurations.get(EPIC, 1).document)
    assert [one.version for one in nora.configurations.history(EPIC).items] == [3, 2, 1]
    assert nora.configurations.get(EPIC, 2).document == second.document


def test_1_4_an_approval_is_of_what_was_seen(app, nora, amir, pia):
    request = app.amend(amir, EPIC, NOTE, "the ward knows", "as the ward says")
    app.approve(pia, request)
    other = copy.deepcopy(nora.configurations.get(EPIC).document) | {"note": "something else"}
    amir.configurations.revise(request.id, other)
    refused("request_changed", app.approve, pia, request)
    refused("approvals_missing", app.publish, nora, request.id)


def test_1_4_approving_on_a_stale_base_is_a_conflict(app, nora, amir, pia):
    late, early = (app.amend(amir, EPIC, NOTE, value, "a note") for value in ("late", "early"))
    app.approve(pia, early)
    app.publish(nora, early.id)
    refused("stale_base", app.approve, pia, late)


def test_1_4_two_branches_merge_field_by_field_and_conflicts_are_listed(app, nora):
    fields = ("versions", "2.3", "segments", "PV1", "fields")
    document = copy.deepcopy(nora.configurations.get(EPIC).document)
    wards, doctors = (copy.deepcopy(document) for _ in range(2))

    def note(there, field, said):
        for name in fields:
            there = there[name]
        there[field]["note"] = said

    for name in ("wards", "doctors"):
        nora.configurations.branch(EPIC, name)
    note(wards, "3", "ward and bed")
    note(wards, "10", "the ward's")
    note(doctors, "7", "attending")
    note(doctors, "10", "the doctor's")
    nora.configurations.put(EPIC, wards, reason="wards", branch="wards")
    nora.configurations.put(EPIC, doctors, reason="doctors", branch="doctors")
    assert nora.configurations.merge(EPIC, "wards", reason="wards").configuration.version == 2
    stopped = nora.configurations.merge(EPIC, "doctors", reason="doctors")
    assert stopped.configuration is None
    (conflict,) = stopped.conflicts
    assert conflict.path == "/" + "/".join((*fields, "10", "note"))
    assert (conflict.main, conflict.branch) == ("the ward's", "the doctor's")
    taken = {conflict.path: "branch"}
    merged = nora.configurations.merge(EPIC, "doctors", reason="doctors", resolutions=taken).configuration
    notes = {
        number: one.get("note")
        for number, one in merged.document["versions"]["2.3"]["segments"]["PV1"]["fields"].items()
    }
    assert (notes["3"], notes["7"], notes["10"]) == ("ward and bed", "attending", "the doctor's")
    changes = nora.configurations.diff(EPIC, 1, merged.version).changes
    assert {change.path for change in changes} == {
        "/" + "/".join((*fields, number, "note")) for number in ("3", "7", "10")
    }
    assert all(change.kind == "added" and change.words for change in changes)


# 1.5 Look-up by pattern, awkward names included, and by likeness.


def test_1_5_configurations_are_looked_up_by_pattern(app, nora, pia):
    assert [one.address for one in app.senders(pia, "Epic/HL7v2/*")] == [EPIC]
    assert [one.type for one in app.senders(pia, "*/HL7v2/ADT^*")] == ["ADT^A01"] * 3
    (lab,) = app.senders(pia, address_of("Brook-Lab/2", "HL7v2", "*").replace("%2A", "*"))
    assert (lab.address, lab.messages, lab.custom) == ("Brook-Lab%2F2/HL7v2/ORU^R01", 200, ())
    assert nora.configurations.get(lab.address).document["vendor"] == "Brook-Lab/2"
    refused("configuration_not_found", nora.configurations.get, "Epic/HL7v2/ADT^A99")


def test_1_5_similar_ones_are_found_above_a_likeness(app, nora):
    app.learn(nora, "Epic-North", ["".join(SENT[:200])])
    (found,) = app.like(nora, EPIC)
    assert found.configuration.address == NEW and 0.8 < found.score <= 1
    assert EPIC not in [one.configuration.address for one in app.like(nora, "Brook-Lab%2F2/HL7v2/ORU^R01")]


# 1.6 Reference data from the files as published; picks follow the weights, filter, and repeat with a seed.


@pytest.fixture
def reference(app, amir, tmp_path):
    """Every public list, loaded; how many rows of each were taken over, and how many were named as unfit."""
    files = write_reference(tmp_path)
    kinds = {
        "ndc-products": "product.txt",
        "nppes": "npidata_pfile_20260101-20260107.csv",
        "census-surnames": "Names_2010Census.csv",
        "ssa-first-names": "yob2020.txt",
    }
    reports = {kind: app.load_reference(amir, kind, files[name]) for kind, name in kinds.items()}
    addresses = tmp_path / "addresses.csv"
    rows = ((f"{number} Elm Street", "Austin" if number % 2 else "Albany", number) for number in range(1, 41))
    lines = (
        f"{residents},{'TX' if town == 'Austin' else 'NY'},{town},78701,{street}" for street, town, residents in rows
    )
    unfit = "many,TX,Austin,78701,0 Elm Street"
    addresses.write_text("\n".join(["residents,region,city,postcode,street", *lines, unfit]))
    reports["addresses"] = app.load_reference(amir, "addresses", addresses)
    assert app.load_reference(amir, "addresses", addresses).unchanged == 40
    return {kind: (report.added, len(report.failed)) for kind, report in reports.items()}


def test_1_6_published_files_are_loaded_by_header_and_what_does_not_fit_is_named(app, amir, reference, tmp_path):
    assert reference == {
        "ndc-products": (2, 1),
        "nppes": (3, 1),
        "census-surnames": (2, 1),
        "ssa-first-names": (3, 0),
        "addresses": (40, 1),
    }
    assert amir.records.get("medications", "9999-0001").data["generic"] == "lisinopril"
    with_other_header = tmp_path / "other.csv"
    with_other_header.write_text("a,b\n1,2\n")
    assert "name" in refused("reference_file_unfit", app.load_reference, amir, "census-surnames", with_other_header)


def test_1_6_picks_follow_the_weights_filter_and_repeat(amir, reference):
    pick = amir.records.pick
    names = Counter(one.key for one in pick("surnames", n=10_000, seed=7))
    smith = 2_442_977 / (2_442_977 + 1_932_812)
    assert names.keys() == {"Smith", "Johnson"}
    assert abs(names["Smith"] - 10_000 * smith) < 3 * (10_000 * smith * (1 - smith)) ** 0.5
    streets = Counter(one.data["street"] for one in pick("addresses", where={"region": "TX"}, n=10_000, seed=7))
    whole = sum(range(1, 41, 2))
    assert streets.keys() == {f"{number} Elm Street" for number in range(1, 41, 2)}
    expected = {f"{number} Elm Street": 10_000 * number / whole for number in range(1, 41, 2)}
    assert sum((streets[name] - one) ** 2 / one for name, one in expected.items()) < 36.2, "chi-square, 19 degrees, 1 %"
    where = {"region": "TX", "specialty": "207Q00000X", "status": "active"}
    assert {one.data["family"] for one in pick("providers", where=where, n=20, seed=1)} == {"ALDER"}
    assert {one.key for one in pick("medications", where={"status": "active"}, n=20)} == {"9999-0001"}
    assert pick("addresses", n=50, seed=3) == pick("addresses", n=50, seed=3) != pick("addresses", n=50, seed=4)
    refused("nothing_to_pick", pick, "providers", where={"region": "ZZ"})


# 1.7 Messages to test with: valid, like the configuration they come from, and nobody's.


def test_1_7_a_thousand_messages_are_valid_and_give_the_configuration_back(app, nora):
    app.learn(nora, "Epic-North", ["".join(SENT[:500])])
    made = app.test_messages(nora, NEW, 1_000, seed=7)
    assert made == nora.interop.synthesise(NEW, 1_000, seed=7)
    found = [*read("".join(made).encode())]
    assert len(found) == 1_000 and all(isinstance(one, Message) and not list(one.problems) for one in found)
    check = nora.interop.validator(NEW)
    assert [differences for one in found if (differences := check(one))] == []
    assert app.changed(nora, NEW, made).findings == ()
    app.learn(nora, "Made", ["".join(made)])
    before, after = (
        nora.configurations.get(one).document["versions"]["2.3"] for one in (NEW, NEW.replace("Epic-North", "Made"))
    )
    assert after["segments"].keys() == before["segments"].keys()
    for name, one in before["segments"].items():
        again = after["segments"][name]
        assert abs(again["share"]["of"] - one["share"]["of"]) <= 0.005, name
        assert again["fields"].keys() == one["fields"].keys()
        for number, column in one["fields"].items():
            other = again["fields"][number]
            assert abs(other["share"]["of"] - column["share"]["of"]) <= 0.02, (name, number)
            for value, shown in column["parts"].get("1.1", {}).get("values", {}).get("shown", {}).items():
                share = other["parts"]["1.1"]["values"]["shown"][value]["share"]["of"]
                assert abs(share - shown["share"]["of"]) <= 0.02, (name, number, value)
    assert {(str(one["when"]), str(one["then"])) for one in before["rules"]} <= {
        (str(one["when"]), str(one["then"])) for one in after["rules"]
    }


def test_1_7_no_value_of_a_patient_can_appear_and_names_are_of_the_reference_data(app, nora, reference):
    app.learn(nora, "Epic-North", ["".join(SENT[:500])])
    made = [dict(fields(one))["PID"] for one in app.test_messages(nora, NEW, 1_000, seed=7)]
    real = [dict(fields(one))["PID"] for one in SENT[:500]]
    for number in (3, 5, 7, 11, 13):
        assert not {one[number] for one in made} & {one[number] for one in real}, number
    families = Counter(one[5].split("^")[0] for one in made)
    assert families.keys() == {"Smith", "Johnson"} and abs(families["Smith"] / 1_000 - 0.558) < 0.05
    assert {one[5].split("^")[1] for one in made} == {"Olivia", "Emma", "Liam"}
    homes = {tuple(one[11].split("^")[:5]) for one in made if "^" in one[11]}
    assert len(homes) > 20
    for street, _, city, _, postcode in homes:
        number = int(street.removesuffix(" Elm Street"))
        assert (city, postcode) == ("Austin" if number % 2 else "Albany", "78701"), "of one record"
    texan = {"addresses": {"set": "addresses", "where": {"region": "TX"}}}
    there = [dict(fields(one))["PID"][11] for one in nora.interop.synthesise(NEW, 50, seed=7, reference=texan)]
    assert all("^Austin^" in one for one in there)


# 1.8 What a language model is asked stays within a limit, and its provider's key is sealed.

KEY = "sk-planted-0123456789-of-the-hospital"


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.at = datetime(2026, 3, 14, 12, tzinfo=UTC)

    def __call__(self):
        return self.at


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    for module in (actions, recording, limiting, charging, cleaning):
        monkeypatch.setattr(module, "now", made)
    return made


@pytest.fixture
def ward(store, app, nora, clock):
    """A workspace with a limit of 1,000 requests a month and a provider's key."""
    made = store.system().identity.create_workspace("Interfaces", tenant="stonebridge").id
    app.keep_provider_key(nora, made, "openai", KEY)
    store.system().metering.set_limit(tenant="stonebridge", measure="requests", per="month", amount=1_000)
    return made


def model(secret, question):
    assert secret.api_key == KEY and "EVN" not in question
    return Answered(text="It sends a segment of its own.", model="gpt-4o-mini", tokens_in=90, tokens_out=10)


def test_1_8_of_twenty_calls_at_once_the_ten_that_are_left_pass_and_the_next_month_begins_anew(
    app, nora, amir, ward, clock
):
    nora.metering.record("explain", requests=990, tokens=1)

    def ask(_):
        try:
            return app.explain(amir, EPIC, model, workspace=ward)
        except LimitExceeded as refused:
            return refused.code

    with ThreadPoolExecutor(20) as pool:
        told = Counter(pool.map(ask, range(20)))
    assert told == {"It sends a segment of its own.": 10, "limit_exceeded": 10}
    (limit,) = nora.metering.limits()
    total = nora.metering.report().total
    assert (limit.used, limit.reserved, limit.left) == (1_000, 0, 0)
    assert (total.requests, total.tokens) == (limit.used, 1 + 10 * 100), "the ledger's sum is the counter"
    (by_amir,) = [one for one in nora.metering.report(group_by=["model"]).lines if one.model == "gpt-4o-mini"]
    assert by_amir.requests == 10
    clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    assert ask(0) == "It sends a segment of its own."
    (limit,) = nora.metering.limits()
    assert (limit.used, limit.left) == (1, 999)
    assert nora.metering.report().total.requests == 1_001


def test_1_8_a_call_that_fails_is_not_charged(app, amir, nora, ward):
    def fails(_secret, _question):
        raise ConnectionError("the provider is away")

    with pytest.raises(ConnectionError):
        app.explain(amir, EPIC, fails, workspace=ward)
    (limit,) = nora.metering.limits()
    assert (limit.used, limit.reserved) == (0, 0)


def test_1_8_a_providers_key_is_sealed_where_it_is_kept(store, nora, ward):
    (kept,) = Backdoor(store.engine).run("SELECT api_key FROM connections WHERE api_key IS NOT NULL")
    assert KEY not in repr(kept) and KEY.encode() not in bytes(kept[0])
    assert KEY not in repr(nora.connections.list(workspace=ward)) + repr(
        nora.connections.secret("openai", workspace=ward)
    )
    assert nora.connections.secret("openai", workspace=ward).api_key == KEY


# 1.10 FHIR JSON and NCPDP go through the same road: infer, deviate, drift, look up.

PEOPLE = patients(60, seed=3)


def new_rx(one, number):
    """A prescription, as SCRIPT has it."""
    return (
        f'<Message version="2017071"><Header><To>P</To><From>D</From><MessageID>M{number}</MessageID>'
        f"<SentTime>2026-02-01T14:05:00Z</SentTime></Header><Body><NewRx><Patient><HumanPatient><Name><LastName>"
        f"{one.family}</LastName></Name><Gender>{one.sex}</Gender></HumanPatient></Patient><MedicationPrescribed>"
        f'<ProductCode Qualifier="ND">{number:011}</ProductCode></MedicationPrescribed></NewRx></Body></Message>'
    )


def claim(one, number):
    """A claim, as Telecommunication D.0 has it."""
    head = f"{610_000 + number:06}D0B1PCN       1011234567890     20260201SOFT      "
    person = f"\x1e\x1cAM04\x1cC2{one.number}\x1e\x1cAM01\x1cC4{one.born}\x1cC5{1 + (one.sex == 'F')}\x1cCB{one.family}"
    return f"{head}{person}\x1d\x1e\x1cAM07\x1cEM1\x1cD2{number}\x1cE103\x1cD6{number % 9}\r\n"


def patient(one, number):
    return json.dumps(person(one, number)) + "\n"


@pytest.mark.parametrize(
    ("standard", "of_type", "make", "change", "finding", "deviation"),
    [
        (
            "FHIR",
            "Patient",
            patient,
            ('"gender": "', '"gender": "x-'),
            ("new value", "Patient.gender"),
            ("unknown code", "Patient.gender"),
        ),
        (
            "NCPDP-SCRIPT",
            "NewRx",
            new_rx,
            ("<MessageID>[^<]*</MessageID>", ""),
            ("field no longer sent", "Message.Header.MessageID"),
            ("missing required", "Message.Header.MessageID"),
        ),
        (
            "NCPDP-Telecom",
            "B1",
            claim,
            ("\x1cC2[^\x1e]*", ""),
            ("field no longer sent", "Transmission.AM04.C2"),
            ("missing required", "Transmission.AM04.C2"),
        ),
    ],
)
def test_1_10_other_standards_take_the_same_road(app, nora, standard, of_type, make, change, finding, deviation):
    sent = [make(one, number) for number, one in enumerate(PEOPLE)]
    address = address_of("Epic", standard, of_type)
    result = app.learn(nora, "Epic", ["".join(sent)], standard=standard)
    assert result["configurations"] == [{"address": address, "version": 1, "messages": 60}]
    assert app.learn(nora, "Epic", ["".join(sent)], standard=standard)["new"] == 0
    (known,) = app.senders(nora, f"Epic/{standard}/*")
    assert (known.address, known.type, known.messages) == (address, of_type, 60)

    changed = [re.sub(*change, one) for one in sent]
    assert nora.interop.validate(address, sent[0]) == []
    assert [(one.kind, one.location) for one in nora.interop.validate(address, changed[0])] == [deviation]
    assert app.changed(nora, address, sent).findings == ()
    assert [(one.kind, one.location) for one in app.changed(nora, address, changed).findings] == [finding]
    app.learn(nora, "Planted", ["".join(changed)], standard=standard)
    (planted,) = app.senders(nora, f"Planted/{standard}/*")
    before, after = ({(one.kind, one.location) for one in of.deviations} for of in (known, planted))
    assert after - before == {deviation}
    assert address in [one.configuration.address for one in app.like(nora, planted.address)]
    told = json.dumps(nora.configurations.get(address).document, default=dict)
    assert not [secret for one in PEOPLE for secret in one.secrets if secret in told]


def test_the_example_runs():
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "interface_engine")], capture_output=True, text=True, timeout=120, check=True
    )
    assert "PID-7.1.1: format" in done.stdout
