"""Reference data as record sets with weights: medications, providers, names, addresses; from files as published."""

from holdfast.domains.interop.reference.errors import ReferenceFileUnfit
from holdfast.domains.interop.reference.loading import KINDS, load

__all__ = ["KINDS", "ReferenceFileUnfit", "load"]
