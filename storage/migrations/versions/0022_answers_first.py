"""What somebody waits for leaves before the parts of broadcasts: the index of what is due knows the kinds."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_outbox_state_next_try"), "outbox")
    op.create_index(op.f("ix_outbox_state_kind_next_try_id"), "outbox", ["state", "kind", "next_try", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_state_kind_next_try_id"), "outbox")
    op.create_index(op.f("ix_outbox_state_next_try"), "outbox", ["state", "next_try"])
