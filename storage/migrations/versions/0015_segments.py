"""Whom a broadcast is for is an expression; staff keep some under a name. The four lists of before are rewritten."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

FIELDS = {"roles": "role", "towns": "town", "districts": "district", "topics": "topic"}


def upgrade() -> None:
    op.create_table(
        "segments",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("channel", "name", name=op.f("uq_segments_channel_name")),
    )
    conn = op.get_bind()
    for name in ("broadcasts", "broadcast_series"):
        rows = sa.table(name, sa.column("id"), sa.column("segment"))
        for row in conn.execute(sa.select(rows.c.id, rows.c.segment)).all():
            text = json.dumps(expression(json.loads(row.segment)), ensure_ascii=False)
            conn.execute(rows.update().where(rows.c.id == row.id).values(segment=text))


def expression(lists: dict[str, list[str]]) -> dict[str, Any]:
    """Any value of a list would do, every list had to fit, an empty one fitted all."""
    parts = [{"field": field, "values": lists[name]} for name, field in FIELDS.items() if lists.get(name)]
    return parts[0] if len(parts) == 1 else {"all": parts}


def downgrade() -> None:
    """The lists cannot say what an expression says: what is more than lists goes to nobody."""
    conn = op.get_bind()
    for name in ("broadcasts", "broadcast_series"):
        rows = sa.table(name, sa.column("id"), sa.column("segment"))
        for row in conn.execute(sa.select(rows.c.id, rows.c.segment)).all():
            text = json.dumps(lists(json.loads(row.segment)), ensure_ascii=False)
            conn.execute(rows.update().where(rows.c.id == row.id).values(segment=text))
    op.drop_table("segments")


def lists(expression: dict[str, Any]) -> dict[str, list[str]]:
    """The four lists; a role that nobody has, where they cannot say it."""
    found: dict[str, list[str]] = {name: [] for name in FIELDS}
    names = {field: name for name, field in FIELDS.items()}
    for part in expression.get("all", [expression]):
        name = names.get(part.get("field", ""))
        if name is None or found[name]:
            return {**{each: [] for each in FIELDS}, "roles": ["nobody"]}
        found[name] = part["values"]
    return found
