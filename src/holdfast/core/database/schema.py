"""The metadata of every table, and what each domain tells core about its tables."""

from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table

from holdfast.core.database.types import Id
from holdfast.core.rooms import bring_in

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def scoped_table(
    name: str,
    *parts: Any,
    index: bool = False,
    outlives: bool = False,
    of_store: bool = False,
    partitioned: str | None = None,
    opens: tuple[str, ...] = (),
    **options: Any,
) -> Table:
    """A table whose every row belongs to one tenant: `tenant_id` leads its primary key.

    Declare the other key columns with `primary_key=True`. The tenant guard refuses statements on it
    without a tenant predicate, and on PostgreSQL row-level security must cover it. It refers to its tenant, itself or
    through another scoped table. `index`: it holds nothing that cannot be made again from other tables, and refers to
    none. `outlives`: its rows stay when the tenant is deleted, so they refer to nothing. `of_store`: the store itself
    has rows in it too, under the tenant NIL, so they do not refer to their tenant. `partitioned`: on PostgreSQL by
    month, by this column of the primary key, a moment or a UUIDv7; its migration calls `dialects.partition_by_month`.
    No foreign key may refer to it, and nothing be unique in it without that column. `opens`: its rows let the tenant in
    their `reader_id` read rows of these tables (see `grants`); they go when either tenant is deleted.
    """
    tenant_id = Column("tenant_id", Id, primary_key=True)
    through_another = any(isinstance(part, ForeignKeyConstraint) and "tenant_id" in part.column_keys for part in parts)
    tenant = (
        ()
        if through_another or index or outlives or of_store
        else (ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),)
    )
    if partitioned is not None:
        options["postgresql_partition_by"] = f"RANGE ({partitioned})"
    info = {"scoped": True, "index": index, "outlives": outlives, "opens": opens}
    return Table(name, metadata, tenant_id, *parts, *tenant, info=info, **options)


def global_table(name: str, *parts: Any, outlives: bool = False, **options: Any) -> Table:
    """A table that spans tenants. Only operator queries may touch it. `outlives` as in `scoped_table`."""
    return Table(name, metadata, *parts, info={"scoped": False, "outlives": outlives}, **options)


def every_table() -> list[Table]:
    """Every table of every room, in order of dependence."""
    bring_in()
    return metadata.sorted_tables


def scoped_tables() -> list[Table]:
    """Every scoped table, in order of dependence."""
    return [table for table in every_table() if table.info["scoped"]]
