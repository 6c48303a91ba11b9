"""Procrastinate's tables and functions, on PostgreSQL only: jobs of several machines wait there (jobs/engine.py).

The file beside is `sql/schema.sql` of Procrastinate 3.10, byte for byte (MIT licence, Copyright (c) 2019-2021,
PeopleDoc): a migration does in ten years what it does today, whichever release is installed then. A test compares it
with the installed one; a release that changes the schema brings its own migration here.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from storage import jobs_queue

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SCHEMA = Path(__file__).parent.parent / "procrastinate_3_10.sql"


def upgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name == "postgresql":  # by the driver's own cursor, which takes many statements at once
        conn.connection.cursor().execute(SCHEMA.read_text("utf-8"))


def downgrade() -> None:
    conn = op.get_bind()
    if conn.dialect.name == "postgresql":
        jobs_queue.remove(conn)
