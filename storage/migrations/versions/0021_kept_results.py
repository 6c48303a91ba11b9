"""Results of the handbook that are kept: behind a link for the family, or watched for changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_results",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("used_for", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.String(length=32)),
        sa.Column("town", sa.String(length=32)),
        sa.Column("token_hash", sa.String(length=64)),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.Column("told", sa.LargeBinary()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_kept_results_person_id_people"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_results")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_kept_results_token_hash")),
    )
    op.create_index(op.f("ix_kept_results_person_id"), "kept_results", ["person_id"])
    op.create_index(op.f("ix_kept_results_valid_until"), "kept_results", ["valid_until"])


def downgrade() -> None:
    op.drop_table("kept_results")
