"""What freezing a million recipients needs: the words of each variant, how far the calls are, and lighter recipients.

PostgreSQL took longer to check the two foreign keys of each recipient than for all the rest of a freezing together. The
key begins with the person now, which makes the index of that column superfluous.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = "broadcast_recipients"
PARENTS = {"broadcast_id": "broadcasts", "person_id": "people"}


def upgrade() -> None:
    with op.batch_alter_table("broadcasts") as batch:
        batch.add_column(sa.Column("next_chunk", sa.Integer()))
    op.create_table(
        "broadcast_variants",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("broadcast_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("town", sa.String(length=32), nullable=False),
        sa.Column("district", sa.String(length=32), nullable=False),
        sa.Column("topics", sa.BigInteger(), nullable=False),
        sa.Column("first_chunk", sa.Integer(), nullable=False),
        sa.Column("messages", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["broadcast_id"],
            ["broadcasts.id"],
            name=op.f("fk_broadcast_variants_broadcast_id_broadcasts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_variants")),
        sa.UniqueConstraint(
            *("broadcast_id", "language", "town", "district", "topics"),
            name=op.f("uq_broadcast_variants_broadcast_id_language_town_district_topics"),
        ),
    )
    with op.batch_alter_table(NAME) as batch:
        batch.drop_index(op.f(f"ix_{NAME}_person_id"))
        for column, parent in PARENTS.items():
            batch.drop_constraint(op.f(f"fk_{NAME}_{column}_{parent}"), type_="foreignkey")
        batch.drop_constraint(op.f(f"pk_{NAME}"), type_="primary")
        batch.create_primary_key(op.f(f"pk_{NAME}"), ["person_id", "broadcast_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {NAME} SET (fillfactor = 50)")


def downgrade() -> None:
    """A broadcast whose calls are not all there would count as whole: the rest of it is given up."""
    op.execute(
        "UPDATE broadcasts SET status = 'cancelled', finished_at = CURRENT_TIMESTAMP"
        " WHERE next_chunk IS NOT NULL AND status IN ('sending', 'paused')"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {NAME} RESET (fillfactor)")
    for column, parent in PARENTS.items():
        op.execute(f"DELETE FROM {NAME} WHERE {column} NOT IN (SELECT id FROM {parent})")
    with op.batch_alter_table(NAME) as batch:
        batch.drop_constraint(op.f(f"pk_{NAME}"), type_="primary")
        batch.create_primary_key(op.f(f"pk_{NAME}"), ["broadcast_id", "person_id"])
        for column, parent in PARENTS.items():
            name = op.f(f"fk_{NAME}_{column}_{parent}")
            batch.create_foreign_key(name, parent, [column], ["id"], ondelete="CASCADE")
        batch.create_index(op.f(f"ix_{NAME}_person_id"), ["person_id"])
    op.drop_table("broadcast_variants")
    with op.batch_alter_table("broadcasts") as batch:
        batch.drop_column("next_chunk")
