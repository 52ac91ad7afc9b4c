"""Configurations: JSON documents at addresses, with versions, differences and who may change them."""

from holdfast.domains.configurations.actions import Configurations
from holdfast.domains.configurations.addresses import address_of
from holdfast.domains.configurations.models import (
    Approval,
    Change,
    ChangeRequest,
    Configuration,
    ConfigurationBranch,
    ConfigurationFeedback,
    ConfigurationRule,
    ConfigurationShare,
    ConfigurationSummary,
    ConfigurationVersion,
    Difference,
    FoundConfiguration,
    Merge,
    MergeConflict,
    Notification,
    RequestComment,
    Standing,
)

__all__ = [
    "Approval",
    "Change",
    "ChangeRequest",
    "Configuration",
    "ConfigurationBranch",
    "ConfigurationFeedback",
    "ConfigurationRule",
    "ConfigurationShare",
    "ConfigurationSummary",
    "ConfigurationVersion",
    "Configurations",
    "Difference",
    "FoundConfiguration",
    "Merge",
    "MergeConflict",
    "Notification",
    "RequestComment",
    "Standing",
    "address_of",
]
