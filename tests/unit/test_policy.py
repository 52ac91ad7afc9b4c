"""The policy: who may do what, each cell of the table."""

import pytest

from holdfast.core.action import Actions, action
from holdfast.core.crypto.keys import Keys
from holdfast.core.errors import PermissionDenied
from holdfast.core.jobs import Jobs
from holdfast.core.policy import POLICY, reach
from holdfast.core.scope import ROLES
from holdfast.domains.audit import Audit
from holdfast.domains.configurations import Configurations
from holdfast.domains.connections import Connections
from holdfast.domains.conversations import Conversations
from holdfast.domains.identity import Identity
from holdfast.domains.interop import Interop
from holdfast.domains.knowledge import Knowledge
from holdfast.domains.memory import Memory
from holdfast.domains.metering import Metering
from holdfast.domains.records import Records
from holdfast.domains.runs import Runs

COLUMNS = ("operator", "super_admin", "platform_admin", "owner", "admin", "member", "auditor", "visitor")
TABLE = """
                             operator super_admin platform_admin owner   admin   member  auditor visitor
identity.create_tenant       all      all         all            -       -       -       -       -
identity.list_tenants        all      all         all            -       -       -       -       -
identity.configure_tenant    all      all         all            tenant  tenant  -       -       -
identity.publish_profile     all      all         all            tenant  tenant  -       -       -
identity.suspend_tenant      all      all         all            -       -       -       -       -
identity.restore_tenant      all      all         all            -       -       -       -       -
identity.delete_tenant       all      all         -              -       -       -       -       -
identity.create_user         all      all         all            tenant  tenant  -       -       -
identity.set_role            all      all         all            tenant  tenant  -       -       -
identity.set_status          all      all         all            tenant  tenant  -       -       -
identity.make_owner          all      all         -              tenant  -       -       -       -
identity.set_clearance       all      all         -              tenant  -       -       -       -
identity.set_platform_role   all      all         -              -       -       -       -       -
identity.list_platform_users all      all         -              -       -       -       -       -
identity.list_members        all      all         all            tenant  tenant  tenant  tenant  -
identity.create_workspace    all      all         all            tenant  tenant  -       -       -
identity.list_workspaces     all      all         all            tenant  tenant  tenant  tenant  -
identity.assign              all      all         all            tenant  tenant  -       -       -
identity.list_assignments    all      all         all            tenant  tenant  -       tenant  -
identity.archive_workspace   all      all         all            tenant  tenant  -       -       -
identity.restore_workspace   all      all         all            tenant  tenant  -       -       -
identity.delete_workspace    all      all         all            tenant  tenant  -       -       -
identity.log_in              all      -           -              -       -       -       -       -
identity.create_visitor      all      all         all            tenant  tenant  -       -       -
identity.set_password        all      all         all            tenant  tenant  own     own     -
identity.unlink_openid       all      all         all            tenant  tenant  -       -       -
identity.list_sessions       all      all         all            tenant  tenant  own     own     -
identity.revoke_session      all      all         all            tenant  tenant  own     own     -
identity.create_api_key      all      all         -              tenant  tenant  own     own     -
identity.list_api_keys       all      all         all            tenant  tenant  own     own     -
identity.revoke_api_key      all      all         all            tenant  tenant  own     own     -
identity.read_preferences    -        -           -              own     own     own     own     -
identity.set_preference      -        -           -              own     own     own     own     -
runs.define                  -        -           -              tenant  tenant  own     -       -
runs.read                    -        -           -              tenant  tenant  own     tenant  -
runs.execute                 -        -           -              tenant  tenant  own     -       -
runs.resolve                 -        -           -              tenant  tenant  own     -       -
runs.decide                  -        -           -              own     own     own     -       -
jobs.submit                  all      all         -              own     own     own     -       -
jobs.read                    all      all         -              tenant  tenant  own     tenant  -
jobs.control                 all      all         -              tenant  tenant  own     -       -
jobs.schedules               all      all         -              -       -       -       -       -
conversations.create         -        -           -              own     own     own     -       own
conversations.append         -        -           -              own     own     own     -       own
conversations.read           -        -           -              tenant  tenant  own     tenant  own
conversations.edit           -        -           -              tenant  tenant  own     -       -
conversations.summarize      -        -           -              tenant  tenant  own     -       -
conversations.rate           -        -           -              own     own     own     -       own
conversations.fork           -        -           -              own     own     own     -       -
conversations.import         -        -           -              own     own     own     -       -
conversations.verify         -        -           -              tenant  tenant  own     tenant  own
conversations.index          -        -           -              tenant  tenant  tenant  tenant  tenant
conversations.embed          tenant   -           -              tenant  tenant  own     -       own
memory.remember              -        -           -              tenant  tenant  own     -       own
memory.read                  -        -           -              tenant  tenant  own     tenant  own
memory.forget                -        -           -              tenant  tenant  own     -       own
configurations.read          -        -           -              tenant  tenant  own     tenant  -
configurations.edit          -        -           -              tenant  tenant  own     -       -
configurations.share         -        -           -              tenant  tenant  own     -       -
interop.analyse              -        -           -              tenant  tenant  own     -       -
interop.synthesise           -        -           -              tenant  tenant  own     -       -
interop.deidentify           -        -           -              tenant  tenant  own     -       -
interop.samples              -        -           -              tenant  tenant  own     -       -
interop.delete_samples       -        -           -              tenant  tenant  own     -       -
memory.embed                 tenant   -           -              tenant  tenant  own     -       own
configurations.review        -        -           -              tenant  tenant  own     -       -
configurations.rate          -        -           -              tenant  tenant  own     -       -
configurations.govern        -        -           -              tenant  tenant  -       -       -
configurations.inbox         -        -           -              own     own     own     own     -
audit.list                   tenant   -           -              tenant  tenant  -       tenant  -
audit.verify                 tenant   -           -              tenant  tenant  -       tenant  -
audit.checkpoint             tenant   -           -              tenant  tenant  -       tenant  -
audit.export                 tenant   -           -              tenant  tenant  -       tenant  -
audit.events                 -        -           -              tenant  tenant  own     tenant  own
keys.list                    all      all         -              -       -       -       -       -
keys.rotate                  all      all         -              -       -       -       -       -
keys.destroy                 all      all         -              -       -       -       -       -
connections.put              -        -           -              tenant  tenant  own     -       -
connections.token            -        -           -              tenant  tenant  own     -       -
connections.revoke           -        -           -              tenant  tenant  own     -       -
connections.run_revocations  all      -           -              tenant  tenant  -       -       -
connections.snapshot         -        -           -              tenant  tenant  own     -       -
connections.read_snapshots   -        -           -              tenant  tenant  own     -       -
connections.list             -        -           -              tenant  tenant  own     tenant  -
knowledge.read               -        -           -              tenant  tenant  own     tenant  -
knowledge.search             -        -           -              tenant  tenant  own     -       -
knowledge.edit               -        -           -              tenant  tenant  own     -       -
knowledge.embed              -        -           -              tenant  tenant  own     -       -
knowledge.cite               -        -           -              own     own     own     -       -
knowledge.report             -        -           -              tenant  tenant  own     tenant  -
records.define               -        -           -              tenant  tenant  own     -       -
records.read                 -        -           -              tenant  tenant  tenant  tenant  -
records.write                -        -           -              tenant  tenant  own     -       -
records.share                -        -           -              tenant  tenant  -       -       -
metering.record              -        -           -              tenant  tenant  own     -       own
metering.reserve             -        -           -              tenant  tenant  own     -       own
metering.read                -        -           -              tenant  tenant  own     tenant  -
metering.set_limit           all      all         all            tenant  tenant  -       -       -
metering.recount             all      all         all            tenant  tenant  -       -       -
metering.health              all      all         all            -       -       -       -       -
metering.list_limits         all      all         all            tenant  tenant  tenant  tenant  -
metering.set_price           all      all         all            tenant  tenant  -       -       -
metering.list_prices         all      all         all            tenant  tenant  tenant  tenant  -
"""
CELLS = {row.split()[0]: dict(zip(COLUMNS, row.split()[1:], strict=True)) for row in TABLE.strip().splitlines()[1:]}


