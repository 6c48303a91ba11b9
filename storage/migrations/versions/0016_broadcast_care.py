"""Who approved a broadcast or a series, and by what the same broadcast is found a second time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("broadcasts") as batch:
        batch.add_column(sa.Column("approved_by", sa.String(length=64)))
        batch.add_column(sa.Column("same_index", sa.String(length=64)))
        batch.create_index(op.f("ix_broadcasts_same_index"), ["same_index"])
    with op.batch_alter_table("broadcast_series") as batch:
        batch.add_column(sa.Column("approved_by", sa.String(length=64)))


def downgrade() -> None:
    """What awaits approval goes to nobody: the schema of before does not know that state."""
    for name in ("broadcasts", "broadcast_series"):
        op.execute(f"UPDATE {name} SET status = 'cancelled' WHERE status = 'awaiting'")
    with op.batch_alter_table("broadcast_series") as batch:
        batch.drop_column("approved_by")
    with op.batch_alter_table("broadcasts") as batch:
        batch.drop_index(op.f("ix_broadcasts_same_index"))
        batch.drop_column("same_index")
        batch.drop_column("approved_by")
