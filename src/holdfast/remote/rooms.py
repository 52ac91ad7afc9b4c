"""The rooms of a store that a server holds: every operation with the signature it has in the library.

Where a server takes less than the library (no paths), the signature is the route's.

Made by tools/generate_remote.py; change the operations, or their routes, and run it again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from holdfast.core.activity import Cost
from holdfast.core.embedders import Embedder
from holdfast.core.embedders.texts import STEP, VectorReport
from holdfast.core.jobs.actions import ScheduleList
from holdfast.core.jobs.models import Job, JobStatus
from holdfast.core.pages import Page
from holdfast.core.results import WantedMode
from holdfast.domains.audit.models import AuditEvent, AuditReport, Checkpoint, Event, Outcome
from holdfast.domains.configurations.branching import BranchList, ConflictList
from holdfast.domains.configurations.governing import RuleList
from holdfast.domains.configurations.models import (
    ChangeRequest,
    Configuration,
    ConfigurationBranch,
    ConfigurationFeedback,
    ConfigurationRule,
    ConfigurationShare,
    ConfigurationSummary,
    ConfigurationVersion,
    Difference,
    Merge,
    Notification,
    RequestComment,
    RequestFilter,
    ShareLevel,
    Visibility,
)
from holdfast.domains.configurations.reads import FoundList
from holdfast.domains.configurations.sharing import ShareList
from holdfast.domains.configurations.standing import StandingList
from holdfast.domains.connections.models import (
    Connection,
    ConnectionStatus,
    ProviderSecret,
    Revocation,
    RevocationReport,
    RevocationStatus,
    Snapshot,
)
from holdfast.domains.connections.reads import SnapshotList
from holdfast.domains.conversations.finding import HitList
from holdfast.domains.conversations.message_reads import ConversationId, MessageList
from holdfast.domains.conversations.models import (
    Attachment,
    Context,
    Conversation,
    Feedback,
    ImportReport,
    Message,
    MessageRole,
    NewMessage,
    Status,
    Summary,
    Verification,
    Visible,
)
from holdfast.domains.conversations.reads import ConversationList, FeedbackList, SummaryList
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
from holdfast.domains.interop import Sample
from holdfast.domains.interop.deidentifying import Deidentified
from holdfast.domains.interop.deviations import Deviations
from holdfast.domains.interop.drift import Drift
from holdfast.domains.interop.profiles.standards import HL7V2
from holdfast.domains.interop.reads import Differences, Texts
from holdfast.domains.knowledge.adding import Adding
from holdfast.domains.knowledge.checks import UNKNOWN
from holdfast.domains.knowledge.models import (
    Chunk,
    Document,
    EmbeddingReport,
    KnowledgeBase,
    KnowledgeReport,
    LoggedRetrieval,
    PassageHit,
    Retrieval,
)
from holdfast.domains.memory.finding import RecalledList
from holdfast.domains.memory.models import Candidate, Fact, Forgotten, Proposal, Unseen, Why
from holdfast.domains.metering.analytics import Analytics
from holdfast.domains.metering.health import Health
from holdfast.domains.metering.holding import Holding
from holdfast.domains.metering.limiting import LimitList
from holdfast.domains.metering.models import (
    Counter,
    Dimension,
    HoldState,
    Limit,
    Measure,
    NewUsage,
    Per,
    Price,
    Recorded,
    Recounted,
    Settlement,
    UsageEvent,
    UsageOutcome,
    UsageReport,
    WhenAway,
)
from holdfast.domains.metering.pricing import PriceList
from holdfast.domains.records.loading import Loading
from holdfast.domains.records.models import Group, Record, RecordHit, RecordSet, RecordShare, RecordVersion, StoreReport
from holdfast.domains.runs.models import Decision, Ending, Run, RunStatistics, RunStatus, Workflow
from holdfast.remote.calling import Caller, place


class RemoteIdentity:
    """`Identity`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create_tenant(self, slug: str, *, name: str | None = None, settings: dict[str, object] | None = None) -> Tenant:
        """Make a tenant. `slug`: 1 to 63 of a-z, 0-9 and inner hyphens. `settings` as in `configure_tenant`.

        Raises `TenantExists`, `InvalidInput`.
        """
        return self._caller.call(Tenant, "POST", "/tenants", body={"slug": slug, "name": name, "settings": settings})

    def list_tenants(self) -> list[Tenant]:
        """Every tenant, by slug."""
        return self._caller.call(list[Tenant], "GET", "/tenants")

    def configure_tenant(self, settings: dict[str, object], *, tenant: str | None = None) -> Tenant:
        """Replace a tenant's settings. Known: `visible_conversations` (a cap a person, or None) and
        `visible_warning` (from how many on to warn). Others are kept for the application.
        """
        return self._caller.call(Tenant, "PUT", "/settings", body={"settings": settings, "tenant": tenant})

    def publish_profile(
        self,
        *,
        branding: dict[str, object] | None = None,
        settings: dict[str, object] | None = None,
        routing: dict[str, object] | None = None,
        tenant: str | None = None,
    ) -> TenantProfile:
        """Show the world how the tenant looks, before anybody logs in (`store.profile(slug)`). Replaces what was shown
        in the parts given; an empty object takes a part away. Nothing secret belongs here.
        """
        return self._caller.call(
            TenantProfile,
            "PUT",
            "/profile",
            body={"branding": branding, "settings": settings, "routing": routing, "tenant": tenant},
        )

    def suspend_tenant(self, tenant: str, *, reason: str) -> Tenant:
        """Refuse everybody of a tenant until it is restored. Its data is kept. Raises `TenantNotFound`."""
        return self._caller.call(
            Tenant, "POST", place("/tenants/{tenant}/suspend", tenant=tenant), body={"reason": reason}
        )

    def restore_tenant(self, tenant: str) -> Tenant:
        """Let a suspended tenant in again, with the same data. Raises `TenantNotFound`."""
        return self._caller.call(Tenant, "POST", place("/tenants/{tenant}/restore", tenant=tenant))

    def create_user(
        self, email: str, *, role: str = "member", tenant: str | None = None, name: str | None = None
    ) -> Member:
        """Make a person a member of a tenant, known by e-mail address (in lower case); new to the store or not.

        `role`: owner, admin, member or auditor. `tenant` (its slug) is the caller's own unless the operator names one.
        Raises `UserExists`, `TenantNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Member, "POST", "/users", body={"email": email, "role": role, "tenant": tenant, "name": name}
        )

    def set_role(self, email: str, role: str, *, tenant: str | None = None) -> Member:
        """Give a member another role. Raises `UserNotFound`, `InvalidInput`."""
        return self._caller.call(Member, "PUT", "/users/role", body={"email": email, "role": role, "tenant": tenant})

    def set_status(self, email: str, status: str, *, tenant: str | None = None) -> Member:
        """Suspend a member of a tenant ("suspended"), or let them in again ("active"). Their data is kept.

        An owner is suspended by an owner. Raises `UserNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Member, "PUT", "/users/status", body={"email": email, "status": status, "tenant": tenant}
        )

    def set_clearance(self, email: str, levels: Sequence[str], *, tenant: str | None = None) -> Member:
        """Say which documents a member may read: those of the levels given (of S, A, B, C, D), and no others.

        An empty list takes every level away. Levels do not contain each other. Raises `UserNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Member, "PUT", "/users/clearance", body={"email": email, "levels": levels, "tenant": tenant}
        )

    def list_members(self, *, tenant: str | None = None) -> list[Member]:
        """The tenant's members, by e-mail address; not its visitors, of whom nothing is known."""
        return self._caller.call(list[Member], "GET", "/users", query={"tenant": tenant})

    def set_platform_role(self, email: str, role: str) -> User:
        """Say what a person may do outside any tenant: user (nothing), admin (tenants), or super_admin (all).

        A person new to the store is added. Raises `InvalidInput`.
        """
        return self._caller.call(User, "PUT", "/platform-users/role", body={"email": email, "role": role})

    def list_platform_users(self) -> list[User]:
        """Everybody with a platform role, by e-mail address."""
        return self._caller.call(list[User], "GET", "/platform-users")

    def create_workspace(self, name: str, *, tenant: str | None = None) -> Workspace:
        """Make a workspace; its name is unique in the tenant. Raises `WorkspaceExists`, `InvalidInput`."""
        return self._caller.call(Workspace, "POST", "/workspaces", body={"name": name, "tenant": tenant})

    def list_workspaces(self, *, tenant: str | None = None, archived: bool = False) -> list[Workspace]:
        """The workspaces that are open to the caller, by name; `archived`: those that were put away instead."""
        return self._caller.call(list[Workspace], "GET", "/workspaces", query={"tenant": tenant, "archived": archived})

    def assign(
        self, workspace: UUID | str, email: str, role: str = "editor", *, tenant: str | None = None
    ) -> Assignment:
        """Let a member work in a workspace, as editor or viewer. From then on it is closed to who is not assigned, but
        for owners and administrators. Raises `WorkspaceNotFound`, `UserNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Assignment,
            "POST",
            place("/workspaces/{workspace}/people", workspace=workspace),
            body={"email": email, "role": role, "tenant": tenant},
        )

    def unassign(self, workspace: UUID | str, email: str, *, tenant: str | None = None) -> None:
        """Take a member out of a workspace. With nobody left, it is open to every member again.

        Raises `WorkspaceNotFound`, `UserNotFound`, `NotAssigned`.
        """
        self._caller.call(
            type(None),
            "DELETE",
            place("/workspaces/{workspace}/people", workspace=workspace),
            query={"email": email, "tenant": tenant},
        )

    def list_assignments(self, workspace: UUID | str, *, tenant: str | None = None) -> list[Assignment]:
        """Who is assigned to a workspace, by e-mail address. Raises `WorkspaceNotFound`."""
        return self._caller.call(
            list[Assignment],
            "GET",
            place("/workspaces/{workspace}/people", workspace=workspace),
            query={"tenant": tenant},
        )

    def archive_workspace(self, workspace: UUID | str, *, tenant: str | None = None) -> Workspace:
        """Put a workspace away with what is in it; nothing new goes in. Raises `WorkspaceNotFound`."""
        return self._caller.call(
            Workspace, "POST", place("/workspaces/{workspace}/archive", workspace=workspace), body={"tenant": tenant}
        )

    def restore_workspace(self, workspace: UUID | str, *, tenant: str | None = None) -> Workspace:
        """Take an archived workspace into use again, with what went with it. Raises `WorkspaceNotFound`.

        Followers are told the moment at which it was archived, so that what had been put away before stays so.
        """
        return self._caller.call(
            Workspace, "POST", place("/workspaces/{workspace}/restore", workspace=workspace), body={"tenant": tenant}
        )

    def delete_workspace(self, workspace: UUID | str, *, tenant: str | None = None) -> None:
        """Delete an archived workspace with what is in it. Its name is free again.

        Raises `WorkspaceNotFound`, `WorkspaceNotArchived`.
        """
        self._caller.call(
            type(None), "DELETE", place("/workspaces/{workspace}", workspace=workspace), query={"tenant": tenant}
        )

    def set_password(
        self,
        email: str,
        password: str,
        *,
        current: str | None = None,
        tenant: str | None = None,
        revoke_keys: bool = False,
    ) -> None:
        """Give a member a password for this tenant (12 to 1,024 characters); their other sessions end.

        Their API keys go on; `revoke_keys` ends those too, but for one that this is asked with: for when somebody else
        may have been at them.
        Whoever is logged in and changes their own gives the `current` one too. Each tenant has passwords of its own.
        The operator names the tenant, or none for a password to the platform. A platform_admin sets no owner's.
        Raises `CredentialRefused`, `NotAuthenticated` (`current` is wrong), `UserNotFound`, `InvalidInput`.
        """
        self._caller.call(
            type(None),
            "PUT",
            "/users/password",
            body={
                "email": email,
                "password": password,
                "current": current,
                "tenant": tenant,
                "revoke_keys": revoke_keys,
            },
        )

    def log_in(
        self, *, tenant: str | None, email: str, password: str, address: str | None = None, agent: str | None = None
    ) -> Session:
        """Open a session with a password. `tenant`: its slug, or None for who looks after the platform.

        An unknown tenant, an unknown person and a wrong password are answered alike, after the same time. `address` and
        `agent` are kept with the session. Raises `NotAuthenticated`; with the right password, `TenantSuspended` or
        `MembershipSuspended`.
        """
        return self._caller.call(
            Session, "POST", "/sessions", body={"tenant": tenant, "email": email, "password": password}
        )

    def create_visitor(
        self, *, tenant: str | None = None, address: str | None = None, agent: str | None = None
    ) -> Session:
        """Let somebody unknown in, as in a web chat: they keep conversations of their own, and find them again with
        the session's token for as long as it is used now and then. Raises `TenantSuspended`; `CredentialRefused` for
        an API key that is narrowed.
        """
        return self._caller.call(Session, "POST", "/visitors", body={"tenant": tenant})

    def list_sessions(self, *, user: str | None = None, tenant: str | None = None) -> list[Session]:
        """Open sessions, newest first: the caller's own; for those who administer, of `user` (an e-mail address)."""
        return self._caller.call(list[Session], "GET", "/sessions", query={"user": user, "tenant": tenant})

    def revoke_session(self, session: UUID | str) -> Session:
        """End a session; its next request is refused. Raises `SessionNotFound`, `CredentialRefused`."""
        return self._caller.call(Session, "DELETE", place("/sessions/{session}", session=session))

    def revoke_sessions(self, *, user: str | None = None, tenant: str | None = None) -> int:
        """End every session of the caller, or of `user`. How many there were."""
        return self._caller.call(int, "POST", "/revoked-sessions", body={"user": user, "tenant": tenant})

    def log_out(self) -> None:
        """End the session that this scope was opened with. Raises `SessionNotFound` when it was opened otherwise."""
        self._caller.call(type(None), "DELETE", "/sessions")

    def begin_oidc(self, provider: str, *, redirect_uri: str, tenant: str | None = None) -> SignIn:
        """Where to send the browser. `provider` is one of `Settings.openid`; `tenant` the slug, unless it has one.

        The face keeps `state` with the browser (a cookie) and gives it back to `finish_oidc` only when the browser that
        comes back has it too. Raises `ProviderNotFound`, `TenantNotFound`, `ProviderUnavailable`.
        """
        return self._caller.call(
            SignIn, "POST", "/openid/begin", body={"provider": provider, "redirect_uri": redirect_uri, "tenant": tenant}
        )

    def finish_oidc(self, *, state: str, code: str, address: str | None = None, agent: str | None = None) -> Session:
        """Open the session of whoever came back from the provider with `code`. Each `state` is used once.

        Raises `SignInRefused`, `NotAuthenticated` (no member of the tenant), `TenantSuspended`, `MembershipSuspended`,
        `ProviderUnavailable`.
        """
        return self._caller.call(Session, "POST", "/openid/finish", body={"state": state, "code": code})

    def unlink_openid(self, email: str, *, tenant: str | None = None) -> None:
        """Forget by what name a provider knows a member: the next login finds them by their address again.

        For when the provider made their account anew. Raises `UserNotFound`, `CredentialRefused`.
        """
        self._caller.call(type(None), "DELETE", "/users/openid", query={"email": email, "tenant": tenant})

    def create_api_key(
        self,
        *,
        tenant: str | None = None,
        user: str | None = None,
        scopes: Sequence[str] | None = None,
        name: str | None = None,
        expires_at: datetime | None = None,
    ) -> ApiKey:
        """Make a key that acts as a person; `secret` is shown now and never again.

        `user` (an e-mail address) is the caller unless somebody above names another. `scopes`, such as
        "conversations:read" or "identity:write", narrow what the key may do; None leaves it all the person may.
        Raises `CredentialRefused` when the key could do more, or longer, than what it is asked with.
        """
        return self._caller.call(
            ApiKey,
            "POST",
            "/api-keys",
            body={"tenant": tenant, "user": user, "scopes": scopes, "name": name, "expires_at": expires_at},
        )

    def list_api_keys(self, *, user: str | None = None, tenant: str | None = None) -> list[ApiKey]:
        """Keys, oldest first, revoked ones too: the caller's own; for those who administer, of `user`."""
        return self._caller.call(list[ApiKey], "GET", "/api-keys", query={"user": user, "tenant": tenant})

    def revoke_api_key(self, key: UUID | str) -> ApiKey:
        """End a key; its next request is refused. Raises `ApiKeyNotFound`, `CredentialRefused`."""
        return self._caller.call(ApiKey, "DELETE", place("/api-keys/{key}", key=key))

    def preferences(self) -> dict[str, object]:
        """Every preference that holds here, by name."""
        return self._caller.call(dict[str, object], "GET", "/preferences")

    def preference(self, name: str) -> object:
        """What is preferred under a name. Raises `PreferenceNotFound`."""
        return self._caller.call(object, "GET", place("/preferences/{name}", name=name))

    def set_preference(self, name: str, value: object, *, everywhere: bool = False) -> Preference:
        """Prefer `value` (JSON, not null), in this tenant or `everywhere`. Others' names are left as they are.

        Raises `CredentialRefused` for `everywhere` with a session or an API key.
        """
        return self._caller.call(
            Preference, "PUT", place("/preferences/{name}", name=name), body={"value": value, "everywhere": everywhere}
        )

    def remove_preference(self, name: str, *, everywhere: bool = False) -> None:
        """Forget a preference of this tenant, or the one `everywhere`.

        Raises `PreferenceNotFound`, and as `set_preference`.
        """
        self._caller.call(
            type(None), "DELETE", place("/preferences/{name}", name=name), query={"everywhere": everywhere}
        )

    def delete_tenant(self, tenant: str, *, reason: str) -> DeletedTenant:
        """Delete a tenant with every row it has, its people where no other tenant has them, its credentials and keys.

        It is closed first, so that nobody writes meanwhile; then everything goes in one transaction, and last the key
        ring forgets it, so that copies of the database show no secret of it either. When the ring does not answer,
        `keys.destroy` with the tenant's id does the rest. What was done, this included, stays in the trail. Raises
        `TenantNotFound`.
        """
        return self._caller.call(
            DeletedTenant, "DELETE", place("/tenants/{tenant}", tenant=tenant), query={"reason": reason}
        )


