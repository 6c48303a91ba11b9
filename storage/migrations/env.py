"""How Alembic runs here: on the connection, and inside the transaction, that storage/migrate.py opened."""

from __future__ import annotations

from alembic import context

from storage.jobs_queue import TABLES
from storage.tables import metadata


def include_name(name: str | None, type_: str, parent_names: object) -> bool:
    """APScheduler makes and keeps its own table, and Procrastinate's are no tables of ours."""
    return not (type_ == "table" and name in {"apscheduler_jobs", *TABLES})


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_name=include_name,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
