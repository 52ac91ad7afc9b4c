"""/v1/tenants, /v1/users, /v1/workspaces, /v1/sessions, /v1/api-keys: who is who."""

from functools import partial

from holdfast.core.inputs import check_text
from holdfast.domains.identity import Identity
from holdfast.domains.identity.models import TenantProfile
from holdfast.domains.identity.profiles import published
from holdfast.faces.http.routes import Route

_route = partial(Route, "identity")


def read_profile(identity: Identity, tenant: str) -> TenantProfile:
    """What a tenant shows before anybody has logged in, and nothing else."""
    wanted = check_text(tenant, field="tenant", most_bytes=1_000)
    return published(identity.engine, wanted)


ROUTES = (
    _route("POST", "/tenants", Identity.create_tenant, status=201),
    _route("GET", "/tenants", Identity.list_tenants),
    _route("PUT", "/settings", Identity.configure_tenant),
    _route("POST", "/tenants/{tenant}/suspend", Identity.suspend_tenant),
    _route("POST", "/tenants/{tenant}/restore", Identity.restore_tenant),
    _route("DELETE", "/tenants/{tenant}", Identity.delete_tenant, policy="identity.delete_tenant"),
    _route(
        "GET",
        "/tenants/{tenant}/profile",
        Identity.publish_profile,
        calls=read_profile,
        anonymous=True,
        policy="identity.log_in",
    ),
    _route("PUT", "/profile", Identity.publish_profile),
    _route("POST", "/users", Identity.create_user, status=201),
    _route("GET", "/users", Identity.list_members),
    _route("PUT", "/users/role", Identity.set_role),
    _route("PUT", "/users/status", Identity.set_status),
    _route("PUT", "/users/clearance", Identity.set_clearance),
    _route("PUT", "/users/password", Identity.set_password, password=True, policy="identity.set_password"),
    _route("GET", "/platform-users", Identity.list_platform_users),
    _route("PUT", "/platform-users/role", Identity.set_platform_role),
    _route("POST", "/workspaces", Identity.create_workspace, status=201),
    _route("GET", "/workspaces", Identity.list_workspaces),
    _route("POST", "/workspaces/{workspace}/archive", Identity.archive_workspace),
    _route("POST", "/workspaces/{workspace}/restore", Identity.restore_workspace),
    _route("DELETE", "/workspaces/{workspace}", Identity.delete_workspace),
    _route("POST", "/workspaces/{workspace}/people", Identity.assign),
    _route("GET", "/workspaces/{workspace}/people", Identity.list_assignments),
    _route("DELETE", "/workspaces/{workspace}/people", Identity.unassign),
    _route("GET", "/preferences", Identity.preferences),
    _route("GET", "/preferences/{name}", Identity.preference),
    _route("PUT", "/preferences/{name}", Identity.set_preference),
    _route("DELETE", "/preferences/{name}", Identity.remove_preference),
    _route("POST", "/openid/begin", Identity.begin_oidc, anonymous=True, outside=True, policy="identity.log_in"),
    _route(
        "POST",
        "/openid/finish",
        Identity.finish_oidc,
        status=201,
        anonymous=True,
        outside=True,
        secret="token",
        policy="identity.log_in",
    ),
    _route("DELETE", "/users/openid", Identity.unlink_openid),
    _route(
        "POST",
        "/sessions",
        Identity.log_in,
        status=201,
        anonymous=True,
        password=True,
        secret="token",
        policy="identity.log_in",
    ),
    _route("GET", "/sessions", Identity.list_sessions),
    _route("DELETE", "/sessions", Identity.log_out),
    _route("POST", "/revoked-sessions", Identity.revoke_sessions),
    _route("DELETE", "/sessions/{session}", Identity.revoke_session),
    _route("POST", "/visitors", Identity.create_visitor, status=201, secret="token"),
    _route("POST", "/api-keys", Identity.create_api_key, status=201, secret="secret"),
    _route("GET", "/api-keys", Identity.list_api_keys),
    _route("DELETE", "/api-keys/{key}", Identity.revoke_api_key),
)
