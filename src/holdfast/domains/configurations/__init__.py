"""Configurations: JSON documents at addresses, with versions, differences and who may change them."""

from holdfast.domains.configurations.actions import Configurations
from holdfast.domains.configurations.addresses import address_of
from holdfast.domains.configurations.models import (
    Change,
    Configuration,
    ConfigurationShare,
    ConfigurationSummary,
    ConfigurationVersion,
    Difference,
)

__all__ = [
    "Change",
    "Configuration",
    "ConfigurationShare",
    "ConfigurationSummary",
    "ConfigurationVersion",
    "Configurations",
    "Difference",
    "address_of",
]
