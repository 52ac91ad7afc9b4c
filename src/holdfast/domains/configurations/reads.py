"""Reading configurations."""

from collections.abc import Sequence
from typing import Any

from holdfast.core import lexical
from holdfast.core.action import Actions, action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.inputs import check_name
from holdfast.core.pages import Page, check_limit
from holdfast.core.policy import allow
from holdfast.domains.configurations import cursors, finding, queries, searching
from holdfast.domains.configurations.addresses import Address, parse_address, parse_pattern, unescaped
from holdfast.domains.configurations.caching import Current
from holdfast.domains.configurations.checks import BRANCH_CHARS, check_version
from holdfast.domains.configurations.differences import edits, patch_of
from holdfast.domains.configurations.models import (
    MAIN,
    Configuration,
    ConfigurationSummary,
    ConfigurationVersion,
    Difference,
    FoundConfiguration,
)
from holdfast.domains.configurations.stored import Stored, StoredVersion
from holdfast.domains.configurations.wording import change_of

FoundList = list[FoundConfiguration]
"""Named here because the class has a method called `list`."""


class ConfigurationReads(Actions):
    """What can be read of configurations; see `Configurations`."""

    _current: Current | None = None

    @composite
    def get(self, address: str, version: int | None = None, *, branch: str | None = None) -> Configuration:
        """What is at an address (`vendor/standard/type`, or a name): the current version, or the one that is named.

        The current one is cached: without a Redis, what another process has changed shows after `cache_alone_seconds`.
        A hit takes a few µs, whatever the size; a miss or a named version two statements. Its document is shared and
        refuses changes. `branch`: of that branch. Raises `ConfigurationNotFound`, `BranchNotFound`, `VersionNotFound`.
        """
        if version is None and branch is None and self._may_read():
            parsed = parse_address(address)
            if self._current is None:
                self._current = Current(self.engine, self.access.scope)
            found = self._current.at(address, parsed)
            if found is not None:
                return found
        return self.read(address, version, branch=branch)

    def _may_read(self) -> bool:
        """Who may not is refused by the action, which records it."""
        try:
            return allow(self.access.checked(), "configurations.read", writes=False) is not None
        except PermissionDenied:
            return False

    @action("configurations.read", writes=False)
    def read(self, address: str, version: int | None = None, *, branch: str | None = None) -> Work[Configuration]:
        """What `get` gives, as the database has it now. Two statements.

        Raises `ConfigurationNotFound`, `BranchNotFound`, `VersionNotFound`.
        """
        parsed, of = parse_address(address), _check_branch(branch)
        wanted = None if version is None else check_version(version, field="version")

        def work(tx: Transaction) -> Configuration:
            found = finding.readable(tx, parsed)
            newest = finding.newest(tx, found, of)
            return finding.version(tx, found, wanted or newest, branch=of or MAIN, newest=newest).of(found)

        return work

    @action("configurations.read", writes=False)
    def history(
        self, address: str, *, branch: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Work[Page[ConfigurationVersion]]:
        """A page of every version, of `main` or of a branch, the newest first, without the documents. Two statements.

        Raises `ConfigurationNotFound`, `BranchNotFound`, `InvalidCursor`.
        """
        parsed, of = parse_address(address), _check_branch(branch)
        question = ("configurations.history", self.scope.tenant_id, self.scope.actor_id, parsed, of)
        params: dict[str, Any] = {"branch": of or MAIN, "limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params |= cursors.place_of_versions(question, cursor)
        query = queries.page_of_versions(before=cursor is not None)

        def work(tx: Transaction) -> Page[ConfigurationVersion]:
            found = finding.readable(tx, parsed)
            finding.newest(tx, found, of)
            return cursors.page_of_versions(tx.all(query, {**params, "configuration_id": found.id}), limit, question)

        return work

    @action("configurations.read", writes=False)
    def diff(
        self, address: str, before: int, after: int | None = None, *, branch: str | None = None
    ) -> Work[Difference]:
        """What leads from one version to another, or to the current one: field by field in words, and as a JSON Patch.

        `branch`: from a version of `main` to one of that branch. Raises `ConfigurationNotFound`, `BranchNotFound`,
        `VersionNotFound`.
        """
        parsed, old, of = parse_address(address), check_version(before, field="before"), _check_branch(branch)
        new = None if after is None else check_version(after, field="after")

        def work(tx: Transaction) -> Difference:
            found = finding.readable(tx, parsed)
            newest = finding.newest(tx, found, of)
            one = finding.version(tx, found, old)
            other = finding.version(tx, found, new or newest, branch=of or MAIN, newest=newest)
            return _difference(parsed.text, one, other)

        return work

    @action("configurations.read", writes=False)
    def search(self, query: str, *, k: int = 10) -> Work[FoundList]:
        """The `k` configurations whose current documents, or addresses, answer a query best, by the words in them.

        Any word may match, the rarest count most; "exact words", begin* and -without as in other searches. Of private
        ones the 50 that were changed last are looked through. Raises `InvalidInput`.
        """
        question = lexical.parse_question(query, most_chars=self.settings.query_chars)
        check_limit(k, self.settings.page, field="k")
        return lambda tx: _found(searching.by_words(tx, question, k))

    @action("configurations.read", writes=False)
    def similar(self, address: str, *, above: float = 0.8, limit: int = 10) -> Work[FoundList]:
        """Configurations whose documents have a similar shape: the same members in the same places, of the same kinds,
        with the same short values. `score` is the cosine of their vectors, from `above` to 1, the most alike first.

        Of private ones the 50 that were changed last are compared. Raises `ConfigurationNotFound`, `InvalidInput`.
        """
        parsed = parse_address(address)
        check_limit(limit, self.settings.page)
        if isinstance(above, bool) or not isinstance(above, (int, float)) or not -1 <= above <= 1:
            raise InvalidInput(f"above: {above!r:.40} is not a number from -1 to 1", field="above")

        def work(tx: Transaction) -> FoundList:
            found = finding.readable(tx, parsed)
            document = finding.version(tx, found, found.version).parsed()
            return _found(searching.by_shape(tx, found, document, limit, above))

        return work

    @action("configurations.read", writes=False)
    def find(self, pattern: str, *, limit: int = 50, cursor: str | None = None) -> Work[Page[ConfigurationSummary]]:
        """A page of what is at the addresses of a pattern, by address: `Epic/*/*`, `*/HL7v2/ADT^*`, `support-*`.

        A star stands for any text within its segment. Served by an index as far as the leading segments have none.
        Raises `InvalidInput`, `InvalidCursor`.
        """
        return self._page(parse_pattern(pattern), ("configurations.find", pattern), limit, cursor)

    @action("configurations.read", writes=False)
    def list(self, *, limit: int = 50, cursor: str | None = None) -> Work[Page[ConfigurationSummary]]:
        """A page of all that the actor may read, by address: names first, which have no vendor. One statement.

        Raises `InvalidCursor`.
        """
        return self._page(None, ("configurations.list",), limit, cursor)

    def _page(
        self, pattern: Address | None, asked: tuple[str, ...], limit: int, cursor: str | None
    ) -> Work[Page[ConfigurationSummary]]:
        question = (*asked, self.scope.tenant_id, self.scope.actor_id)
        params: dict[str, Any] = {"limit": check_limit(limit, self.settings.page) + 1}
        literal: list[str] = []
        pieces: list[str] = []
        for name, segment in zip(queries.SEGMENTS, pattern or (), strict=pattern is not None):
            parts = tuple(unescaped(part) for part in segment.split("*"))
            (pieces if len(parts) > 1 else literal).append(name)
            params[name] = parts if len(parts) > 1 else parts[0]
        if cursor is not None:
            params |= cursors.place_by_address(question, cursor)
        query = queries.page(literal=tuple(literal), pieces=tuple(pieces), after=cursor is not None)
        return lambda tx: cursors.page_by_address(tx.all(query, params), limit, question)


def _difference(address: str, one: StoredVersion, other: StoredVersion) -> Difference:
    found = edits(one.parsed(), other.parsed())
    changes = tuple(change_of(edit) for edit in found)
    return Difference(address=address, before=one.version, after=other.version, changes=changes, patch=patch_of(found))


def _found(hits: Sequence[tuple[Stored, float]]) -> FoundList:
    return [FoundConfiguration(configuration=stored.summary(), score=score) for stored, score in hits]


def _check_branch(name: object) -> str | None:
    """The name of a branch beside `main`; None for that itself."""
    return None if name in (None, MAIN) else check_name(name, field="branch", most_chars=BRANCH_CHARS)
