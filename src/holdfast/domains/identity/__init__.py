"""Identity: tenants, workspaces, users and their memberships."""

from holdfast.domains.identity.actions import Identity
from holdfast.domains.identity.models import Member, Tenant, User, Workspace

__all__ = ["Identity", "Member", "Tenant", "User", "Workspace"]
