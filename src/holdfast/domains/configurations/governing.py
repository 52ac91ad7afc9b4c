"""Saying what holds at the addresses of a pattern."""

from holdfast.core.action import action
from holdfast.core.clock import now
from holdfast.core.database import Transaction, Work
from holdfast.core.errors import InvalidInput
from holdfast.domains.configurations import queries as configuration_queries
from holdfast.domains.configurations import review_queries as queries
from holdfast.domains.configurations import rules
from holdfast.domains.configurations.addresses import parse_pattern
from holdfast.domains.configurations.branching import Branching
from holdfast.domains.configurations.models import ConfigurationRule
from holdfast.domains.configurations.review_queries import StoredRule
from holdfast.domains.configurations.schemas import check_schema

RuleList = list[ConfigurationRule]
"""Named here because the class has a method called `list`."""


class Governing(Branching):
    """Rules; see `Configurations`. For owners and administrators of the tenant."""

    @action("configurations.govern", writes=True)
    def set_rule(
        self, pattern: str, *, approvals: int | None = None, schema: dict[str, object] | None = None
    ) -> Work[ConfigurationRule]:
        """Say what holds at the addresses of a pattern from now on, in place of what was said of this pattern.

        `approvals`: what is there already is changed by requests alone, with so many approvals; 0: by whoever may
        edit, and by requests without any. Without a rule a request needs one, and whoever may edit need make none.
        `schema`: a JSON Schema that every document put, merged, restored or published there satisfies; nothing that
        it refers to is fetched. Neither: the rule is gone. Where several patterns are about an address, all their
        schemas hold, and the most approvals. Raises `InvalidInput`.
        """
        parse_pattern(pattern)
        needed = None if approvals is None else _check_approvals(approvals)
        text, author = None if schema is None else check_schema(schema), self.actor()

        def work(tx: Transaction) -> ConfigurationRule:
            tx.all(configuration_queries.wait_for_turn, {"turn": f"rules of configurations {tx.tenant_id}"})
            numbers = [rule.number for rule in tx.all(queries.rules) if rule.pattern == pattern]
            made = StoredRule(
                pattern=pattern,
                number=max(numbers, default=0) + 1,
                approvals=needed,
                schema=text,
                created_by=author,
                created_at=now(),
            )
            tx.run(queries.insert_rule, vars(made))
            tx.record("configuration_rule", pattern=pattern, approvals=needed, schema=text is not None)
            return rules.said(made)

        return work

    @action("configurations.read", writes=False)
    def rules(self) -> Work[RuleList]:
        """The rules that hold, by pattern."""
        return lambda tx: [rules.said(rule) for rule in rules.in_force(tx)]


def _check_approvals(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= rules.MOST_APPROVALS:
        raise InvalidInput(
            f"approvals: {value!r:.40} is not a whole number from 0 to {rules.MOST_APPROVALS}", field="approvals"
        )
    return value
