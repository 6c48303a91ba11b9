"""Items of news, the rhythm at which each person wants them, and the language of a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("people") as batch:
        batch.add_column(sa.Column("language", sa.String(length=8)))
    with op.batch_alter_table("person_topics") as batch:
        batch.add_column(sa.Column("rhythm", sa.String(length=8), nullable=False, server_default="week"))
        batch.add_column(sa.Column("heard", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "news_items",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("towns", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("on_date", sa.Date()),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_items")),
        sa.UniqueConstraint("channel", "number", name=op.f("uq_news_items_channel_number")),
    )
    with op.batch_alter_table("news_items") as batch:
        batch.create_index(op.f("ix_news_items_until"), ["until"])


def downgrade() -> None:
    op.drop_table("news_items")
    with op.batch_alter_table("person_topics") as batch:
        batch.drop_column("heard")
        batch.drop_column("rhythm")
    with op.batch_alter_table("people") as batch:
        batch.drop_column("language")