def test_every_operation_and_every_role_is_in_the_table_here():
    assert set(ROLES) == set(COLUMNS)
    assert set(POLICY) == set(CELLS)


@pytest.mark.parametrize("operation", CELLS)
def test_each_role_reaches_as_far_as_the_table_says(operation):
    for role in ROLES:
        if CELLS[operation][role] == "-":
            with pytest.raises(PermissionDenied, match=f"the role '{role}' may not do '{operation}'") as caught:
                reach(operation, role)
            assert (caught.value.code, caught.value.status) == ("permission_denied", 403)
        else:
            assert reach(operation, role) == CELLS[operation][role]


@pytest.mark.parametrize("role", ["", "root", "Owner", None])
def test_an_unknown_role_reaches_nothing(role):
    for operation in POLICY:
        with pytest.raises(PermissionDenied):
            reach(operation, role)


def test_an_undeclared_operation_does_not_import():
    with pytest.raises(KeyError, match="conversations.burn"):

        class Room(Actions):
            @action("conversations.burn", writes=True)
            def burn(self):
                return lambda tx: None


def test_every_operation_of_the_table_is_one_of_a_room_and_every_room_asks_the_table():
    used = {
        method.operation
        for room in (
            *(Audit, Configurations, Connections, Conversations, Identity, Jobs, Keys, Knowledge, Memory, Records),
            *(Interop, Metering, Runs),
        )
        for name in dir(room)
        if (method := getattr(room, name)) and hasattr(method, "operation")
    }
    assert used | {"identity.make_owner"} == set(POLICY)  # asked inside create_user and set_role
