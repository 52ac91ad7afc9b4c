"""Audit: the trail, sealed, verifiable, and what it announces."""

from holdfast.domains.audit import measuring  # noqa: F401  # it registers what it says
from holdfast.domains.audit.actions import Audit
from holdfast.domains.audit.models import AuditEvent, AuditReport, Checkpoint, Event, Fault

__all__ = ["Audit", "AuditEvent", "AuditReport", "Checkpoint", "Event", "Fault"]
