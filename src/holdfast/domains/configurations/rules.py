"""Rules: at which addresses changes need approvals, and how many; and which schema documents satisfy there."""

from holdfast.core.database import Transaction
from holdfast.core.database.types import load_json
from holdfast.domains.configurations import review_queries as queries
from holdfast.domains.configurations.addresses import Address, matches, parse_pattern
from holdfast.domains.configurations.errors import ReviewRequired, SchemaViolated
from holdfast.domains.configurations.models import ConfigurationRule
from holdfast.domains.configurations.review_queries import StoredRule
from holdfast.domains.configurations.schemas import violation

DEFAULT_APPROVALS = 1
"""What a request needs where no rule says otherwise."""
MOST_APPROVALS = 100


def in_force(tx: Transaction) -> list[StoredRule]:
    """The rules of the tenant, by pattern. One statement."""
    last: dict[str, StoredRule] = {rule.pattern: rule for rule in tx.all(queries.rules)}
    return [rule for rule in last.values() if rule.approvals is not None or rule.schema is not None]


def at(tx: Transaction, address: Address) -> list[StoredRule]:
    """Those that are about an address."""
    return [rule for rule in in_force(tx) if matches(parse_pattern(rule.pattern), address)]


def required(found: list[StoredRule]) -> int:
    """How many approvals a request needs under some rules: the most that any of them says."""
    return max((rule.approvals for rule in found if rule.approvals is not None), default=DEFAULT_APPROVALS)


def check(tx: Transaction, address: Address, document: object, *, reviewed: bool) -> None:
    """Raise `ReviewRequired` for a change past review where that is required, `SchemaViolated` for a document that
    does not satisfy what it must. One statement.
    """
    for rule in at(tx, address):
        if rule.approvals and not reviewed:
            raise ReviewRequired(address.text, rule.pattern, rule.approvals)
        wrong = None if rule.schema is None else violation(rule.schema, document)
        if wrong is not None:
            raise SchemaViolated(rule.pattern, *wrong)


def said(rule: StoredRule) -> ConfigurationRule:
    """What callers get."""
    return ConfigurationRule(
        pattern=rule.pattern,
        approvals=rule.approvals,
        schema=None if rule.schema is None else load_json(rule.schema),
        created_by=rule.created_by,
        created_at=rule.created_at,
    )
