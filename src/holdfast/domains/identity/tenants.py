"""Tenants: made, configured, suspended, restored."""

import re

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_document, check_name
from holdfast.domains.identity import queries
from holdfast.domains.identity.errors import TenantExists
from holdfast.domains.identity.models import Tenant, TenantProfile
from holdfast.domains.identity.profiles import profile_changes, profile_of
from holdfast.domains.identity.room import IdentityRoom

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Tenants(IdentityRoom):
    """Operations on tenants."""

    @action("identity.create_tenant", writes=True, as_operator=True)
    def create_tenant(
        self, slug: str, *, name: str | None = None, settings: dict[str, object] | None = None
    ) -> Work[Tenant]:
        """Make a tenant. `slug`: 1 to 63 of a-z, 0-9 and inner hyphens. `settings` as in `configure_tenant`.

        Raises `TenantExists`, `InvalidInput`.
        """
        tenant_id = new_id()
        row = {
            "id": tenant_id,
            "slug": _check_slug(slug),
            "name": check_name(name or slug, field="name", most_chars=self.settings.title_chars),
            "settings": self._check_settings(settings),
            "created_at": now(),
        }

        def work(tx: Transaction) -> Tenant:
            tx.all(queries.wait_for_turn, {"turn": f"tenant {slug}"})
            if tx.first(queries.tenant_by_slug, row) is not None:
                raise TenantExists(slug)
            tx.run(queries.insert_tenant, {**row, "status": "active", "profile": {}})
            tx.record("tenant", tenant_id, tenant_id=tenant_id, slug=slug)
            return Tenant(**row)  # type: ignore[arg-type]  # the row above

        return work

    @action("identity.list_tenants", writes=False, as_operator=True)
    def list_tenants(self) -> Work[list[Tenant]]:
        """Every tenant, by slug."""
        return lambda tx: tx.all(queries.every_tenant)

    @action("identity.configure_tenant", writes=True, as_operator=True)
    def configure_tenant(self, settings: dict[str, object], *, tenant: str | None = None) -> Work[Tenant]:
        """Replace a tenant's settings. Known: `visible_conversations` (a cap a person, or None) and
        `visible_warning` (from how many on to warn). Others are kept for the application.
        """
        checked = self._check_settings(settings)

        def work(tx: Transaction) -> Tenant:
            found = self._tenant(tx, tenant)
            tx.run(queries.set_settings, {"in_tenant": found.id, "new_settings": checked})
            tx.record("tenant", found.id, tenant_id=found.id, changed=["settings"])
            return self._tenant(tx, tenant)

        return work

    @action("identity.publish_profile", writes=True, as_operator=True)
    def publish_profile(
        self,
        *,
        branding: dict[str, object] | None = None,
        settings: dict[str, object] | None = None,
        routing: dict[str, object] | None = None,
        tenant: str | None = None,
    ) -> Work[TenantProfile]:
        """Show the world how the tenant looks, before anybody logs in (`store.profile(slug)`). Replaces what was shown
        in the parts given; an empty object takes a part away. Nothing secret belongs here.
        """
        given = {"branding": branding, "settings": settings, "routing": routing}
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        parts = {name: check_document(part, field=name, **limits) for name, part in given.items() if part is not None}

        def work(tx: Transaction) -> TenantProfile:
            found = self._tenant(tx, tenant)
            shown = profile_of(tx, found.slug)
            profile_changes(tx, self.engine, found.slug)
            tx.run(queries.set_profile, {"in_tenant": found.id, "new_profile": {**_parts(shown), **parts}})
            tx.record("tenant", found.id, tenant_id=found.id, published=sorted(parts))
            return profile_of(tx, found.slug)

        return work

    @action("identity.suspend_tenant", writes=True, as_operator=True, changes_access=True)
    def suspend_tenant(self, tenant: str, *, reason: str) -> Work[Tenant]:
        """Refuse everybody of a tenant until it is restored. Its data is kept. Raises `TenantNotFound`."""
        why = check_reason(reason, self.settings.title_chars)
        return lambda tx: self._set_tenant_status(tx, tenant, "suspended", reason=why)

    @action("identity.restore_tenant", writes=True, as_operator=True, changes_access=True)
    def restore_tenant(self, tenant: str) -> Work[Tenant]:
        """Let a suspended tenant in again, with the same data. Raises `TenantNotFound`."""
        return lambda tx: self._set_tenant_status(tx, tenant, "active")

    def _set_tenant_status(self, tx: Transaction, slug: str, status: str, *, reason: str | None = None) -> Tenant:
        found = self._tenant(tx, slug)
        tx.run(queries.set_tenant_status, {"in_tenant": found.id, "new_status": status})
        profile_changes(tx, self.engine, found.slug)
        tx.record("tenant", found.id, tenant_id=found.id, status=status, reason=reason)
        return self._tenant(tx, slug)

    def _check_settings(self, settings: dict[str, object] | None) -> dict[str, object]:
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        checked = check_document(settings, field="settings", **limits)
        for name in ("visible_conversations", "visible_warning"):
            value = checked.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise InvalidInput(f"settings.{name}: {value!r} is not a positive whole number", field="settings")
        return checked


def _parts(shown: TenantProfile) -> dict[str, object]:
    return {name: getattr(shown, name) for name in ("branding", "settings", "routing")}


def check_reason(reason: object, most_chars: int) -> str:
    """Why something grave is done: some text, which goes into the trail."""
    return check_name(reason, field="reason", most_chars=most_chars)


def _check_slug(slug: object) -> str:
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        raise InvalidInput(f"slug: {slug!r:.80} is not 1 to 63 of a-z, 0-9 and inner hyphens", field="slug")
    return slug
