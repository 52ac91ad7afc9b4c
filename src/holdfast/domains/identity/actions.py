"""Identity: tenants, their members and their workspaces.

Tenants and users span tenants, so what changes them runs as the operator, after the policy has let the caller; a
tenant's administrator acts in that tenant only, whatever tenant is named.
"""

import re
from uuid import UUID

from holdfast.core.action import Actions, action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.inputs import check_choice, check_document, check_name
from holdfast.core.policy import reach
from holdfast.core.scope import TENANT_ROLES
from holdfast.domains.identity import queries
from holdfast.domains.identity.errors import (
    TenantExists,
    TenantNotFound,
    UserExists,
    UserNotFound,
    WorkspaceExists,
)
from holdfast.domains.identity.models import Member, Tenant, User, Workspace

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_EMAIL_CHARS = 320


class Identity(Actions):
    """Who is who."""

    @action("identity.create_tenant", writes=True, as_operator=True)
    def create_tenant(
        self, slug: str, *, name: str | None = None, settings: dict[str, object] | None = None
    ) -> Work[Tenant]:
        """Make a tenant. `slug`: 1 to 63 of a-z, 0-9 and inner hyphens. `settings` as in `configure_tenant`.

        Raises `TenantExists`, `InvalidInput`.
        """
        row = {
            "id": new_id(),
            "slug": _check_slug(slug),
            "name": check_name(name or slug, field="name", most_chars=self.settings.title_chars),
            "settings": self._check_settings(settings),
            "created_at": now(),
        }

        def work(tx: Transaction) -> Tenant:
            tx.all(queries.wait_for_turn, {"turn": f"tenant {slug}"})
            if tx.first(queries.tenant_by_slug, row) is not None:
                raise TenantExists(slug)
            tx.run(queries.insert_tenant, row)
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
            return self._tenant(tx, tenant)

        return work

    @action("identity.create_user", writes=True, as_operator=True)
    def create_user(
        self, email: str, *, role: str = "member", tenant: str | None = None, name: str | None = None
    ) -> Work[Member]:
        """Make a person a member of a tenant, known by e-mail address (in lower case); new to the store or not.

        `role`: owner, admin, member or auditor. `tenant` (its slug) is the caller's own unless the operator names one.
        Raises `UserExists`, `TenantNotFound`, `InvalidInput`.
        """
        address = _check_email(email)
        given_role = check_choice(role, TENANT_ROLES, field="role")
        full_name = None if name is None else check_name(name, field="name", most_chars=self.settings.title_chars)

        self._check_grant(given_role)

        def work(tx: Transaction) -> Member:
            tenant_id = self._tenant(tx, tenant).id
            tx.all(queries.wait_for_turn, {"turn": f"user {address}"})
            if tx.first(queries.member_by_email, {"in_tenant": tenant_id, "email": address}) is not None:
                raise UserExists(address)
            user = tx.first(queries.user_by_email, {"email": address}) or _add_user(tx, address)
            row = {"tenant_id": tenant_id, "user_id": user.id, "role": given_role, "name": full_name}
            row["created_at"] = now()
            tx.run(queries.insert_membership, row)
            return self._member(tx, tenant_id, address)

        return work

    @action("identity.set_role", writes=True, as_operator=True)
    def set_role(self, email: str, role: str, *, tenant: str | None = None) -> Work[Member]:
        """Give a member another role. Raises `UserNotFound`, `InvalidInput`."""
        address = _check_email(email)
        given_role = check_choice(role, TENANT_ROLES, field="role")

        self._check_grant(given_role)

        def work(tx: Transaction) -> Member:
            tenant_id = self._tenant(tx, tenant).id
            member = self._member(tx, tenant_id, address)
            self._check_grant(member.role)
            row = {"in_tenant": tenant_id, "of_user": member.user_id, "new_role": given_role}
            tx.run(queries.set_role, row)
            return self._member(tx, tenant_id, address)

        return work

    @action("identity.list_members", writes=False)
    def list_members(self) -> Work[list[Member]]:
        """The tenant's members, by e-mail address."""
        return lambda tx: tx.all(queries.members)

    @action("identity.create_workspace", writes=True, as_operator=True)
    def create_workspace(self, name: str, *, tenant: str | None = None) -> Work[Workspace]:
        """Make a workspace; its name is unique in the tenant. Raises `WorkspaceExists`, `InvalidInput`."""
        title = check_name(name, field="name", most_chars=self.settings.title_chars)

        def work(tx: Transaction) -> Workspace:
            tenant_id = self._tenant(tx, tenant).id
            tx.all(queries.wait_for_turn, {"turn": f"workspace {tenant_id} {title}"})
            if tx.first(queries.workspace_by_name, {"in_tenant": tenant_id, "name": title}) is not None:
                raise WorkspaceExists(title)
            made = Workspace(id=new_id(), name=title, created_at=now())
            tx.run(queries.insert_workspace, {"tenant_id": tenant_id, **made.__dict__})
            return made

        return work

    @action("identity.list_workspaces", writes=False)
    def list_workspaces(self) -> Work[list[Workspace]]:
        """The tenant's workspaces, by name."""
        return lambda tx: tx.all(queries.every_workspace)

    def _tenant(self, tx: Transaction, slug: str | None) -> Tenant:
        """The tenant named; for anybody but the operator, only ever their own."""
        if slug is not None:
            found = tx.first(queries.tenant_by_slug, {"slug": slug})
        elif self.scope.is_operator:
            raise InvalidInput("tenant: which one? give its slug", field="tenant")
        else:
            found = tx.first(queries.tenant_by_id, {"in_tenant": self.scope.tenant_id})
        if found is None or not (self.scope.is_operator or found.id == self.scope.tenant_id):
            raise TenantNotFound(str(slug))
        return found

    def _member(self, tx: Transaction, tenant_id: UUID, email: str) -> Member:
        found = tx.first(queries.member_by_email, {"in_tenant": tenant_id, "email": email})
        if found is None:
            raise UserNotFound(email)
        return found

    def _check_grant(self, role: str) -> None:
        """Owners are made, and unmade, by owners and by the operator."""
        if role == "owner":
            reach("identity.make_owner", self.scope.role)

    def _check_settings(self, settings: dict[str, object] | None) -> dict[str, object]:
        limits = {"most_bytes": self.settings.metadata_bytes, "most_depth": self.settings.metadata_depth}
        checked = check_document(settings, field="settings", **limits)
        for name in ("visible_conversations", "visible_warning"):
            value = checked.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise InvalidInput(f"settings.{name}: {value!r} is not a positive whole number", field="settings")
        return checked


def _add_user(tx: Transaction, email: str) -> User:
    user = User(id=new_id(), email=email, created_at=now())
    tx.run(queries.insert_user, user.__dict__)
    return user


def _check_slug(slug: object) -> str:
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        raise InvalidInput(f"slug: {slug!r:.80} is not 1 to 63 of a-z, 0-9 and inner hyphens", field="slug")
    return slug


def _check_email(email: object) -> str:
    text = check_name(email, field="email", most_chars=_EMAIL_CHARS).strip().lower()
    if not _EMAIL.fullmatch(text):
        raise InvalidInput(f"email: {text!r:.80} is not an e-mail address", field="email")
    return text
