"""What is asked of configurations that were inferred: drift, deviations, validation, messages made from them."""

import secrets
from collections.abc import Mapping
from typing import Any

from holdfast.core.action import Actions, action, composite
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations import Configurations
from holdfast.domains.interop.checks import check_patients
from holdfast.domains.interop.deidentifying import Deidentified, copies
from holdfast.domains.interop.deviations import Deviations, deviations_of
from holdfast.domains.interop.documents import Inferred, inferred
from holdfast.domains.interop.drift import Drift, drift
from holdfast.domains.interop.errors import DocumentUnreadable
from holdfast.domains.interop.hl7 import Message, Problem, parse, read
from holdfast.domains.interop.lots import Given, lots_of, sources_of
from holdfast.domains.interop.picking import check_reference, picked
from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages
from holdfast.domains.interop.profiles.standards import HL7V2, Standard, tree_pieces
from holdfast.domains.interop.synthesis import synthesise as made_from
from holdfast.domains.interop.trees import TreeMessage
from holdfast.domains.interop.validation import Difference, Validator
from holdfast.domains.records import Records

MOST_MADE = 10_000
SEEDS = 2**63
Differences = list[Difference]
Texts = list[str]
_UNREAD = ("delimiters_invalid", "too_long")
"""Problems of what is no message that can be read."""


