"""Configurations and versions, found within reach."""

from holdfast.core.database import Transaction
from holdfast.domains.configurations import queries
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.errors import (
    BranchNotFound,
    ConfigurationNotFound,
    ConfigurationReadOnly,
    VersionNotFound,
)
from holdfast.domains.configurations.models import MAIN, ConfigurationBranch
from holdfast.domains.configurations.stored import Stored, StoredVersion


def at(tx: Transaction, address: Address) -> Stored | None:
    """What is at an address, if the scope may read it. One statement."""
    return tx.first(queries.at_address, address._asdict())


def readable(tx: Transaction, address: Address) -> Stored:
    """The same; raises `ConfigurationNotFound`. Reading another's private one leaves a line in the trail."""
    found = at(tx, address)
    if found is None:
        raise ConfigurationNotFound(address.text)
    if found.visibility == "private":
        tx.saw("configuration", found.id, owner=found.owner_id)
    return found


def editable(tx: Transaction, address: Address) -> Stored:
    """What is at an address, to be changed by nobody else meanwhile.

    Raises `ConfigurationNotFound`, `ConfigurationReadOnly`. Two statements.
    """
    take_turn(tx, address)
    found = at(tx, address)
    if found is None:
        raise ConfigurationNotFound(address.text)
    check_editable(found)
    return found


def check_editable(found: Stored) -> None:
    """Raise `ConfigurationReadOnly` unless the actor may change it."""
    if found.access != "edit":
        raise ConfigurationReadOnly(found.address.text)


def check_owned(tx: Transaction, found: Stored) -> None:
    """Raise `ConfigurationReadOnly` unless it is the actor's own, or within an administrator's reach."""
    if found.owner_id != tx.scope.actor_id and tx.reach != "tenant":
        raise ConfigurationReadOnly(found.address.text)


def take_turn(tx: Transaction, address: Address) -> None:
    """Until the transaction ends, nobody else changes what is at this address."""
    tx.all(queries.wait_for_turn, {"turn": f"configuration {tx.tenant_id} {address.text}"})


def branch(tx: Transaction, found: Stored, name: str) -> ConfigurationBranch:
    """A branch; raises `BranchNotFound`. One statement."""
    stored = tx.first(queries.branch_of, {"configuration_id": found.id, "name": name})
    if stored is None:
        raise BranchNotFound(found.address.text, name)
    return stored


def newest(tx: Transaction, found: Stored, name: str | None) -> int:
    """The number of the current version of a branch, or of `main`."""
    return found.version if name is None else branch(tx, found, name).version


def version(tx: Transaction, found: Stored, number: int, *, branch: str = MAIN, newest: int = 0) -> StoredVersion:
    """A version with its document; raises `VersionNotFound`. One statement."""
    asked = {"configuration_id": found.id, "branch": branch, "version": number}
    stored = tx.first(queries.version_of, asked)
    if stored is None:
        raise VersionNotFound(found.address.text, number, newest or found.version)
    return stored
