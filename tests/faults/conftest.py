"""Stores as the campaigns describe them, for tests that send them to another process."""

import pytest
from campaigns.places import Place


@pytest.fixture
def here(place):
    """A new store on each engine, with its people."""
    return Place(place.engine, place.url, place.key)