class RemoteAudit:
    """`Audit`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self,
        *,
        actor: UUID | str | None = None,
        action: str | None = None,
        outcome: Outcome | None = None,
        target: UUID | str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AuditEvent]:
        """A page of lines, the newest first. `action` is an operation ("conversations.append"); `since` is included,
        `until` is not. Reading the trail is itself recorded. Raises `InvalidCursor`, `InvalidInput`.
        """
        return self._caller.call(
            Page[AuditEvent],
            "GET",
            "/audit",
            query={
                "actor": actor,
                "action": action,
                "outcome": outcome,
                "target": target,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def verify(self, *, checkpoint: Checkpoint | None = None) -> AuditReport:
        """Check every line and every seal from the beginning. `report.ok`, `report.rows`; `report.first_bad` and
        `report.why` name the first that is not as it was written.

        A `checkpoint` kept elsewhere also shows that nothing was cut off at the end, or the whole store rolled back.
        Raises `CheckpointNotValid`.
        """
        return self._caller.call(AuditReport, "POST", "/audit/verification", body={"checkpoint": checkpoint})

    def checkpoint(self) -> Checkpoint:
        """Seal what is written and sign how far the chain has come. Keep it where who can change the store cannot.

        Raises `CheckpointNeedsKey`, `NothingToSign`, `TrailNotSound`.
        """
        return self._caller.call(Checkpoint, "POST", "/audit/checkpoints")

    def export(self, to: IO[str], *, on_progress: Callable[[int], None] | None = None) -> int:
        """Write every line, oldest first, as JSON Lines: how many. Recorded before the first is written.

        `on_progress(lines)` is called after each thousand.
        """
        return self._caller.download_lines("/audit/exports", to=to, on_progress=on_progress)

    def events(self, *, after: str | None = None, limit: int = 100) -> Page[Event]:
        """The changes that concern the actor, in the order in which they settled, beyond the cursor `after`.

        `next` is always a cursor: where to go on, now or later; without `after` it is where new ones will follow, and
        there are no items. Whoever goes on from cursor to cursor misses nothing and sees nothing twice.
        Raises `InvalidCursor`.
        """
        return self._caller.call(Page[Event], "GET", "/audit/events", query={"after": after, "limit": limit})


class RemoteJobs:
    """`Jobs`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def submit(
        self,
        kind: str,
        arguments: Mapping[str, object] | None = None,
        *,
        key: str | None = None,
        not_before: datetime | None = None,
    ) -> Job:
        """Queue a job of a kind that may be submitted; the kind says what one must be allowed to do for that.

        Its body acts as whoever submits it, with the role they have then. Under the same `key` one gets the job that
        was made first, however it ended. Raises `UnknownJobKind`, `PermissionDenied`, `InvalidInput`.
        """
        return self._caller.call(
            Job, "POST", "/jobs", body={"kind": kind, "arguments": arguments, "key": key, "not_before": not_before}
        )

    def list(
        self, *, status: JobStatus | None = None, kind: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Job]:
        """A page of jobs, the newest first. Ended ones are kept for `Settings.job_days`. Raises `InvalidCursor`."""
        return self._caller.call(
            Page[Job], "GET", "/jobs", query={"status": status, "kind": kind, "limit": limit, "cursor": cursor}
        )

    def get(self, job: UUID | str) -> Job:
        """A job, with its progress. Raises `JobNotFound`."""
        return self._caller.call(Job, "GET", place("/jobs/{job}", job=job))

    def cancel(self, job: UUID | str) -> Job:
        """End a job: at once where it waits; where it runs, at the next point at which it says how far it is.

        Cancelling again changes nothing. Raises `JobNotFound`, `JobFinished`.
        """
        return self._caller.call(Job, "POST", place("/jobs/{job}/cancel", job=job))

    def retry(self, job: UUID | str) -> Job:
        """Queue a job again that failed or was cancelled: from its last checkpoint, with all its attempts.

        Raises `JobNotFound`, `JobNotEnded`.
        """
        return self._caller.call(Job, "POST", place("/jobs/{job}/retry", job=job))

    def schedules(self) -> ScheduleList:
        """The schedule as this program has it, and for which period each line was last queued."""
        return self._caller.call(ScheduleList, "GET", "/schedules")


