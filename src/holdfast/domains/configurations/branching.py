"""Branches, and merging them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_name
from holdfast.core.settings import Settings
from holdfast.domains.configurations import caching, finding, queries, writing
from holdfast.domains.configurations.addresses import parse_address
from holdfast.domains.configurations.checks import BRANCH_CHARS, check_configuration, check_reason, check_version
from holdfast.domains.configurations.errors import BranchExists
from holdfast.domains.configurations.merging import MISSING, Merging, check_resolutions
from holdfast.domains.configurations.models import MAIN, ConfigurationBranch, Merge, MergeConflict
from holdfast.domains.configurations.sharing import Sharing
from holdfast.domains.configurations.stored import Stored
from holdfast.domains.configurations.writing import Written

BranchList = list[ConfigurationBranch]
ConflictList = list[MergeConflict]
"""Named here because the class has a method called `list`."""


class Branching(Sharing):
    """Branches; see `Configurations`."""

    @action("configurations.edit", writes=True)
    def branch(
        self, address: str, name: str, *, from_version: int | None = None, reason: str | None = None
    ) -> Work[ConfigurationBranch]:
        """Begin a branch with the current version, or a former one. `put(…, branch=name)` goes on with it.

        Raises `BranchExists`, `ConfigurationNotFound`, `ConfigurationReadOnly`, `VersionNotFound`.
        """
        parsed, chosen, author = parse_address(address), check_branch(name), self.actor()
        wanted = None if from_version is None else check_version(from_version, field="from_version")
        why = check_reason(f"branch {chosen}" if reason is None else reason)

        def work(tx: Transaction) -> ConfigurationBranch:
            found = finding.editable(tx, parsed)
            if tx.first(queries.branch_of, {"configuration_id": found.id, "name": chosen}) is not None:
                raise BranchExists(parsed.text, chosen)
            base = finding.version(tx, found, wanted or found.version)
            writing.begin_branch(tx, found, chosen, base, author, why)
            return finding.branch(tx, found, chosen)

        return work

    @action("configurations.read", writes=False)
    def branches(self, address: str) -> Work[BranchList]:
        """Every branch beside `main`, by name. Raises `ConfigurationNotFound`."""
        parsed = parse_address(address)

        def work(tx: Transaction) -> BranchList:
            return tx.all(queries.branches_of, {"configuration_id": finding.readable(tx, parsed).id})

        return work

    @action("configurations.read", writes=False)
    def conflicts(self, address: str, branch: str) -> Work[ConflictList]:
        """What would be in the way of merging a branch now; nothing is merged.

        Raises `ConfigurationNotFound`, `BranchNotFound`.
        """
        parsed, name = parse_address(address), check_branch(branch)

        def work(tx: Transaction) -> ConflictList:
            return _Sides.read(tx, finding.readable(tx, parsed), name).merged({}, self.settings).conflicts

        return work

    @action("configurations.edit", writes=True)
    def merge(
        self, address: str, branch: str, *, reason: str, resolutions: Mapping[str, object] | None = None
    ) -> Work[Merge]:
        """Merge a branch into `main`, field by field: what one side changed is taken; where both did otherwise, it is a
        conflict. While there are conflicts nothing is merged, and they are given.

        `resolutions` say what to take, by the `path` of a conflict: "main", "branch" or {"value": …}. The branch stays,
        and may go on. Raises `ConfigurationNotFound`, `BranchNotFound`, `ConfigurationReadOnly`, `InvalidInput` for a
        resolution of no conflict.
        """
        parsed, name, why, author = parse_address(address), check_branch(branch), check_reason(reason), self.actor()
        chosen = check_resolutions(resolutions)

        def work(tx: Transaction) -> Merge:
            found = finding.editable(tx, parsed)
            sides = _Sides.read(tx, found, name)
            merged = sides.merged(chosen, self.settings)
            if merged.conflicts:
                tx.unchanged()
                return Merge(conflicts=tuple(merged.conflicts))
            caching.changes(tx, self.engine, parsed)
            written = Written(
                text=merged.text, reason=why, author_id=author, origin="merge", from_version=sides.branch.version
            )
            made = writing.advance(tx, found, written)
            mark = {"configuration_id": found.id, "name": name, "moment": made.created_at}
            tx.run(queries.mark_merged, {**mark, "new_base": made.version, "new_merged": sides.branch.version})
            return Merge(configuration=made)

        return work

    def actor(self) -> UUID:
        """Who acts. Raises `InvalidInput` where nobody in particular does."""
        if self.scope.actor_id is None:
            raise InvalidInput("user: configurations are made by a person; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id


@dataclass(frozen=True)
class _Merged:
    text: str
    conflicts: list[MergeConflict]


@dataclass(frozen=True)
class _Sides:
    """What a merge begins with: what both sides had in common, and what each has now."""

    branch: ConfigurationBranch
    base: object
    main: object
    theirs: object

    @classmethod
    def read(cls, tx: Transaction, found: Stored, name: str) -> "_Sides":
        branch = finding.branch(tx, found, name)
        base, theirs = (
            finding.version(tx, found, number, branch=name) for number in (branch.merged_version, branch.version)
        )
        main = finding.version(tx, found, found.version)
        return cls(branch, base.parsed(), main.parsed(), theirs.parsed())

    def merged(self, resolutions: Mapping[str, object], settings: Settings) -> _Merged:
        merging = Merging(resolutions)
        made = merging.merge(self.base, self.main, self.theirs)
        if merging.conflicts:
            return _Merged("", merging.conflicts)
        if unused := merging.unused():
            raise InvalidInput(f"resolutions: there is no conflict at {unused[0]!r:.200}", field="resolutions")
        assert made is not MISSING, "a document is on both sides"
        return _Merged(check_configuration(made, settings), [])


def check_branch(name: object) -> str:
    """The name of a branch beside `main`: 1 to 100 characters."""
    chosen = check_name(name, field="branch", most_chars=BRANCH_CHARS)
    if chosen == MAIN:
        raise InvalidInput("branch: main is there always; name another", field="branch")
    return chosen
