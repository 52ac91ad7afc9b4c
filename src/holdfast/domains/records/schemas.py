"""JSON Schemas: checked, compiled once, asked what kinds of value can stand at a path.

Validation is jsonschema-rs: under a microsecond for a record of six members. Nothing is fetched: a schema that refers
to another document is refused. Patterns run in linear time, so no schema makes a record slow.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from holdfast.core.database.types import dump_json
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_json
from holdfast.domains.records.errors import InvalidFilter, InvalidSchema
from holdfast.domains.records.paths import Path

SCHEMA_BYTES = 256 * 1024
SCHEMA_DEPTH = 64
MOST_REFERENCES = 32
"""So many references are followed to learn what stands at a path."""
_DRAFTS = tuple(
    f"{begin}{name}{end}"
    for name, begins in (
        ("draft-04/schema", ("http://json-schema.org/",)),
        ("draft-06/schema", ("http://json-schema.org/",)),
        ("draft-07/schema", ("http://json-schema.org/",)),
        ("draft/2019-09/schema", ("https://json-schema.org/",)),
        ("draft/2020-12/schema", ("https://json-schema.org/",)),
    )
    for begin in begins
    for end in ("", "#")
)
KINDS = frozenset({"string", "number", "boolean", "null", "object", "array"})
_UNTOLD = (
    "anyOf",
    "oneOf",
    "allOf",
    "if",
    "not",
    "patternProperties",
    "dependentSchemas",
    "$dynamicRef",
    "enum",
    "const",
)
"""Keywords after which any kind of value is taken to be possible; the record itself is held to them all the same."""

Schema = dict[str, object]


def check_schema(schema: Mapping[str, object] | None) -> Schema:
    """A schema that records can be held to; None is that of every object. Raises `InvalidSchema`."""
    if schema is None:
        return {"type": "object"}
    if not isinstance(schema, Mapping):
        raise InvalidSchema(f"a JSON object is needed, got {type(schema).__name__}")
    given = dict(schema)
    try:
        check_json(given, field="schema", most_bytes=SCHEMA_BYTES, most_depth=SCHEMA_DEPTH)
    except InvalidInput as error:
        raise InvalidSchema(str(error).removeprefix("schema: ")) from None
    draft = given.get("$schema")
    if draft is not None and draft not in _DRAFTS:
        raise InvalidSchema(f"$schema {draft!r:.100} is no draft that is known; leave it out for 2020-12")
    _check_references(given)
    _compiled(dump_json(given))
    if "object" not in _kinds(given):
        raise InvalidSchema(f"records are objects, and its type is {given.get('type')!r:.80}")
    return given


def _check_references(schema: object) -> None:
    """Within the document only, and nothing that names another place as its own."""
    for node in _nodes(schema):
        for word in ("$ref", "$dynamicRef"):
            target = node.get(word)
            if isinstance(target, str) and not target.startswith("#"):
                raise InvalidSchema(f"{word} {target!r:.100} leads elsewhere, and nothing is fetched; put it in $defs")
        if isinstance(node.get("$id"), str):
            raise InvalidSchema("$id is not taken: references within a schema begin with #; leave it out")


def _nodes(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)


@lru_cache(maxsize=256)
def _compiled(text: str) -> Any:
    schema = json.loads(text)
    try:
        jsonschema_rs.meta.validate(schema)
        options = jsonschema_rs.RegexOptions(size_limit=1 << 20)
        return jsonschema_rs.validator_for(schema, pattern_options=options, offline=True, mask="the value")
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        place = ".".join(str(part) for part in getattr(error, "instance_path", ()))
        message = str(getattr(error, "message", error)).splitlines()[0]
        raise InvalidSchema(f"{place + ': ' if place else ''}{message:.200}; see https://json-schema.org") from None


class Held:
    """What holds records to a schema."""

    def __init__(self, schema: Schema) -> None:
        self._validator = _compiled(dump_json(schema))

    def reason(self, data: Mapping[str, object]) -> str | None:
        """Why a record does not fit, without its values; None for one that does."""
        if self._validator.is_valid(data):
            return None
        for error in self._validator.iter_errors(data):
            place = ".".join(str(part) for part in error.instance_path)
            return f"{place or 'it'}: {error.message:.200}"
        return None


def kinds_at(schema: Schema, path: Path) -> frozenset[str]:
    """Which kinds of value can stand at a path; empty where the schema lets none.

    Every kind where the schema does not say.
    """
    node: object = schema
    for name in path:
        node = _resolved(schema, node)
        if node is True:
            return KINDS
        if not isinstance(node, Mapping) or "object" not in _kinds(node):
            return frozenset()
        members = node.get("properties", {})
        if isinstance(members, Mapping) and name in members:
            node = members[name]
        elif any(word in node for word in _UNTOLD):
            return KINDS
        else:
            node = node.get("additionalProperties", True)
    node = _resolved(schema, node)
    if node is True:
        return KINDS
    return _kinds(node) if isinstance(node, Mapping) else frozenset()


def _resolved(schema: Schema, node: object) -> object:
    """A node, its references within the schema followed."""
    for _ in range(MOST_REFERENCES):
        if not isinstance(node, Mapping) or not isinstance(node.get("$ref"), str):
            return node
        target: object = schema
        for part in str(node["$ref"]).removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name, True) if isinstance(target, Mapping) else True
        node = target
    return True


def _kinds(node: Mapping[str, object]) -> frozenset[str]:
    said = node.get("type")
    if said is None:
        return KINDS
    named = {said} if isinstance(said, str) else set(said) if isinstance(said, list) else set()
    return frozenset("number" if kind == "integer" else str(kind) for kind in named)


def check_kind(schema: Schema, path: Path, value: object) -> None:
    """Raise `InvalidFilter` for a value that cannot stand at a path."""
    kinds, dotted = kinds_at(schema, path), ".".join(path)
    if not kinds:
        raise InvalidFilter(f"{dotted!r:.80} is no path of this set's schema")
    kind = kind_of(value)
    if kind not in kinds:
        raise InvalidFilter(f"{dotted!r:.80} is {' or '.join(sorted(kinds))}, and {kind} was given")


def kind_of(value: object) -> str:
    """What JSON Schema calls a value's kind."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array" if isinstance(value, (list, tuple)) else "no JSON"
