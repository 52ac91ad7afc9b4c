"""Every statement of what stands beside messages: summaries, feedback, attachments."""

from sqlalchemy import (
    Integer,
    bindparam,
    insert,
    select,
    update,
)

from holdfast.core.database import ACTOR, TENANT, Query
from holdfast.core.database.types import Digest, Id
from holdfast.domains.conversations.columns import THIS, within_reach
from holdfast.domains.conversations.models import (
    Attachment,
    Feedback,
    Summary,
)
from holdfast.domains.conversations.tables import (
    attachments,
    conversations,
    feedback,
    messages,
    summaries,
)

_c, _m, _s, _f, _a = conversations.c, messages.c, summaries.c, feedback.c, attachments.c

_SUMMARY = [column for column in _s if column.name != "tenant_id"]

summaries_of = Query(
    select(*_SUMMARY).where(_s.tenant_id == TENANT, _s.conversation_id == THIS).order_by(_s.version), Summary
)

latest_summary = Query(
    select(*_SUMMARY).where(_s.tenant_id == TENANT, _s.conversation_id == THIS).order_by(_s.version.desc()).limit(1),
    Summary,
)

insert_summary = Query(
    insert(summaries).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _s if c.name != "tenant_id"}
    )
)

mark_summarized = Query(
    update(conversations)
    .where(_c.tenant_id == TENANT, _c.id == THIS, _c.summarized_through < bindparam("through_seq", type_=Integer))
    .values(summarized_through=bindparam("through_seq", type_=Integer))
)

_FEEDBACK = [column for column in _f if column.name != "tenant_id"]

_MINE = (_f.tenant_id == TENANT, _f.message_id == bindparam("message_id", type_=Id), _f.user_id == ACTOR)

insert_feedback = Query(
    insert(feedback).values(
        tenant_id=TENANT,
        user_id=ACTOR,
        **{c: bindparam(c, type_=_f[c].type) for c in ("message_id", "rating", "comment", "created_at")},
    )
)

update_feedback = Query(
    update(feedback)
    .where(*_MINE)
    .values({c: bindparam(f"new_{c}", type_=_f[c].type) for c in ("rating", "comment", "created_at")})
)

feedback_in = Query(
    select(*_FEEDBACK)
    .join(messages, (_m.tenant_id == _f.tenant_id) & (_m.id == _f.message_id))
    .where(
        _f.tenant_id == TENANT,
        _m.conversation_id == THIS,
        within_reach(_m.owner_id),
        _m.seq > bindparam("after", type_=Integer),
        _m.seq <= bindparam("through", type_=Integer),
    )
    .order_by(_m.seq, _f.user_id),
    Feedback,
)

_ATTACHMENT = [column for column in _a if column.name not in ("tenant_id", "data")]

_THIS_FILE = (
    _a.tenant_id == TENANT,
    _a.conversation_id == THIS,
    _a.digest == bindparam("digest", type_=Digest),
)

insert_attachment = Query(
    insert(attachments).values(
        tenant_id=TENANT, **{c.name: bindparam(c.name, type_=c.type) for c in _a if c.name != "tenant_id"}
    )
)

attachment = Query(select(*_ATTACHMENT).where(*_THIS_FILE), Attachment)

attachment_data = Query(select(_a.data).where(*_THIS_FILE))
