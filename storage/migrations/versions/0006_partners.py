"""Watch partners (見守り協定) and their codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "partners",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("code", name=op.f("uq_partners_code")),
    )
    op.create_index(op.f("ix_partners_channel_name"), "partners", ["channel", "name"])
    op.create_table(
        "partner_towns",
        sa.Column("partner_id", sa.String(length=32), nullable=False),
        sa.Column("town", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partners.id"],
            name=op.f("fk_partner_towns_partner_id_partners"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("partner_id", "town", name=op.f("pk_partner_towns")),
    )
    # Without a foreign key: SQLite would have to build the table of all people anew for it, and no partner is
    # ever deleted.
    op.add_column("people", sa.Column("partner_id", sa.String(length=32)))
    op.create_index(op.f("ix_people_partner_id"), "people", ["partner_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_people_partner_id"), "people")
    op.drop_column("people", "partner_id")
    op.drop_table("partner_towns")
    op.drop_index(op.f("ix_partners_channel_name"), "partners")
    op.drop_table("partners")
