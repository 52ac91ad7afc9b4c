"""Identity: who is who, and what shows it.

Tenants, users and credentials span tenants, so what changes them runs as the operator, after the policy has let the
caller; a tenant's administrator acts in that tenant only, whatever tenant is named.
"""

from holdfast.domains.identity.api_keys import ApiKeys
from holdfast.domains.identity.deletion import Deletion
from holdfast.domains.identity.openid import OpenId
from holdfast.domains.identity.people import People
from holdfast.domains.identity.preferences import Preferences
from holdfast.domains.identity.setting_passwords import SettingPasswords
from holdfast.domains.identity.tenants import Tenants
from holdfast.domains.identity.workspaces import Workspaces


class Identity(Tenants, People, Workspaces, SettingPasswords, OpenId, ApiKeys, Preferences, Deletion):
    """Who is who."""
