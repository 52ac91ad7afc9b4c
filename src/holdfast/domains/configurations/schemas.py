"""JSON Schemas that documents must satisfy. Nothing is fetched, patterns run in linear time, errors hold no content."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import jsonschema_rs

from holdfast.core.database.types import dump_json
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_json

SCHEMA_BYTES = 256 * 1024
SCHEMA_DEPTH = 64
_PATTERN_BYTES = 1 << 20


def check_schema(schema: object) -> str:
    """A schema in its one spelling. Raises `InvalidInput`."""
    if not isinstance(schema, dict):
        raise InvalidInput(f"schema: a JSON object is needed, got {type(schema).__name__}", field="schema")
    check_json(schema, field="schema", most_bytes=SCHEMA_BYTES, most_depth=SCHEMA_DEPTH)
    for node in _nodes(schema):
        for word in ("$ref", "$dynamicRef"):
            target = node.get(word)
            if isinstance(target, str) and not target.startswith("#"):
                raise InvalidInput(
                    f"schema: {word} {target!r:.100} leads elsewhere, and nothing is fetched; put it in $defs",
                    field="schema",
                )
        if isinstance(node.get("$id"), str):
            raise InvalidInput("schema: $id is not taken; references within begin with #", field="schema")
    text = dump_json(schema)
    _compiled(text)
    return text


def violation(schema: str, document: object) -> tuple[str, str] | None:
    """Where a document does not satisfy a schema, and what, without its values; None for one that does."""
    for error in _compiled(schema).iter_errors(document):
        return "/".join(str(step) for step in error.instance_path), str(error.message)
    return None


@lru_cache(maxsize=64)
def _compiled(text: str) -> Any:
    schema = json.loads(text)
    try:
        jsonschema_rs.meta.validate(schema)
        options = jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES)
        return jsonschema_rs.validator_for(schema, pattern_options=options, offline=True, mask="the value")
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        message = str(getattr(error, "message", error)).splitlines()[0]
        raise InvalidInput(f"schema: {message:.200}; see https://json-schema.org", field="schema") from None


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)
