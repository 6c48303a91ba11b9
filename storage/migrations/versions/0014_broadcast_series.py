"""Broadcasts that come again, and why one may go out at night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SERIES = "fk_broadcasts_series_id_broadcast_series"


def upgrade() -> None:
    op.create_table(
        "broadcast_series",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("messages", sa.LargeBinary(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("late_limit_minutes", sa.Integer(), nullable=False),
        sa.Column("urgent_reason", sa.LargeBinary()),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_series")),
    )
    op.create_index(op.f("ix_broadcast_series_status"), "broadcast_series", ["status"])
    with op.batch_alter_table("broadcasts") as batch:
        batch.add_column(sa.Column("series_id", sa.String(length=32)))
        batch.add_column(sa.Column("urgent_reason", sa.LargeBinary()))
        batch.create_foreign_key(
            op.f(SERIES), "broadcast_series", ["series_id"], ["id"], ondelete="SET NULL"
        )
        batch.create_unique_constraint(op.f("uq_broadcasts_series_id_due_at"), ["series_id", "due_at"])


def downgrade() -> None:
    with op.batch_alter_table("broadcasts") as batch:
        batch.drop_constraint(op.f("uq_broadcasts_series_id_due_at"), type_="unique")
        batch.drop_constraint(op.f(SERIES), type_="foreignkey")
        batch.drop_column("urgent_reason")
        batch.drop_column("series_id")
    op.drop_table("broadcast_series")
