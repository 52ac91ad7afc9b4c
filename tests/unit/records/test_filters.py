"""The language of filters: what it takes, what it refuses, and by which words."""

import pytest

from holdfast import HoldfastError
from holdfast.domains.records.filters import matches, parse
from holdfast.domains.records.schemas import check_schema

SCHEMA = check_schema(
    {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "price": {"type": ["number", "null"]},
            "on": {"type": "boolean"},
            "place": {"$ref": "#/$defs/place"},
            "tags": {"type": "array"},
        },
        "$defs": {
            "place": {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
        },
        "additionalProperties": False,
    }
)
DATA = {"code": "J62", "price": 10, "on": True, "place": {"city": "Bonn"}, "tags": ["a"]}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, True),
        ({}, True),
        ({"code": "J62"}, True),
        ({"code": "J62", "price": 11}, False),
        ({"price": {">=": 10, "<": 10.5}}, True),
        ({"price": {">": 10}}, False),
        ({"price": {"<=": 10.0}}, True),
        ({"code": {"prefix": "J6"}}, True),
        ({"code": {"in": ["A", "J62"]}}, True),
        ({"price": {"in": []}}, False),
        ({"place.city": "Bonn"}, True),
        ({"price": {"exists": True}, "tags": {"exists": True}}, True),
        ({"price": None}, False),
        ({"not": {"code": "J62"}}, False),
        ({"code": {"!=": "A"}}, True),
        ({"or": [{"code": "A"}, {"on": True}]}, True),
        ({"or": []}, False),
        ({"and": []}, True),
        ({"and": [{"on": True}, {"not": {"or": [{"code": "A"}, {"price": 3}]}}]}, True),
    ],
)
def test_a_filter_says_what_it_says(where, found):
    assert matches(parse(where, SCHEMA), DATA) is found


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("code = 'J'", "an object of paths is needed"),
        ({"code": 5}, "is string, and number was given"),
        ({"price": "10"}, "null or number, and string was given"),
        ({"on": {"in": [1]}}, "is boolean, and number was given"),
        ({"place.street": "x"}, "is no path of this set's schema"),
        ({"price": {"like": 1}}, "'like' is no comparison"),
        ({"price": {}}, "no comparison"),
        ({"tags": ["a"]}, "array cannot be compared"),
        ({"price": {"<": None}}, "null cannot be compared"),
        ({"price": {"in": 5}}, "in takes a list"),
        ({"price": {"in": [1] * 1_001}}, "up to 1,000"),
        ({"price": {"prefix": 1}}, "prefix takes a text"),
        ({"price": {"exists": 1}}, "exists takes true or false"),
        ({"or": {"code": "J"}}, "takes a list of conditions"),
        ({"not": ["code"]}, "an object of paths"),
        ({"price": float("nan")}, "not a JSON number"),
        ({"code": "a\0"}, "NUL"),
        ({"code": "\ud800"}, "lone surrogate"),
        ({"a..b": 1}, "cannot be looked up"),
        ({"tags.0": "a"}, "cannot be looked up"),
        ({'co"de': "a"}, "cannot be looked up"),
        ({"code": "x" * 501}, "more than 500 bytes"),
        ({"or": [{"code": "a"}] * 51}, "more than 50 conditions"),
    ],
)
def test_what_is_not_in_the_language_is_refused_by_name(where, said):
    with pytest.raises(HoldfastError) as refused:
        parse(where, SCHEMA)
    assert refused.value.code == "invalid_filter" and said in str(refused.value)


def test_a_filter_nests_only_so_deep():
    where = {"code": "a"}
    for _ in range(9):
        where = {"not": where}
    with pytest.raises(HoldfastError, match="deep"):
        parse(where, SCHEMA)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ([], "a JSON object is needed"),
        ({"type": "objekt"}, "type: "),
        ({"type": "array"}, "records are objects"),
        ({"properties": {"a": {"pattern": "["}}}, "regex"),
        ({"properties": {"a": {"pattern": "(?=a)b"}}}, "regex"),
        ({"$ref": "https://example.com/schema"}, "nothing is fetched"),
        ({"$schema": "https://example.com/meta"}, "is no draft"),
        ({"properties": {"a": {"$id": "https://example.com/x"}}}, "$id is not taken"),
        ({"$ref": "#/$defs/absent"}, "absent"),
        ({"default": float("inf")}, "not a JSON number"),
        ({"minProperties": -1}, "minProperties"),
    ],
)
def test_a_schema_that_is_none_is_refused_by_name(schema, said):
    with pytest.raises(HoldfastError) as refused:
        check_schema(schema)
    assert refused.value.code == "invalid_schema" and said in str(refused.value)


def test_a_schema_nests_only_so_deep():
    schema = {}
    for _ in range(100):
        schema = {"properties": {"a": schema}}
    with pytest.raises(HoldfastError, match="deep"):
        check_schema(schema)
