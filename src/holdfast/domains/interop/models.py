"""What callers get from interop."""

from dataclasses import dataclass, field
from datetime import datetime

from holdfast.domains.interop.validation import Difference


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A message that was kept. `content` is as it was sent, bytes that are no UTF-8 as lone surrogates (PEP 383)."""

    vendor: str
    standard: str
    type: str
    digest: str
    content: str = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What differs in one of several messages, which count from 1."""

    message: int
    differences: tuple[Difference, ...]