class InteropReads(Actions):
    """See `Interop`."""

    @composite
    def drift(self, address: str, messages: Given) -> Drift:
        """How new messages differ from the configuration at an address, by exact tests: see `interop.drift`.

        `messages` as in `analyse`; nothing of them is kept. One read of the configuration, and the time of a profile.
        Raises `ConfigurationNotFound`, `DocumentUnreadable`, `NothingToCompare`, `MessagesNotFound`.
        """
        known = self._inferred(address)
        profile = Profile(ProfileKey(secrets.token_bytes(32)), standard=known.standard)
        for lot in lots_of(messages, known.standard):
            found = profile_messages(lot.content, profile.key, beside=profile, standard=known.standard)
            profile = profile.merge(found)
        return drift(known, profile)

    @composite
    def deviations(self, address: str) -> dict[str, Deviations]:
        """Where the messages behind a configuration differ from the base standard, by version.

        Raises `ConfigurationNotFound`, `DocumentUnreadable`, `InvalidInput` for a standard other than HL7 v2.
        """
        return deviations_of(self._inferred(address))

    @composite
    def validator(self, address: str) -> Validator:
        """What judges any number of messages by the configuration at an address: 2,000 a second and more.

        It takes what the reader of the configuration's standard gives: `Message`, `Resource`, `NcpdpMessage`.
        Raises `ConfigurationNotFound`, `DocumentUnreadable`.
        """
        return Validator(self._inferred(address))

    @composite
    def validate(self, address: str, message: str | bytes) -> Differences:
        """Where one message differs from the configuration at an address; nothing of it is kept.

        HL7 v2, a resource of FHIR as JSON, SCRIPT as XML or a transmission of Telecom D.0, as the configuration is.
        Making ready takes some milliseconds, so for many messages there is `validator`.
        Raises `ConfigurationNotFound`, `DocumentUnreadable`, `InvalidInput` for what is no message, or several.
        """
        known = self._inferred(address)
        (source,) = sources_of(message)
        raw = source if isinstance(source, bytes) else b""
        return Validator(known)(_one_of(known.standard, raw))

    @composite
    def synthesise(
        self, address: str, n: int = 1_000, *, seed: int = 0, reference: Mapping[str, object] | None = None
    ) -> Texts:
        """So many messages of nobody, as the sender of the configuration at an address would send them.

        `reference`: record sets to pick from by their weights, by kind ("surnames", "first-names", "addresses",
        "providers", "medications") or by place: {"surnames": "surnames", "addresses": {"set": "addresses", "where":
        {"region": "TX"}}, "PID-18.1.1": {"set": "accounts", "member": "number"}}. Values of one record stay together;
        those that are longer than the sender's are not used.

        The same seed makes the same messages of the same version and records. HL7 v2 only, up to 10,000 a call, in
        memory, 2,000 a second and more. Nothing is kept. Two reads, and a pick of each set. Raises `SetNotFound`,
        `ConfigurationNotFound`, `DocumentUnreadable`, `NothingToPick`, `InvalidInput` for another standard.
        """
        self._may_synthesise(n, seed)
        wanted = check_reference({} if reference is None else reference)
        document = self._document(address)
        rows = picked(Records(self.engine, self.access, self.settings), wanted, n, seed) if wanted else None
        return [raw.decode("ascii") for raw in made_from(document, n, seed=seed, records=rows)]

    @composite
    def deidentify(self, messages: Given, *, mapping: bool = False, k: int = 1) -> Deidentified:
        """Copies of HL7 v2 messages without the people in them; nothing of them is kept.

        `messages` as in `analyse`, one batch: within it a patient, and each identifier, has one pseudonym, and dates of
        a patient are moved by one number of days, so that intervals hold. Identifiers, names, addresses, phone numbers,
        births and texts are replaced by made values, and so is all in segments that the version does not have; codes
        and structure stay; with `k` only codes that so many patients of the batch have. `mapping`: say what stands for
        what, which is as personal as the messages; otherwise nobody knows. In memory. Raises `InvalidInput`,
        `MessagesNotFound`.
        """
        self._may_deidentify(k)
        found = [one for source in sources_of(messages) for one in read(source)]
        given = [one for one in found if isinstance(one, Message)]
        made, told = copies(given, mapping=mapping, k=k)
        texts = tuple(raw.decode("utf-8", "surrogateescape") for raw in made)
        left_out = sum(isinstance(one, Problem) and one.kind in _UNREAD for one in found)
        return Deidentified(messages=texts, left_out=left_out, mapping=told)

    @action("interop.deidentify", writes=False)
    def _may_deidentify(self, k: int) -> Work[None]:
        """The caller may have copies made."""
        check_patients(k)

        def work(_tx: Transaction) -> None:
            return None

        return work

    @action("interop.synthesise", writes=False)
    def _may_synthesise(self, n: int, seed: int) -> Work[None]:
        """The caller may have so many made."""
        if type(n) is not int or not 1 <= n <= MOST_MADE:
            raise InvalidInput(f"n: {n!r:.40} is not from 1 to {MOST_MADE}", field="n")
        if type(seed) is not int or not -SEEDS <= seed < SEEDS:
            raise InvalidInput(f"seed: {seed!r:.40} is no whole number of 64 bits", field="seed")

        def work(_tx: Transaction) -> None:
            return None

        return work

    def _inferred(self, address: str) -> Inferred:
        return inferred(self._document(address))

    def _document(self, address: str) -> Mapping[str, Any]:
        document = Configurations(self.engine, self.access, self.settings).get(address).document
        if not isinstance(document, Mapping):
            raise DocumentUnreadable("it is no object")
        return document


def _one_of(standard: Standard, raw: bytes) -> Message | TreeMessage:
    """The one message of these bytes. Raises `InvalidInput`."""
    if standard == HL7V2:
        found = parse(raw.lstrip(b"\x0b\r\n").removeprefix(b"\xef\xbb\xbf"))
        if isinstance(found, Problem):
            raise InvalidInput(f"message: {found.detail}", field="message")
        return found
    pieces = list(tree_pieces(standard)(raw))
    if problems := [problem for piece in pieces for problem in piece.problems]:
        raise InvalidInput(f"message: {problems[0].detail}", field="message")
    messages = [piece.message for piece in pieces if piece.message is not None]
    if len(messages) != 1:
        raise InvalidInput(f"message: {len(messages)} messages of {standard}; give one", field="message")
    return messages[0]
