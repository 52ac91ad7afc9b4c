"""A store with kinds of jobs of the test's own, and a clock that the test moves."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

import holdfast
from holdfast.core.jobs import job, kinds
from holdfast.core.settings import Settings

FAST = Settings(job_retry_seconds=10.0, job_lease_seconds=30.0)


@dataclass(frozen=True)
class Count:
    """The arguments of the tests' jobs."""

    to: int = 3
    label: str = ""


class Clock:
    """The time, as a worker has it."""

    def __init__(self):
        self.moment = datetime.now(UTC) + timedelta(seconds=5)

    def __call__(self):
        return self.moment

    def forward(self, **step):
        self.moment += timedelta(**step)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def root(place):
    """The store, open, with short leases."""
    with holdfast.open(place.url, place.key, settings=FAST) as store:
        yield store


@pytest.fixture
def kind():
    """Registers a kind for this test."""
    made = []

    def register(body, *, name="test.count", submit="jobs.submit", **options):
        made.append(name)
        return job(name, arguments=Count, submit=submit, **options)(body)

    with kinds._lines.kept():
        for line in kinds.lines():
            kinds._lines.forget(line.name)  # what runs by itself would run here too
        yield register
        for name in made:
            kinds.forget(name)


@pytest.fixture
def amina(root):
    return root.tenant("acme").user("amina@acme.test", request_id="r-7")


def slower(store, **settings):
    """The same store with other settings."""
    store.settings = replace(store.settings, **settings)
    return store
