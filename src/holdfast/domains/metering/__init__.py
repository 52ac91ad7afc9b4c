"""Metering: what was used and what it cost, limits that hold, and reports of both."""

from holdfast.domains.metering import cleaning, measuring  # noqa: F401  # they register what they do
from holdfast.domains.metering.actions import Metering
from holdfast.domains.metering.analytics import Analytics
from holdfast.domains.metering.errors import LimitExceeded
from holdfast.domains.metering.health import Health
from holdfast.domains.metering.holding import Hold, Lease
from holdfast.domains.metering.models import (
    HoldState,
    Limit,
    NewUsage,
    Price,
    Recorded,
    Recounted,
    Settlement,
    UsageEvent,
    UsageLine,
    UsageReport,
)

__all__ = [
    "Analytics",
    "Health",
    "Hold",
    "HoldState",
    "Lease",
    "Limit",
    "LimitExceeded",
    "Metering",
    "NewUsage",
    "Price",
    "Recorded",
    "Recounted",
    "Settlement",
    "UsageEvent",
    "UsageLine",
    "UsageReport",
]
