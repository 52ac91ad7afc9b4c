"""What every part of identity needs: whom a call is about, and whether the caller stands above them."""

import re
from typing import TypeVar
from uuid import UUID

from holdfast.core.action import Actions
from holdfast.core.database import Transaction
from holdfast.core.errors import InvalidInput, PermissionDenied
from holdfast.core.inputs import check_name
from holdfast.core.policy import reach
from holdfast.core.scope import Role
from holdfast.domains.identity import queries
from holdfast.domains.identity.credential_queries import ByHolder
from holdfast.domains.identity.errors import CredentialRefused, TenantNotFound, UserNotFound
from holdfast.domains.identity.models import Member, Tenant

T = TypeVar("T")

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_EMAIL_CHARS = 320
_BELOW: dict[Role, tuple[Role, ...]] = {
    "owner": ("owner", "admin", "member", "auditor"),
    "admin": ("member", "auditor"),
}


_OWN_ONLY = "the role {!r} handles its own credentials only; ask an owner or administrator of the tenant"


class IdentityRoom(Actions):
    """Identity's operations share these."""

    def _tenant(self, tx: Transaction, slug: str | None) -> Tenant:
        """The tenant named; for anybody within a tenant, only ever their own."""
        own = self.scope.tenant_id
        if slug is not None:
            found = tx.first(queries.tenant_by_slug, {"slug": check_name(slug, field="tenant", most_chars=1_000)})
        elif own is None:
            raise InvalidInput("tenant: which one? give its slug", field="tenant")
        else:
            found = tx.first(queries.tenant_by_id, {"in_tenant": own})
        if found is None or own not in (None, found.id):
            raise TenantNotFound(str(slug))
        return found

    def _check_own_tenant(self, tx: Transaction, slug: str | None) -> None:
        """Raise `TenantNotFound` when a tenant is named that is not the caller's own."""
        if slug is not None and tx.first(queries.own_tenant, {"slug": slug}) is None:
            raise TenantNotFound(slug)

    def _member(self, tx: Transaction, tenant_id: UUID, email: str) -> Member:
        found = tx.first(queries.member_by_email, {"in_tenant": tenant_id, "email": email})
        if found is None:
            raise UserNotFound(email)
        return found

    def _check_grant(self, role: str) -> None:
        """Owners are made, and unmade, by owners and by those who hold the platform; so are their passwords."""
        if role == "owner":
            reach("identity.make_owner", self.scope.role)
            self._check_not_narrowed("identity.make_owner", "makes and unmakes no owners")

    def _check_not_narrowed(self, operation: str, what: str) -> None:
        """A key that was narrowed gives nobody more than it has: not a person, a password or a session."""
        if self.scope.grants is not None:
            reason = f"an API key that is narrowed to scopes {what}; log in, or use a key without scopes"
            raise CredentialRefused(operation, self.scope.role, reason)

    def _check_above(self, member: Member) -> None:
        """Whoever gets hold of a person's credentials can act as them: only themselves, and those above them, may."""
        scope = self.scope
        if scope.tenant_id is None or member.user_id == scope.actor_id or member.role in _BELOW.get(scope.role, ()):
            return
        reason = f"the role {scope.role!r} handles its own credentials and those of members and auditors; ask an owner"
        raise CredentialRefused("identity.create_api_key", scope.role, reason)

    def _whose(self, tx: Transaction, email: str | None, tenant: str | None) -> tuple[UUID | None, UUID | None]:
        """The tenant and the person that a call about credentials means, within the caller's reach.

        Without an address: the caller; for those without a tenant, everybody of the tenant named. Without a tenant:
        somebody of the platform.
        """
        own = self.scope.tenant_id
        if own is None and tenant is None:
            return None, self._platform_user(tx, email)
        tenant_id = self._tenant(tx, tenant).id
        if email is None:
            return tenant_id, self.scope.actor_id if own is not None else None
        member = tx.first(queries.member_by_email, {"in_tenant": tenant_id, "email": email})
        is_self = member is not None and own is not None and member.user_id == self.scope.actor_id
        if tx.reach == "own" and not is_self:
            raise CredentialRefused("identity.create_api_key", self.scope.role, _OWN_ONLY.format(self.scope.role))
        if member is None:
            raise UserNotFound(email)
        self._check_above(member)
        return tenant_id, member.user_id

    def _held(
        self, tx: Transaction, email: str | None, tenant: str | None, kind: ByHolder[T], **asked: object
    ) -> list[T]:
        """The credentials of one kind that a call means, as `_whose` says."""
        tenant_id, user_id = self._whose(tx, email, tenant)
        if tenant_id is None:
            query = kind.on_platform if user_id is None else kind.of_platform_user
        else:
            query = kind.in_tenant if user_id is None else kind.of_member
        return tx.all(query, {"in_tenant": tenant_id, "of_user": user_id, **asked})

    def _platform_user(self, tx: Transaction, email: str | None) -> UUID | None:
        if email is None:
            return self.scope.actor_id
        found = tx.first(queries.user_by_email, {"email": email})
        if found is None or found.platform_role == "user":
            raise UserNotFound(email)
        if self.scope.role == "platform_admin" and found.id != self.scope.actor_id:
            raise PermissionDenied("identity.set_platform_role", self.scope.role)
        return found.id

    def _reaches(self, tx: Transaction, tenant_id: UUID | None, user_id: UUID) -> bool:
        """Whether a credential of `user_id` in `tenant_id` is the caller's to see and to end.

        Raises `CredentialRefused` where its holder stands above the caller.
        """
        if tx.reach == "all":
            return tenant_id is not None or self.scope.role != "platform_admin" or user_id == self.scope.actor_id
        if tenant_id is None or tenant_id != self.scope.tenant_id:
            return False
        if tx.reach == "own":
            return user_id == self.scope.actor_id
        member = tx.first(queries.member_by_id, {"in_tenant": tenant_id, "of_user": user_id})
        if member is not None and member.role != "visitor":  # nobody is below a visitor
            self._check_above(member)
        return True


def check_email(email: object) -> str:
    """An e-mail address in its stored form: lower case, no spaces around."""
    text = check_name(email, field="email", most_chars=_EMAIL_CHARS).strip().lower()
    if not _EMAIL.fullmatch(text):
        raise InvalidInput(f"email: {text!r:.80} is not an e-mail address", field="email")
    return text
