"""Clients, their cases, and reminders of what expires, as records of the firm's own.

A reminder's key says of which case, which document and which date it is. The job puts each only where there is none of
that key: so one is made per expiry, however often the job runs and in however many processes; and one that was
dismissed is there, and stays as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from holdfast import Store
from holdfast.core.jobs import Run, job, kinds, schedule
from holdfast.domains.records.errors import RecordChanged
from holdfast.scopes import UserScope

AHEAD = timedelta(days=90)
"""So long before the expiry the client gets a list of what will be needed."""
LEVEL = "C"
JOB = "lentera.remind"
TEXT = {"type": "string", "minLength": 1}
DATE = {"type": "string", "format": "date"}
SETS: dict[str, dict[str, Any]] = {
    "clients": {"properties": {"id": TEXT, "name": TEXT, "phone": TEXT}, "text": ["name"]},
    "cases": {
        "properties": {
            "id": TEXT,
            "client": TEXT,
            "service": TEXT,
            "consultant": TEXT,
            "expiries": {"type": "object", "additionalProperties": DATE},
        },
        "indexed": ["client"],
    },
    "reminders": {
        "properties": {
            "id": TEXT,
            "case": TEXT,
            "document": TEXT,
            "expires": DATE,
            "status": {"enum": ["open", "dismissed"]},
        },
        "indexed": ["expires", "status"],
        "history": True,
    },
}


@dataclass(frozen=True)
class Reminder:
    """Something of a case expires."""

    key: str
    case: str
    document: str
    expires: date


class Renewals:
    """The firm's clients and what of theirs expires."""

    def __init__(self, store: Store, *, tenant: str) -> None:
        self._firm = store.tenant(tenant)

    def prepare(self, me: UserScope) -> None:
        """Define the sets; again, when the program is updated."""
        for name, given in SETS.items():
            properties = given["properties"]
            schema = {"type": "object", "properties": properties, "required": ["id", *_needed(name)]}
            rest = {key: value for key, value in given.items() if key != "properties"}
            me.records.define(name, key="id", schema=schema, clearance=LEVEL, **rest)

    def add_client(self, me: UserScope, client: str, name: str, **about: str) -> None:
        """Put a client down, new or in place of what was known."""
        me.records.put("clients", {"id": client, "name": name, **about})

    def clients(self, me: UserScope, words: str) -> list[dict[str, object]]:
        """The clients whose name has these words."""
        return [hit.record.data for hit in me.records.search("clients", words)]

    def open_case(self, me: UserScope, case: str, *, client: str, service: str, consultant: str) -> None:
        """Open a case, unless there is one of this id."""
        made = {"id": case, "client": client, "service": service, "consultant": consultant, "expiries": {}}
        me.records.put("cases", made, if_version=0)

    def cases_of(self, me: UserScope, client: str) -> list[dict[str, object]]:
        """A client's cases."""
        return [one.data for one in me.records.find("cases", where={"client": client}).items]

    def enter_expiry(self, me: UserScope, case: str, document: str, expires: date) -> None:
        """Enter a date of expiry, the day it is learned."""
        me.records.update("cases", case, {"expiries": {document: expires.isoformat()}})

    def remind(self, me: UserScope, *, today: date | None = None) -> int:
        """Make the reminders that are due and not there yet: how many."""
        moment = today or datetime.now(UTC).date()
        return sum(
            self._remind_once(me, case, document, expires)
            for case, document, expires in self._expiries(me)
            if expires <= moment + AHEAD
        )

    def _remind_once(self, me: UserScope, case: str, document: str, expires: date) -> bool:
        said = {"case": case, "document": document, "expires": expires.isoformat(), "status": "open"}
        try:
            me.records.put("reminders", {"id": f"{case} {document} {expires}", **said}, if_version=0)
        except RecordChanged:
            return False  # there is one, open or dismissed
        return True

    def _expiries(self, me: UserScope) -> Iterator[tuple[str, str, date]]:
        for case in _all(me, "cases", None):
            expiries: Any = case["expiries"]
            for document, expires in expiries.items():
                yield str(case["id"]), document, date.fromisoformat(expires)

    def due(self, me: UserScope) -> list[Reminder]:
        """The reminders that nobody dismissed, the earliest expiry first."""
        found = [
            Reminder(str(one["id"]), str(one["case"]), str(one["document"]), date.fromisoformat(str(one["expires"])))
            for one in _all(me, "reminders", {"status": "open"})
        ]
        return sorted(found, key=lambda one: (one.expires, one.key))

    def dismiss(self, me: UserScope, reminder: Reminder) -> None:
        """Have it seen no more; the job makes none in its place."""
        me.records.update("reminders", reminder.key, {"status": "dismissed"})

    # every morning

    def every_morning(self, email: str) -> None:
        """Remind at 06:00 UTC, as somebody of the firm; a worker does it, once however many there are."""

        @job(JOB)
        def remind(run: Run, _given: object) -> dict[str, object]:
            return {"reminders": self.remind(self._firm.user(email))}

        schedule(JOB, "0 6 * * *")

    def forget_job(self) -> None:
        """Remind no more."""
        kinds.forget(JOB)


def _needed(name: str) -> list[str]:
    return {"clients": ["name"], "cases": ["client", "service"], "reminders": ["case", "expires"]}[name]


def _all(me: UserScope, name: str, where: Mapping[str, object] | None) -> Iterator[dict[str, object]]:
    cursor = None
    while True:
        page = me.records.find(name, where=where, limit=200, cursor=cursor)
        yield from (record.data for record in page.items)
        cursor = page.next
        if cursor is None:
            return
