"""Who may do what: one table, one check.

A row is an operation; a column is a role; the cell says how far the role reaches:
`own` (what the actor created), `tenant` (everything in the tenant), `all` (every tenant), or nothing.
"""

from typing import Literal

from holdfast.core.errors import NotGranted, PermissionDenied
from holdfast.core.scope import Role, Scope

Reach = Literal["own", "tenant", "all"]

_MEMBERS_OWN: dict[Role, Reach] = {"owner": "own", "admin": "own", "member": "own"}
_OWN_ONLY: dict[Role, Reach] = {**_MEMBERS_OWN, "visitor": "own"}
_OWN_OR_ADMINISTERED: dict[Role, Reach] = {"owner": "tenant", "admin": "tenant", "member": "own"}
_AUDIT: dict[Role, Reach] = {"operator": "tenant", "owner": "tenant", "admin": "tenant", "auditor": "tenant"}
_READ: dict[Role, Reach] = {
    "owner": "tenant",
    "admin": "tenant",
    "auditor": "tenant",
    "member": "own",
    "visitor": "own",
}
_EVERY_MEMBER: dict[Role, Reach] = {"owner": "tenant", "admin": "tenant", "auditor": "tenant", "member": "tenant"}
_PLATFORM: dict[Role, Reach] = {"operator": "all", "super_admin": "all", "platform_admin": "all"}
_OPERATE: dict[Role, Reach] = {"operator": "all", "super_admin": "all"}
_HOLD_THE_STORE: dict[Role, Reach] = {"operator": "all"}
_ADMINISTER: dict[Role, Reach] = {**_PLATFORM, "owner": "tenant", "admin": "tenant"}
_EVERY_MEMBER_OR_PLATFORM: dict[Role, Reach] = {**_PLATFORM, **_EVERY_MEMBER}
_OWN_OR_ADMINISTERED_AND_AUDITOR: dict[Role, Reach] = {**_OWN_OR_ADMINISTERED, "auditor": "own"}
_OWN_OR_ADMINISTERED_AND_VISITOR: dict[Role, Reach] = {**_OWN_OR_ADMINISTERED, "visitor": "own"}
_OWN_OR_ADMINISTERED_OR_PLATFORM: dict[Role, Reach] = {**_PLATFORM, **_OWN_OR_ADMINISTERED_AND_AUDITOR}
_OWN_OR_ADMINISTERED_AND_AUDITING: dict[Role, Reach] = {**_OWN_OR_ADMINISTERED, "auditor": "tenant"}
_EMBED: dict[Role, Reach] = {**_OWN_OR_ADMINISTERED_AND_VISITOR, "operator": "tenant"}
_PERSON: dict[Role, Reach] = {"owner": "own", "admin": "own", "member": "own", "auditor": "own"}

