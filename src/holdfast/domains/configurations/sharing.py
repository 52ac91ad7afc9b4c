"""Who reads a configuration, and who else may change it."""

from dataclasses import replace
from typing import cast
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice
from holdfast.domains.configurations import caching, finding, queries, searching, writing
from holdfast.domains.configurations.addresses import parse_address
from holdfast.domains.configurations.models import (
    SHARE_LEVELS,
    VISIBILITIES,
    ConfigurationShare,
    ConfigurationSummary,
    ShareLevel,
    Visibility,
)
from holdfast.domains.configurations.reads import ConfigurationReads
from holdfast.domains.configurations.stored import Stored
from holdfast.domains.configurations.telling import tell
from holdfast.domains.identity.errors import UserNotFound

ShareList = list[ConfigurationShare]
"""Named here because the class has a method called `list`."""


class Sharing(ConfigurationReads):
    """Visibility and shares; see `Configurations`. For a configuration's owner, and administrators."""

    @action("configurations.share", writes=True)
    def set_visibility(self, address: str, visibility: Visibility) -> Work[ConfigurationSummary]:
        """Say who reads a configuration: "tenant", every member and auditor; or "private", its owner, those it is
        shared with, and who administers. For its owner and administrators.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`.
        """
        parsed, wanted = parse_address(address), check_visibility(visibility)

        def work(tx: Transaction) -> ConfigurationSummary:
            finding.take_turn(tx, parsed)
            found = _owned(tx, finding.readable(tx, parsed))
            if found.visibility == wanted:
                tx.unchanged()
                return found.summary()
            tx.run(queries.set_visibility, {"configuration_id": found.id, "new_visibility": wanted, "moment": now()})
            caching.changes(tx, self.engine, parsed)
            now_is = replace(found, visibility=wanted)
            writing.record(tx, now_is, visibility=wanted)
            searching.put(tx, now_is, finding.version(tx, found, found.version).parsed(), new=False)
            return finding.readable(tx, parsed).summary()

        return work

    @action("configurations.share", writes=True, on="user")
    def share(self, address: str, user: UUID | str, level: ShareLevel) -> Work[ConfigurationShare]:
        """Let a member of the tenant, by their id, "view", "comment" on or "edit" a configuration, whoever else reads
        it. In place of what they were let before. For its owner and administrators.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`, `UserNotFound`.
        """
        parsed, who = parse_address(address), as_id(user, field="user")
        allowed = cast(ShareLevel, check_choice(level, SHARE_LEVELS, field="level"))

        def work(tx: Transaction) -> ConfigurationShare:
            found = _owned(tx, finding.readable(tx, parsed))
            if tx.first(queries.member, {"user_id": who}) is None:
                raise UserNotFound(str(who))
            made = ConfigurationShare(user_id=who, level=allowed, created_at=now())
            tx.run(queries.put_share, {"configuration_id": found.id, "owner_id": found.owner_id, **vars(made)})
            writing.record(tx, found, shared_with=str(who), level=allowed)
            tell(tx, who, "shared", found.id)
            return made

        return work

    @action("configurations.share", writes=True, on="user")
    def unshare(self, address: str, user: UUID | str) -> Work[None]:
        """Share a configuration with somebody no more. Nothing happens where it was not.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`.
        """
        parsed, who = parse_address(address), as_id(user, field="user")

        def work(tx: Transaction) -> None:
            found = _owned(tx, finding.readable(tx, parsed))
            if tx.run(queries.delete_share, {"configuration_id": found.id, "user_id": who}) == 0:
                tx.unchanged()
                return
            writing.record(tx, found, unshared_with=str(who))

        return work

    @action("configurations.share", writes=False)
    def shares(self, address: str) -> Work[ShareList]:
        """With whom a configuration is shared, in the order in which it was. For its owner and administrators.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`.
        """
        parsed = parse_address(address)

        def work(tx: Transaction) -> ShareList:
            found = _owned(tx, finding.readable(tx, parsed))
            return tx.all(queries.shares_of, {"configuration_id": found.id})

        return work


def check_visibility(value: object) -> Visibility:
    """Who is to read it."""
    return cast(Visibility, check_choice(value, VISIBILITIES, field="visibility"))


def _owned(tx: Transaction, found: Stored) -> Stored:
    finding.check_owned(tx, found)
    return found
