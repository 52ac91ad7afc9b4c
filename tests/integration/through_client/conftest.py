"""The tests of the rooms once more, through a server and the client: one line of code moves an application there."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.through_client import ThroughClient


@pytest.fixture
def store(place: Any) -> Iterator[Any]:
    """A new store on each engine, behind a server."""
    opened = ThroughClient(place.url, place.key)
    yield opened
    opened.close()


ONLY_IN_PYTHON = {
    "test_a_digest_that_is_none_is_not_found",
    "test_a_name_is_text",
    "test_a_rating_is_one_or_minus_one",
    "test_a_comment_is_text_within_its_limit",
    "test_a_place_that_is_not_in_the_conversation_is_refused",
    "test_what_is_no_export_is_refused_by_name",
    "test_progress_is_reported",
    "test_a_query_without_a_word_or_beyond_the_limits_is_refused",
    "test_a_range_that_is_not_in_the_conversation_is_refused",
    "test_a_summary_says_something_that_can_be_stored",
    "test_entities_are_json",
    "test_what_python_alone_can_say_wrongly_is_refused",
    "test_a_measure_that_is_not_a_count_is_refused",
    "test_the_ledger_is_append_only",
}
"""What these give is no JSON, or of another type than the operation takes: a server refuses it in other words."""


ON_BOTH_ENGINES = {"test_log.py", "test_knowledge.py"}
"""What lies between client and server is the same on both engines; the others run on PostgreSQL with `--thorough`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave those out."""
    here = [item for item in items if item.path.parent.name == "through_client"]
    for item in here:
        if item.path.name not in ON_BOTH_ENGINES:
            item.add_marker(pytest.mark.thorough(on="postgresql"))
    out = [item for item in here if getattr(item, "originalname", "") in ONLY_IN_PYTHON]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]
