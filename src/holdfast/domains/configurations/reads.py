"""Reading configurations."""

from typing import Any

from holdfast.core.action import Actions, action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import PermissionDenied
from holdfast.core.pages import Page, check_limit
from holdfast.core.policy import allow
from holdfast.domains.configurations import cursors, finding, queries
from holdfast.domains.configurations.addresses import Address, parse_address, parse_pattern, unescaped
from holdfast.domains.configurations.caching import Current
from holdfast.domains.configurations.checks import check_version
from holdfast.domains.configurations.differences import edits, patch_of
from holdfast.domains.configurations.models import (
    MAIN,
    Configuration,
    ConfigurationSummary,
    ConfigurationVersion,
    Difference,
)
from holdfast.domains.configurations.wording import change_of


class ConfigurationReads(Actions):
    """What can be read of configurations; see `Configurations`."""

    _current: Current | None = None

    @composite
    def get(self, address: str, version: int | None = None) -> Configuration:
        """What is at an address (`vendor/standard/type`, or a name): the current version, or the one that is named.

        The current one is cached: without a Redis, what another process has changed shows after `cache_alone_seconds`.
        A hit takes a few µs, whatever the size; a miss or a named version two statements. Its document is shared and
        refuses changes. Raises `ConfigurationNotFound`, `VersionNotFound`.
        """
        if version is None and self._may_read():
            parsed = parse_address(address)
            if self._current is None:
                self._current = Current(self.engine, self.access.scope)
            found = self._current.at(address, parsed)
            if found is not None:
                return found
        return self.read(address, version)

    def _may_read(self) -> bool:
        """Who may not is refused by the action, which records it."""
        try:
            return allow(self.access.checked(), "configurations.read", writes=False) is not None
        except PermissionDenied:
            return False

    @action("configurations.read", writes=False)
    def read(self, address: str, version: int | None = None) -> Work[Configuration]:
        """What `get` gives, as the database has it now. Two statements.

        Raises `ConfigurationNotFound`, `VersionNotFound`.
        """
        parsed = parse_address(address)
        wanted = None if version is None else check_version(version, field="version")

        def work(tx: Transaction) -> Configuration:
            found = finding.readable(tx, parsed)
            return finding.version(tx, found, wanted or found.version).of(found)

        return work

    @action("configurations.read", writes=False)
    def history(self, address: str, *, limit: int = 50, cursor: str | None = None) -> Work[Page[ConfigurationVersion]]:
        """A page of every version, the newest first, without the documents. Two statements.

        Raises `ConfigurationNotFound`, `InvalidCursor`.
        """
        parsed = parse_address(address)
        question = ("configurations.history", self.scope.tenant_id, self.scope.actor_id, parsed)
        params: dict[str, Any] = {"branch": MAIN, "limit": check_limit(limit, self.settings.page) + 1}
        if cursor is not None:
            params |= cursors.place_of_versions(question, cursor)
        query = queries.page_of_versions(before=cursor is not None)

        def work(tx: Transaction) -> Page[ConfigurationVersion]:
            found = finding.readable(tx, parsed)
            return cursors.page_of_versions(tx.all(query, {**params, "configuration_id": found.id}), limit, question)

        return work

    @action("configurations.read", writes=False)
    def diff(self, address: str, before: int, after: int | None = None) -> Work[Difference]:
        """What leads from one version to another, or to the current one: field by field in words, and as a JSON Patch.

        Raises `ConfigurationNotFound`, `VersionNotFound`.
        """
        parsed, old = parse_address(address), check_version(before, field="before")
        new = None if after is None else check_version(after, field="after")

        def work(tx: Transaction) -> tuple[Any, Any, int]:
            found = finding.readable(tx, parsed)
            to = new or found.version
            return finding.version(tx, found, old), finding.version(tx, found, to), to

        def compare(tx: Transaction) -> Difference:
            one, other, to = work(tx)
            found = edits(one.parsed(), other.parsed())
            changes = tuple(change_of(edit) for edit in found)
            return Difference(address=parsed.text, before=old, after=to, changes=changes, patch=patch_of(found))

        return compare

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
