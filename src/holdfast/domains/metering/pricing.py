"""A tenant's own prices: said and listed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from holdfast.core.action import action
from holdfast.core.clock import as_utc, now
from holdfast.core.database import Transaction, Work
from holdfast.domains.metering import queries
from holdfast.domains.metering.checks import check_label, check_money
from holdfast.domains.metering.limiting import Limiting
from holdfast.domains.metering.models import Price

PriceList = list[Price]


class Pricing(Limiting):
    """Operations on prices."""

    @action("metering.set_price", writes=True, as_operator=True)
    def set_price(
        self,
        model: str,
        *,
        input: Decimal,  # what it is called everywhere
        output: Decimal,
        cached: Decimal | None = None,
        provider: str | None = None,
        since: datetime | None = None,
        tenant: str | None = None,
    ) -> Work[Price]:
        """Say what a million tokens of a model cost a tenant, in US dollars, from `since` on (now, unless given).

        It comes before the catalogue's. `cached`: tokens from the provider's cache, as `input` unless given. Events
        that were recorded keep the cost they have. Raises `InvalidInput`, `TenantNotFound`.
        """
        moment = now()
        into = check_money(input, field="input")
        row: dict[str, Any] = {
            "model": check_label(model, "model"),
            "provider": "" if provider is None else check_label(provider, "provider"),
            "since": moment if since is None else as_utc(since, field="since"),
            "input": into,
            "output": check_money(output, field="output"),
            "cached": into if cached is None else check_money(cached, field="cached"),
        }

        def work(tx: Transaction) -> Price:
            tenant_id = self._tenant(tx, tenant).id
            tx.run(queries.put_price, {**row, "in_tenant": tenant_id, "created_at": moment})
            tx.record("price", None, tenant_id=tenant_id, model=row["model"], provider=provider)
            return queries.as_price(tuple(row.values()))

        return work

    @action("metering.list_prices", writes=False, as_operator=True)
    def prices(self, *, tenant: str | None = None) -> Work[PriceList]:
        """The tenant's own prices, by model, provider and since when. Raises `TenantNotFound`."""

        def work(tx: Transaction) -> PriceList:
            tenant_id = self._tenant(tx, tenant).id
            return [queries.as_price(row) for row in tx.all(queries.prices_in, {"in_tenant": tenant_id})]

        return work
