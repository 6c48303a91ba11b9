"""The life of a supporter: pauses, what was told after the course, and counts of who was erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("supporters", sa.Column("paused_until", sa.Date()))
    op.create_table(
        "drips",
        sa.Column("supporter_id", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("base_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32)),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=16)),
        sa.ForeignKeyConstraint(
            ["supporter_id"],
            ["supporters.id"],
            name=op.f("fk_drips_supporter_id_supporters"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_drips_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("supporter_id", "step", "base_on", name=op.f("pk_drips")),
    )
    op.create_index(op.f("ix_drips_person_id_mark_at"), "drips", ["person_id", "mark", "at"])
    op.create_index(op.f("ix_drips_at"), "drips", ["at"])
    op.create_table(
        "erased",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("town", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("channel", "town", "month", name=op.f("pk_erased")),
    )


def downgrade() -> None:
    op.drop_table("erased")
    op.drop_table("drips")
    op.drop_column("supporters", "paused_until")
    op.drop_column("people", "paused")
