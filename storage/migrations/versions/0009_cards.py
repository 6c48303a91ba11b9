"""Single-use cards, how entries of the register came in, and how far the code of a course opens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cards",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code_index", sa.String(length=64), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("held_by", sa.String(length=32)),
        sa.Column("held_until", sa.DateTime(timezone=True)),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("used_by", sa.String(length=32)),
        sa.Column("void_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_cards_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["held_by"], ["people.id"], name=op.f("fk_cards_held_by_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["used_by"], ["people.id"], name=op.f("fk_cards_used_by_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint("code_index", name=op.f("uq_cards_code_index")),
        sa.UniqueConstraint("course_id", "number", name=op.f("uq_cards_course_id_number")),
    )
    for column in ("held_by", "used_by"):
        op.create_index(op.f(f"ix_cards_{column}"), "cards", [column])
    op.create_table(
        "joinings",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("card_id", sa.String(length=32)),
        sa.Column("supporter_id", sa.String(length=32)),
        sa.Column("person_id", sa.String(length=32)),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=16)),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("topics", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_joinings_course_id_courses"), ondelete="CASCADE"
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{there}.id"], name=op.f(f"fk_joinings_{column}_{there}"), ondelete="SET NULL"
            )
            for column, there in (
                ("card_id", "cards"),
                ("supporter_id", "supporters"),
                ("person_id", "people"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joinings")),
    )
    for columns in (["course_id", "status"], ["supporter_id"], ["person_id"], ["status", "at"]):
        op.create_index(op.f(f"ix_joinings_{'_'.join(columns)}"), "joinings", columns)
    op.create_table(
        "course_gates",
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("margin", sa.Integer(), nullable=False),
        sa.Column("by_approval", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_course_gates_course_id_courses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_course_gates")),
    )


def downgrade() -> None:
    for table in ("course_gates", "joinings", "cards"):
        op.drop_table(table)