class RemoteRuns:
    """`Runs`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def workflow(self, workflow: UUID | str) -> Workflow:
        """A workflow by its id. Raises `WorkflowNotFound`."""
        return self._caller.call(Workflow, "GET", place("/workflows/{workflow}", workflow=workflow))

    def workflow_of(self, external_id: str) -> Workflow:
        """A workflow by its id in the outside engine. Raises `WorkflowNotFound`."""
        return self._caller.call(Workflow, "GET", "/workflows/by-external-id", query={"external_id": external_id})

    def workflows(
        self, *, category: str | None = None, active: bool | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Workflow]:
        """A page of the tenant's workflows, the newest first. Raises `InvalidCursor`."""
        return self._caller.call(
            Page[Workflow],
            "GET",
            "/workflows",
            query={"category": category, "active": active, "limit": limit, "cursor": cursor},
        )

    def get(self, run: UUID | str) -> Run:
        """A run, with its input and output however large they are: one statement, two where either is an attachment.

        Raises `RunNotFound`.
        """
        return self._caller.call(Run, "GET", place("/runs/{run}", run=run))

    def list(
        self,
        *,
        workflow: UUID | str | None = None,
        status: RunStatus | None = None,
        conversation: UUID | str | None = None,
        parent: UUID | str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Run]:
        """A page of runs, the newest first; with `since` or `until` those that started then. One statement.

        What is kept as an attachment is left out; `get` has it. Raises `InvalidCursor`.
        """
        return self._caller.call(
            Page[Run],
            "GET",
            "/runs",
            query={
                "workflow": workflow,
                "status": status,
                "conversation": conversation,
                "parent": parent,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def statistics(self, *, since: datetime, until: datetime, workflow: UUID | str | None = None) -> RunStatistics:
        """How the runs that started in a period ended, in all, for each workflow and for each day (UTC) with any.

        Success rate = success / (success + error); cancelled ones and those under way are counted apart. Counts are
        exact, percentiles within 2 % (see `durations`). Whole days are read from roll-ups, what is left at both edges
        from an index of the runs: two statements for the days, one for each edge, one for the runs under way, one for
        names. Raises `WorkflowNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            RunStatistics, "GET", "/runs/statistics", query={"since": since, "until": until, "workflow": workflow}
        )

    def tell(
        self,
        workflow: str,
        execution: str,
        *,
        status: RunStatus,
        at: datetime,
        started_at: datetime | None = None,
        input: Any = None,
        output: Any = None,
        error: str | None = None,
        attempt: int = 1,
    ) -> Run:
        """An outside engine says that an execution of its workflow was in a status at a moment. Told again, it changes
        nothing; told out of order, it ends up right.

        `workflow`: its id out there, as `create_workflow(external_id=…)` has it. `started_at`: when it began, else `at`
        of the first telling that it runs. Seven statements for the first telling, five for a later one; more where
        anything is large (see `start`). Raises
        `WorkflowNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Run,
            "POST",
            "/runs/events",
            body={
                "workflow": workflow,
                "execution": execution,
                "status": status,
                "at": at,
                "started_at": started_at,
                "input": input,
                "output": output,
                "error": error,
                "attempt": attempt,
            },
        )

    def record_decision(
        self,
        kind: str,
        *,
        subjects: Sequence[str],
        status: str,
        reasons: Sequence[str] = (),
        evidence: Mapping[str, object] | None = None,
        recommendations: Sequence[str] = (),
        rule_version: str | None = None,
        latency_ms: float | None = None,
        conversation: UUID | str | None = None,
        request_id: str | None = None,
    ) -> Decision:
        """Record what was decided of one or several `subjects` (account numbers, say), which are kept as keyed hashes.

        Spaces and hyphens in a subject count for nothing. `reasons` are codes to find it by. No subject may stand in
        what is kept readable. `request_id` is the scope's, unless given. Costs a statement, one for the subjects, one
        for the reasons, one for a conversation, and the trail's line. Raises `InvalidInput`, `ConversationNotFound`,
        `KeyRingNeeded` where the store has no key ring.
        """
        return self._caller.call(
            Decision,
            "POST",
            "/decisions",
            body={
                "kind": kind,
                "subjects": subjects,
                "status": status,
                "reasons": reasons,
                "evidence": evidence,
                "recommendations": recommendations,
                "rule_version": rule_version,
                "latency_ms": latency_ms,
                "conversation": conversation,
                "request_id": request_id,
            },
        )

    def decision(self, decision: UUID | str) -> Decision:
        """A decision by its id. Raises `DecisionNotFound`."""
        return self._caller.call(Decision, "GET", place("/decisions/{decision}", decision=decision))

    def decisions(
        self,
        *,
        subject: str | None = None,
        conversation: UUID | str | None = None,
        reason: str | None = None,
        kind: str | None = None,
        status: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Decision]:
        """A page of decisions, the newest first, by subject, conversation, reason, kind, status and date.

        A subject is hashed before it reaches a statement. Raises `InvalidCursor`.
        """
        return self._caller.call(
            Page[Decision],
            "POST",
            "/decisions/search",
            body={
                "subject": subject,
                "conversation": conversation,
                "reason": reason,
                "kind": kind,
                "status": status,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def create_workflow(
        self,
        name: str,
        *,
        external_id: str | None = None,
        category: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Workflow:
        """Make a workflow. `external_id` is its id in an outside engine: one of the tenant's alone, whatever other
        tenants have. Raises `WorkflowExists`, `InvalidInput`.
        """
        return self._caller.call(
            Workflow,
            "POST",
            "/workflows",
            body={
                "name": name,
                "external_id": external_id,
                "category": category,
                "description": description,
                "metadata": metadata,
            },
        )

    def update_workflow(
        self,
        workflow: UUID | str,
        *,
        name: str | None = None,
        category: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, object] | None = None,
        active: bool | None = None,
    ) -> Workflow:
        """Change what is given, leave the rest: its maker, or who administers. One that is not `active` takes no new
        runs. Raises `WorkflowNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Workflow,
            "PATCH",
            place("/workflows/{workflow}", workflow=workflow),
            body={
                "name": name,
                "category": category,
                "description": description,
                "metadata": metadata,
                "active": active,
            },
        )

    def start(
        self,
        workflow: UUID | str,
        *,
        input: Any = None,
        parent: UUID | str | None = None,
        conversation: UUID | str | None = None,
        attempt: int = 1,
        queued: bool = False,
    ) -> Run:
        """Start a run, or only note it (`queued`) for `begin` to start later. `input`: any JSON; above
        `Settings.run_bytes` an attachment of the run, up to `Settings.run_attachment_bytes`.

        `parent`: the run that this one is part of, or the attempt before it. The scope's `request_id` goes on it.
        Costs on PostgreSQL one round trip, else two statements and the trail's line; where there is a conversation,
        parent or attachment five round trips and one for each. Raises
        `WorkflowNotFound`, `WorkflowInactive`, `RunNotFound`, `ConversationNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Run,
            "POST",
            "/runs",
            body={
                "workflow": workflow,
                "input": input,
                "parent": parent,
                "conversation": conversation,
                "attempt": attempt,
                "queued": queued,
            },
        )

    def begin(self, run: UUID | str) -> Run:
        """A queued run begins. Raises `RunNotFound`, `RunBegun`, `RunFinished`."""
        return self._caller.call(Run, "POST", place("/runs/{run}/begin", run=run))

    def finish(
        self, run: UUID | str, *, status: Ending = "success", output: Any = None, error: str | None = None
    ) -> Run:
        """A run ends: once. `error` says why it ended in one; it is shown to whoever may see the run, so leave
        secrets out. One that waits for a person cannot end in success. `output` is kept as `start` keeps `input`.

        Costs on PostgreSQL one round trip for who started it, else two statements and the trail's line, an attachment
        one more. Raises `RunNotFound`, `RunFinished`,
        `RunWaiting`, `InvalidInput`.
        """
        return self._caller.call(
            Run, "POST", place("/runs/{run}/finish", run=run), body={"status": status, "output": output, "error": error}
        )

    def wait(self, run: UUID | str, *, asked: Any = None) -> Run:
        """A run waits until a person has resolved it. `asked`: what it is about, any JSON.

        Raises `RunNotFound`, `RunFinished`, `RunWaiting`, `InvalidInput`.
        """
        return self._caller.call(Run, "POST", place("/runs/{run}/wait", run=run), body={"asked": asked})

    def resolve(self, run: UUID | str, *, answer: Any = None, number: int | None = None) -> Run:
        """Answer what a run waits for; it goes on. Of several who do, the first one counts.

        `number`: which of its waits was answered, as `Run.waits` said when it was shown, so that an old page cannot
        answer a new question. Raises `RunNotFound`, `RunResolved`, `RunNotWaiting`, `RunFinished`, `InvalidInput`.
        """
        return self._caller.call(
            Run, "POST", place("/runs/{run}/resolve", run=run), body={"answer": answer, "number": number}
        )


class RemoteConversations:
    """`Conversations`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def last(self, conversation: ConversationId, n: int = 20) -> MessageList:
        """The latest `n` messages, oldest first. Two statements, whatever the conversation's length, which PostgreSQL
        answers in one round trip; of a fork that has fewer, two more for each ancestor that is reached.
        """
        return self._caller.call(
            MessageList,
            "GET",
            place("/conversations/{conversation}/messages", conversation=conversation),
            query={"last": n},
        )

    def messages(self, conversation: ConversationId, *, limit: int = 50, cursor: str | None = None) -> Page[Message]:
        """A page of messages, oldest first. A cursor also goes on from messages appended later."""
        return self._caller.call(
            Page[Message],
            "GET",
            place("/conversations/{conversation}/messages", conversation=conversation),
            query={"limit": limit, "cursor": cursor},
        )

    def between(
        self, conversation: ConversationId, since: datetime, until: datetime | None = None, *, limit: int = 200
    ) -> MessageList:
        """The messages written from `since` up to, and without, `until`, oldest first, `limit` at most."""
        return self._caller.call(
            MessageList,
            "GET",
            place("/conversations/{conversation}/messages", conversation=conversation),
            query={"since": since, "until": until, "limit": limit},
        )

    def message(self, message_id: UUID | str) -> Message:
        """One message by its id. Raises `MessageNotFound`."""
        return self._caller.call(Message, "GET", place("/messages/{message_id}", message_id=message_id))

    def counts(self, conversation: ConversationId) -> dict[str, int]:
        """How many messages each role has written."""
        return self._caller.call(
            dict[str, int], "GET", place("/conversations/{conversation}/counts", conversation=conversation)
        )

    def verify(self, conversation: ConversationId) -> Verification:
        """Check the whole hash chain. Says which message is the first at fault, and why."""
        return self._caller.call(
            Verification, "GET", place("/conversations/{conversation}/verification", conversation=conversation)
        )

    def get(self, conversation: ConversationId) -> Conversation:
        """One conversation. Raises `ConversationNotFound`."""
        return self._caller.call(Conversation, "GET", place("/conversations/{conversation}", conversation=conversation))

    def list(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        status: Status | None = None,
        workspace: UUID | str | None = None,
        metadata: Mapping[str, object] | None = None,
        tag: str | None = None,
        hidden: bool = False,
        owner: UUID | str | None = None,
    ) -> Page[Conversation]:
        """A page of a person's conversations, the most recently active first; the actor's own unless `owner` is given.

        Without `status`, all but deleted ones; hidden ones only when asked for. `metadata` names top-level members
        that must be equal, as JSON spells them (1 and 1.0 are two values). One indexed statement, whatever the number
        of conversations. Raises `InvalidCursor`.
        """
        return self._caller.call(
            Page[Conversation],
            "GET",
            "/conversations",
            query={
                "limit": limit,
                "cursor": cursor,
                "status": status,
                "workspace": workspace,
                "metadata": metadata,
                "tag": tag,
                "hidden": hidden,
                "owner": owner,
            },
        )

    def summaries(self, conversation: ConversationId) -> SummaryList:
        """Every version of the summary, oldest first."""
        return self._caller.call(
            SummaryList, "GET", place("/conversations/{conversation}/summaries", conversation=conversation)
        )

    def due_summaries(self, *, every: int | None = None, limit: int = 50) -> ConversationList:
        """The actor's active conversations with `every` messages (by default `Settings.summary_every`) or more
        beyond their last summary, the most recently active first.
        """
        return self._caller.call(ConversationList, "GET", "/due-summaries", query={"every": every, "limit": limit})

    def context(
        self,
        conversation: ConversationId,
        *,
        max_tokens: int = 4000,
        last: int = 10,
        question: str | None = None,
        passages: bool = True,
    ) -> Context:
        """What a model should be told, within `max_tokens`: the summary, the last messages, and what other rooms add.

        Facts and passages are those that bear on `question`, or on the newest message of a user. Tokens are counted by
        `Settings.count_tokens`. Read on one snapshot; a vector of the question, where something is searched by meaning,
        is made before it, and what was searched is logged after it: `retrieval` in a passage's origin is what
        `knowledge.cite` takes. `passages=False` leaves passages out, for who searches by themselves. `Context.left_out`
        says what did not fit, and why. Raises `ConversationNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Context,
            "GET",
            place("/conversations/{conversation}/context", conversation=conversation),
            query={"max_tokens": max_tokens, "last": last, "question": question, "passages": passages},
        )

    def visible(self) -> Visible:
        """How many of the actor's conversations are visible, against the tenant's cap."""
        return self._caller.call(Visible, "GET", "/visible")

    def cost(self, conversation: ConversationId) -> Cost:
        """What a conversation has cost, as far as its usage was recorded. Raises `ConversationNotFound`."""
        return self._caller.call(Cost, "GET", place("/conversations/{conversation}/cost", conversation=conversation))

    def feedback(self, conversation: ConversationId) -> FeedbackList:
        """The ratings of a conversation's answers, in the order of the answers."""
        return self._caller.call(
            FeedbackList, "GET", place("/conversations/{conversation}/feedback", conversation=conversation)
        )

    def attachment(self, conversation: ConversationId, digest: str) -> bytes:
        """The bytes of an attachment of this conversation or of the past it shares."""
        return self._caller.call(
            bytes,
            "GET",
            place("/conversations/{conversation}/attachments/{digest}", conversation=conversation, digest=digest),
        )

    def search(
        self,
        query: str,
        *,
        conversation: ConversationId | None = None,
        workspace: UUID | str | None = None,
        limit: int = 20,
        mode: WantedMode = "auto",
    ) -> HitList:
        """Messages that match, best first: in one conversation, or in all of the actor's own.

        By their words all must occur; `"a phrase"`, `begin*` and `-without` do what they look like. Everything appended
        before the call is found. When more than `Settings.search_window` messages match, the newest so many are ranked.

        `mode`: "lexical" by words, "vector" by meaning, "hybrid" by both; "auto" by both where
        `Settings.message_embedder` is set, messages have vectors (`embed_some` gives them) and it answers. Where
        meaning cannot be had, words alone find. `mode` and `notes` of what comes back say what was done, and why not
        more; `found_by` of each hit, how it was found. Raises `InvalidInput`.
        """
        return self._caller.call(
            HitList,
            "GET",
            "/search",
            query={"q": query, "conversation": conversation, "workspace": workspace, "limit": limit, "mode": mode},
        )

    def embed_some(self, *, most: int = STEP) -> VectorReport:
        """Give vectors to up to `most` messages that wait: the actor's own, an administrator's whole tenant's.

        For search by meaning, with the embedder of `Settings.message_embedder`; call it until `done`. Nothing is
        embedded twice, whatever stopped the last call. Shows nobody anything. Messages of deleted conversations wait
        until they are restored. Raises `NoEmbedderSet`, `EmbedderUnknown`, and what the embedder raises:
        `EmbedderFailed` or one of its family.
        """
        return self._caller.call(VectorReport, "PUT", "/messages/vectors", body={"most": most})

    def append(
        self,
        conversation: ConversationId,
        *,
        role: MessageRole,
        content: str = "",
        parts: Sequence[Mapping[str, object]] | None = None,
        metadata: Mapping[str, object] | None = None,
        request_id: str | None = None,
    ) -> Message:
        """Add one message to the end. Durable when it returns.

        `request_id` makes it safe to repeat: the same one with the same role, in the same conversation, gives the
        message stored the first time, with `replayed` set, whatever is given now.

        Costs on PostgreSQL one round trip and one fsync, on SQLite three statements (five with a `request_id`) besides
        BEGIN and COMMIT and one fsync; threads that append at the same time share them, but for the statements.

        Raises `ConversationNotFound`, `ConversationNotActive`, `EmptyMessage`, `InvalidInput`.
        """
        return self._caller.call(
            Message,
            "POST",
            place("/conversations/{conversation}/messages", conversation=conversation),
            body={"role": role, "content": content, "parts": parts, "metadata": metadata, "request_id": request_id},
        )

    def append_many(self, conversation: ConversationId, messages: Iterable[NewMessage]) -> MessageList:
        """Add messages in order, all or none, in one transaction. Like `append` for each of them.

        At most `Settings.batch` messages. A message's `created_at` keeps the time of what comes from elsewhere.
        """
        return self._caller.call(
            MessageList,
            "POST",
            place("/conversations/{conversation}/messages/batch", conversation=conversation),
            body={"messages": messages},
        )

    def import_export(
        self,
        path: Path | str,
        *,
        workspace: UUID | str | None = None,
        client: str | None = None,
        owner: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> ImportReport:
        """Bring in a chat export: ChatGPT, Claude, LibreChat, Open WebUI, ShareGPT, OpenAI JSONL, MongoDB, or a zip.

        Each conversation is one transaction, so a stop half-way leaves whole ones, and a second import adds only what
        is missing. Original times are kept; branches become forks. `on_progress(bytes read, bytes in all)` is called
        after each conversation. Damage inside the file is in the report; raises `ExportError` when nothing can be read.

        New conversations go into `workspace`. `client`, `owner`: only those about this client, of this person, by their
        ids in a collection of MongoDB's; the others are counted in the report. Raises `WorkspaceNotFound`,
        `WorkspaceArchived`, `WorkspaceReadOnly`.
        """
        return self._caller.upload(
            ImportReport,
            "/imports",
            query={"workspace": workspace, "client": client, "owner": owner},
            file=path,
            on_progress=on_progress,
        )

    def summarize(
        self,
        conversation: ConversationId,
        text: str,
        *,
        through: int | None = None,
        first: int = 1,
        entities: Sequence[object] = (),
    ) -> Summary:
        """Store a new version of the summary, covering messages `first` to `through` (by default the newest).

        Raises `SeqOutOfRange`, `ConversationNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Summary,
            "POST",
            place("/conversations/{conversation}/summaries", conversation=conversation),
            body={"text": text, "through": through, "first": first, "entities": entities},
        )

    def rate(self, message_id: UUID | str, rating: int, *, comment: str | None = None) -> Feedback:
        """Rate an answer: 1 or -1. A second rating by the same user takes the place of the first.

        Raises `NotAnAnswer`, `MessageNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Feedback,
            "PUT",
            place("/messages/{message_id}/feedback", message_id=message_id),
            body={"rating": rating, "comment": comment},
        )

    def attach(self, conversation: ConversationId, data: bytes, *, name: str, media_type: str) -> Attachment:
        """Keep a file with a conversation; put `attachment.part()` among a message's parts to show it there.

        The same bytes twice are kept once. Raises `AttachmentRefused`, `ConversationNotFound`.
        """
        return self._caller.send_data(
            Attachment,
            place("/conversations/{conversation}/attachments", conversation=conversation),
            query={"name": name},
            data=data,
            media_type=media_type,
        )

    def create(
        self,
        *,
        title: str | None = None,
        metadata: Mapping[str, object] | None = None,
        tags: Collection[str] = (),
        workspace: UUID | str | None = None,
        keep_visible: Collection[ConversationId] = (),
    ) -> Conversation:
        """Start a conversation.

        Where the tenant caps visible conversations, the least recently active one beyond the cap is hidden, never
        one of `keep_visible` (those open on a screen). Raises `InvalidInput`, `WorkspaceNotFound`.
        """
        return self._caller.call(
            Conversation,
            "POST",
            "/conversations",
            body={
                "title": title,
                "metadata": metadata,
                "tags": tags,
                "workspace": workspace,
                "keep_visible": keep_visible,
            },
        )

    def edit(
        self,
        conversation: ConversationId,
        *,
        title: str | None = None,
        tags: Collection[str] | None = None,
        metadata: Mapping[str, object] | None = None,
        if_unchanged: Conversation | None = None,
    ) -> Conversation:
        """Change what is given: the title, all tags, all metadata.

        `if_unchanged`: the conversation as it was read; it must still be so. Raises `ConversationChanged`,
        `ConversationNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Conversation,
            "PATCH",
            place("/conversations/{conversation}", conversation=conversation),
            body={"title": title, "tags": tags, "metadata": metadata},
            if_unchanged=if_unchanged,
        )

    def fork(self, conversation: ConversationId, *, at: int, title: str | None = None) -> Conversation:
        """A new conversation that shares messages 1 to `at` with this one and goes on by itself.

        Nothing is copied; deleting one leaves the other whole. Raises `SeqOutOfRange`, `ConversationNotFound`.
        """
        return self._caller.call(
            Conversation,
            "POST",
            place("/conversations/{conversation}/forks", conversation=conversation),
            body={"at": at, "title": title},
        )

    def archive(self, conversation: ConversationId) -> Conversation:
        """Put away: no more messages, still listed and searched."""
        return self._caller.call(
            Conversation, "POST", place("/conversations/{conversation}/archive", conversation=conversation)
        )

    def close(self, conversation: ConversationId) -> Conversation:
        """End it: no more messages, still listed and searched."""
        return self._caller.call(
            Conversation, "POST", place("/conversations/{conversation}/close", conversation=conversation)
        )

    def delete(self, conversation: ConversationId) -> Conversation:
        """Hide it from every read and search. `restore` brings it back until retention purges it."""
        return self._caller.call(
            Conversation, "DELETE", place("/conversations/{conversation}", conversation=conversation)
        )

    def restore(self, conversation: ConversationId) -> Conversation:
        """Make an archived, closed, deleted or hidden conversation active and visible again."""
        return self._caller.call(
            Conversation, "POST", place("/conversations/{conversation}/restore", conversation=conversation)
        )

    def hide(self, conversation: ConversationId) -> Conversation:
        """Leave it out of lists until it is restored."""
        return self._caller.call(
            Conversation, "POST", place("/conversations/{conversation}/hide", conversation=conversation)
        )


class RemoteMemory:
    """`Memory`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def fact(self, key: str, *, workspace: UUID | str | None = None, user: UUID | str | None = None) -> Fact:
        """What holds now under a key. Raises `FactNotFound`."""
        return self._caller.call(
            Fact, "GET", "/facts/current", query={"key": key, "workspace": workspace, "user": user}
        )

    def list(
        self,
        *,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Fact]:
        """A page of what holds now, the newest recorded first. One indexed statement. Raises `InvalidCursor`."""
        return self._caller.call(
            Page[Fact], "GET", "/facts", query={"workspace": workspace, "user": user, "limit": limit, "cursor": cursor}
        )

    def count(self, *, workspace: UUID | str | None = None, user: UUID | str | None = None) -> int:
        """How many facts hold now, exactly."""
        return self._caller.call(int, "GET", "/facts/count", query={"workspace": workspace, "user": user})

    def history(
        self,
        key: str,
        *,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Fact]:
        """A page of every version of a key, the latest to begin first; empty where nothing is remembered under it.

        `valid_to` is when each ceased to hold: its own end, or the next one's beginning.
        """
        return self._caller.call(
            Page[Fact],
            "GET",
            "/facts/history",
            query={"key": key, "workspace": workspace, "user": user, "limit": limit, "cursor": cursor},
        )

    def as_of(
        self,
        moment: datetime,
        key: str | None = None,
        *,
        known_at: datetime | None = None,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Fact]:
        """A page of what held at `moment`, by key; of one `key`, one fact or none.

        As it is known now, or, with `known_at`, as it was known then: without what was recorded later, and with the
        confidence that the sources of that time gave.
        """
        return self._caller.call(
            Page[Fact],
            "GET",
            "/facts/as-of",
            query={
                "moment": moment,
                "key": key,
                "known_at": known_at,
                "workspace": workspace,
                "user": user,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def why(self, fact_id: UUID | str) -> Why:
        """Why a fact, or a former version of one, is believed: every statement, with the message where there is one.

        Raises `FactNotFound`.
        """
        return self._caller.call(Why, "GET", place("/facts/{fact_id}/why", fact_id=fact_id))

    def unseen(self, conversation: UUID | str, *, extractor: str, limit: int = 200) -> Unseen:
        """The next messages of a conversation that an extractor of this name has not looked at, oldest first.

        What `propose` shows it. Raises `ConversationNotFound`; `NotGranted` for an API key that reads no conversations.
        """
        return self._caller.call(
            Unseen,
            "GET",
            place("/conversations/{conversation}/unseen", conversation=conversation),
            query={"extractor": extractor, "limit": limit},
        )

    def recall(
        self, query: str, *, k: int = 10, workspace: UUID | str | None = None, user: UUID | str | None = None
    ) -> RecalledList:
        """The best `k` facts that hold, for a query: those with it in their key, those with its words in key or value
        (any may match, the rarest count most), and those that mean the like, where `Settings.memory_embedder` is set
        and they have vectors (`embed_some` gives them). Each says why it was found; `score` goes from 0 to 1.

        `mode` of what comes back is "hybrid" where meaning was looked for; where it could not be, `notes` says why. A
        sensitive fact is found by its key only. Raises `InvalidInput`.
        """
        return self._caller.call(
            RecalledList, "GET", "/facts/recall", query={"q": query, "k": k, "workspace": workspace, "user": user}
        )

    def embed_some(self, *, most: int = STEP) -> VectorReport:
        """Give vectors to up to `most` facts that wait: those about the actor and of workspaces open to them, or, for
        an administrator, of the whole tenant.

        For recalling by meaning, with the embedder of `Settings.memory_embedder`; call it until `done`. Nothing is
        embedded twice, whatever stopped the last call. Shows nobody anything. Sensitive facts never get one. Raises
        `NoEmbedderSet`, `EmbedderUnknown`, and what the embedder raises: `EmbedderFailed` or one of its family.
        """
        return self._caller.call(VectorReport, "PUT", "/facts/vectors", body={"most": most})

    def remember(
        self,
        key: str,
        value: object,
        *,
        confidence: float = 1.0,
        source: UUID | str | None = None,
        said_by: str | None = None,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        sensitive: bool = False,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        request_id: str | None = None,
    ) -> Fact:
        """Remember a JSON value (not null) under a key, about the actor unless a workspace or a user is named.

        Nothing is overwritten. The value that holds already is confirmed: `source` (a message) is one source more, and
        the confidences combine, 1 - (1 - a)(1 - b). Another value supersedes it, whatever their confidences; one whose
        `valid_from` lies before the current one's goes into its place in the history. Without `valid_from` it holds
        from now on. `sensitive` seals the value under the tenant's key, now and in the key's whole history: it is found
        by its key only. `request_id` makes it safe to repeat: the same one gives what the first gave; used for somebody
        else, it raises `RequestIdTaken`.

        Raises `InvalidInput`, `MessageNotFound`, `UserNotFound`, `WorkspaceNotFound`, `WorkspaceArchived`,
        `WorkspaceReadOnly`, and `KeyRingNeeded` for a sensitive value in a store without keys.
        """
        return self._caller.call(
            Fact,
            "PUT",
            "/facts",
            body={
                "key": key,
                "value": value,
                "confidence": confidence,
                "source": source,
                "said_by": said_by,
                "valid_from": valid_from,
                "valid_to": valid_to,
                "sensitive": sensitive,
                "workspace": workspace,
                "user": user,
                "request_id": request_id,
            },
        )

    def forget(self, fact: str, *, workspace: UUID | str | None = None, user: UUID | str | None = None) -> Forgotten:
        """Remove a fact for good, by its key or by the id of one of its versions: every version, every source, every
        trace in a search index. The trail keeps ids, and that it was forgotten. Raises `FactNotFound`.
        """
        return self._caller.call(
            Forgotten, "DELETE", "/facts", query={"fact": fact, "workspace": workspace, "user": user}
        )

    def accept(
        self, conversation: UUID | str, candidates: Sequence[Candidate], *, extractor: str, through: int
    ) -> Proposal:
        """Remember what an extractor found in a conversation's messages up to number `through`, which it has then seen.

        What `propose` does after it asked; for extractors that run elsewhere. Raises `ConversationNotFound`,
        `SeqOutOfRange`, `InvalidInput`.
        """
        return self._caller.call(
            Proposal,
            "PUT",
            place("/conversations/{conversation}/facts", conversation=conversation),
            body={"candidates": candidates, "extractor": extractor, "through": through},
        )


class RemoteKnowledge(Adding):
    """`Knowledge`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list_bases(self) -> list[KnowledgeBase]:
        """The knowledge bases that are open to the caller, by name."""
        return self._caller.call(list[KnowledgeBase], "GET", "/knowledge/bases")

    def base(self, base: UUID | str) -> KnowledgeBase:
        """A knowledge base by its id or name. Raises `BaseNotFound`."""
        return self._caller.call(KnowledgeBase, "GET", place("/knowledge/bases/{base}", base=base))

    def documents(
        self,
        base: UUID | str,
        *,
        metadata: Mapping[str, object] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Document]:
        """A page of a base's documents that the caller may read, the oldest first.

        `metadata`: only those with these members. Raises `BaseNotFound`, `InvalidCursor`.
        """
        return self._caller.call(
            Page[Document],
            "GET",
            place("/knowledge/bases/{base}/documents", base=base),
            query={"metadata": metadata, "limit": limit, "cursor": cursor},
        )

    def document(self, document: UUID | str) -> Document:
        """A document without its text. Raises `DocumentNotFound`."""
        return self._caller.call(Document, "GET", place("/knowledge/documents/{document}", document=document))

    def chunks(self, document: UUID | str, *, limit: int = 50, cursor: str | None = None) -> Page[Chunk]:
        """A page of a document's chunks, in order. Raises `DocumentNotFound`, `InvalidCursor`."""
        return self._caller.call(
            Page[Chunk],
            "GET",
            place("/knowledge/documents/{document}/chunks", document=document),
            query={"limit": limit, "cursor": cursor},
        )

    def text(self, document: UUID | str) -> str:
        """A document's text as it was read, chunk after chunk, without what they repeat. Raises `DocumentNotFound`."""
        return self._caller.call(str, "GET", place("/knowledge/documents/{document}/text", document=document))

    def retrieval(self, retrieval: UUID | str) -> LoggedRetrieval:
        """One of the caller's searches as it was logged; an administrator reads everybody's. Raises
        `RetrievalNotFound`.
        """
        return self._caller.call(
            LoggedRetrieval, "GET", place("/knowledge/retrievals/{retrieval}", retrieval=retrieval)
        )

    def retrievals(
        self, *, base: UUID | str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[LoggedRetrieval]:
        """A page of what was searched, the latest first, without hits. Raises `BaseNotFound`, `InvalidCursor`."""
        return self._caller.call(
            Page[LoggedRetrieval],
            "GET",
            "/knowledge/retrievals",
            query={"base": base, "limit": limit, "cursor": cursor},
        )

    def report(
        self, *, base: UUID | str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> KnowledgeReport:
        """How knowledge was used from `since` until `until`: what was found, what never, which answers cite nothing.

        Over the searches of everybody for an administrator, the caller's own for a member; only of documents at levels
        that the caller holds. Raises `BaseNotFound`.
        """
        return self._caller.call(
            KnowledgeReport, "GET", "/knowledge/report", query={"base": base, "since": since, "until": until}
        )

    def create_base(
        self,
        name: str,
        *,
        description: str | None = None,
        workspace: UUID | str | None = None,
        embedder: str | Embedder | None = None,
        index: str | None = None,
        clearance: str = "D",
        window: int = 0,
        metadata: Mapping[str, object] | None = None,
    ) -> KnowledgeBase:
        """Make a knowledge base; its name is unique in the tenant.

        `clearance`: the level of documents that are added without one. `window`: with how many chunks before and after
        it a chunk is indexed, so that what stands beside it helps to find it. `embedder`: who makes
        its vectors, by its name in `Settings.embedders` or as a text (`hashing:256`, `openai:MODEL@URL`; over HTTP only
        by name), or an `Embedder` of the program; without one the base is searched by words alone. `index`: the outside
        index that keeps its vectors, by its name in `Settings.vector_indexes`; Holdfast itself without one.
        Raises `BaseExists`, `WorkspaceNotFound`, `EmbedderUnknown`, `EmbedderMissing`, `OutsideUnknown`,
        `InvalidInput`.
        """
        return self._caller.call(
            KnowledgeBase,
            "POST",
            "/knowledge/bases",
            body={
                "name": name,
                "description": description,
                "workspace": workspace,
                "embedder": embedder,
                "index": index,
                "clearance": clearance,
                "window": window,
                "metadata": metadata,
            },
        )

    def edit_base(
        self,
        base: UUID | str,
        *,
        name: str | None = None,
        description: str | None = None,
        clearance: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> KnowledgeBase:
        """Change what is given. Another `clearance` is that of documents added from now on.

        Raises `BaseNotFound`, `BaseExists`, `BaseReadOnly`, `InvalidInput`.
        """
        return self._caller.call(
            KnowledgeBase,
            "PATCH",
            place("/knowledge/bases/{base}", base=base),
            body={"name": name, "description": description, "clearance": clearance, "metadata": metadata},
        )

    def delete_base(self, base: UUID | str) -> None:
        """Delete a base with all that is in it, also what nobody was told of: so it needs clearance for every level.

        Raises `BaseNotFound`, `BaseReadOnly`, `ClearanceNeeded`.
        """
        self._caller.call(type(None), "DELETE", place("/knowledge/bases/{base}", base=base))

    def embed_some(self, base: UUID | str, *, most: int = STEP) -> EmbeddingReport:
        """Give vectors to up to `most` chunks that wait, of documents at levels that the caller holds.

        Nothing is embedded twice, whatever stopped the last call; others may do the same at the same time. What an
        embedder gave is kept batch by batch, so a failure loses one batch at most. `embed` calls it until all is done.
        Raises `BaseNotFound`, `BaseReadOnly`, `NoEmbedder`, `EmbedderChanged`, `EmbedderUnknown`, and what the embedder
        raises: `EmbedderFailed` or one of its family.
        """
        return self._caller.call(
            EmbeddingReport, "PUT", place("/knowledge/bases/{base}/vectors", base=base), body={"most": most}
        )

    def reindex_some(
        self, base: UUID | str, *, embedder: str | Embedder | None = None, most: int = STEP
    ) -> EmbeddingReport:
        """Go on making a base's vectors with another embedder (by default, its own), by up to `most` chunks.

        Searches use the old vectors until the new ones are whole; then these take their place at once, and the old ones
        are deleted, 10,000 at a time. Nothing is embedded twice, whatever stopped the last call. Documents may be added
        meanwhile. Touches documents that the caller cannot see, so needs clearance for every level. `reindex` calls it
        until all is done. Raises `BaseNotFound`, `BaseReadOnly`, `ClearanceNeeded`, `NoEmbedder`, `EmbedderUnknown`,
        and what the embedder raises: `EmbedderFailed` or one of its family.
        """
        return self._caller.call(
            EmbeddingReport,
            "PUT",
            place("/knowledge/bases/{base}/reindexing", base=base),
            body={"embedder": embedder, "most": most},
        )

    def add_text(
        self,
        base: UUID | str,
        text: str,
        *,
        title: str | None = None,
        clearance: str | None = None,
        source: str | None = None,
        media_type: str | None = None,
        metadata: Mapping[str, object] | None = None,
        embed: bool = True,
    ) -> Document:
        """Add a text to a base: plain, or of `media_type` (text/markdown, text/html, text/csv).

        It is there whole when this returns, and found from then on. The same text again at the same level is the same
        document, and nothing is written. `clearance`: by default that of the base; it must be a level that the caller
        holds. `source`: where it comes from. Then its chunks are given vectors, if the base has an embedder; what
        cannot be had now is `pending`, with a note that says why, and is found by its words until `embed` gets it.
        `embed=False` leaves that to `embed`. Raises `BaseNotFound`, `BaseReadOnly`, `ClearanceNeeded`, `DocumentError`,
        `InvalidInput`.
        """
        return self._caller.call(
            Document,
            "POST",
            place("/knowledge/bases/{base}/documents", base=base),
            body={
                "text": text,
                "title": title,
                "clearance": clearance,
                "source": source,
                "media_type": media_type,
                "metadata": metadata,
                "embed": embed,
            },
        )

    def add_file(
        self,
        base: UUID | str,
        data: bytes,
        *,
        name: str,
        media_type: str = UNKNOWN,
        title: str | None = None,
        clearance: str | None = None,
        source: str | None = None,
        metadata: Mapping[str, object] | None = None,
        embed: bool = True,
    ) -> Document:
        """Add a file's bytes to a base, as `add_text` adds a text. `name`: the file's, which helps to tell its kind."""
        return self._caller.send_data(
            Document,
            place("/knowledge/bases/{base}/files", base=base),
            query={
                "name": name,
                "title": title,
                "clearance": clearance,
                "source": source,
                "metadata": metadata,
                "embed": embed,
            },
            data=data,
            media_type=media_type,
        )

    def replace_text(
        self, document: UUID | str, text: str, *, media_type: str | None = None, embed: bool = True
    ) -> Document:
        """Make a document another version of itself: only chunks that changed are written anew, the others keep their
        ids and vectors. Raises `DocumentNotFound`, `DocumentExists`, `BaseReadOnly`, `DocumentError`.
        """
        return self._caller.call(
            Document,
            "PUT",
            place("/knowledge/documents/{document}/text", document=document),
            body={"text": text, "media_type": media_type, "embed": embed},
        )

    def replace_file(
        self,
        document: UUID | str,
        data: bytes,
        *,
        name: str | None = None,
        media_type: str = UNKNOWN,
        embed: bool = True,
    ) -> Document:
        """The same with a file's bytes."""
        return self._caller.send_data(
            Document,
            place("/knowledge/documents/{document}/file", document=document),
            query={"name": name, "embed": embed},
            data=data,
            media_type=media_type,
        )

    def edit(
        self,
        document: UUID | str,
        *,
        title: str | None = None,
        source: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Document:
        """Change what is given: title, source, all metadata. Raises `DocumentNotFound`, `BaseReadOnly`."""
        return self._caller.call(
            Document,
            "PATCH",
            place("/knowledge/documents/{document}", document=document),
            body={"title": title, "source": source, "metadata": metadata},
        )

    def set_metadata(self, document: UUID | str, metadata: Mapping[str, object]) -> Document:
        """Give a document other metadata, in place of all it had. Raises `DocumentNotFound`, `BaseReadOnly`."""
        return self._caller.call(
            Document,
            "PUT",
            place("/knowledge/documents/{document}/metadata", document=document),
            body={"metadata": metadata},
        )

    def set_clearance(self, document: UUID | str, clearance: str) -> Document:
        """Put a document at another level; the caller must hold both. It counts from the next search on.

        Raises `DocumentNotFound`, `DocumentExists`, `BaseReadOnly`, `ClearanceNeeded`.
        """
        return self._caller.call(
            Document,
            "PUT",
            place("/knowledge/documents/{document}/clearance", document=document),
            body={"clearance": clearance},
        )

    def delete(self, document: UUID | str) -> None:
        """Delete a document; nothing of its text is left. Raises `DocumentNotFound`, `BaseReadOnly`."""
        self._caller.call(type(None), "DELETE", place("/knowledge/documents/{document}", document=document))

    def search(
        self,
        query: str,
        *,
        base: UUID | str | None = None,
        k: int = 8,
        filters: Mapping[str, object] | None = None,
        neighbours: int = 0,
        conversation: UUID | str | None = None,
        mode: WantedMode = "auto",
    ) -> Retrieval:
        """The passages that answer a question best, of documents at levels that the caller holds; logs what was found.

        Any of the question's words may match, those that tell nothing are left out; `"joint account"` is found as a
        phrase, `elig*` as a beginning, `-draft` leaves passages out. In one base, by id or name, or in all that are
        open. `filters`: `document`, `media_type`, `source`, or members of the metadata. `neighbours`: so many chunks
        before and after each.

        `mode`: "lexical" by words, "vector" by meaning, "hybrid" by both; "auto" by both where there are vectors and
        their embedder answers. Where meaning cannot be had, words alone find, and a note says why; `mode` of what comes
        back says what was done. A question without a word is answered by meaning, or with nothing and a note.
        `conversation`: where it was asked, kept with what was found. Raises `QuestionTooLong`, `BaseNotFound`,
        `ConversationNotFound`, `InvalidInput`.

        Costs one transaction to read and one to log what was found, of which the question is no part; where there are
        vectors one more before, and the embedder's time.
        """
        return self._caller.call(
            Retrieval,
            "GET",
            "/knowledge/search",
            query={
                "q": query,
                "base": base,
                "k": k,
                "filters": filters,
                "neighbours": neighbours,
                "conversation": conversation,
                "mode": mode,
            },
        )

    def similar(self, chunk: UUID | str, *, k: int = 8) -> list[PassageHit]:
        """Passages of the same base that mean the same as a chunk, best first; before it has a vector, those that share
        its rarest words. Asks no embedder. Raises `ChunkNotFound`.
        """
        return self._caller.call(
            list[PassageHit], "GET", place("/knowledge/chunks/{chunk}/similar", chunk=chunk), query={"k": k}
        )

    def cite(self, retrieval: UUID | str, *, message: UUID | str, chunks: Sequence[UUID | str] = ()) -> None:
        """Say which answer came of a search, and which of its hits that answer cites; none: it has no support.

        The answer is a message that the caller may read. Raises `MessageNotFound`, `RetrievalNotFound`,
        `NotInRetrieval`.
        """
        self._caller.call(
            type(None),
            "POST",
            place("/knowledge/retrievals/{retrieval}/citations", retrieval=retrieval),
            body={"message": message, "chunks": chunks},
        )


class RemoteConfigurations:
    """`Configurations`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get(self, address: str, version: int | None = None, *, branch: str | None = None) -> Configuration:
        """What is at an address (`vendor/standard/type`, or a name): the current version, or the one that is named.

        The current one is cached: without a Redis, what another process has changed shows after `cache_alone_seconds`.
        A hit takes a few µs, whatever the size; a miss or a named version two statements. Its document is shared and
        refuses changes. `branch`: of that branch. Raises `ConfigurationNotFound`, `BranchNotFound`, `VersionNotFound`.
        """
        return self._caller.call(
            Configuration,
            "GET",
            "/configurations/document",
            query={"address": address, "version": version, "branch": branch},
        )

    def read(self, address: str, version: int | None = None, *, branch: str | None = None) -> Configuration:
        """What `get` gives, as the database has it now. Two statements.

        Raises `ConfigurationNotFound`, `BranchNotFound`, `VersionNotFound`.
        """
        return self._caller.call(
            Configuration,
            "GET",
            "/configurations/stored",
            query={"address": address, "version": version, "branch": branch},
        )

    def history(
        self, address: str, *, branch: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[ConfigurationVersion]:
        """A page of every version, of `main` or of a branch, the newest first, without the documents. Two statements.

        Raises `ConfigurationNotFound`, `BranchNotFound`, `InvalidCursor`.
        """
        return self._caller.call(
            Page[ConfigurationVersion],
            "GET",
            "/configurations/versions",
            query={"address": address, "branch": branch, "limit": limit, "cursor": cursor},
        )

    def diff(self, address: str, before: int, after: int | None = None, *, branch: str | None = None) -> Difference:
        """What leads from one version to another, or to the current one: field by field in words, and as a JSON Patch.

        `branch`: from a version of `main` to one of that branch. Raises `ConfigurationNotFound`, `BranchNotFound`,
        `VersionNotFound`.
        """
        return self._caller.call(
            Difference,
            "GET",
            "/configurations/difference",
            query={"address": address, "before": before, "after": after, "branch": branch},
        )

    def search(self, query: str, *, k: int = 10) -> FoundList:
        """The `k` configurations whose current documents, or addresses, answer a query best, by the words in them.

        Any word may match, the rarest count most; "exact words", begin* and -without as in other searches. Of private
        ones the 50 that were changed last are looked through. Raises `InvalidInput`.
        """
        return self._caller.call(FoundList, "GET", "/configurations/search", query={"q": query, "k": k})

    def similar(self, address: str, *, above: float = 0.8, limit: int = 10) -> FoundList:
        """Configurations whose documents have a similar shape: the same members in the same places, of the same kinds,
        with the same short values. `score` is the cosine of their vectors, from `above` to 1, the most alike first.

        Of private ones the 50 that were changed last are compared. Raises `ConfigurationNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            FoundList, "GET", "/configurations/similar", query={"address": address, "above": above, "limit": limit}
        )

    def find(self, pattern: str, *, limit: int = 50, cursor: str | None = None) -> Page[ConfigurationSummary]:
        """A page of what is at the addresses of a pattern, by address: `Epic/*/*`, `*/HL7v2/ADT^*`, `support-*`.

        A star stands for any text within its segment. Served by an index as far as the leading segments have none.
        Raises `InvalidInput`, `InvalidCursor`.
        """
        return self._caller.call(
            Page[ConfigurationSummary],
            "GET",
            "/configurations/found",
            query={"pattern": pattern, "limit": limit, "cursor": cursor},
        )

    def list(self, *, limit: int = 50, cursor: str | None = None) -> Page[ConfigurationSummary]:
        """A page of all that the actor may read, by address: names first, which have no vendor. One statement.

        Raises `InvalidCursor`.
        """
        return self._caller.call(
            Page[ConfigurationSummary], "GET", "/configurations", query={"limit": limit, "cursor": cursor}
        )

    def set_visibility(self, address: str, visibility: Visibility) -> ConfigurationSummary:
        """Say who reads a configuration: "tenant", every member and auditor; or "private", its owner, those it is
        shared with, and who administers. For its owner and administrators.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`.
        """
        return self._caller.call(
            ConfigurationSummary,
            "PUT",
            "/configurations/visibility",
            body={"address": address, "visibility": visibility},
        )

    def share(self, address: str, user: UUID | str, level: ShareLevel) -> ConfigurationShare:
        """Let a member of the tenant, by their id, "view", "comment" on or "edit" a configuration, whoever else reads
        it. In place of what they were let before. For its owner and administrators.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`, `UserNotFound`.
        """
        return self._caller.call(
            ConfigurationShare, "PUT", "/configurations/shares", body={"address": address, "user": user, "level": level}
        )

    def unshare(self, address: str, user: UUID | str) -> None:
        """Share a configuration with somebody no more. Nothing happens where it was not.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`.
        """
        self._caller.call(type(None), "DELETE", "/configurations/shares", query={"address": address, "user": user})

    def shares(self, address: str) -> ShareList:
        """With whom a configuration is shared, in the order in which it was. For its owner and administrators.

        Raises `ConfigurationNotFound`, `ConfigurationReadOnly`.
        """
        return self._caller.call(ShareList, "GET", "/configurations/shares", query={"address": address})

    def branch(
        self, address: str, name: str, *, from_version: int | None = None, reason: str | None = None
    ) -> ConfigurationBranch:
        """Begin a branch with the current version, or a former one. `put(…, branch=name)` goes on with it.

        Raises `BranchExists`, `ConfigurationNotFound`, `ConfigurationReadOnly`, `VersionNotFound`.
        """
        return self._caller.call(
            ConfigurationBranch,
            "PUT",
            "/configurations/branches",
            body={"address": address, "name": name, "from_version": from_version, "reason": reason},
        )

    def branches(self, address: str) -> BranchList:
        """Every branch beside `main`, by name. Raises `ConfigurationNotFound`."""
        return self._caller.call(BranchList, "GET", "/configurations/branches", query={"address": address})

    def conflicts(self, address: str, branch: str) -> ConflictList:
        """What would be in the way of merging a branch now; nothing is merged.

        Raises `ConfigurationNotFound`, `BranchNotFound`.
        """
        return self._caller.call(
            ConflictList, "GET", "/configurations/conflicts", query={"address": address, "branch": branch}
        )

    def merge(
        self, address: str, branch: str, *, reason: str, resolutions: Mapping[str, object] | None = None
    ) -> Merge:
        """Merge a branch into `main`, field by field: what one side changed is taken; where both did otherwise, it is a
        conflict. While there are conflicts nothing is merged, and they are given.

        `resolutions` say what to take, by the `path` of a conflict: "main", "branch" or {"value": …}. The branch stays,
        and may go on. Raises `ConfigurationNotFound`, `BranchNotFound`, `ConfigurationReadOnly`, `InvalidInput` for a
        resolution of no conflict.
        """
        return self._caller.call(
            Merge,
            "PUT",
            "/configurations/merge",
            body={"address": address, "branch": branch, "reason": reason, "resolutions": resolutions},
        )

    def set_rule(
        self, pattern: str, *, approvals: int | None = None, schema: dict[str, object] | None = None
    ) -> ConfigurationRule:
        """Say what holds at the addresses of a pattern from now on, in place of what was said of this pattern.

        `approvals`: what is there already is changed by requests alone, with so many approvals; 0: by whoever may
        edit, and by requests without any. Without a rule a request needs one, and whoever may edit need make none.
        `schema`: a JSON Schema that every document put, merged, restored or published there satisfies; nothing that
        it refers to is fetched. Neither: the rule is gone. Where several patterns are about an address, all their
        schemas hold, and the most approvals. Raises `InvalidInput`.
        """
        return self._caller.call(
            ConfigurationRule,
            "PUT",
            "/configurations/rules",
            body={"pattern": pattern, "approvals": approvals, "schema": schema},
        )

    def rules(self) -> RuleList:
        """The rules that hold, by pattern."""
        return self._caller.call(RuleList, "GET", "/configurations/rules")

    def request(self, request: UUID | str) -> ChangeRequest:
        """A request with its document, what it changes of its base in words, and its approvals. Five statements.

        Raises `RequestNotFound`.
        """
        return self._caller.call(ChangeRequest, "GET", place("/configurations/requests/{request}", request=request))

    def requests(
        self, *, address: str | None = None, status: RequestFilter = "open", limit: int = 50, cursor: str | None = None
    ) -> Page[ChangeRequest]:
        """A page of requests, the newest first, without their documents; of one address, or of all. `status`
        "any": closed ones too. Two statements, and one for each request on the page. Raises `InvalidCursor`.
        """
        return self._caller.call(
            Page[ChangeRequest],
            "GET",
            "/configurations/requests",
            query={"address": address, "status": status, "limit": limit, "cursor": cursor},
        )

    def comment(
        self, request: UUID | str, text: str, *, reply_to: UUID | str | None = None, path: str | None = None
    ) -> RequestComment:
        """Say something about a request, or of a place in its document (`path`, a JSON Pointer), or to a comment.

        Raises `RequestNotFound`, `ConfigurationReadOnly`, `InvalidInput`.
        """
        return self._caller.call(
            RequestComment,
            "POST",
            place("/configurations/requests/{request}/comments", request=request),
            body={"text": text, "reply_to": reply_to, "path": path},
        )

    def comments(self, request: UUID | str, *, limit: int = 50, cursor: str | None = None) -> Page[RequestComment]:
        """A page of what was said about a request, the oldest first. Raises `RequestNotFound`, `InvalidCursor`."""
        return self._caller.call(
            Page[RequestComment],
            "GET",
            place("/configurations/requests/{request}/comments", request=request),
            query={"limit": limit, "cursor": cursor},
        )

    def propose(self, address: str, document: object, *, reason: str, if_version: int | None = None) -> ChangeRequest:
        """Ask for a document in place of the current version. Whoever may comment may propose.

        `if_version`: the number of the version it is made from, which must still be the current one. Raises
        `ConfigurationNotFound`, `ConfigurationReadOnly`, `ConfigurationChanged`, `SchemaViolated`; `InvalidInput` for
        what is there already.
        """
        return self._caller.call(
            ChangeRequest,
            "POST",
            "/configurations/requests",
            body={"address": address, "document": document, "reason": reason, "if_version": if_version},
        )

    def revise(
        self, request: UUID | str, document: object, *, reason: str | None = None, if_version: int | None = None
    ) -> ChangeRequest:
        """Put another document into a request of one's own, made from the current version. It needs new approvals.

        Raises `RequestNotFound`, `RequestClosed`, `NotTheAuthor`, `ConfigurationChanged`, `SchemaViolated`.
        """
        return self._caller.call(
            ChangeRequest,
            "PUT",
            place("/configurations/requests/{request}/document", request=request),
            body={"document": document, "reason": reason, "if_version": if_version},
        )

    def approve(self, request: UUID | str, *, digest: str | None = None) -> ChangeRequest:
        """Approve a request as it is; what it becomes later needs another approval. Never one's own.

        `digest`: of the document that was looked at, which must be the request's. Approving twice is once. Whoever may
        comment may approve. Raises `RequestNotFound`, `RequestClosed`, `OwnRequest`, `RequestChanged`, `StaleBase`.
        """
        return self._caller.call(
            ChangeRequest,
            "PUT",
            place("/configurations/requests/{request}/approval", request=request),
            body={"digest": digest},
        )

    def reject(self, request: UUID | str, *, reason: str) -> ChangeRequest:
        """End a request of another's, saying why. Raises `RequestNotFound`, `RequestClosed`, `OwnRequest`."""
        return self._caller.call(
            ChangeRequest,
            "PUT",
            place("/configurations/requests/{request}/rejection", request=request),
            body={"reason": reason},
        )

    def withdraw(self, request: UUID | str, *, reason: str | None = None) -> ChangeRequest:
        """End a request of one's own. Raises `RequestNotFound`, `RequestClosed`, `NotTheAuthor`."""
        return self._caller.call(
            ChangeRequest,
            "PUT",
            place("/configurations/requests/{request}/withdrawal", request=request),
            body={"reason": reason},
        )

    def publish(self, request: UUID | str) -> Configuration:
        """Make the document of an approved request the next version, by its author, over the version that it was made
        from and no other. For whoever may edit the configuration; the author too.

        Of competing requests one is published, and the others have a stale base. Raises `RequestNotFound`,
        `RequestClosed`, `StaleBase`, `ApprovalsMissing`, `ConfigurationReadOnly`, `SchemaViolated`.
        """
        return self._caller.call(
            Configuration, "POST", place("/configurations/requests/{request}/publication", request=request)
        )

    def inbox(self, *, unread: bool = False, limit: int = 50, cursor: str | None = None) -> Page[Notification]:
        """A page of what concerns the actor, the newest first; only what is unread, if wanted. One statement.

        The same is announced as it happens, in `audit.events` and over HTTP in `/v1/events`. Raises `InvalidCursor`.
        """
        return self._caller.call(
            Page[Notification],
            "GET",
            "/configurations/inbox",
            query={"unread": unread, "limit": limit, "cursor": cursor},
        )

    def mark_read(self, through: UUID | str | None = None) -> int:
        """Mark as read what is in the inbox, up to a notification or all of it: how many were unread."""
        return self._caller.call(int, "PUT", "/configurations/inbox", body={"through": through})

    def count_use(self, address: str, *, version: int | None = None, uses: int = 1) -> None:
        """Count uses of a version, the current one unless another is named. Count many at once where there are many:
        each call is a transaction. Raises `ConfigurationNotFound`, `VersionNotFound`.
        """
        self._caller.call(
            type(None), "POST", "/configurations/uses", body={"address": address, "version": version, "uses": uses}
        )

    def rate(
        self,
        address: str,
        rating: int | None = None,
        *,
        accuracy: float | None = None,
        samples: int | None = None,
        comment: str | None = None,
        version: int | None = None,
    ) -> ConfigurationFeedback:
        """Say how a version does, the current one unless another is named: a rating (1 or -1), an accuracy (0 to 1) as
        measured on so many samples, a comment; at least one of them. Of a person's ratings of one the last counts.

        Raises `ConfigurationNotFound`, `VersionNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            ConfigurationFeedback,
            "POST",
            "/configurations/feedback",
            body={
                "address": address,
                "rating": rating,
                "accuracy": accuracy,
                "samples": samples,
                "comment": comment,
                "version": version,
            },
        )

    def feedback(self, address: str, *, limit: int = 50, cursor: str | None = None) -> Page[ConfigurationFeedback]:
        """A page of what was said of it, the newest first. Raises `ConfigurationNotFound`, `InvalidCursor`."""
        return self._caller.call(
            Page[ConfigurationFeedback],
            "GET",
            "/configurations/feedback",
            query={"address": address, "limit": limit, "cursor": cursor},
        )

    def standing(self, address: str) -> StandingList:
        """How the versions of a configuration do, the newest first; those of which nothing is known are left out.

        Three statements; reads all its feedback. Raises `ConfigurationNotFound`.
        """
        return self._caller.call(StandingList, "GET", "/configurations/standing", query={"address": address})

    def put(
        self,
        address: str,
        document: object,
        *,
        reason: str,
        if_version: int | None = None,
        if_unchanged: Configuration | None = None,
        visibility: Visibility | None = None,
        branch: str | None = None,
    ) -> Configuration:
        """Make a document (any JSON but null, up to `configuration_bytes`) the next version of what is at an address,
        or the first.

        The current document again is the current version, with `replayed` set; nothing is written. `if_version`: the
        number of the version it is made from, 0 for none; `if_unchanged`: that version as it was read. Whoever puts the
        first version owns the configuration; `visibility` says who reads it then: "tenant" (every member, the default)
        or "private". `branch`: the next version of that branch. Raises `ConfigurationChanged`, `ConfigurationReadOnly`,
        `AddressTaken`, `BranchNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Configuration,
            "PUT",
            "/configurations/document",
            body={
                "address": address,
                "document": document,
                "reason": reason,
                "if_version": if_version,
                "visibility": visibility,
                "branch": branch,
            },
            if_unchanged=if_unchanged,
        )

    def rollback(self, address: str, to: int, *, reason: str) -> Configuration:
        """Make the document of a former version the next one. The history stays whole.

        Where it says what the current one says, that is given, with `replayed` set. Raises `ConfigurationNotFound`,
        `VersionNotFound`, `ConfigurationReadOnly`.
        """
        return self._caller.call(
            Configuration, "PUT", "/configurations/rollback", body={"address": address, "to": to, "reason": reason}
        )


class RemoteInterop:
    """`Interop`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def drift(self, address: str, messages: str | Sequence[str]) -> Drift:
        """How new messages differ from the configuration at an address, by exact tests. Nothing of them is kept.

        Raises `ConfigurationNotFound`, `DocumentUnreadable`, `NothingToCompare`.
        """
        return self._caller.call(Drift, "POST", "/interop/drift", body={"address": address, "messages": messages})

    def deviations(self, address: str) -> dict[str, Deviations]:
        """Where the messages behind a configuration differ from the base standard, by version.

        Raises `ConfigurationNotFound`, `DocumentUnreadable`, `InvalidInput` for a standard other than HL7 v2.
        """
        return self._caller.call(dict[str, Deviations], "GET", "/interop/deviations", query={"address": address})

    def validate(self, address: str, message: str) -> Differences:
        """Where one message differs from the configuration at an address; nothing of it is kept.

        HL7 v2, a resource of FHIR, SCRIPT or Telecom, as the configuration is. Raises `ConfigurationNotFound`,
        `DocumentUnreadable`, `InvalidInput` for what is no message, or several.
        """
        return self._caller.call(
            Differences, "POST", "/interop/validation", body={"address": address, "message": message}
        )

    def synthesise(
        self, address: str, n: int = 1000, *, seed: int = 0, reference: Mapping[str, object] | None = None
    ) -> Texts:
        """So many messages of nobody, as the sender of the configuration at an address would send them.

        `reference`: record sets to pick from by their weights, by kind ("surnames", "first-names", "addresses",
        "providers", "medications") or by place: {"surnames": "surnames", "addresses": {"set": "addresses", "where":
        {"region": "TX"}}, "PID-18.1.1": {"set": "accounts", "member": "number"}}. Values of one record stay together;
        those that are longer than the sender's are not used.

        The same seed makes the same messages of the same version and records. HL7 v2 only, up to 10,000 a call, in
        memory, 2,000 a second and more. Nothing is kept. Two reads, and a pick of each set. Raises `SetNotFound`,
        `ConfigurationNotFound`, `DocumentUnreadable`, `NothingToPick`, `InvalidInput` for another standard.
        """
        return self._caller.call(
            Texts, "POST", "/interop/messages", body={"address": address, "n": n, "seed": seed, "reference": reference}
        )

    def deidentify(self, messages: str | Sequence[str], *, mapping: bool = False, k: int = 1) -> Deidentified:
        """Copies of HL7 v2 messages without the people in them; nothing of them is kept.

        One batch: within it a patient, and each identifier, has one pseudonym, and dates of a patient are moved by one
        number of days. Codes and structure stay (with `k` codes that so many patients of the batch have); all else is
        replaced. `mapping`: say what stands for what, which is as personal as the messages. Raises `InvalidInput`.
        """
        return self._caller.call(
            Deidentified, "POST", "/interop/copies", body={"messages": messages, "mapping": mapping, "k": k}
        )

    def samples(
        self,
        vendor: str,
        type: str,
        *,
        standard: str = "HL7v2",
        after: str = "",
        limit: int = 50,
        deidentified: bool = False,
        k: int = 1,
    ) -> list[Sample]:
        """Messages of a type that were kept, in the order of their digests, up to 200; `after`: the last digest seen.

        `deidentified`: copies of HL7 v2 messages without the people in them, of one batch; with `k` only codes that
        so many patients of the batch have stay. Another's are read by administrators, which leaves a line in the trail.
        What is no UTF-8 in one is a U+FFFD: JSON has no way to say it. Raises `InvalidInput`.
        """
        return self._caller.call(
            list[Sample],
            "GET",
            "/interop/samples",
            query={
                "vendor": vendor,
                "type": type,
                "standard": standard,
                "after": after,
                "limit": limit,
                "deidentified": deidentified,
                "k": k,
            },
        )

    def delete_samples(self, vendor: str, *, standard: str = HL7V2) -> int:
        """Delete the messages of a vendor that were kept: how many. What was counted stays."""
        return self._caller.call(int, "DELETE", "/interop/samples", query={"vendor": vendor, "standard": standard})

    def analyse(
        self, messages: str | Sequence[str], *, vendor: str, standard: str = "HL7v2", keep_days: int | None = None
    ) -> Job:
        """Have messages analysed in the background: the job says how far it is, and then the result.

        Each text holds any number of messages. Each type's configuration is put at `vendor/standard/type`; a message
        that was counted before adds nothing. `keep_days`: keep the messages as samples, sealed, for so long. Raises
        `InvalidInput`, `ProfileTaken`.
        """
        return self._caller.call(
            Job,
            "PUT",
            "/interop/analyses",
            body={"messages": messages, "vendor": vendor, "standard": standard, "keep_days": keep_days},
        )


class RemoteRecords(Loading):
    """`Records`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def sets(self) -> list[RecordSet]:
        """The tenant's record sets, by name; then those that other tenants share with it, as `OWNER:NAME`."""
        return self._caller.call(list[RecordSet], "GET", "/record-sets")

    def get_set(self, name: str) -> RecordSet:
        """A set as it was defined. Raises `SetNotFound`."""
        return self._caller.call(RecordSet, "GET", place("/record-sets/{name}", name=name))

    def get(self, name: str, key: str) -> Record:
        """A record by its key. Raises `SetNotFound`, `RecordNotFound`."""
        return self._caller.call(Record, "GET", place("/record-sets/{name}/record", name=name), query={"key": key})

    def find(
        self,
        name: str,
        *,
        where: Mapping[str, object] | None = None,
        order: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Record]:
        """A page of the records that a filter lets through.

        `where` as in docs/how-to/records.md: `{"sector": "J", "price": {"<": 100}}`. `order`: the key, which is the
        default, or an indexed path; `-` before it turns it round. What is asked of indexed paths, and ordered by one,
        stays quick in sets of any size; other conditions look at every record that those let through. Raises
        `SetNotFound`, `InvalidFilter`, `InvalidCursor`.
        """
        return self._caller.call(
            Page[Record],
            "GET",
            place("/record-sets/{name}/records", name=name),
            query={"where": where, "order": order, "limit": limit, "cursor": cursor},
        )

    def count(self, name: str, *, where: Mapping[str, object] | None = None) -> int:
        """How many records a filter lets through. Raises `SetNotFound`, `InvalidFilter`."""
        return self._caller.call(int, "GET", place("/record-sets/{name}/count", name=name), query={"where": where})

    def history(self, name: str, key: str, *, limit: int = 50) -> list[RecordVersion]:
        """The versions of a record, the latest first, also of one that was deleted; none where the set keeps none.

        Each is shown at the level that it had. Raises `SetNotFound`, `SetShared`.
        """
        return self._caller.call(
            list[RecordVersion],
            "GET",
            place("/record-sets/{name}/versions", name=name),
            query={"key": key, "limit": limit},
        )

    def group(self, name: str, *, by: str, where: Mapping[str, object] | None = None, limit: int = 50) -> list[Group]:
        """How many records have each value at a path, the most frequent first; lists and objects are no values.

        Reads the path's index, or every record that the filter lets through. Raises `SetNotFound`, `InvalidFilter`.
        """
        return self._caller.call(
            list[Group],
            "GET",
            place("/record-sets/{name}/groups", name=name),
            query={"by": by, "where": where, "limit": limit},
        )

    def search(
        self, name: str, query: str, *, where: Mapping[str, object] | None = None, k: int = 20
    ) -> list[RecordHit]:
        """The records whose `text` answers a question best, best first; any of its words may match.

        `"joint account"` is found as a phrase, `elig*` as a beginning, `-draft` leaves records out. `where`: among the
        best 1,000, those that the filter lets through. Raises `SetNotFound`, `InvalidFilter`, `QuestionTooLong`,
        `SetShared`, `InvalidInput` where the set has no `text`.
        """
        return self._caller.call(
            list[RecordHit],
            "GET",
            place("/record-sets/{name}/search", name=name),
            query={"q": query, "where": where, "k": k},
        )

    def pick(
        self, name: str, *, where: Mapping[str, object] | None = None, n: int = 1, seed: int | None = None
    ) -> list[Record]:
        """`n` records, each drawn anew with the share of its weight among those that the filter lets through.

        Exact, from memory: the set is read at the first pick, then a pick takes microseconds. What this process changes
        counts at once, what others change after a second at the latest (`pick_seconds`). The same seed gives the same
        from the same records, wherever they are stored. Of a set that another tenant shares each call asks the database
        once whether it still does. Raises `SetNotFound`, `InvalidFilter`, `NothingToPick`,
        `TooManyToPick`, `InvalidInput` where the set has no `weight`.
        """
        return self._caller.call(
            list[Record],
            "GET",
            place("/record-sets/{name}/picks", name=name),
            query={"where": where, "n": n, "seed": seed},
        )

    def share(self, name: str, *, tenant: str, levels: Sequence[str] = ()) -> RecordShare:
        """Let another tenant read a set: its members get, find, count, group and pick, under the name `OWNER:SET`.

        They see records at no level, and at those of `levels` that they hold themselves; who shares must hold them.
        They change nothing, and neither search its words nor see its history. It can be shared again with other levels.
        Administrators alone share. Raises `SetNotFound`, `ReaderUnfit`, `ClearanceNeeded`.
        """
        return self._caller.call(
            RecordShare,
            "PUT",
            place("/record-sets/{name}/shares/{tenant}", name=name, tenant=tenant),
            body={"levels": levels},
        )

    def unshare(self, name: str, *, tenant: str) -> None:
        """Take a set back from another tenant: its next request finds it no more, picks from memory included.

        Raises `SetNotFound`, `ShareNotFound`.
        """
        self._caller.call(type(None), "DELETE", place("/record-sets/{name}/shares/{tenant}", name=name, tenant=tenant))

    def shares(self, name: str) -> list[RecordShare]:
        """The tenants that read a set of this one, by name. Raises `SetNotFound`."""
        return self._caller.call(list[RecordShare], "GET", place("/record-sets/{name}/shares", name=name))

    def define(
        self,
        name: str,
        *,
        key: str,
        schema: Mapping[str, object] | None = None,
        indexed: Sequence[str] = (),
        text: Sequence[str] = (),
        weight: str | None = None,
        clearance: str | None = None,
        expires: str | None = None,
        history: bool = False,
        locked: bool = False,
        description: str | None = None,
    ) -> RecordSet:
        """Define a set of records, or define it anew; its name is unique in the tenant.

        `schema`: the JSON Schema that every record is held to; without one any object is taken. The rest are paths,
        names of members joined by dots: `key` to what tells records apart (a text or a whole number; it stays as it
        is), `indexed` to up to 8 values by which filters are quick, `text` to words that `search` finds, `weight` to a
        number that `pick` goes by, `expires` to a date or moment from which on a record is not there.
        `clearance`: the level of records that are stored without one; without it everybody in the tenant reads them.
        `history`: every version is kept. `locked`: only who defined the set, and administrators, change what is in it.

        Defining it anew checks every record that is stored, and raises `SchemaMisfit`, which names those that do not
        fit. Where records are at levels it needs every level, for those that one cannot see must fit too. Raises
        `InvalidSchema`, `SetReadOnly`, `SetNotEmpty`, `ClearanceNeeded`, `InvalidInput`.
        """
        return self._caller.call(
            RecordSet,
            "PUT",
            place("/record-sets/{name}", name=name),
            body={
                "key": key,
                "schema": schema,
                "indexed": indexed,
                "text": text,
                "weight": weight,
                "clearance": clearance,
                "expires": expires,
                "history": history,
                "locked": locked,
                "description": description,
            },
        )

    def delete_set(self, name: str) -> None:
        """Delete a set with all that is in it, also what the caller cannot see: where there ever was a record at a
        level it needs every level. Other tenants read it no more. Raises `SetNotFound`, `SetReadOnly`,
        `ClearanceNeeded`.
        """
        self._caller.call(type(None), "DELETE", place("/record-sets/{name}", name=name))

    def put(
        self, name: str, data: Mapping[str, object], *, clearance: str | None = None, if_version: int | None = None
    ) -> Record:
        """Store a record, new or in place of the one of its key. What is there already as it is stays at its version.

        `clearance`: the level it is put at, which the caller must hold; by default where the record is, else the
        set's. `if_version`: only over this version; 0: only if there is none. Raises `SetNotFound`, `SetReadOnly`,
        `RecordRefused`, `RecordChanged`, `ClearanceNeeded`.
        """
        return self._caller.call(
            Record,
            "PUT",
            place("/record-sets/{name}/record", name=name),
            body={"data": data, "clearance": clearance, "if_version": if_version},
        )

    def update(self, name: str, key: str, changes: Mapping[str, object], *, if_version: int | None = None) -> Record:
        """Change members of a record: a JSON merge patch (RFC 7396), in which null takes a member away.

        Raises `SetNotFound`, `RecordNotFound`, `SetReadOnly`, `RecordRefused`, `RecordChanged`.
        """
        return self._caller.call(
            Record,
            "PATCH",
            place("/record-sets/{name}/record", name=name),
            body={"key": key, "changes": changes, "if_version": if_version},
        )

    def delete(self, name: str, key: str, *, if_version: int | None = None, forget: bool = False) -> None:
        """Delete a record; nothing of it is left, but its history where the set keeps one; `forget`: nor that.

        Raises `SetNotFound`, `RecordNotFound`, `SetReadOnly`, `RecordChanged`.
        """
        self._caller.call(
            type(None),
            "DELETE",
            place("/record-sets/{name}/record", name=name),
            query={"key": key, "if_version": if_version, "forget": forget},
        )

    def put_some(
        self,
        name: str,
        rows: Sequence[Mapping[str, object]],
        *,
        clearance: str | None = None,
        whole: bool = False,
        first: int = 1,
    ) -> StoreReport:
        """Store up to `record_batch` (2,000) records in one transaction; `put_many` stores any number.

        Those that do not fit are named, by their place from `first` on, and the others are stored; `whole`: then none
        is. Raises `SetNotFound`, `SetReadOnly`, `RecordsRefused`, `ClearanceNeeded`.
        """
        return self._caller.call(
            StoreReport,
            "PUT",
            place("/record-sets/{name}/records", name=name),
            body={"rows": rows, "clearance": clearance, "whole": whole, "first": first},
        )


class RemoteMetering(Holding):
    """`Metering`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def events(
        self,
        *,
        user: UUID | str | None = None,
        workspace: UUID | str | None = None,
        conversation: UUID | str | None = None,
        operation: str | None = None,
        model: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[UsageEvent]:
        """A page of the ledger, the newest first: the caller's own events, or the tenant's for who administers it."""
        return self._caller.call(
            Page[UsageEvent],
            "GET",
            "/usage",
            query={
                "user": user,
                "workspace": workspace,
                "conversation": conversation,
                "operation": operation,
                "model": model,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def report(
        self,
        *,
        group_by: Collection[Dimension] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        user: UUID | str | None = None,
        workspace: UUID | str | None = None,
        conversation: UUID | str | None = None,
        operation: str | None = None,
        model: str | None = None,
    ) -> UsageReport:
        """Requests, tokens, cost, failures and latency by any of: hour, day, month, user, workspace, operation, model,
        provider, conversation. Of the caller's own usage, or of the tenant's for those who administer it.

        Read from the sums that are kept with the ledger, one statement; `since` and `until` are widened to whole hours
        (UTC), and the report says to which. By conversation there are sums over all time only. Raises `InvalidInput`.
        """
        return self._caller.call(
            UsageReport,
            "GET",
            "/usage/report",
            query={
                "group_by": group_by,
                "since": since,
                "until": until,
                "user": user,
                "workspace": workspace,
                "conversation": conversation,
                "operation": operation,
                "model": model,
            },
        )

    def analytics(self, *, since: datetime, until: datetime | None = None) -> Analytics:
        """How the tenant is used (a member: how they use it): messages and conversations by day, users, tokens, cost,
        failures and latency; by person and day, by model, operation and workspace; intents, ratings, length of
        conversations; who came back from week to week.

        `since` and `until` (now, unless given) are widened to whole days of UTC, a year at most. Ten statements; those
        about messages read the tenant's messages of the period. Raises `InvalidInput`.
        """
        return self._caller.call(Analytics, "GET", "/usage/analytics", query={"since": since, "until": until})

    def health(self) -> Health:
        """How the platform is, for whoever runs it: whether the database and Redis answer; what waits, runs or failed
        in every queue, and since when; breakers; the store's size. `wrong` names what needs a look.

        Counts of all tenants together; no tenant, and nothing that a tenant keeps. About ten statements in one
        transaction, and a round trip to each Redis before it. Raises `Unavailable` where the database does not answer.
        """
        return self._caller.call(Health, "GET", "/platform/health")

    def price(self, model: str, *, provider: str | None = None) -> Price:
        """What a million tokens of a model cost now: the tenant's own price, else the catalogue's.

        Raises `PriceUnknown`.
        """
        return self._caller.call(Price, "GET", "/usage/price", query={"model": model, "provider": provider})

    def hold_state(self, hold: UUID | str) -> HoldState:
        """A hold as it is now. Raises `HoldNotFound`."""
        return self._caller.call(HoldState, "GET", place("/holds/{hold}", hold=hold))

    def set_limit(
        self,
        *,
        measure: Measure,
        amount: int | Decimal,
        per: Per,
        window: timedelta | None = None,
        tenant: str | None = None,
        workspace: UUID | str | None = None,
        user: str | None = None,
        key: UUID | str | None = None,
        counter: Counter | None = None,
        when_away: WhenAway | None = None,
    ) -> Limit:
        """Let a tenant, or one workspace, person (by e-mail address) or API key of it, use so much in a day or month of
        UTC, or in any `window`. `amount`: tokens, requests, or US dollars. Setting it again changes the amount.

        It counts what the period has seen already; one with a window counts from now. All limits that apply hold at
        once. Those that the platform sets, a tenant's administrators cannot change; theirs stand beside them.

        `counter`: where it is counted, in the "database" (unless given) or in the "redis" of `Settings.counters`, where
        many clients of one limit do not wait for one row. `when_away`: while Redis does not answer, "refuse" (unless
        given) what it would have to count, or "allow" it and count it afterwards. Setting it again with another counter
        ends it and begins a new one. Raises `WorkspaceNotFound`, `UserNotFound`, `TenantNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Limit,
            "PUT",
            "/limits",
            body={
                "measure": measure,
                "amount": amount,
                "per": per,
                "window": window,
                "tenant": tenant,
                "workspace": workspace,
                "user": user,
                "key": key,
                "counter": counter,
                "when_away": when_away,
            },
        )

    def end_limit(self, limit: UUID | str, *, tenant: str | None = None) -> None:
        """End a limit; what it counted is forgotten, the ledger stays. Raises `LimitNotFound`, `TenantNotFound`."""
        self._caller.call(type(None), "DELETE", place("/limits/{limit}", limit=limit), query={"tenant": tenant})

    def recount(self, limit: UUID | str, *, tenant: str | None = None) -> Recounted:
        """Set a limit's counter to what the ledger and the open holds say of its present period: after a repair of the
        database by hand, or in doubt. What is reserved and settled meanwhile waits, and is counted.

        Reads the period's events, not their sums: a second for each million or so, during which the limit's
        reservations wait, and in the tenant whatever charges a limit. Of a limit in Redis the counter is built
        when this is committed; while Redis is away, when it is back, before anything passes. Raises `LimitNotFound`,
        `TenantNotFound`.
        """
        return self._caller.call(
            Recounted, "POST", place("/limits/{limit}/recount", limit=limit), body={"tenant": tenant}
        )

    def limits(self, *, tenant: str | None = None) -> LimitList:
        """The limits and how they stand: those of the tenant; members see those that apply to them, but workspaces'."""
        return self._caller.call(LimitList, "GET", "/limits", query={"tenant": tenant})

    def set_price(
        self,
        model: str,
        *,
        input: Decimal,
        output: Decimal,
        cached: Decimal | None = None,
        provider: str | None = None,
        since: datetime | None = None,
        tenant: str | None = None,
    ) -> Price:
        """Say what a million tokens of a model cost a tenant, in US dollars, from `since` on (now, unless given).

        It comes before the catalogue's. `cached`: tokens from the provider's cache, as `input` unless given. Events
        that were recorded keep the cost they have. Raises `InvalidInput`, `TenantNotFound`.
        """
        return self._caller.call(
            Price,
            "PUT",
            "/usage/prices",
            body={
                "model": model,
                "input": input,
                "output": output,
                "cached": cached,
                "provider": provider,
                "since": since,
                "tenant": tenant,
            },
        )

    def prices(self, *, tenant: str | None = None) -> PriceList:
        """The tenant's own prices, by model, provider and since when. Raises `TenantNotFound`."""
        return self._caller.call(PriceList, "GET", "/usage/prices", query={"tenant": tenant})

    def record(
        self,
        operation: str,
        *,
        model: str | None = None,
        provider: str | None = None,
        tokens: int | None = None,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_cached: int | None = None,
        cost: Decimal | None = None,
        latency_ms: int | None = None,
        outcome: UsageOutcome = "success",
        requests: int = 1,
        conversation: UUID | str | None = None,
        workspace: UUID | str | None = None,
        user: UUID | str | None = None,
        at: datetime | None = None,
        request_id: str | None = None,
    ) -> UsageEvent:
        """Keep what was used. It has been, so no limit refuses it; every limit that applies counts it.

        `tokens_in` includes `tokens_cached`; `tokens` alone where in and out are not known. Without `cost` it is what
        the tenant's own price, or the catalogue's, makes it at that time; where there is none it stays unknown. The
        same `request_id` again gives the first event. A time up to five minutes ahead is taken, and any in the past.
        Raises `WorkspaceNotFound`, `ConversationNotFound`, `UserNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            UsageEvent,
            "POST",
            "/usage",
            body={
                "operation": operation,
                "model": model,
                "provider": provider,
                "tokens": tokens,
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
                "tokens_cached": tokens_cached,
                "cost": cost,
                "latency_ms": latency_ms,
                "outcome": outcome,
                "requests": requests,
                "conversation": conversation,
                "workspace": workspace,
                "user": user,
                "at": at,
                "request_id": request_id,
            },
        )

    def record_many(self, events: Iterable[NewUsage]) -> Recorded:
        """Keep many events in one transaction, all or none; each as `record` does. At most `Settings.batch`."""
        return self._caller.call(Recorded, "POST", "/usage/batches", body={"events": events})

    def hold(
        self,
        *,
        tokens: int = 0,
        requests: int = 1,
        cost: Decimal | None = None,
        model: str | None = None,
        provider: str | None = None,
        operation: str = "call",
        workspace: UUID | str | None = None,
        conversation: UUID | str | None = None,
        expires: timedelta = timedelta(minutes=5),
        leased: bool = False,
    ) -> HoldState:
        """Take units out of every limit that applies to the caller and the workspace, all of them or none.

        `tokens`: the most the call may use. For a limit on money: `cost`, or a `model` whose price is known, which
        makes it the most that so many tokens can cost. What nobody settles or releases comes back after `expires` (a
        day at most); with `leased` it counts as used instead. Three statements for one limit; on PostgreSQL one round
        trip for any number of plain ones. Of limits in Redis a round trip there between two transactions. Raises
        `LimitExceeded`, with nothing reserved, `CounterAway` (a limit is counted in Redis, which does not answer),
        `CostNeeded`, `WorkspaceNotFound`, `ConversationNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            HoldState,
            "POST",
            "/holds",
            body={
                "tokens": tokens,
                "requests": requests,
                "cost": cost,
                "model": model,
                "provider": provider,
                "operation": operation,
                "workspace": workspace,
                "conversation": conversation,
                "expires": expires,
                "leased": leased,
            },
        )

    def settle(
        self,
        hold: UUID | str,
        *,
        tokens: int | None = None,
        tokens_in: int | None = None,
        tokens_out: int | None = None,
        tokens_cached: int | None = None,
        model: str | None = None,
        provider: str | None = None,
        cost: Decimal | None = None,
        latency_ms: int | None = None,
        outcome: UsageOutcome = "success",
        requests: int = 1,
        operation: str | None = None,
        conversation: UUID | str | None = None,
    ) -> Settlement:
        """Charge what was used and keep it as an event; give back the rest of what was held.

        More than was held is charged all the same, and reported (`over_tokens`, `over_cost`, `exceeded`): it has been
        used. Where a limit on money was held and the cost is not known, what was held is charged. Repeating it gives
        the first settlement. A hold that expired is settled too, and `late`. Five statements for one limit, one more
        for each other; on PostgreSQL one round trip where it is plain. Raises `HoldNotFound`, `HoldReleased`.
        """
        return self._caller.call(
            Settlement,
            "POST",
            place("/holds/{hold}/settlement", hold=hold),
            body={
                "tokens": tokens,
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
                "tokens_cached": tokens_cached,
                "model": model,
                "provider": provider,
                "cost": cost,
                "latency_ms": latency_ms,
                "outcome": outcome,
                "requests": requests,
                "operation": operation,
                "conversation": conversation,
            },
        )

    def release(self, hold: UUID | str) -> HoldState:
        """Give back what is held: nothing was used. Again, or after it expired, it changes nothing.

        Raises `HoldNotFound`, `HoldSettled`.
        """
        return self._caller.call(HoldState, "DELETE", place("/holds/{hold}", hold=hold))

    def reclaim(self) -> int:
        """End up to a hundred holds that expired, and give back what they held: how many.

        Whoever finds a limit used up does it by themselves. Leases that were abandoned count as used; their takers, and
        those who administer the tenant, end them.
        """
        return self._caller.call(int, "POST", "/reclaimed-holds")


class RemoteConnections:
    """`Connections`, at a server."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get(self, platform: str, *, workspace: UUID | str) -> Connection:
        """A workspace's connection to a platform or provider, without its secrets: the live one, or the last revoked.

        Raises `ConnectionNotFound`, `WorkspaceNotFound`.
        """
        return self._caller.call(
            Connection,
            "GET",
            place("/workspaces/{workspace}/connections/{platform}", platform=platform, workspace=workspace),
        )

    def list(
        self,
        *,
        workspace: UUID | str | None = None,
        platform: str | None = None,
        status: ConnectionStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Connection]:
        """A page of connections, without their secrets, by workspace and platform. Revoked ones only when asked for.

        Without `workspace`, those of every workspace the actor may see. Raises `WorkspaceNotFound`, `InvalidCursor`.
        """
        return self._caller.call(
            Page[Connection],
            "GET",
            "/connections",
            query={"workspace": workspace, "platform": platform, "status": status, "limit": limit, "cursor": cursor},
        )

    def revocations(
        self,
        *,
        workspace: UUID | str | None = None,
        status: RevocationStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Revocation]:
        """A page of what platforms were, or are still to be, told to revoke, the newest first."""
        return self._caller.call(
            Page[Revocation],
            "GET",
            "/revocations",
            query={"workspace": workspace, "status": status, "limit": limit, "cursor": cursor},
        )

    def snapshots(self, *, workspace: UUID | str, fresh_within: timedelta | None = None) -> SnapshotList:
        """The newest snapshot of each platform, each with its age; only those younger than `fresh_within`, if given.

        Raises `WorkspaceNotFound`.
        """
        return self._caller.call(
            SnapshotList,
            "GET",
            place("/workspaces/{workspace}/snapshots", workspace=workspace),
            query={"fresh_within": fresh_within},
        )

    def snapshot_history(
        self, platform: str, *, workspace: UUID | str, limit: int = 50, cursor: str | None = None
    ) -> Page[Snapshot]:
        """A page of a platform's snapshots, the newest first."""
        return self._caller.call(
            Page[Snapshot],
            "GET",
            place("/workspaces/{workspace}/connections/{platform}/snapshots", platform=platform, workspace=workspace),
            query={"limit": limit, "cursor": cursor},
        )

    def token(self, platform: str, *, workspace: UUID | str) -> str:
        """The access token, good for five minutes or more: renewed first if it must be.

        However many threads and processes ask, the platform is asked once, and all get the new token. While the
        platform fails, the old token is given out as long as it is good. Each time leaves a line in the trail.

        Raises `ConnectionNotFound`, `WorkspaceNotFound`, `ConnectionRevoked`, `ConnectionExpired` (a person must
        authorize again), `PlatformFailing` (repeat the call later), `OAuthClientMissing`.
        """
        return self._caller.call(
            str,
            "GET",
            place("/workspaces/{workspace}/connections/{platform}/token", platform=platform, workspace=workspace),
        )

    def secret(self, provider: str, *, workspace: UUID | str) -> ProviderSecret:
        """An AI provider's key and address; leaves a line in the trail.

        The address is one that may be reached by what its name resolves to now (setting `private_addresses`).
        Raises `ConnectionNotFound`, `WorkspaceNotFound`, `ConnectionRevoked`, `AddressRefused`.
        """
        return self._caller.call(
            ProviderSecret,
            "GET",
            place("/workspaces/{workspace}/connections/{platform}/secret", platform=provider, workspace=workspace),
        )

    def run_revocations(self, *, limit: int = 100) -> RevocationReport:
        """Tell platforms to revoke what is due: of the actor's tenant, or, for the operator, of every tenant.

        Safe to run anywhere, any number of times at once. A worker does, every minute.
        """
        return self._caller.call(RevocationReport, "POST", "/revocations/run", body={"limit": limit})

    def put(
        self,
        platform: str,
        *,
        workspace: UUID | str,
        access_token: str | None = None,
        refresh_token: str | None = None,
        expires_at: datetime | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        account: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> Connection:
        """Store what a person authorized, in place of what was there: nothing of the old is kept.

        Platforms (google_analytics, google_ads, meta_ads, linkedin_ads) take an access token, a refresh token or both;
        `expires_at` None means the access token never expires. AI providers (openai, anthropic, ollama,
        openai_compatible) take an `api_key` and a `base_url`: https, or http on this machine; where it may lead, the
        setting `private_addresses` says.

        Raises `WorkspaceNotFound`, `InvalidInput`, `AddressRefused`; no message shows a secret.
        """
        return self._caller.call(
            Connection,
            "PUT",
            place("/workspaces/{workspace}/connections/{platform}", platform=platform, workspace=workspace),
            body={
                "access_token": access_token,
                "refresh_token": refresh_token,
                "expires_at": expires_at,
                "api_key": api_key,
                "base_url": base_url,
                "account": account,
                "metadata": metadata,
            },
        )

    def revoke(self, platform: str, *, workspace: UUID | str) -> Connection:
        """End a connection: from now on it gives out nothing, and a key is forgotten at once.

        Telling the platform is queued for `run_revocations`, which then forgets the tokens. Revoking again tries again
        what was given up. Raises `ConnectionNotFound`, `WorkspaceNotFound`.
        """
        return self._caller.call(
            Connection,
            "DELETE",
            place("/workspaces/{workspace}/connections/{platform}", platform=platform, workspace=workspace),
        )

    def snapshot(
        self, platform: str, *, workspace: UUID | str, metrics: Mapping[str, object], taken_at: datetime | None = None
    ) -> Snapshot:
        """Keep a platform's metrics (a JSON object) as they were at `taken_at`, by default now.

        The same moment again replaces what was kept for it. Raises `ConnectionNotFound` where the workspace never had
        a connection to the platform, `WorkspaceNotFound`, `InvalidInput`.
        """
        return self._caller.call(
            Snapshot,
            "POST",
            place("/workspaces/{workspace}/connections/{platform}/snapshots", platform=platform, workspace=workspace),
            body={"metrics": metrics, "taken_at": taken_at},
        )
