"""How often the handbook is used, by hour and by month, and the tags of its QR codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handbook_tags",
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("medium", sa.String(length=40), nullable=False),
        sa.Column("spot", sa.String(length=40), nullable=False),
        sa.Column("town", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_handbook_tags")),
    )
    op.create_table(
        "handbook_hours",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("town", sa.String(length=32), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("at", "town", "way", "tag", "event", name=op.f("pk_handbook_hours")),
    )
    op.create_table(
        "handbook_months",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("town", sa.String(length=32), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("month", "town", "way", "tag", "event", "about"), name=op.f("pk_handbook_months")
        ),
    )


def downgrade() -> None:
    op.drop_table("handbook_months")
    op.drop_table("handbook_hours")
    op.drop_table("handbook_tags")
