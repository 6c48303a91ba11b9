"""The way of a concern through the desks, and the audit list as a chain."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENTS = (
    "read_at",
    "contacted_at",
    "accept_due",
    "contact_due",
    "close_due",
    "follow_up_at",
    "held_at",
    "news_at",
)


def upgrade() -> None:
    # Columns are added with their defaults, one by one: no table is built anew.
    concerns: list[sa.Column[Any]] = [
        sa.Column("once", sa.String(length=64)),
        sa.Column("source", sa.String(length=16), nullable=False, server_default="line"),
        sa.Column("partner_id", sa.String(length=32)),
        sa.Column("routed_to", sa.String(length=64)),
        sa.Column("route", sa.Text()),
        *(
            sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
            for name in ("doubted", "many", "danger")
        ),
        sa.Column("assignee_id", sa.String(length=32)),
        sa.Column("merged_into", sa.String(length=32)),
        sa.Column("follow_up", sa.String(length=16)),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in MOMENTS),
    ]
    for column in concerns:
        op.add_column("concerns", column)
    op.execute('UPDATE concerns SET routed_to = "window"')
    op.create_index(op.f("ix_concerns_state_created_at"), "concerns", ["state", "created_at"])
    op.create_index(op.f("ix_concerns_created_at"), "concerns", ["created_at"])
    op.create_index(op.f("uq_concerns_once"), "concerns", ["once"], unique=True)
    op.create_table(
        "concern_entries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("concern_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["concern_id"],
            ["concerns.id"],
            name=op.f("fk_concern_entries_concern_id_concerns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern_entries")),
    )
    op.create_index(op.f("ix_concern_entries_concern_id_at"), "concern_entries", ["concern_id", "at"])
    op.create_table(
        "handons",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("concern_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("from_window", sa.String(length=64), nullable=False),
        sa.Column("to_window", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("answered_by", sa.String(length=64)),
        sa.Column("reason", sa.String(length=32)),
        sa.Column("proposed", sa.String(length=64)),
        sa.Column("words", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["concern_id"], ["concerns.id"], name=op.f("fk_handons_concern_id_concerns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handons")),
    )
    op.create_index(op.f("ix_handons_concern_id_offered_at"), "handons", ["concern_id", "offered_at"])
    op.create_index(op.f("ix_handons_to_window_state"), "handons", ["to_window", "state"])
    still_open = sa.text("state = 'offered'")
    op.create_index(
        op.f("uq_handons_open"),
        "handons",
        ["concern_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "recusals",
        sa.Column("concern_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["concern_id"], ["concerns.id"], name=op.f("fk_recusals_concern_id_concerns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("concern_id", "staff_id", name=op.f("pk_recusals")),
    )
    op.add_column("audit", sa.Column("seq", sa.BigInteger()))
    op.add_column("audit", sa.Column("hash", sa.String(length=64)))
    op.create_index(op.f("uq_audit_channel_seq"), "audit", ["channel", "seq"], unique=True)
    op.create_table(
        "audit_heads",
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("base_seq", sa.BigInteger(), nullable=False),
        sa.Column("base_hash", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_audit_heads")),
    )


def downgrade() -> None:
    op.drop_table("audit_heads")
    op.drop_index(op.f("uq_audit_channel_seq"), "audit")
    op.drop_column("audit", "hash")
    op.drop_column("audit", "seq")
    op.drop_table("recusals")
    op.drop_table("handons")
    op.drop_table("concern_entries")
    for name in ("ix_concerns_state_created_at", "ix_concerns_created_at", "uq_concerns_once"):
        op.drop_index(op.f(name), "concerns")
    added = ("once", "source", "partner_id", "routed_to", "route", "doubted", "many", "danger")
    for name in (*added, "assignee_id", "merged_into", "follow_up", *MOMENTS):
        op.drop_column("concerns", name)
