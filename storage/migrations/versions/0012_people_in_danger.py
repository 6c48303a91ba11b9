"""Dangers: one open row per person that counts, who looks after it and what came of it; notices about them.

Rows from before are kept: what somebody had seen counts as closed, and of what is open one number each is made.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.numbers import new_number

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENTS = ("last_at", "alarm_at", "come_at", "read_at", "closed_at")
PERSON = "fk_dangers_person_id_people"


def upgrade() -> None:
    op.add_column("dangers", sa.Column("number", sa.String(length=16)))
    op.add_column("dangers", sa.Column("town", sa.String(length=32)))
    op.add_column("dangers", sa.Column("times", sa.Integer()))
    for name in MOMENTS:
        op.add_column("dangers", sa.Column(name, sa.DateTime(timezone=True)))
    op.add_column("dangers", sa.Column("seen_by", sa.String(length=80)))
    op.add_column("dangers", sa.Column("outcome", sa.String(length=32)))
    conn = op.get_bind()
    conn.exec_driver_sql(
        "UPDATE dangers SET times = 1, last_at = at, closed_at = seen_at,"
        " town = (SELECT people.town FROM people WHERE people.id = dangers.person_id)"
    )
    conn.exec_driver_sql(
        "UPDATE dangers SET come_at = at, code = 'S0', category = 'asked' WHERE code = 'come'"
    )
    conn.exec_driver_sql(
        "UPDATE dangers SET read_at = at, code = 'S1', category = 'asked' WHERE code = 'read'"
    )
    conn.exec_driver_sql("UPDATE dangers SET alarm_at = at WHERE code IN ('S0', 'S1', 'O0', 'O1')")
    dangers = sa.table("dangers", sa.column("id"), sa.column("number"))
    for danger_id in conn.execute(sa.select(dangers.c.id)).scalars().all():
        conn.execute(dangers.update().where(dangers.c.id == danger_id).values(number=new_number("D")))
    with op.batch_alter_table("dangers") as batch:
        batch.alter_column("number", existing_type=sa.String(length=16), nullable=False)
        batch.alter_column("times", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("last_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        batch.alter_column("person_id", existing_type=sa.String(length=32), nullable=True)
        batch.create_unique_constraint(op.f("uq_dangers_number"), ["number"])
        batch.drop_constraint(op.f(PERSON), type_="foreignkey")
        batch.create_foreign_key(op.f(PERSON), "people", ["person_id"], ["id"], ondelete="SET NULL")
    op.create_index(
        op.f("ix_dangers_closed_at_seen_at_alarm_at"), "dangers", ["closed_at", "seen_at", "alarm_at"]
    )
    with op.batch_alter_table("notices") as batch:
        batch.add_column(sa.Column("danger_id", sa.String(length=32)))
        batch.alter_column("concern_id", existing_type=sa.String(length=32), nullable=True)
        batch.create_foreign_key(
            op.f("fk_notices_danger_id_dangers"), "dangers", ["danger_id"], ["id"], ondelete="CASCADE"
        )
        batch.create_unique_constraint(
            op.f("uq_notices_danger_id_window_what_step_serial"),
            ["danger_id", "window", "what", "step", "serial"],
        )


def downgrade() -> None:
    conn = op.get_bind()
    conn.exec_driver_sql(
        "DELETE FROM mails WHERE notice_id IN (SELECT id FROM notices WHERE concern_id IS NULL)"
    )
    conn.exec_driver_sql("DELETE FROM notices WHERE concern_id IS NULL")
    conn.exec_driver_sql("DELETE FROM dangers WHERE person_id IS NULL")
    with op.batch_alter_table("notices") as batch:
        batch.drop_constraint(op.f("uq_notices_danger_id_window_what_step_serial"), type_="unique")
        batch.drop_constraint(op.f("fk_notices_danger_id_dangers"), type_="foreignkey")
        batch.alter_column("concern_id", existing_type=sa.String(length=32), nullable=False)
        batch.drop_column("danger_id")
    op.drop_index(op.f("ix_dangers_closed_at_seen_at_alarm_at"), "dangers")
    with op.batch_alter_table("dangers") as batch:
        batch.drop_constraint(op.f(PERSON), type_="foreignkey")
        batch.create_foreign_key(op.f(PERSON), "people", ["person_id"], ["id"], ondelete="CASCADE")
        batch.drop_constraint(op.f("uq_dangers_number"), type_="unique")
        batch.alter_column("person_id", existing_type=sa.String(length=32), nullable=False)
        for name in ("number", "town", "times", *MOMENTS, "seen_by", "outcome"):
            batch.drop_column(name)
