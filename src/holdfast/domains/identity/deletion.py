"""Deleting a tenant for good."""

from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.cache.own import call_back_tenant
from holdfast.core.crypto.destruction import destroy_keys, finish_destruction
from holdfast.core.database import Transaction, Work
from holdfast.domains.identity import queries
from holdfast.domains.identity.models import DeletedTenant, Tenant
from holdfast.domains.identity.profiles import profile_changes
from holdfast.domains.identity.purging import purge
from holdfast.domains.identity.room import IdentityRoom
from holdfast.domains.identity.tenants import check_reason


class Deletion(IdentityRoom):
    """What cannot be undone."""

    @composite
    def delete_tenant(self, tenant: str, *, reason: str) -> DeletedTenant:
        """Delete a tenant with every row it has, its people where no other tenant has them, its credentials and keys.

        It is closed first, so that nobody writes meanwhile; then everything goes in one transaction, and last the key
        ring forgets it, so that copies of the database show no secret of it either. When the ring does not answer,
        `keys.destroy` with the tenant's id does the rest. What was done, this included, stays in the trail. Raises
        `TenantNotFound`.
        """
        why = check_reason(reason, self.settings.title_chars)
        self._close(tenant)
        found, rows, keys = self._delete(tenant, why)
        self.engine.vault.forget(keys)
        backups_too = finish_destruction(self.engine, found.id)
        return DeletedTenant(id=found.id, slug=found.slug, rows=rows, backups_too=backups_too)

    @action("identity.delete_tenant", writes=True, as_operator=True, changes_access=True)
    def _close(self, tenant: str) -> Work[None]:
        def work(tx: Transaction) -> None:
            found = self._tenant(tx, tenant)
            tx.run(queries.set_tenant_status, {"in_tenant": found.id, "new_status": "suspended"})
            profile_changes(tx, self.engine, found.slug)
            tx.record("tenant", found.id, tenant_id=found.id, status="suspended")

        return work

    @action("identity.delete_tenant", writes=True, as_operator=True, changes_access=True)
    def _delete(self, tenant: str, why: str) -> Work[tuple[Tenant, dict[str, int], list[UUID]]]:
        def work(tx: Transaction) -> tuple[Tenant, dict[str, int], list[UUID]]:
            found = self._tenant(tx, tenant)
            profile_changes(tx, self.engine, found.slug)
            call_back_tenant(tx, self.engine, found.id)
            keys = destroy_keys(tx, found.id)
            rows = purge(tx, found.id)
            tx.record("tenant", found.id, tenant_id=found.id, slug=found.slug, reason=why, rows=rows)
            return found, rows, keys

        return work
