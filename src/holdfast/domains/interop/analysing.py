"""An analysis: background work that counts messages lot by lot, and makes configurations of what was counted.

Each step counts some lots beside everything counted before, and in one transaction keeps the sum, deletes the lots, and
says how far it is. So a worker that dies loses a step at most, and no message is counted twice or kept longer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from holdfast.core.clock import now
from holdfast.core.crypto import running
from holdfast.core.database import Transaction
from holdfast.core.errors import HoldfastError
from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.errors import JobFailed
from holdfast.core.jobs.kinds import Nothing
from holdfast.core.scope import OPERATOR
from holdfast.domains.configurations import Configurations

from . import queries
from .configuring import configure
from .hl7 import Problem
from .keeping import rows_of
from .profiles import (
    Profile,
    ProfileKey,
    Profiler,
    profile_clustered,
    profile_shared,
)
from .profiles.profiling import add_source
from .profiles.standards import HL7V2, Standard, standard_of
from .stored import StoredProfile, packed, unpacked

LOTS = 8
"""Lots to a step."""
LOTS_SHARED = 64
"""Lots to a step that is shared by processes, which take a second to start."""
TOLD = 20
"""How many problems a result names, the first ones."""
LEFT_DAYS = 7
"""Lots are deleted after so many days where no job took them."""


@dataclass(frozen=True)
class Analysis:
    """What is to be analysed: the lots of a batch. `keep_days`: keep the messages so long; None: count them only.

    `cluster`: the scheduler of a Dask cluster that counts them.
    """

    batch: str
    vendor: str
    standard: str
    lots: int
    keep_days: int | None = None
    processes: int = 1
    cluster: str | None = None


class Overtaken(HoldfastError):
    """Another analysis has added to the profile meanwhile; the step is done again."""

    code = "analysis_overtaken"


@job("interop.analyse", arguments=Analysis)
def analyse(run: Run, given: Analysis) -> dict[str, object]:
    """Count every lot, then put a configuration for each type."""
    standard = standard_of(given.standard)
    so_far: dict[str, Any] = run.checkpoint or {"lot": 0, "seen": 0, "new": 0, "unreadable": 0, "problems": []}
    while so_far["lot"] < given.lots:
        try:
            so_far = _step(run, given, standard, so_far)
        except Overtaken:
            continue
    return {
        "configurations": _configured(run, given, more=so_far["new"] > 0),
        "messages": so_far["seen"],
        "new": so_far["new"],
        "unreadable": so_far["unreadable"],
        "problems": so_far["problems"],
    }


def _configured(run: Run, given: Analysis, *, more: bool) -> list[dict[str, Any]]:
    stored = profile_of(run, given.vendor, given.standard)
    if stored.profile is None:
        return []
    profile = Profile.from_bytes(unpacked(stored.profile), ProfileKey(bytes.fromhex(stored.secret)))
    tell = partial(run.progress, given.lots, given.lots)
    return configure(run.room(Configurations), profile, run.settings, vendor=given.vendor, more=more, tell=tell)


def _step(run: Run, given: Analysis, standard: Standard, so_far: Mapping[str, Any]) -> dict[str, Any]:
    first = so_far["lot"]
    several = given.cluster is not None or (given.processes > 1 and given.lots - first > LOTS)
    shared = several and standard == HL7V2
    below = min(given.lots, first + (LOTS_SHARED if shared else LOTS))
    stored = profile_of(run, given.vendor, given.standard)
    key = ProfileKey(bytes.fromhex(stored.secret))
    known = None if stored.profile is None else Profile.from_bytes(unpacked(stored.profile), key)
    asked = {"batch_id": UUID(given.batch), "from_number": first, "below": below}
    rows = running.read(run.engine, run.scope, "tenant", lambda tx: tx.all(queries.lots, asked))
    if len(rows) < below - first:
        raise JobFailed("the messages that were to be analysed are no longer there; give them again")
    contents = [unpacked(content) for _, _, _, content in rows]
    problems = list(so_far["problems"])
    secret = bytes.fromhex(stored.secret)
    if shared and given.cluster is not None:
        found = profile_clustered(
            iter(contents), secret, cluster=given.cluster, beside=known, check=partial(_look, run, given, so_far)
        )
    elif shared:
        found = profile_shared(iter(contents), secret, processes=given.processes, beside=known)
    else:
        found = _counted(contents, [count for _, _, count, _ in rows], key, known, standard, problems, so_far["seen"])
    whole = found if known is None else known.merge(found)
    samples = []
    if given.keep_days is not None:
        owner, days = run.scope.actor_id, given.keep_days
        samples = rows_of(contents, key, vendor=given.vendor, standard=standard, days=days, owner=owner)
    done = dict(so_far) | {
        "lot": below,
        "seen": so_far["seen"] + sum(count for _, _, count, _ in rows),
        "new": so_far["new"] + found.messages,
        "unreadable": so_far["unreadable"] + sum(found.unreadable.values()),
        "problems": problems,
    }
    changed = {
        "vendor": given.vendor,
        "standard": given.standard,
        "seen_version": stored.version,
        "new_profile": packed(whole.to_bytes()),
        "new_messages": whole.messages,
        "moment": now(),
    }

    def keep(tx: Transaction) -> None:
        if not tx.run(queries.update_profile, changed):
            raise Overtaken("another analysis of these messages was quicker")
        tx.many(queries.insert_sample, samples)
        tx.run(queries.delete_lots, asked)

    run.step(keep, checkpoint=done, done=done["lot"], total=given.lots, note=f"{done['seen']} messages")
    return done


def _look(run: Run, given: Analysis, so_far: Mapping[str, Any]) -> None:
    """A point at which the job can be cancelled while a cluster counts."""
    run.progress(so_far["lot"], given.lots, f"{so_far['seen']} messages")


def profile_of(run: Run, vendor: str, standard: str) -> StoredProfile:
    """What was counted so far. Raises `JobFailed` where it was deleted meanwhile."""
    asked = {"vendor": vendor, "standard": standard}
    found = running.read(run.engine, run.scope, "tenant", lambda tx: tx.first(queries.profile, asked))
    if found is None:
        raise JobFailed("what was counted of this vendor was deleted; analyse the messages again")
    return found


def _counted(
    contents: Sequence[bytes],
    counts: Sequence[int],
    key: ProfileKey,
    known: Profile | None,
    standard: Standard,
    problems: list[dict[str, Any]],
    seen: int,
) -> Profile:
    """The profile of some lots, without what is known. `problems` gets the first, numbered as in the whole batch."""
    profiler = Profiler(key, beside=known, standard=standard)
    for content, count in zip(contents, counts, strict=True):
        add_source(profiler, content, report=_Told(problems, seen).tell, standard=standard)
        seen += count
    return profiler.profile()


class _Told:
    """Notes the first problems."""

    def __init__(self, problems: list[dict[str, Any]], seen: int) -> None:
        self._problems, self._seen = problems, seen

    def tell(self, problem: Problem) -> None:
        if len(self._problems) >= TOLD:
            return
        number = None if problem.message is None else problem.message + self._seen
        told = {"kind": problem.kind, "message": number, "segment": problem.segment, "position": problem.position}
        self._problems.append({name: value for name, value in told.items() if value is not None})


@job("interop.clean", submit="jobs.schedules")
def clean(run: Run, _given: Nothing) -> dict[str, object]:
    """Delete the samples, of every tenant, whose time is over, and lots that nobody took."""
    moment = now()
    asked = {"moment": moment, "before": moment - timedelta(days=LEFT_DAYS)}
    expired = run.engine.write(OPERATOR, "all", lambda tx: tx.run(queries.delete_expired, asked))
    left = run.engine.write(OPERATOR, "all", lambda tx: tx.run(queries.delete_left, asked))
    return {"samples": expired, "lots": left}


schedule("interop.clean", "41 3 * * *")
