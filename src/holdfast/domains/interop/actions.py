"""Interop: analyse messages of health systems, and ask what was inferred of them."""

import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

from holdfast.core.action import action, composite
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.ids import new_id
from holdfast.core.jobs import Job, enqueue
from holdfast.domains.interop import queries
from holdfast.domains.interop.analysing import Analysis
from holdfast.domains.interop.checks import check_standard, check_vendor
from holdfast.domains.interop.errors import ProfileTaken
from holdfast.domains.interop.lots import Given, Lot, lots_of
from holdfast.domains.interop.profiles.clustered import check_cluster
from holdfast.domains.interop.profiles.standards import HL7V2, Standard
from holdfast.domains.interop.samples import InteropSamples
from holdfast.domains.interop.spool import parts, remove
from holdfast.domains.interop.stored import packed

MOST_DAYS = 3_650
MOST_PROCESSES = 64


class Interop(InteropSamples):
    """Messages of health systems: counted into configurations at `vendor/standard/type`, kept only where asked."""

    @composite
    def analyse(
        self,
        messages: Given,
        *,
        vendor: str,
        standard: str = HL7V2,
        keep_days: int | None = None,
        processes: int = 1,
        cluster: str | None = None,
        cluster_in_the_open: bool = False,
    ) -> Job:
        """Have messages analysed in the background: `jobs.get(job.id)` says how far it is, and then the result.

        `messages`: a text, bytes, the path of a file here, or a list of such. They travel in sealed lots, which are
        deleted as they are counted. What was counted of the vendor before is added to, without reading it again; a
        message that was counted before adds nothing. At the end each type's configuration at `vendor/standard/type` is
        put, by whoever asked; where a rule has changes reviewed, it is proposed. `keep_days`: keep the messages as
        samples, sealed, for so long. `processes`: how many count (more than one starts processes, so a program needs
        its `if __name__ == "__main__"`). `cluster`: the scheduler of a Dask cluster that counts HL7 v2 messages, with
        the same result; messages travel to it, so it is `tls://…`, or on this machine, or `cluster_in_the_open` says
        that nobody listens.

        The result has `configurations` (address, version, messages, and `request`, the id of the change request where
        it was proposed; `version` is the current one then), `messages`, `new`, `unreadable` and the first `problems`.
        A transaction for each MiB. Raises `InvalidInput`, `MessagesNotFound`, `ProfileTaken`.
        """
        return self._give(
            messages,
            vendor=vendor,
            standard=standard,
            keep_days=keep_days,
            processes=processes,
            cluster=None if cluster is None else check_cluster(cluster, in_the_open=cluster_in_the_open),
        )

    @composite
    def drain(self, spool: Path, *, vendor: str, keep_days: int | None = None) -> list[Job]:
        """Have what a listener received analysed, as `analyse` does: a job for each part that its spool was cut into.

        `spool`: the path that the `Spool` was opened with; its `cut` closes a part. A part is given once, whatever
        happens: its job is queued under its number, and the file is deleted after that is committed. Parts stay where
        something fails. A transaction for each MiB, and three for each part. Raises `InvalidInput`, `ProfileTaken`.
        """
        jobs = []
        for number, part in parts(spool):
            key = f"spool {number}"
            jobs.append(self._give(part, vendor=vendor, standard=HL7V2, keep_days=keep_days, key=key))
            remove(part)
        return jobs

    def _give(
        self,
        messages: Given,
        *,
        vendor: str,
        standard: str,
        keep_days: int | None,
        processes: int = 1,
        cluster: str | None = None,
        key: str | None = None,
    ) -> Job:
        """Lots, and their job. Under a `key` that was used the job of then, and the lots are gone again."""
        known = check_standard(standard)
        name = check_vendor(vendor, known)
        if keep_days is not None and not (type(keep_days) is int and 1 <= keep_days <= MOST_DAYS):
            raise InvalidInput(f"keep_days: {keep_days!r} is not from 1 to {MOST_DAYS}", field="keep_days")
        if type(processes) is not int or not 1 <= processes <= MOST_PROCESSES:
            raise InvalidInput(f"processes: {processes!r} is not from 1 to {MOST_PROCESSES}", field="processes")
        self._begin(name, known)
        batch, number = new_id(), 0
        for number, lot in enumerate(lots_of(messages, known), 1):
            self._add(batch, number - 1, lot)
        given = Analysis(
            batch=str(batch),
            vendor=name,
            standard=known,
            lots=number,
            keep_days=keep_days,
            processes=processes,
            cluster=cluster,
        )
        return self._submit(given, key)

    @action("interop.analyse", writes=True, recorded=False)
    def _begin(self, vendor: str, standard: Standard) -> Work[None]:
        """There is a profile of the vendor that the caller may add to."""
        moment = now()
        row = {
            "vendor": vendor,
            "standard": standard,
            "owner_id": self._actor(),
            "secret": secrets.token_hex(32),
            "profile": None,
            "messages": 0,
            "version": 0,
            "created_at": moment,
            "updated_at": moment,
        }

        def work(tx: Transaction) -> None:
            tx.run(queries.insert_profile, row)
            if tx.first(queries.profile, {"vendor": vendor, "standard": standard}) is None:
                raise ProfileTaken(vendor, standard)

        return work

    @action("interop.analyse", writes=True, recorded=False)
    def _add(self, batch: UUID, number: int, lot: Lot) -> Work[None]:
        """One lot waits."""
        row: dict[str, Any] = {
            "batch_id": batch,
            "number": number,
            "owner_id": self._actor(),
            "messages": lot.messages,
            "content": packed(lot.content),
            "created_at": now(),
        }

        def work(tx: Transaction) -> None:
            tx.run(queries.insert_lot, row)

        return work

    @action("interop.analyse", writes=True)
    def _submit(self, given: Analysis, key: str | None) -> Work[Job]:
        """The job is queued, unless it was under this key."""

        def work(tx: Transaction) -> Job:
            made = enqueue(tx, "interop.analyse", given, key=key)
            if made.arguments["batch"] != given.batch:
                tx.run(queries.delete_lots, {"batch_id": UUID(given.batch), "below": given.lots})
                return made
            tx.record("job", made.id, owner=self.scope.actor_id, kind_of="interop.analyse")
            return made

        return work

    def _actor(self) -> UUID:
        if self.scope.actor_id is None:
            raise InvalidInput("user: messages are analysed by a person; use store.tenant(…).user(…)", field="user")
        return self.scope.actor_id
