"""What can go wrong in identity."""

from holdfast.core.errors import Conflict, NotFound


class TenantNotFound(NotFound):
    """No tenant has this slug."""

    code = "tenant_not_found"

    def __init__(self, slug: str) -> None:
        super().__init__(f"no tenant {slug!r}; the operator makes one with identity.create_tenant({slug!r}, name=…)")
        self.slug = slug


class TenantExists(Conflict):
    """The slug is taken."""

    code = "tenant_exists"

    def __init__(self, slug: str) -> None:
        super().__init__(f"there is already a tenant {slug!r}; choose another slug")
        self.slug = slug


class UserNotFound(NotFound):
    """The tenant has no such member. Says nothing of other tenants."""

    code = "user_not_found"

    def __init__(self, user: object) -> None:
        super().__init__(f"no user {user!r:.200} in this tenant; add one with identity.create_user(…)")


class UserExists(Conflict):
    """The person is a member of this tenant already."""

    code = "user_exists"

    def __init__(self, email: str) -> None:
        super().__init__(f"{email!r} is already a member of this tenant; identity.set_role(…) changes the role")
        self.email = email


class WorkspaceExists(Conflict):
    """The name is taken in this tenant."""

    code = "workspace_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is already a workspace {name!r} in this tenant; choose another name")
        self.name = name


class WorkspaceNotFound(NotFound):
    """The tenant has no such workspace."""

    code = "workspace_not_found"

    def __init__(self, workspace: object) -> None:
        super().__init__(f"no workspace {str(workspace)!r:.80} in this tenant; identity.list_workspaces() names them")
