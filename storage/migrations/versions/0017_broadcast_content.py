"""What a broadcast says: language variants, counted links, pictures, photos, drafts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("broadcasts", "broadcast_series"):
        with op.batch_alter_table(name) as batch:
            batch.add_column(sa.Column("translations", sa.LargeBinary()))
    op.create_table(
        "broadcast_links",
        sa.Column("token", sa.String(length=22), nullable=False),
        sa.Column("broadcast_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("clicks", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast_id"],
            ["broadcasts.id"],
            name=op.f("fk_broadcast_links_broadcast_id_broadcasts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_broadcast_links")),
    )
    op.create_index(
        op.f("ix_broadcast_links_broadcast_id_number"), "broadcast_links", ["broadcast_id", "number"]
    )
    op.create_table(
        "broadcast_pictures",
        sa.Column("token", sa.String(length=22), nullable=False),
        sa.Column("broadcast_id", sa.String(length=32)),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast_id"],
            ["broadcasts.id"],
            name=op.f("fk_broadcast_pictures_broadcast_id_broadcasts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_broadcast_pictures")),
    )
    op.create_index(op.f("ix_broadcast_pictures_broadcast_id"), "broadcast_pictures", ["broadcast_id"])
    op.create_table(
        "broadcast_photos",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_photos")),
    )
    op.create_table(
        "broadcast_drafts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_drafts")),
        sa.UniqueConstraint("name", name=op.f("uq_broadcast_drafts_name")),
    )


def downgrade() -> None:
    """Translations are lost. Cards and pictures stand sealed among the messages: the service of before refuses them at
    their time."""
    for name in ("broadcasts", "broadcast_series"):
        with op.batch_alter_table(name) as batch:
            batch.drop_column("translations")
    for name in ("broadcast_drafts", "broadcast_photos", "broadcast_pictures", "broadcast_links"):
        op.drop_table(name)
