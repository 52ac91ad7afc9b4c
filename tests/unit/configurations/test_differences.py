"""Differences: a patch leads from one document to the other, for any two, and says no more than changed."""

import copy
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domains.configurations.differences import edits, is_same, patch_of
from holdfast.domains.configurations.documents import frozen
from holdfast.domains.configurations.wording import change_of, place_of

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 0.5])
    | st.sampled_from(["", "a/b", "~"])
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["a", "b/c", "~d", ""]), inner, max_size=4)
    ),
    max_leaves=20,
)


def applied(document: Any, patch: Any) -> Any:
    """A document with a JSON Patch applied: RFC 6902, word by word, and nothing of ours."""
    document = copy.deepcopy(document)
    for operation in patch:
        path = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        if not path:
            document = copy.deepcopy(operation["value"])
            continue
        inside = document
        for step in path[:-1]:
            inside = inside[int(step)] if isinstance(inside, list) else inside[step]
        last: Any = int(path[-1]) if isinstance(inside, list) else path[-1]
        if operation["op"] == "remove":
            del inside[last]
        elif operation["op"] == "add" and isinstance(inside, list):
            assert 0 <= last <= len(inside)
            inside.insert(last, copy.deepcopy(operation["value"]))
        else:
            assert operation["op"] == "add" or last in (range(len(inside)) if isinstance(inside, list) else inside)
            inside[last] = copy.deepcopy(operation["value"])
    return document


def spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(DOCUMENTS, DOCUMENTS)
def test_a_patch_leads_from_one_document_to_the_other(before, after):
    found = edits(before, after)
    assert spelled(applied(before, patch_of(found))) == spelled(after)
    assert bool(found) == (spelled(before) != spelled(after)) == (not is_same(before, after))


@given(DOCUMENTS, st.data())
def test_read_only_documents_compare_like_others(document, data):
    assert edits(document, frozen(document)) == []
    assert spelled(frozen(document)) == spelled(document) and frozen(document) == document


def test_a_change_says_no_more_than_changed():
    before = {"steps": [{"n": n, "text": f"step {n}"} for n in range(50)], "same": {"deep": [1, 2, 3]}}
    after = copy.deepcopy(before)
    after["steps"].insert(10, {"n": -1})
    del after["steps"][30]
    after["steps"][40]["text"] = "changed"
    found = patch_of(edits(before, after))
    assert spelled(applied(before, found)) == spelled(after)
    assert len(found) <= 5 and len(spelled(found)) < 400


def test_numbers_and_truths_are_told_apart():
    for one, other in ((1, 1.0), (1, True), (0, False), ({"a": [1]}, {"a": [True]})):
        assert len(edits(one, other)) == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("segments", "PID", "fields", "8", "presence"), "PID.8 presence"),
        (("segments", "PID", "fields", "8", "share", "of"), "PID.8 share.of"),
        (("segments", "ZPI"), "ZPI"),
        (("model", "temperature"), "model.temperature"),
        (("steps", 2, "prompt"), "steps[2].prompt"),
        (("segments",), "segments"),
        ((), "the document"),
    ],
)
def test_places_are_said_as_a_person_would(path, words):
    assert place_of(path) == words


def test_changes_are_said_as_a_person_would():
    found = edits({"a": "x", "b": None, "c": {"d": 1}}, {"a": "y" * 200, "b": False})
    words = [change_of(edit).words for edit in found]
    assert words[0].startswith("a “x” → “yyy") and len(words[0]) < 100
    assert words[1:] == ["b null → false", "c removed: 1 members"]


def test_large_documents_are_compared_soon():
    def profile(shift):
        values = [f"code {n:06}" for n in range(12)]
        fields = {str(f): {"presence": (f + shift) / 7, "values": values} for f in range(40)}
        return {"segments": {f"Z{s:02}": {"fields": fields} for s in range(30)}}

    before, after = profile(0), profile(1)
    assert 250_000 < len(json.dumps(before)) < 400_000
    began = time.perf_counter()
    assert len(edits(before, after)) == 1_200
    assert time.perf_counter() - began < 2
