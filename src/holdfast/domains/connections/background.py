"""The background work of connections: platforms are told of revocations."""

from dataclasses import asdict

from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing
from holdfast.domains.connections.actions import Connections


@job("connections.run_revocations", submit="connections.run_revocations")
def run_revocations(run: Run, _given: Nothing) -> dict[str, object]:
    """Tell platforms to revoke what is due: of the tenant of whoever submits it; as scheduled, of every tenant."""
    return asdict(run.room(Connections).run_revocations())


schedule("connections.run_revocations", "* * * * *")
