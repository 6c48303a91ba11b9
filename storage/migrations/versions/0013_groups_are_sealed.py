"""The group with which a supporter came is sealed like their name. The keys are not here: what stands in the column is
kept as bytes, and `storage/clear_words.py` seals it when the database is opened next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("supporters") as batch:
        batch.alter_column(
            "group_name",
            existing_type=sa.String(length=100),
            type_=sa.LargeBinary(),
            postgresql_using="convert_to(group_name, 'UTF8')",
        )


def downgrade() -> None:
    """Without the keys nobody can write the names back: they go."""
    with op.batch_alter_table("supporters") as batch:
        batch.drop_column("group_name")
        batch.add_column(sa.Column("group_name", sa.String(length=100)))
