"""People: members of a tenant, their roles and whether they are let in; and those who look after the platform."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.inputs import check_choice, check_levels, check_name
from holdfast.core.scope import TENANT_ROLES
from holdfast.domains.identity import queries
from holdfast.domains.identity.errors import UserExists
from holdfast.domains.identity.models import Member, User
from holdfast.domains.identity.room import IdentityRoom, check_email

STATUSES = ("active", "suspended")
PLATFORM_ROLES = ("user", "admin", "super_admin")


class People(IdentityRoom):
    """Operations on users and memberships."""

    @action("identity.create_user", writes=True, as_operator=True)
    def create_user(
        self, email: str, *, role: str = "member", tenant: str | None = None, name: str | None = None
    ) -> Work[Member]:
        """Make a person a member of a tenant, known by e-mail address (in lower case); new to the store or not.

        `role`: owner, admin, member or auditor. `tenant` (its slug) is the caller's own unless the operator names one.
        Raises `UserExists`, `TenantNotFound`, `InvalidInput`.
        """
        address = check_email(email)
        given_role = check_choice(role, TENANT_ROLES, field="role")
        full_name = None if name is None else check_name(name, field="name", most_chars=self.settings.title_chars)

        self._check_grant(given_role)

        def work(tx: Transaction) -> Member:
            tenant_id = self._tenant(tx, tenant).id
            user = find_or_add_user(tx, address)
            if tx.first(queries.member_by_email, {"in_tenant": tenant_id, "email": address}) is not None:
                raise UserExists(address)
            add_membership(tx, tenant_id, user.id, role=given_role, name=full_name)
            tx.record("user", user.id, tenant_id=tenant_id, role=given_role)
            return self._member(tx, tenant_id, address)

        return work

    @action("identity.set_role", writes=True, as_operator=True, changes_access=True)
    def set_role(self, email: str, role: str, *, tenant: str | None = None) -> Work[Member]:
        """Give a member another role. Raises `UserNotFound`, `InvalidInput`."""
        address = check_email(email)
        given_role = check_choice(role, TENANT_ROLES, field="role")

        self._check_grant(given_role)

        def work(tx: Transaction) -> Member:
            tenant_id = self._tenant(tx, tenant).id
            member = self._member(tx, tenant_id, address)
            self._check_grant(member.role)
            row = {"in_tenant": tenant_id, "of_user": member.user_id, "new_role": given_role}
            tx.run(queries.set_role, row)
            tx.record("user", member.user_id, tenant_id=tenant_id, role=given_role, before=member.role)
            return self._member(tx, tenant_id, address)

        return work

    @action("identity.set_status", writes=True, as_operator=True, changes_access=True)
    def set_status(self, email: str, status: str, *, tenant: str | None = None) -> Work[Member]:
        """Suspend a member of a tenant ("suspended"), or let them in again ("active"). Their data is kept.

        An owner is suspended by an owner. Raises `UserNotFound`, `InvalidInput`.
        """
        address = check_email(email)
        given = check_choice(status, STATUSES, field="status")

        def work(tx: Transaction) -> Member:
            tenant_id = self._tenant(tx, tenant).id
            member = self._member(tx, tenant_id, address)
            self._check_grant(member.role)
            tx.run(queries.set_status, {"in_tenant": tenant_id, "of_user": member.user_id, "new_status": given})
            tx.record("user", member.user_id, tenant_id=tenant_id, status=given)
            return self._member(tx, tenant_id, address)

        return work

    @action("identity.set_clearance", writes=True, as_operator=True, changes_access=True)
    def set_clearance(self, email: str, levels: Sequence[str], *, tenant: str | None = None) -> Work[Member]:
        """Say which documents a member may read: those of the levels given (of S, A, B, C, D), and no others.

        An empty list takes every level away. Levels do not contain each other. Raises `UserNotFound`, `InvalidInput`.
        """
        address = check_email(email)
        given = check_levels(levels, field="levels")

        def work(tx: Transaction) -> Member:
            tenant_id = self._tenant(tx, tenant).id
            member = self._member(tx, tenant_id, address)
            row = {"in_tenant": tenant_id, "of_user": member.user_id, "new_clearance": given}
            tx.run(queries.set_clearance, row)
            tx.record("user", member.user_id, tenant_id=tenant_id, clearance=given, before=member.clearance)
            return self._member(tx, tenant_id, address)

        return work

    @action("identity.list_members", writes=False)
    def list_members(self, *, tenant: str | None = None) -> Work[list[Member]]:
        """The tenant's members, by e-mail address; not its visitors, of whom nothing is known."""

        def work(tx: Transaction) -> list[Member]:
            if self.scope.tenant_id is None:
                return tx.all(queries.members_in, {"in_tenant": self._tenant(tx, tenant).id})
            self._check_own_tenant(tx, tenant)
            return tx.all(queries.members)

        return work

    @action("identity.set_platform_role", writes=True, as_operator=True, changes_access=True)
    def set_platform_role(self, email: str, role: str) -> Work[User]:
        """Say what a person may do outside any tenant: user (nothing), admin (tenants), or super_admin (all).

        A person new to the store is added. Raises `InvalidInput`.
        """
        address = check_email(email)
        given = check_choice(role, PLATFORM_ROLES, field="role")

        def work(tx: Transaction) -> User:
            user = find_or_add_user(tx, address)
            tx.run(queries.set_platform_role, {"of_user": user.id, "new_role": given})
            tx.record("user", user.id, platform_role=given, before=user.platform_role)
            return User(**{**user.__dict__, "platform_role": given})

        return work

    @action("identity.list_platform_users", writes=False, as_operator=True)
    def list_platform_users(self) -> Work[list[User]]:
        """Everybody with a platform role, by e-mail address."""
        return lambda tx: tx.all(queries.platform_users)


def find_or_add_user(tx: Transaction, email: str) -> User:
    """The user with this address; nobody else adds one of the same address meanwhile."""
    tx.all(queries.wait_for_turn, {"turn": f"user {email}"})
    return tx.first(queries.user_by_email, {"email": email}) or add_user(tx, email)


def add_user(tx: Transaction, email: str | None) -> User:
    """A new user.

    The id is of chance only: one that told its age would tell an administrator, who adds an address to their tenant,
    whether another tenant has had it before.
    """
    row = {"id": uuid4(), "email": email, "created_at": now(), "platform_role": "user"}
    tx.run(queries.insert_user, row)
    return User(**row)  # type: ignore[arg-type]  # the row above


def add_membership(tx: Transaction, tenant_id: UUID, user_id: UUID, *, role: str, name: str | None = None) -> None:
    """Make a user a member of a tenant."""
    row = {"tenant_id": tenant_id, "user_id": user_id, "role": role, "name": name}
    tx.run(queries.insert_membership, {**row, "created_at": now(), "status": "active", "clearance": ""})
