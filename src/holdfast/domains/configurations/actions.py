"""Configurations: put, read, compare, restore."""

from holdfast.core.action import action
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations import caching, finding, writing
from holdfast.domains.configurations.addresses import Address, parse_address
from holdfast.domains.configurations.branching import check_branch
from holdfast.domains.configurations.checks import check_configuration, check_reason, check_version
from holdfast.domains.configurations.errors import ConfigurationChanged, ConfigurationNotFound
from holdfast.domains.configurations.models import MAIN, Configuration, Visibility
from holdfast.domains.configurations.sharing import check_visibility
from holdfast.domains.configurations.standing import Standings
from holdfast.domains.configurations.stored import Stored
from holdfast.domains.configurations.writing import Written


class Configurations(Standings):
    """JSON documents that an application runs by, at addresses, with every version they had."""

    @action("configurations.edit", writes=True)
    def put(
        self,
        address: str,
        document: object,
        *,
        reason: str,
        if_version: int | None = None,
        if_unchanged: Configuration | None = None,
        visibility: Visibility | None = None,
        branch: str | None = None,
    ) -> Work[Configuration]:
        """Make a document (any JSON but null, up to `configuration_bytes`) the next version of what is at an address,
        or the first.

        The current document again is the current version, with `replayed` set; nothing is written. `if_version`: the
        number of the version it is made from, 0 for none; `if_unchanged`: that version as it was read. Whoever puts the
        first version owns the configuration; `visibility` says who reads it then: "tenant" (every member, the default)
        or "private". `branch`: the next version of that branch. Raises `ConfigurationChanged`, `ConfigurationReadOnly`,
        `AddressTaken`, `BranchNotFound`, `InvalidInput`.
        """
        parsed, text = parse_address(address), check_configuration(document, self.settings)
        written = Written(text=text, reason=check_reason(reason), author_id=self.actor())
        expected = None if if_version is None else check_version(if_version, field="if_version", least=0)
        shown = None if visibility is None else check_visibility(visibility)
        of = None if branch in (None, MAIN) else check_branch(branch)

        def work(tx: Transaction) -> Configuration:
            finding.take_turn(tx, parsed)
            found = finding.at(tx, parsed)
            if of is not None:
                return _put_on_branch(tx, _is_there(found, parsed), of, written, expected, if_unchanged)
            current = None if found is None else (found.version, found.digest)
            _check_current(parsed, current, expected, if_unchanged)
            caching.changes(tx, self.engine, parsed)
            if found is None:
                return writing.create(tx, parsed, written, shown or "tenant")
            finding.check_editable(found)
            if shown is not None and shown != found.visibility:
                is_now = f"visibility: it is {found.visibility!r}; set_visibility(…) changes it"
                raise InvalidInput(is_now, field="visibility")
            return writing.advance(tx, found, written)

        return work

    @action("configurations.edit", writes=True)
    def rollback(self, address: str, to: int, *, reason: str) -> Work[Configuration]:
        """Make the document of a former version the next one. The history stays whole.

        Where it says what the current one says, that is given, with `replayed` set. Raises `ConfigurationNotFound`,
        `VersionNotFound`, `ConfigurationReadOnly`.
        """
        parsed, wanted = parse_address(address), check_version(to, field="to")
        why, author = check_reason(reason), self.actor()

        def work(tx: Transaction) -> Configuration:
            found = finding.editable(tx, parsed)
            former = finding.version(tx, found, wanted)
            caching.changes(tx, self.engine, parsed)
            restored = Written(
                text=former.document, reason=why, author_id=author, origin="rollback", from_version=wanted
            )
            return writing.advance(tx, found, restored)

        return work


def _is_there(found: Stored | None, address: Address) -> Stored:
    if found is None:
        raise ConfigurationNotFound(address.text)
    finding.check_editable(found)
    return found


def _put_on_branch(
    tx: Transaction, found: Stored, name: str, written: Written, expected: int | None, read: Configuration | None
) -> Configuration:
    branch = finding.branch(tx, found, name)
    _check_current(found.address, (branch.version, branch.digest), expected, read)
    return writing.advance_branch(tx, found, branch, written)


def _check_current(
    address: Address, current: tuple[int, str] | None, expected: int | None, read: Configuration | None
) -> None:
    """Raise `ConfigurationChanged` where it is not at the version that the change was made for."""
    version, digest = current or (0, "")
    if expected is not None and expected != version:
        raise ConfigurationChanged(address.text, expected, version)
    if read is not None and (read.version, read.digest) != (version, digest):
        raise ConfigurationChanged(address.text, read.version, version)
