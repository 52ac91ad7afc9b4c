"""Messages that were kept: read, copied without the people in them, deleted."""

from dataclasses import replace

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.core.inputs import check_name
from holdfast.domains.interop import queries
from holdfast.domains.interop.checks import check_patients, check_standard, check_vendor
from holdfast.domains.interop.deidentifying import copies
from holdfast.domains.interop.hl7 import Message, parse
from holdfast.domains.interop.models import Sample
from holdfast.domains.interop.profiles.standards import HL7V2
from holdfast.domains.interop.reads import InteropReads
from holdfast.domains.interop.stored import unpacked

SAMPLES = 200
SampleList = list[Sample]


class InteropSamples(InteropReads):
    """See `Interop`."""

    @action("interop.samples", writes=False)
    def samples(
        self,
        vendor: str,
        type: str,
        *,
        standard: str = HL7V2,
        after: str = "",
        limit: int = 50,
        deidentified: bool = False,
        k: int = 1,
    ) -> Work[SampleList]:
        """Messages of a type that were kept, in the order of their digests, up to 200; `after`: the last digest seen.

        `deidentified`: copies of HL7 v2 messages without the people in them (see `deidentify`), of one batch; with `k`
        only codes that so many patients of the batch have stay. Another's are read by administrators, which leaves a
        line in the trail. Raises `InvalidInput`.
        """
        known = check_standard(standard)
        if deidentified and known != HL7V2:
            raise InvalidInput(f"deidentified: messages of {known} are not de-identified yet", field="deidentified")
        check_patients(k)
        if k > 1 and not deidentified:
            raise InvalidInput("k: is for copies; ask for deidentified=True", field="k")
        if not 1 <= limit <= SAMPLES:
            raise InvalidInput(f"limit: {limit!r} is not from 1 to {SAMPLES}", field="limit")
        asked = {
            "vendor": check_vendor(vendor, known),
            "standard": known,
            "type": check_name(type, field="type", most_chars=200),
            "after": check_name(after, field="after", most_chars=200) if after else "",
            "limit": limit,
            "moment": now(),
        }

        def work(tx: Transaction) -> SampleList:
            rows = tx.all(queries.samples, asked)
            if any(row.owner_id != self.scope.actor_id for row in rows):
                tx.record("sample", None, owner=rows[0].owner_id)
            found = [
                Sample(
                    vendor=row.vendor,
                    standard=row.standard,
                    type=row.type,
                    digest=row.digest,
                    content=unpacked(row.content).decode("utf-8", "surrogateescape"),
                    created_at=row.created_at,
                    expires_at=row.expires_at,
                )
                for row in rows
            ]
            return _without_people(found, k) if deidentified else found

        return work

    @action("interop.delete_samples", writes=True)
    def delete_samples(self, vendor: str, *, standard: str = HL7V2) -> Work[int]:
        """Delete the messages of a vendor that were kept: how many. What was counted stays."""
        known = check_standard(standard)
        asked = {"vendor": check_vendor(vendor, known), "standard": known}

        def work(tx: Transaction) -> int:
            deleted = tx.run(queries.delete_samples, asked)
            tx.record("sample", None, owner=self.scope.actor_id, deleted=deleted)
            return deleted

        return work


def _without_people(samples: SampleList, k: int) -> SampleList:
    """Copies; a kept message that cannot be read alone has none."""
    parsed = [(one, parse(one.content.encode("utf-8", "surrogateescape"))) for one in samples]
    given = [(one, found) for one, found in parsed if isinstance(found, Message)]
    made, _ = copies([found for _, found in given], k=k)
    return [
        replace(one, content=raw.decode("utf-8", "surrogateescape")) for (one, _), raw in zip(given, made, strict=True)
    ]
