"""What can go wrong in identity."""

from holdfast.core.errors import Conflict, HoldfastError, NotFound, PermissionDenied, StoreError, Unavailable


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


class WorkspaceArchived(Conflict):
    """Nothing new goes into an archived workspace."""

    code = "workspace_archived"

    def __init__(self, workspace: object) -> None:
        super().__init__(f"workspace {str(workspace)!r:.80} is archived; identity.restore_workspace(…) opens it again")


class WorkspaceNotArchived(Conflict):
    """A workspace is deleted only after it was archived."""

    code = "workspace_not_archived"

    def __init__(self, workspace: object) -> None:
        super().__init__(
            f"workspace {str(workspace)!r:.80} is not archived; identity.archive_workspace(…) first, then delete it"
        )


class NotAssigned(NotFound):
    """The member is not assigned to the workspace."""

    code = "not_assigned"

    def __init__(self, email: str) -> None:
        super().__init__(f"{email!r} is not assigned to this workspace; identity.list_assignments(…) names who is")


class WorkspaceReadOnly(PermissionDenied):
    """A viewer of a workspace changes nothing in it."""

    code = "workspace_read_only"

    def __init__(self, workspace: object) -> None:
        super().__init__("identity.assign", "viewer")
        self.args = (
            f"you are a viewer of workspace {str(workspace)!r:.80}; ask an administrator to make you an editor",
        )


class NotAuthenticated(HoldfastError):
    """No credential, or one that is not accepted. The text is the same whatever was wrong with it."""

    code = "not_authenticated"
    status = 401

    def __init__(self) -> None:
        super().__init__(
            "the credential is not accepted: it is wrong, unknown, expired or revoked; log in again, or ask an "
            "administrator for a new API key"
        )


class TenantSuspended(HoldfastError):
    """The tenant is suspended: nobody gets in. Its data is kept."""

    code = "tenant_suspended"
    status = 403

    def __init__(self) -> None:
        super().__init__("this tenant is suspended; its data is kept. Ask whoever runs the store to restore it")


class MembershipSuspended(HoldfastError):
    """The member is suspended in this tenant. Their data is kept."""

    code = "membership_suspended"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "your membership of this tenant is suspended; ask an administrator of the tenant to restore it"
        )


class CredentialRefused(PermissionDenied):
    """The credential asked for would let its holder do more than the one who asks for it may."""

    code = "credential_refused"

    def __init__(self, operation: str, role: str, reason: str) -> None:
        super().__init__(operation, role)
        self.args = (reason,)


class SignInRefused(HoldfastError):
    """The login with a provider of OpenID Connect failed."""

    code = "sign_in_refused"
    status = 401

    def __init__(self, reason: str) -> None:
        super().__init__(f"the login was refused: {reason}")


class ProviderUnavailable(Unavailable):
    """The provider of OpenID Connect does not answer, or not as one."""

    code = "provider_unavailable"

    def __init__(self, provider: str) -> None:
        super().__init__(f"the provider {provider!r:.80} does not answer as it should; try again, or check its address")


class ProviderNotFound(NotFound):
    """No provider of OpenID Connect has this name, or it is not this tenant's."""

    code = "provider_not_found"

    def __init__(self, provider: object) -> None:
        super().__init__(f"no provider {provider!r:.80}; name it in Settings.openid, or in the file of HOLDFAST_OPENID")


class OpenIdMissing(StoreError):
    """The libraries for OpenID Connect are not installed."""

    code = "openid_missing"

    def __init__(self) -> None:
        super().__init__("OpenID Connect needs two more libraries; pip install 'holdfast[openid]'")


class SessionNotFound(NotFound):
    """There is no such session within reach."""

    code = "session_not_found"

    def __init__(self, session: object) -> None:
        super().__init__(f"no session {str(session)!r:.80}; identity.list_sessions() names them")


class ApiKeyNotFound(NotFound):
    """There is no such API key within reach."""

    code = "api_key_not_found"

    def __init__(self, key: object) -> None:
        super().__init__(f"no API key {str(key)!r:.80}; identity.list_api_keys() names them")


class PreferenceNotFound(NotFound):
    """Nothing is preferred under this name."""

    code = "preference_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"no preference {name!r:.80}; identity.set_preference({name!r:.80}, …) sets it")
