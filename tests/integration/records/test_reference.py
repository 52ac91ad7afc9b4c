"""Reference data from the files as published: by header name, named where it does not fit, picked by weight."""

import pytest
from support.reference import write_reference
from support.refusals import refused

from holdfast.domains.interop.reference import KINDS, load


@pytest.fixture
def files(tmp_path):
    return write_reference(tmp_path)


@pytest.fixture
def room(sync_store):
    return sync_store.tenant("acme").user("amina@acme.test").records


def test_medications_and_their_packages(room, files):
    report = load(room, "ndc-products", files["product.txt"])
    assert (report.added, [one.number for one in report.failed]) == (2, [3])
    one = room.get("medications", "9999-0001").data
    assert (one["name"], one["generic"], one["started"], one["status"]) == (
        "Calmora",
        "lisinopril",
        "2015-03-02",
        "active",
    )
    assert room.get("medications", "9999-0002").data["name"] == "Ruhe\u00e9", "an older file, in Windows' encoding"
    assert {hit.key for hit in room.pick("medications", where={"status": "active"}, n=20)} == {"9999-0001"}
    assert [hit.record.key for hit in room.search("medications", "lisinopril")] == ["9999-0001"]
    assert load(room, "ndc-packages", files["package.txt"]).added == 1
    assert room.find("medication-packages", where={"product": "9999-0001"}).items[0].key == "9999-0001-30"


def test_providers_by_region_specialty_and_status(room, files):
    report = load(room, "nppes", files["npidata_pfile_20260101-20260107.csv"])
    assert report.added == 3 and "npi" in report.failed[0].reason
    where = {"region": "TX", "specialty": "207Q00000X", "status": "active"}
    assert {one.data["family"] for one in room.pick("providers", where=where, n=20, seed=1)} == {"ALDER"}
    assert room.get("providers", "1000000002").data["status"] == "inactive"
    assert room.get("providers", "1000000003").data["organisation"] == "CLINIC OF NOWHERE"


def test_names_by_their_counts(room, files):
    report = load(room, "census-surnames", files["Names_2010Census.csv"])
    assert (report.added, len(report.failed)) == (2, 1)
    picked = [one.key for one in room.pick("surnames", n=4_000, seed=7)]
    assert abs(picked.count("Smith") / 4_000 - 2442977 / (2442977 + 1932812)) < 0.03
    assert load(room, "ssa-first-names", files["yob2020.txt"]).added == 3
    assert load(room, "ssa-first-names", files["TX.TXT"]).added == 2
    where = {"region": "TX", "sex": "F"}
    assert room.pick("first-names", where=where, seed=1)[0].data["name"] == "Camila"
    assert load(room, "ssa-first-names", files["TX.TXT"]).unchanged == 2, "again: nothing changes"


def test_a_file_that_is_of_another_kind_is_refused_by_name(room, files, tmp_path):
    for kind in KINDS:
        refused("reference_file_unfit", load, room, kind, tmp_path / "absent.txt")
    assert "PRODUCTNDC" in refused("reference_file_unfit", load, room, "ndc-products", files["Names_2010Census.csv"])
    assert "NPI" in refused("reference_file_unfit", load, room, "nppes", files["package.txt"])
    refused("invalid_input", load, room, "ndc", files["product.txt"])
    (tmp_path / "empty.txt").write_bytes(b"")
    refused("reference_file_unfit", load, room, "census-surnames", tmp_path / "empty.txt")
