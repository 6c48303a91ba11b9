"""Courses with sign-up, places, waiting list and questionnaires."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ALPHABET = "23456789ACDEFGHJKMNPQRTUWXY"


def upgrade() -> None:
    # The house keeps its tables as they are and fills new columns itself; what may not be empty has a beginning.
    columns: list[sa.Column[Any]] = [
        sa.Column("sign", sa.String(length=5)),
        sa.Column("kind", sa.String(length=16), nullable=False, server_default="training"),
        sa.Column("towns", sa.Text()),
        sa.Column("sessions", sa.Text()),
        sa.Column("last_on", sa.Date()),
        sa.Column("lecturer", sa.String(length=100)),
        sa.Column("group_name", sa.String(length=100)),
        sa.Column("sign_up_from", sa.DateTime(timezone=True)),
        sa.Column("sign_up_until", sa.DateTime(timezone=True)),
        sa.Column("waiting_list", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("questionnaire", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("called_off_at", sa.DateTime(timezone=True)),
    ]
    for column in columns:
        op.add_column("courses", column)
    _fill_courses()
    with op.batch_alter_table("courses") as batch:
        for name, kind in (
            ("sign", sa.String(length=5)),
            ("towns", sa.Text()),
            ("sessions", sa.Text()),
            ("last_on", sa.Date()),
        ):
            batch.alter_column(name, existing_type=kind, nullable=False)
    op.create_index(op.f("ix_courses_last_on"), "courses", ["last_on"])
    op.create_index(op.f("uq_courses_sign"), "courses", ["sign"], unique=True)
    _places()
    _members()
    _answers()


def _fill_courses() -> None:
    bind = op.get_bind()
    table = sa.table(
        "courses",
        *(sa.column(name) for name in ("id", "town", "starts", "ends", "sign", "towns", "sessions")),
        sa.column("on_date", sa.Date),
        sa.column("last_on", sa.Date),
    )
    used: set[str] = set()
    for row in bind.execute(sa.select(table)).all():
        sign = ""
        while not sign or sign in used:
            sign = "".join(secrets.choice(ALPHABET) for _ in range(5))
        used.add(sign)
        bind.execute(
            table.update()
            .where(table.c.id == row.id)
            .values(
                sign=sign,
                towns=json.dumps([row.town]),
                sessions=json.dumps([[row.on_date.isoformat(), row.starts, row.ends]]),
                last_on=row.on_date,
            )
        )


def _places() -> None:
    op.create_table(
        "course_places",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32)),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("once", sa.String(length=64)),
        sa.Column("token_hash", sa.String(length=64)),
        *(sa.Column(name, sa.LargeBinary()) for name in ("name", "kana", "phone", "mail")),
        *(sa.Column(name, sa.String(length=64)) for name in ("name_index", "phone_index", "mail_index")),
        sa.Column("consent_version", sa.String(length=32)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True))
            for name in ("seat_at", "cancelled_at", "promoted_at", "told_at")
        ),
        _belongs_to("course_places", "courses", "course_id", "CASCADE"),
        _belongs_to("course_places", "people", "person_id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_places")),
        sa.UniqueConstraint("once", name=op.f("uq_course_places_once")),
    )
    op.create_index(op.f("ix_course_places_course_id_state"), "course_places", ["course_id", "state"])
    op.create_index(op.f("ix_course_places_person_id"), "course_places", ["person_id"])
    op.create_index(op.f("ix_course_places_name_index"), "course_places", ["name_index"])
    op.create_table(
        "course_reminders",
        sa.Column("place_id", sa.String(length=32), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        _belongs_to("course_reminders", "course_places", "place_id", "CASCADE"),
        sa.PrimaryKeyConstraint("place_id", "on_date", name=op.f("pk_course_reminders")),
    )
    op.create_table(
        "course_mails",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("place_id", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("settled", sa.DateTime(timezone=True)),
        sa.Column("error", sa.String(length=100)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _belongs_to("course_mails", "course_places", "place_id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_mails")),
    )
    op.create_index(op.f("ix_course_mails_state_next_try"), "course_mails", ["state", "next_try"])
    op.create_index(op.f("ix_course_mails_place_id"), "course_mails", ["place_id"])
    op.create_index(op.f("ix_course_mails_settled"), "course_mails", ["settled"])


def _members() -> None:
    """Who was there need not have a phone: the table is built anew, and its rows go along."""
    bind = op.get_bind()
    old = sa.table(
        "course_members",
        *(sa.column(name) for name in ("course_id", "person_id", "channel")),
        sa.column("at", sa.DateTime(timezone=True)),
    )
    rows = bind.execute(sa.select(old)).all()
    op.drop_table("course_members")
    table = op.create_table(
        "course_members",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        *(sa.Column(name, sa.String(length=32)) for name in ("person_id", "supporter_id", "place_id")),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _belongs_to("course_members", "courses", "course_id", "CASCADE"),
        _belongs_to("course_members", "people", "person_id", "SET NULL"),
        _belongs_to("course_members", "supporters", "supporter_id", "SET NULL"),
        _belongs_to("course_members", "course_places", "place_id", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_members")),
        sa.UniqueConstraint("course_id", "who", name=op.f("uq_course_members_course_id_who")),
    )
    for name in ("person_id", "supporter_id", "place_id"):
        op.create_index(op.f(f"ix_course_members_{name}"), "course_members", [name])
    if rows:
        op.bulk_insert(
            table,
            [
                {
                    "id": secrets.token_hex(16),
                    "course_id": row.course_id,
                    "channel": row.channel,
                    "who": hashlib.sha256(f"{row.course_id} {row.person_id}".encode()).hexdigest(),
                    "person_id": row.person_id,
                    "how": "code",
                    "at": row.at,
                }
                for row in rows
            ],
        )


def _answers() -> None:
    # On SQLite without row ids: the rows lie in the order of their random ids, not in that of their coming.
    op.create_table(
        "course_answers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("ratings", sa.Text(), nullable=False),
        _belongs_to("course_answers", "courses", "course_id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_course_answers_course_id"), "course_answers", ["course_id"])
    op.create_table(
        "course_words",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("words", sa.LargeBinary()),
        _belongs_to("course_words", "courses", "course_id", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_words")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_course_words_course_id"), "course_words", ["course_id"])
    op.create_table(
        "course_asked",
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        _belongs_to("course_asked", "courses", "course_id", "CASCADE"),
        _belongs_to("course_asked", "people", "person_id", "CASCADE"),
        sa.PrimaryKeyConstraint("course_id", "person_id", name=op.f("pk_course_asked")),
    )
    op.create_index(op.f("ix_course_asked_person_id"), "course_asked", ["person_id"])


def _belongs_to(table: str, other: str, column: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def downgrade() -> None:
    for name in (
        "course_asked",
        "course_words",
        "course_answers",
        "course_mails",
        "course_reminders",
        "course_members",
        "course_places",
    ):
        op.drop_table(name)
    op.create_table(
        "course_members",
        sa.Column("course_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _belongs_to("course_members", "courses", "course_id", "CASCADE"),
        _belongs_to("course_members", "people", "person_id", "CASCADE"),
        sa.PrimaryKeyConstraint("course_id", "person_id", name=op.f("pk_course_members")),
    )
    op.create_index(op.f("ix_course_members_person_id"), "course_members", ["person_id"])
    op.drop_index(op.f("uq_courses_sign"), "courses")
    op.drop_index(op.f("ix_courses_last_on"), "courses")
    with op.batch_alter_table("courses") as batch:
        for name in (
            *("sign", "kind", "towns", "sessions", "last_on", "lecturer", "group_name", "sign_up_from"),
            *("sign_up_until", "waiting_list", "questionnaire", "called_off_at"),
        ):
            batch.drop_column(name)
