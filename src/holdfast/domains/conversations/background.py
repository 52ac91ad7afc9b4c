"""The background work of conversations: messages that wait for vectors get them, in every tenant."""

from holdfast.core.access import Access
from holdfast.core.jobs import Run, job, schedule
from holdfast.core.jobs.kinds import Nothing
from holdfast.domains.conversations.actions import Conversations
from holdfast.domains.identity.everywhere import in_every_tenant


@job("conversations.embed_waiting", submit="jobs.schedules")
def embed_waiting(run: Run, _given: Nothing) -> dict[str, object]:
    """Give vectors to messages that wait, up to one step of `embed_some` in each tenant; the next run goes on.

    As the operator within each tenant. Nothing to do where no `Settings.message_embedder` is set. Where the
    embedder fails it is tried again later, and what was kept stays.
    """
    done = pending = 0
    if run.settings.message_embedder is not None:
        rooms = in_every_tenant(run.engine, lambda of: Conversations(run.engine, Access(of), run.settings).embed_some())
        for report in rooms:
            done, pending = done + report.embedded, pending + report.pending
            run.progress(done)
    return {"embedded": done, "pending": pending}


schedule("conversations.embed_waiting", "3-59/10 * * * *")
