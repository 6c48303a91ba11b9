"""The register of supporters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENTS = ("registered_at", "active_at", "paused_at", "left_at")


def upgrade() -> None:
    op.create_table(
        "supporters",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32)),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("town", sa.String(length=32), nullable=False),
        sa.Column("district", sa.String(length=32)),
        *(sa.Column(name, sa.LargeBinary()) for name in ("name", "kana", "phone", "mail", "motive")),
        *(
            sa.Column(name, sa.String(length=64))
            for name in ("name_index", "kana_index", "phone_index", "mail_index")
        ),
        sa.Column("age_band", sa.String(length=16)),
        sa.Column("group_name", sa.String(length=100)),
        sa.Column("number", sa.String(length=16)),
        *(sa.Column(name, sa.Date()) for name in ("attended_on", "refreshed_on", "refresher_due_on")),
        sa.Column("consent_version", sa.String(length=32)),
        sa.Column("consent_at", sa.DateTime(timezone=True)),
        sa.Column("pledge_version", sa.String(length=32)),
        sa.Column("pledge_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in MOMENTS),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_supporters_person_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supporters")),
    )
    for columns in (
        ["channel", "state"],
        ["town", "district"],
        ["person_id"],
        ["name_index"],
        ["kana_index"],
        ["phone_index"],
        ["mail_index"],
    ):
        op.create_index(op.f(f"ix_supporters_{'_'.join(columns)}"), "supporters", columns)
    op.create_index(op.f("uq_supporters_number"), "supporters", ["number"], unique=True)


def downgrade() -> None:
    op.drop_table("supporters")
