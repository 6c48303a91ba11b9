"""Notices to desks, the mails that tell of them, and codes that join staff to their LINE."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("concern_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("window", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("line_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["concern_id"], ["concerns.id"], name=op.f("fk_notices_concern_id_concerns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "concern_id",
            "window",
            "what",
            "step",
            "serial",
            name=op.f("uq_notices_concern_id_window_what_step_serial"),
        ),
    )
    op.create_index(op.f("ix_notices_window_seen_at_at"), "notices", ["window", "seen_at", "at"])
    op.create_index(op.f("ix_notices_at"), "notices", ["at"])
    op.create_table(
        "notice_pace",
        sa.Column("window", sa.String(length=64), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("window", name=op.f("pk_notice_pace")),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("notice_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.LargeBinary()),
        sa.Column("address_index", sa.String(length=64), nullable=False),
        sa.Column("template", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("path", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("first_tried", sa.DateTime(timezone=True)),
        sa.Column("settled", sa.DateTime(timezone=True)),
        sa.Column("error", sa.String(length=100)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_mails_notice_id_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("notice_id", "address_index", name=op.f("uq_mails_notice_id_address_index")),
    )
    op.create_index(op.f("ix_mails_state_next_try"), "mails", ["state", "next_try"])
    op.create_index(op.f("ix_mails_settled"), "mails", ["settled"])
    op.create_table(
        "refused_mailboxes",
        sa.Column("address_index", sa.String(length=64), nullable=False),
        sa.Column("address", sa.LargeBinary()),
        sa.Column("error", sa.String(length=100), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_index", name=op.f("pk_refused_mailboxes")),
    )
    op.create_table(
        "staff_codes",
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("code_index", sa.String(length=64), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_codes_staff_id_staff"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_codes")),
        sa.UniqueConstraint("code_index", name=op.f("uq_staff_codes_code_index")),
    )

    # ---- reminders: which step of which clock has been told (storage/reminders.py) ----
    op.create_table(
        "reminders",
        sa.Column("concern_id", sa.String(length=32), nullable=False),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["concern_id"], ["concerns.id"], name=op.f("fk_reminders_concern_id_concerns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("concern_id", "clock", "step", "due_at", name=op.f("pk_reminders")),
    )
    op.create_index(op.f("ix_reminders_at"), "reminders", ["at"])


def downgrade() -> None:
    op.drop_table("reminders")
    op.drop_table("staff_codes")
    op.drop_table("refused_mailboxes")
    op.drop_table("mails")
    op.drop_table("notice_pace")
    op.drop_table("notices")
