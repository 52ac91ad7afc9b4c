"""Deleting a tenant for good."""

from holdfast.core.action import action, composite
from holdfast.core.database import Transaction, Work
from holdfast.domains.identity import queries
from holdfast.domains.identity.purging import purge
from holdfast.domains.identity.room import IdentityRoom
from holdfast.domains.identity.tenants import check_reason


class Deletion(IdentityRoom):
    """What cannot be undone."""

    @composite
    def delete_tenant(self, tenant: str, *, reason: str) -> dict[str, int]:
        """Delete a tenant with every row it has, its people where no other tenant has them, and its credentials.

        It is closed first, so that nobody writes meanwhile; then everything goes in one transaction. Nothing brings it
        back. What was done, this included, stays in the trail. How many rows of each table. Raises `TenantNotFound`.
        """
        why = check_reason(reason, self.settings.title_chars)
        self._close(tenant)
        return self._delete(tenant, why)

    @action("identity.delete_tenant", writes=True, as_operator=True, changes_access=True)
    def _close(self, tenant: str) -> Work[None]:
        def work(tx: Transaction) -> None:
            found = self._tenant(tx, tenant)
            tx.run(queries.set_tenant_status, {"in_tenant": found.id, "new_status": "suspended"})
            tx.record("tenant", found.id, tenant_id=found.id, status="suspended")

        return work

    @action("identity.delete_tenant", writes=True, as_operator=True, changes_access=True)
    def _delete(self, tenant: str, why: str) -> Work[dict[str, int]]:
        def work(tx: Transaction) -> dict[str, int]:
            found = self._tenant(tx, tenant)
            counts = purge(tx, found.id)
            tx.record("tenant", found.id, tenant_id=found.id, slug=found.slug, reason=why, rows=counts)
            return counts

        return work
