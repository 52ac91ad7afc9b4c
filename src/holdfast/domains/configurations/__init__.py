"""Configurations: JSON documents at addresses, with versions, differences and who may change them."""

from holdfast.domains.configurations.actions import Configurations
from holdfast.domains.configurations.addresses import address_of
from holdfast.domains.configurations.models import (
    Change,
    Configuration,
    ConfigurationBranch,
    ConfigurationShare,
    ConfigurationSummary,
    ConfigurationVersion,
    Difference,
    FoundConfiguration,
    Merge,
    MergeConflict,
)

__all__ = [
    "Change",
    "Configuration",
    "ConfigurationBranch",
    "ConfigurationShare",
    "ConfigurationSummary",
    "ConfigurationVersion",
    "Configurations",
    "Difference",
    "FoundConfiguration",
    "Merge",
    "MergeConflict",
    "address_of",
]
