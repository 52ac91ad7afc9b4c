"""Merging: each side's changes are taken, what both changed otherwise is told, and nothing is lost or half done."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domains.configurations.merging import Merging

LEAVES = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([1.0, "a", "b"])
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), DOCUMENTS, max_size=3)


def merged(base: Any, main: Any, branch: Any, resolutions: Any = ()) -> tuple[Any, list[Any]]:
    merging = Merging(dict(resolutions))
    made = merging.merge(base, main, branch)
    return (None if merging.conflicts else made), merging.conflicts


def spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(OBJECTS, OBJECTS)
def test_what_one_side_changed_is_taken(base, changed):
    for sides in ((base, base, changed), (base, changed, base), (base, changed, changed)):
        made, conflicts = merged(*sides)
        assert conflicts == [] and spelled(made) == spelled(changed)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_the_sides_can_be_exchanged(base, main, branch):
    one, conflicts = merged(base, main, branch)
    other, exchanged = merged(base, branch, main)
    assert spelled(one) == spelled(other)
    assert [conflict.path for conflict in conflicts] == [conflict.path for conflict in exchanged]


@given(OBJECTS, OBJECTS, OBJECTS)
def test_with_every_conflict_resolved_for_one_side_nothing_of_it_is_lost(base, main, branch):
    _, conflicts = merged(base, main, branch)
    made, left = merged(base, main, branch, {conflict.path: "main" for conflict in conflicts})
    assert left == []
    again, none = merged(base, made, main)  # what main changed is in it
    assert none == [] or main == made
    assert none or spelled(again) == spelled(made)


def test_arrays_are_merged_by_element_only_where_they_are_as_long():
    assert merged([1, 2, 3], [0, 2, 3], [1, 2, 4]) == ([0, 2, 4], [])
    made, (conflict,) = merged({"a": [1, 2]}, {"a": [1, 2, 3]}, {"a": [0, 1, 2]})
    assert made is None and (conflict.path, conflict.main) == ("/a", [1, 2, 3])


def test_a_member_that_one_side_removed_and_the_other_changed_is_a_conflict():
    _, (conflict,) = merged({"a": 1}, {}, {"a": 2})
    assert conflict.words == "a was 1; nothing in main, 2 in the branch"
    assert merged({"a": 1}, {}, {"a": 2}, {"/a": "main"}) == ({}, [])
    assert merged({"a": 1}, {}, {"a": 2}, {"/a": {"value": None}}) == ({"a": None}, [])
