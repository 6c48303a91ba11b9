"""What waits of a person is found by that person, also where PostgreSQL does not know yet that much waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_outbox_person_id_settled_id"), "outbox", ["person_id", "settled", "id"])
    op.drop_index(op.f("ix_outbox_person_id_state_id"), "outbox")
    _waiting("settled IS NULL AND held IS FALSE", "settled IS NULL AND held IS 0")


def downgrade() -> None:
    op.create_index(op.f("ix_outbox_person_id_state_id"), "outbox", ["person_id", "state", "id"])
    op.drop_index(op.f("ix_outbox_person_id_settled_id"), "outbox")
    _waiting("settled IS NULL", "settled IS NULL")


def _waiting(on_postgresql: str, on_sqlite: str) -> None:
    """It must say more than that a row waits: else what waits of somebody would be looked for in all of it."""
    op.drop_index("ix_outbox_waiting", "outbox")
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["state", "kind", "channel", "next_try", "id"],
        postgresql_where=sa.text(on_postgresql),
        sqlite_where=sa.text(on_sqlite),
    )
