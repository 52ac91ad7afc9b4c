"""Rows of configurations as the tables keep them, and as callers get them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from holdfast.core.database.types import load_json
from holdfast.domains.configurations.addresses import Address
from holdfast.domains.configurations.documents import frozen
from holdfast.domains.configurations.models import (
    Configuration,
    ConfigurationSummary,
    ConfigurationVersion,
    Origin,
    Visibility,
)

Access = Literal["view", "comment", "edit"]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A configuration, and what the actor may do with it."""

    id: UUID
    vendor: str
    standard: str
    name: str
    owner_id: UUID
    visibility: Visibility
    version: int
    digest: str
    created_at: datetime
    updated_at: datetime
    access: Access = "view"

    @property
    def address(self) -> Address:
        """Where it is."""
        return Address(self.vendor, self.standard, self.name)

    def summary(self) -> ConfigurationSummary:
        """What a list says of it."""
        return ConfigurationSummary(
            id=self.id,
            address=self.address.text,
            version=self.version,
            digest=self.digest,
            owner_id=self.owner_id,
            visibility=self.visibility,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


@dataclass(frozen=True, kw_only=True)
class StoredVersion:
    """A version; its document as canonical JSON, where it was asked for."""

    branch: str
    version: int
    document: str = ""
    digest: str
    bytes: int
    author_id: UUID
    reason: str
    origin: Origin
    from_version: int | None
    request_id: UUID | None
    created_at: datetime

    def parsed(self) -> object:
        """The document, a new one each time."""
        return load_json(self.document)

    def listed(self) -> ConfigurationVersion:
        """What the history says of it."""
        return ConfigurationVersion(**{name: value for name, value in vars(self).items() if name != "document"})

    def of(self, configuration: Stored, *, replayed: bool = False) -> Configuration:
        """What callers get."""
        return Configuration(
            id=configuration.id,
            address=configuration.address.text,
            branch=self.branch,
            version=self.version,
            document=frozen(self.parsed()),
            digest=self.digest,
            author_id=self.author_id,
            reason=self.reason,
            created_at=self.created_at,
            owner_id=configuration.owner_id,
            visibility=configuration.visibility,
            replayed=replayed,
        )