POLICY: dict[str, dict[Role, Reach]] = {
    # identity
    "identity.create_tenant": _PLATFORM,
    "identity.list_tenants": _PLATFORM,
    "identity.configure_tenant": _ADMINISTER,
    "identity.publish_profile": _ADMINISTER,
    "identity.suspend_tenant": _PLATFORM,
    "identity.restore_tenant": _PLATFORM,
    "identity.delete_tenant": _OPERATE,
    "identity.create_user": _ADMINISTER,
    "identity.set_role": _ADMINISTER,
    "identity.set_status": _ADMINISTER,
    "identity.make_owner": {**_OPERATE, "owner": "tenant"},
    "identity.set_clearance": {**_OPERATE, "owner": "tenant"},
    "identity.set_platform_role": _OPERATE,
    "identity.list_platform_users": _OPERATE,
    "identity.list_members": _EVERY_MEMBER_OR_PLATFORM,
    "identity.create_workspace": _ADMINISTER,
    "identity.list_workspaces": _EVERY_MEMBER_OR_PLATFORM,
    "identity.assign": _ADMINISTER,
    "identity.list_assignments": {**_ADMINISTER, "auditor": "tenant"},
    "identity.archive_workspace": _ADMINISTER,
    "identity.restore_workspace": _ADMINISTER,
    "identity.delete_workspace": _ADMINISTER,
    "identity.log_in": _HOLD_THE_STORE,
    "identity.create_visitor": _ADMINISTER,
    "identity.set_password": _OWN_OR_ADMINISTERED_OR_PLATFORM,
    "identity.unlink_openid": _ADMINISTER,
    "identity.list_sessions": _OWN_OR_ADMINISTERED_OR_PLATFORM,
    "identity.revoke_session": _OWN_OR_ADMINISTERED_OR_PLATFORM,
    "identity.create_api_key": {**_OPERATE, **_OWN_OR_ADMINISTERED_AND_AUDITOR},
    "identity.list_api_keys": _OWN_OR_ADMINISTERED_OR_PLATFORM,
    "identity.revoke_api_key": _OWN_OR_ADMINISTERED_OR_PLATFORM,
    "identity.read_preferences": _PERSON,
    "identity.set_preference": _PERSON,
    # keys
    "keys.list": _OPERATE,
    "keys.rotate": _OPERATE,
    "keys.destroy": _OPERATE,
    # runs: of a conversation, who started it; others are the tenant's
    "runs.define": _OWN_OR_ADMINISTERED,
    "runs.read": _OWN_OR_ADMINISTERED_AND_AUDITING,
    "runs.execute": _OWN_OR_ADMINISTERED,
    "runs.resolve": _OWN_OR_ADMINISTERED,
    "runs.decide": _MEMBERS_OWN,
    # jobs: a tenant's of who asked for them; the operator's of every tenant
    "jobs.submit": {**_OPERATE, **_MEMBERS_OWN},
    "jobs.read": {**_OPERATE, **_OWN_OR_ADMINISTERED_AND_AUDITING},
    "jobs.control": {**_OPERATE, **_OWN_OR_ADMINISTERED},
    "jobs.schedules": _OPERATE,
    # conversations
    "conversations.create": _OWN_ONLY,
    "conversations.append": _OWN_ONLY,
    "conversations.read": _READ,
    "conversations.edit": _OWN_OR_ADMINISTERED,
    "conversations.summarize": _OWN_OR_ADMINISTERED,
    "conversations.rate": _OWN_ONLY,
    "conversations.fork": _MEMBERS_OWN,
    "conversations.import": _MEMBERS_OWN,
    "conversations.verify": _READ,
    "conversations.index": {
        **_EVERY_MEMBER,
        "visitor": "tenant",
    },  # keeping the search index, which shows nobody anything
    "conversations.embed": _EMBED,  # vectors of messages, which show nobody anything
    # memory
    "memory.remember": _OWN_OR_ADMINISTERED_AND_VISITOR,
    "memory.read": _READ,
    "memory.forget": _OWN_OR_ADMINISTERED_AND_VISITOR,
    # configurations: every member reads those that are open to the tenant; a role says whose it changes
    "configurations.read": _OWN_OR_ADMINISTERED_AND_AUDITING,
    "configurations.edit": _OWN_OR_ADMINISTERED,
    "configurations.share": _OWN_OR_ADMINISTERED,
    "configurations.review": _OWN_OR_ADMINISTERED,
    "configurations.rate": _OWN_OR_ADMINISTERED,
    "configurations.govern": {"owner": "tenant", "admin": "tenant"},
    "configurations.inbox": _PERSON,
    # interop: messages and what was counted of them are of whoever gave them
    "interop.analyse": _OWN_OR_ADMINISTERED,
    "interop.synthesise": _OWN_OR_ADMINISTERED,  # of a configuration that the caller may read
    "interop.samples": _OWN_OR_ADMINISTERED,
    "interop.deidentify": _OWN_OR_ADMINISTERED,
    "interop.delete_samples": _OWN_OR_ADMINISTERED,
    "memory.embed": _EMBED,
    # audit
    "audit.list": _AUDIT,
    "audit.verify": _AUDIT,
    "audit.checkpoint": _AUDIT,
    "audit.export": _AUDIT,
    "audit.events": _READ,
    # connections
    "connections.put": _OWN_OR_ADMINISTERED,
    "connections.token": _OWN_OR_ADMINISTERED,
    "connections.revoke": _OWN_OR_ADMINISTERED,
    "connections.run_revocations": {"operator": "all", "owner": "tenant", "admin": "tenant"},
    "connections.snapshot": _OWN_OR_ADMINISTERED,
    "connections.read_snapshots": _OWN_OR_ADMINISTERED,
    "connections.list": {**_OWN_OR_ADMINISTERED, "auditor": "tenant"},
    # knowledge: the role says in which bases, the clearance which documents; no role has a clearance by itself
    "knowledge.read": _OWN_OR_ADMINISTERED_AND_AUDITING,
    "knowledge.search": _OWN_OR_ADMINISTERED,
    "knowledge.edit": _OWN_OR_ADMINISTERED,
    "knowledge.embed": _OWN_OR_ADMINISTERED,
    "knowledge.cite": _MEMBERS_OWN,
    "knowledge.report": _OWN_OR_ADMINISTERED_AND_AUDITING,
    # records: in a locked set a member reaches what is in sets of their own; a clearance is no role's
    "records.define": _OWN_OR_ADMINISTERED,
    "records.read": _EVERY_MEMBER,
    "records.write": _OWN_OR_ADMINISTERED,
    "records.share": {"owner": "tenant", "admin": "tenant"},  # with other tenants
    # metering
    "metering.record": _OWN_OR_ADMINISTERED_AND_VISITOR,
    "metering.reserve": _OWN_OR_ADMINISTERED_AND_VISITOR,
    "metering.read": _OWN_OR_ADMINISTERED_AND_AUDITING,
    "metering.set_limit": _ADMINISTER,
    "metering.recount": _ADMINISTER,
    "metering.health": _PLATFORM,
    "metering.list_limits": _EVERY_MEMBER_OR_PLATFORM,
    "metering.set_price": _ADMINISTER,
    "metering.list_prices": _EVERY_MEMBER_OR_PLATFORM,
}


def reach(operation: str, role: Role) -> Reach:
    """How far `role` reaches in `operation`. Raises `PermissionDenied` where the table has no cell."""
    allowed = POLICY[operation].get(role)
    if allowed is None:
        raise PermissionDenied(operation, role)
    return allowed


def allow(scope: Scope, operation: str, *, writes: bool) -> Reach:
    """How far `scope` reaches in `operation`, by its role and by what its API key was narrowed to.

    Raises `PermissionDenied`; `NotGranted` where only the key is too narrow.
    """
    far = reach(operation, scope.role)
    if scope.grants is not None:
        room = operation.partition(".")[0]
        enough = {f"{room}:write"} if writes else {f"{room}:write", f"{room}:read"}
        if not enough & scope.grants:
            raise NotGranted(operation, scope.role, f"{room}:{'write' if writes else 'read'}")
    return far
