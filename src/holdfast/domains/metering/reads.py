"""Reading metering: events, reports from the sums, prices, limits, holds."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from holdfast.core.action import action
from holdfast.core.clock import as_utc, from_microseconds, now, to_microseconds
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import as_id
from holdfast.core.inputs import check_choice
from holdfast.core.pages import InvalidCursor, Page, check_limit, decode_cursor, encode_cursor
from holdfast.domains.identity.room import IdentityRoom
from holdfast.domains.metering import holds, queries, reporting
from holdfast.domains.metering.analytics import Analytics, analyse
from holdfast.domains.metering.checks import check_id, check_label
from holdfast.domains.metering.errors import PriceUnknown
from holdfast.domains.metering.health import Health, look, reach
from holdfast.domains.metering.models import DIMENSIONS, Dimension, HoldState, Price, UsageEvent, UsageReport
from holdfast.domains.metering.periods import at_or_after, start_of
from holdfast.domains.metering.prices import listed_price, own_price


class MeteringReads(IdentityRoom):
    """What changes nothing."""

    @action("metering.read", writes=False)
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
    ) -> Work[Page[UsageEvent]]:
        """A page of the ledger, the newest first: the caller's own events, or the tenant's for who administers it."""
        only = {
            "user": check_id(user, "user"),
            "workspace": check_id(workspace, "workspace"),
            "conversation": check_id(conversation, "conversation"),
            "operation": None if operation is None else check_label(operation, "operation"),
            "model": None if model is None else check_label(model, "model"),
        }
        given = {name: value for name, value in only.items() if value is not None}
        params: dict[str, object] = {f"only_{name}": value for name, value in given.items()}
        if since is not None:
            params["since"] = as_utc(since, field="since")
        if until is not None:
            params["until"] = as_utc(until, field="until")
        question = ("metering.events", self.scope.tenant_id, self.scope.actor_id, *params.items())
        params["limit"] = check_limit(limit, self.settings.page) + 1
        if cursor is not None:
            params |= _place(question, cursor)
        query = queries.page_of_events(
            filters=tuple(given), since=since is not None, until=until is not None, after=cursor is not None
        )

        def work(tx: Transaction) -> Page[UsageEvent]:
            rows = tx.all(query, params)
            last = rows[limit - 1] if len(rows) > limit else None
            after = None if last is None else encode_cursor(question, [to_microseconds(last.at), str(last.id)])
            return Page(items=tuple(rows[:limit]), next=after)

        return work

    @action("metering.read", writes=False)
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
    ) -> Work[UsageReport]:
        """Requests, tokens, cost, failures and latency by any of: hour, day, month, user, workspace, operation, model,
        provider, conversation. Of the caller's own usage, or of the tenant's for those who administer it.

        Read from the sums that are kept with the ledger, one statement; `since` and `until` are widened to whole hours
        (UTC), and the report says to which. By conversation there are sums over all time only. Raises `InvalidInput`.
        """
        if isinstance(group_by, str) or not isinstance(group_by, Collection):
            raise InvalidInput(f"group_by: {group_by!r:.40} is no list; give one of names", field="group_by")
        groups = tuple(check_choice(name, DIMENSIONS, field="group_by") for name in group_by)
        only = {
            "user": check_id(user, "user"),
            "workspace": check_id(workspace, "workspace"),
            "conversation": check_id(conversation, "conversation"),
            "operation": None if operation is None else check_label(operation, "operation"),
            "model": None if model is None else check_label(model, "model"),
        }
        given = {name: value for name, value in only.items() if value is not None}
        asked = reporting.check(groups, given, since, until)
        return lambda tx: reporting.report(tx, asked)

    @action("metering.read", writes=False)
    def analytics(self, *, since: datetime, until: datetime | None = None) -> Work[Analytics]:
        """How the tenant is used (a member: how they use it): messages and conversations by day, users, tokens, cost,
        failures and latency; by person and day, by model, operation and workspace; intents, ratings, length of
        conversations; who came back from week to week.

        `since` and `until` (now, unless given) are widened to whole days of UTC, a year at most. Ten statements; those
        about messages read the tenant's messages of the period. Raises `InvalidInput`.
        """
        begin = start_of(as_utc(since, field="since"), "day")
        end = at_or_after(now() if until is None else as_utc(until, field="until"), "day")
        if not begin < end <= begin + timedelta(days=366):
            raise InvalidInput(f"until: {end:%Y-%m-%d} is not within a year after {begin:%Y-%m-%d}", field="until")
        return lambda tx: analyse(tx, begin, end)

    @action("metering.health", writes=False, as_operator=True)
    def health(self) -> Work[Health]:
        """How the platform is, for whoever runs it: whether the database and Redis answer; what waits, runs or failed
        in every queue, and since when; breakers; the store's size. `wrong` names what needs a look.

        Counts of all tenants together; no tenant, and nothing that a tenant keeps. About ten statements in one
        transaction, and a round trip to each Redis before it. Raises `Unavailable` where the database does not answer.
        """
        reached = reach(self.engine)
        return lambda tx: look(tx, self.engine, self.settings, reached)

    @action("metering.read", writes=False)
    def price(self, model: str, *, provider: str | None = None) -> Work[Price]:
        """What a million tokens of a model cost now: the tenant's own price, else the catalogue's.

        Raises `PriceUnknown`.
        """
        name = check_label(model, "model")
        of = None if provider is None else check_label(provider, "provider")
        moment = now()
        listed = listed_price(name, of, moment)

        def work(tx: Transaction) -> Price:
            own = [queries.as_price(row) for row in tx.all(queries.own_prices_of, {"model": name})]
            found = own_price(own, name, of, moment) or listed
            if found is None:
                raise PriceUnknown(name, of)
            return found

        return work

    @action("metering.reserve", writes=False, on="hold")
    def hold_state(self, hold: UUID | str) -> Work[HoldState]:
        """A hold as it is now. Raises `HoldNotFound`."""
        hold_id = as_id(hold, field="hold")
        return lambda tx: holds.find(tx, hold_id).state()


def _place(question: tuple[object, ...], cursor: str) -> dict[str, object]:
    at, last = decode_cursor(question, cursor, length=2)
    try:
        if isinstance(at, bool) or not isinstance(at, int):
            raise InvalidCursor(cursor)
        return {"after_at": from_microseconds(at), "after_id": UUID(str(last))}
    except (ValueError, OverflowError) as error:
        raise InvalidCursor(cursor) from error
