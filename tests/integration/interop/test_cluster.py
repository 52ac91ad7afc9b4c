"""Analyses over a Dask cluster: a real scheduler and workers, started here; the same result as one pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.hl7 import messages

import holdfast
from holdfast.core.errors import InvalidInput
from holdfast.core.jobs.errors import JobCancelled
from holdfast.domains.interop.errors import ClusterLost
from holdfast.domains.interop.profiles import ProfileKey, check_cluster, profile_clustered, profile_messages

pytestmark = pytest.mark.xdist_group("cluster")  # distributed is imported by one worker
SECRET = b"a secret of the tests of clusters"
SENT = messages(120, seed=61)


@contextmanager
def cluster(*, processes: bool) -> Iterator[str]:
    import distributed  # takes half a second

    given = {"n_workers": 2, "threads_per_worker": 1}
    given |= {"dashboard_address": "127.0.0.1:0", "worker_dashboard_address": None}
    with distributed.LocalCluster(processes=processes, protocol="tcp://", host="127.0.0.1", **given) as made:
        yield str(made.scheduler_address)


def as_one_pass(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.domains.interop.profiles.sharing._LOAD", 10_000)
    raw = b"".join(SENT + SENT[:50] + [b"MSH|^AA\rPID|1\r"])
    key = ProfileKey(SECRET)
    alone = profile_messages(raw, key)
    assert profile_clustered(raw, SECRET, cluster=address).to_bytes() == alone.to_bytes()
    before = profile_messages(b"".join(SENT[:40]), key)
    more = profile_clustered(raw, SECRET, cluster=address, beside=before)
    assert before.merge(more).to_bytes() == alone.to_bytes()


def test_workers_count_what_one_pass_counts_and_an_analysis_too(
    sync_store: holdfast.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = sync_store.tenant("acme").user("amina@acme.test")
    with cluster(processes=False) as address:
        as_one_pass(address, monkeypatch)
        jobs = [
            me.interop.analyse(b"".join(SENT), vendor="Epic", cluster=address),
            me.interop.analyse(b"".join(SENT), vendor="Alone"),
        ]
        sync_store.worker().run_due()
        found = [me.jobs.get(one.id) for one in jobs]
        assert [one.status for one in found] == ["done", "done"], [one.reason for one in found]
        assert [one.result["new"] for one in found] == [120, 120]
        shown = [me.configurations.get(f"{vendor}/HL7v2/ADT^A01").document["versions"] for vendor in ("Epic", "Alone")]
        assert shown[0] == shown[1]

        def cancelled() -> None:
            raise JobCancelled("somebody cancelled it")

        with pytest.raises(JobCancelled):
            profile_clustered(b"".join(SENT), SECRET, cluster=address, check=cancelled)


def test_an_analysis_is_cancelled_while_a_cluster_counts(
    sync_store: holdfast.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = sync_store.tenant("acme").user("amina@acme.test")
    monkeypatch.setattr("holdfast.core.jobs.running.PROGRESS_SECONDS", 0.0)
    with cluster(processes=False) as address:
        job = me.interop.analyse(b"".join(SENT), vendor="Epic", cluster=address)

        def cancelled_meanwhile(*given: Any, **more: Any) -> Any:
            me.jobs.cancel(job.id)
            return profile_clustered(*given, **more)

        monkeypatch.setattr("holdfast.domains.interop.analysing.profile_clustered", cancelled_meanwhile)
        sync_store.worker().run_due()
        found = me.jobs.get(job.id)
        assert (found.status, found.result) == ("cancelled", None)
        assert me.configurations.find("Epic/*/*").items == ()
        monkeypatch.undo()
        again = me.interop.analyse(b"".join(SENT), vendor="Epic", cluster=address)
        sync_store.worker().run_due()
        assert me.jobs.get(again.id).result["new"] == 120, "what was cancelled has counted nothing"


@pytest.mark.thorough
def test_processes_of_a_cluster_count_what_one_pass_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with cluster(processes=True) as address:
        as_one_pass(address, monkeypatch)


def test_a_cluster_that_is_not_there_is_told_and_the_job_tries_again(
    sync_store: holdfast.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.domains.interop.profiles.clustered.CONNECT_SECONDS", 0.2)
    me = sync_store.tenant("acme").user("amina@acme.test")
    job = me.interop.analyse(SENT[0], vendor="Epic", cluster="tcp://127.0.0.1:1")
    sync_store.worker().run_due()
    assert (me.jobs.get(job.id).status, me.jobs.get(job.id).error) == ("queued", "cluster_lost")
    assert me.jobs.cancel(job.id).status == "cancelled"
    with pytest.raises(ClusterLost):
        profile_clustered(SENT[0], SECRET, cluster="tcp://127.0.0.1:1")


@pytest.mark.parametrize("address", ["tcp://10.0.0.9:8786", "tcp://cluster.example:8786", "http://x", "tcp://", 3])
def test_messages_travel_in_the_open_only_where_somebody_says_so(address: Any) -> None:
    with pytest.raises(InvalidInput, match="^cluster: "):
        check_cluster(address, in_the_open=False)


def test_what_may_be_asked() -> None:
    for address in ("tls://cluster.example:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786", "tcp://localhost:1"):
        assert check_cluster(address, in_the_open=False) == address
    assert check_cluster("tcp://10.0.0.9:8786", in_the_open=True) == "tcp://10.0.0.9:8786"
