"""How versions do: used how often, rated how, and how accurate as evaluations say."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_name
from holdfast.core.pages import Page, check_limit
from holdfast.domains.configurations import finding
from holdfast.domains.configurations import standing_queries as queries
from holdfast.domains.configurations.addresses import Address, parse_address
from holdfast.domains.configurations.checks import check_version
from holdfast.domains.configurations.inbox import Inbox
from holdfast.domains.configurations.models import ConfigurationFeedback, Standing
from holdfast.domains.configurations.requests import cursor_behind, place_behind
from holdfast.domains.configurations.stored import Stored

COMMENT_CHARS = 4_000
MOST = 1_000_000_000
StandingList = list[Standing]
"""Named here because the class has a method called `list`."""


class Standings(Inbox):
    """Use and feedback; see `Configurations`. For all who may read a configuration."""

    @action("configurations.rate", writes=True)
    def count_use(self, address: str, *, version: int | None = None, uses: int = 1) -> Work[None]:
        """Count uses of a version, the current one unless another is named. Count many at once where there are many:
        each call is a transaction. Raises `ConfigurationNotFound`, `VersionNotFound`.
        """
        parsed, of = parse_address(address), None if version is None else check_version(version, field="version")
        count = check_limit(uses, MOST, field="uses")

        def work(tx: Transaction) -> None:
            found = _with_version(tx, parsed, of)
            counted = {"configuration_id": found.id, "version": of or found.version, "uses": count}
            tx.run(queries.add_uses, {**counted, "moment": now()})
            tx.record("configuration", found.id, owner=found.owner_id, tenant_id=None, uses=count)

        return work

    @action("configurations.rate", writes=True)
    def rate(
        self,
        address: str,
        rating: int | None = None,
        *,
        accuracy: float | None = None,
        samples: int | None = None,
        comment: str | None = None,
        version: int | None = None,
    ) -> Work[ConfigurationFeedback]:
        """Say how a version does, the current one unless another is named: a rating (1 or -1), an accuracy (0 to 1) as
        measured on so many samples, a comment; at least one of them. Of a person's ratings of one the last counts.

        Raises `ConfigurationNotFound`, `VersionNotFound`, `InvalidInput`.
        """
        parsed, of = parse_address(address), None if version is None else check_version(version, field="version")
        said: dict[str, Any] = {
            "rating": _check_rating(rating),
            "accuracy": _check_accuracy(accuracy),
            "samples": None if samples is None else check_limit(samples, MOST, field="samples"),
            "comment": None if comment is None else check_name(comment, field="comment", most_chars=COMMENT_CHARS),
        }
        if rating is None and accuracy is None and comment is None:
            raise InvalidInput("rating: say something: a rating, an accuracy or a comment", field="rating")
        author = self.actor()

        def work(tx: Transaction) -> ConfigurationFeedback:
            found = _with_version(tx, parsed, of)
            made = ConfigurationFeedback(
                id=new_id(), version=of or found.version, user_id=author, created_at=now(), **said
            )
            tx.run(queries.insert_feedback, {"configuration_id": found.id, "moment": made.created_at, **vars(made)})
            given = sorted(name for name, value in said.items() if value is not None)
            tx.record("configuration", found.id, owner=found.owner_id, tenant_id=None, rated=given)
            return made

        return work

    @action("configurations.read", writes=False)
    def feedback(
        self, address: str, *, limit: int = 50, cursor: str | None = None
    ) -> Work[Page[ConfigurationFeedback]]:
        """A page of what was said of it, the newest first. Raises `ConfigurationNotFound`, `InvalidCursor`."""
        parsed = parse_address(address)
        question = ("configurations.feedback", self.scope.tenant_id, self.scope.actor_id, parsed)
        params: dict[str, Any] = {"limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params["before_id"] = place_behind(question, cursor)
        query = queries.page_of_feedback(before=cursor is not None)

        def work(tx: Transaction) -> Page[ConfigurationFeedback]:
            rows = tx.all(query, {**params, "configuration_id": finding.readable(tx, parsed).id})
            items = tuple(rows[:limit])
            return Page(items=items, next=cursor_behind(question, items[-1].id) if len(rows) > limit else None)

        return work

    @action("configurations.read", writes=False)
    def standing(self, address: str) -> Work[StandingList]:
        """How the versions of a configuration do, the newest first; those of which nothing is known are left out.

        Three statements; reads all its feedback. Raises `ConfigurationNotFound`.
        """
        parsed = parse_address(address)

        def work(tx: Transaction) -> StandingList:
            asked = {"configuration_id": finding.readable(tx, parsed).id}
            return _standings(tx.all(queries.uses_of, asked), tx.all(queries.said_of, asked))

        return work


def _standings(uses: list[queries.Uses], said: list[tuple[Any, ...]]) -> StandingList:
    used = {row.version: row for row in uses}
    ratings: defaultdict[int, dict[UUID, int]] = defaultdict(dict)
    measured: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for version, user_id, rating, accuracy, samples in said:
        if rating is not None:
            ratings[version][user_id] = rating
        if accuracy is not None:
            measured[version].append((accuracy, samples or 1))
    made = []
    for version in sorted({*used, *ratings, *measured, *(row[0] for row in said)}, reverse=True):
        row, given, found = used.get(version), ratings[version].values(), measured[version]
        weight = sum(count for _, count in found)
        made.append(
            Standing(
                version=version,
                uses=0 if row is None else row.uses,
                last_used_at=None if row is None else row.last_used_at,
                ratings_up=sum(one == 1 for one in given),
                ratings_down=sum(one == -1 for one in given),
                accuracy=sum(value * count for value, count in found) / weight if weight else None,
                samples=weight,
            )
        )
    return made


def _with_version(tx: Transaction, address: Address, version: int | None) -> Stored:
    found = finding.readable(tx, address)
    if version is not None and version > found.version:
        finding.version(tx, found, version)
    return found


def _check_rating(value: object) -> int | None:
    if value is None or (value in (1, -1) and not isinstance(value, (bool, float))):
        return value
    raise InvalidInput(f"rating: {value!r:.40} is neither 1 nor -1", field="rating")


def _check_accuracy(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise InvalidInput(f"accuracy: {value!r:.40} is not a number from 0 to 1", field="accuracy")
    return float(value)
