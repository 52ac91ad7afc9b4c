"""What is asked of configurations that were inferred: drift, deviations, validation."""

import secrets
from collections.abc import Mapping

from holdfast.core.action import Actions, composite
from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations import Configurations
from holdfast.domains.interop.deviations import Deviations, deviations_of
from holdfast.domains.interop.documents import Inferred, inferred
from holdfast.domains.interop.drift import Drift, drift
from holdfast.domains.interop.errors import DocumentUnreadable
from holdfast.domains.interop.hl7 import Message, Problem, parse
from holdfast.domains.interop.lots import Given, lots_of, sources_of
from holdfast.domains.interop.profiles import Profile, ProfileKey, profile_messages
from holdfast.domains.interop.profiles.standards import HL7V2
from holdfast.domains.interop.validation import Difference, Validator

Differences = list[Difference]


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
        """What judges any number of HL7 v2 messages by the configuration at an address: 2,000 a second and more.

        Raises `ConfigurationNotFound`, `DocumentUnreadable`, `InvalidInput` for another standard.
        """
        known = self._inferred(address)
        if known.standard != HL7V2:
            raise InvalidInput(f"address: messages of {known.standard} are not validated yet", field="address")
        return Validator(known)

    @composite
    def validate(self, address: str, message: str | bytes) -> Differences:
        """Where one HL7 v2 message differs from the configuration at an address; nothing of it is kept.

        Making ready takes some milliseconds, so for many messages there is `validator`.
        Raises `ConfigurationNotFound`, `DocumentUnreadable`, `InvalidInput` for what is no message.
        """
        check = self.validator(address)
        (source,) = sources_of(message)
        raw = source if isinstance(source, bytes) else b""
        found = parse(raw.lstrip(b"\x0b\r\n").removeprefix(b"\xef\xbb\xbf"))
        if isinstance(found, Problem):
            raise InvalidInput(f"message: {found.detail}", field="message")
        assert isinstance(found, Message)
        return check(found)

    def _inferred(self, address: str) -> Inferred:
        document = Configurations(self.engine, self.access, self.settings).get(address).document
        if not isinstance(document, Mapping):
            raise DocumentUnreadable("it is no object")
        return inferred(document)
