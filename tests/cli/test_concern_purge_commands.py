"""`tsunagari concern purge|hold|release`: a dry run first, what is kept for the law, a name for every deed."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import update
from terminal import Run

from storage import audit, concerns, entries
from storage.concern_table import concerns as concerns_table
from storage.concerns import Concern
from storage.work import Database

SECRET = "角の家の山本さん"


@pytest.fixture
def long_closed(opened: Database) -> Concern:
    """A concern that was closed as a mistake a hundred days ago."""
    with opened.work() as work:
        made = concerns.open_concern(
            work, "default", person_id=None, town="tottori", district=None, kind="safety", level=2,
            since="today", subject_knows="unknown", window="tottori_chuo_jinken", route_reason="general",
        )  # fmt: skip
        concerns.add_details(work, made, {"who": SECRET})
        done = concerns.close(work, made, "mistaken")
        work.conn.execute(
            update(concerns_table)
            .where(concerns_table.c.id == done.id)
            .values(closed_at=work.now - dt.timedelta(days=100))
        )
        found = concerns.get(work, done.id)
    assert found is not None
    return found


def words(opened: Database, concern: Concern) -> str:
    with opened.look() as work:
        return concerns.details(work, concern).get("who", "")


def deeds(opened: Database, concern: Concern) -> list[tuple[str, str]]:
    with opened.look() as work:
        return [(each.actor, each.deed) for each in audit.listed(work, subject_id=concern.id)]


def test_the_purge_shows_first_and_erases_when_it_is_told_to(
    run: Run, opened: Database, long_closed: Concern
) -> None:
    shown = run("concern", "purge")
    assert shown.code == 0
    assert long_closed.number in shown.out
    assert "まちがい・いたずら" in shown.out
    assert "まだ実行していません" in shown.out
    assert SECRET not in shown.out
    assert words(opened, long_closed) == SECRET
    done = run("concern", "purge", "--yes", "--as", "山田")
    assert "1 件の連絡の内容を消しました" in done.out
    assert words(opened, long_closed) == ""
    assert ("山田", "purged") in deeds(opened, long_closed)
    assert "ありません" in run("concern", "purge").out


def test_programs_read_json(run: Run, long_closed: Concern) -> None:
    shown = run("concern", "purge", "--json").json
    assert [each["number"] for each in shown["due"]] == [long_closed.number]
    assert shown["held"] == 0
    assert run("concern", "purge", "--yes", "--as", "山田", "--json").json == {"purged": 1}


def test_to_erase_one_says_who_one_is(run: Run, opened: Database, long_closed: Concern) -> None:
    assert run("concern", "purge", "--yes").code == 2
    assert run("concern", "purge", "--yes", "--as", " ").code == 2
    assert words(opened, long_closed) == SECRET


def test_a_hold_keeps_the_words_until_it_is_released(
    run: Run, opened: Database, long_closed: Concern
) -> None:
    held = run("concern", "hold", long_closed.number, "--reason", "開示請求のため", "--as", "山田")
    assert held.code == 0
    shown = run("concern", "purge")
    assert long_closed.number not in shown.out
    assert "保存の指定があり、消さないもの: 1 件" in shown.out
    run("concern", "purge", "--yes", "--as", "山田")
    assert words(opened, long_closed) == SECRET
    with opened.look() as work:
        assert "開示請求のため" in entries.of(work, long_closed)[-1].words["text"]
    again = run("concern", "hold", long_closed.number, "--reason", "もう一度", "--as", "山田")
    assert again.code == 1
    assert run("concern", "release", long_closed.number, "--as", "佐藤").code == 0
    assert run("concern", "release", long_closed.number, "--as", "佐藤").code == 1
    assert {("山田", "held"), ("佐藤", "released")} <= set(deeds(opened, long_closed))
    run("concern", "purge", "--yes", "--as", "山田")
    assert words(opened, long_closed) == ""


@pytest.mark.parametrize("number", ["K-0000-0000-1", "なにか", "K-0000-0000-0"])
def test_a_wrong_number_is_refused_kindly(run: Run, number: str) -> None:
    said = run("concern", "hold", number, "--reason", "開示請求", "--as", "山田")
    assert said.code == 1
    assert "受付番号" in said.err


def test_a_hold_without_a_reason_or_a_name_is_wrong_usage(run: Run, long_closed: Concern) -> None:
    assert run("concern", "hold", long_closed.number, "--reason", " ", "--as", "山田").code == 2
    assert run("concern", "hold", long_closed.number, "--reason", "開示請求", "--as", " ").code == 2
    assert run("concern", "hold", long_closed.number, "--as", "山田").code == 2
