"""Identity: tenants, workspaces, users and their memberships, and the credentials that show who is who."""

from holdfast.domains.identity.actions import Identity
from holdfast.domains.identity.models import (
    ApiKey,
    Assignment,
    DeletedTenant,
    Member,
    Preference,
    Session,
    SignIn,
    Tenant,
    TenantProfile,
    User,
    Workspace,
)

__all__ = [
    "ApiKey",
    "Assignment",
    "DeletedTenant",
    "Identity",
    "Member",
    "Preference",
    "Session",
    "SignIn",
    "Tenant",
    "TenantProfile",
    "User",
    "Workspace",
]
