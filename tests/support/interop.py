"""Something in every table of interop, for tests that look at all tables."""

from datetime import timedelta
from typing import Any

from support.hl7 import messages

from holdfast.core.clock import now
from holdfast.core.crypto import running
from holdfast.core.database import Transaction
from holdfast.core.ids import new_id
from holdfast.domains.interop import queries
from holdfast.domains.interop.stored import packed


def sent_by_many(count: int, code: str) -> bytes:
    """Messages of so many patients, all with one code that is none of the standard's."""
    text = "MSH|^~\\&|A|B|||20260102||ADT^A01|{n}|P|2.5\rEVN|A01|20260102\rPID|1||{n}^^^B^MR||Doe^J||19800101|{code}\r"
    return "".join(text.format(n=n, code=code) + "PV1|1|I\r" for n in range(count)).encode()


def keep_sample(engine: Any, scope: Any, vendor: str, content: bytes) -> None:
    """A message of a vendor's that is kept, of the person of a scope."""
    moment = now()
    row = {"vendor": vendor, "standard": "HL7v2", "owner_id": scope.actor_id, "digest": "d", "type": "ORU^R01"}
    row |= {"created_at": moment, "expires_at": moment + timedelta(days=30), "content": packed(content)}
    running.write(engine, scope, "own", lambda tx: tx.run(queries.insert_sample, row))


def keep_messages(engine: Any, scope: Any) -> None:
    """A profile, messages that wait and one that is kept, of the person of a scope; no configuration."""
    moment = now()
    row = {"vendor": f"vendor of {scope.actor_id}", "standard": "HL7v2", "owner_id": scope.actor_id}
    row |= {"created_at": moment, "updated_at": moment, "content": packed(messages(1)[0])}

    def work(tx: Transaction) -> None:
        tx.run(queries.insert_profile, row | {"secret": "0" * 64, "profile": None, "messages": 0, "version": 0})
        tx.run(queries.insert_lot, row | {"batch_id": new_id(), "number": 0, "messages": 1})
        kept = {"digest": "d", "type": "ORU^R01", "expires_at": moment + timedelta(days=30)}
        tx.run(queries.insert_sample, row | kept)

    running.write(engine, scope, "own", work)
