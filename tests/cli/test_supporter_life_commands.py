"""What staff do for somebody who telephones: a pause, leaving, a refresher, erasing."""

from __future__ import annotations

import datetime as dt

import pytest
from terminal import Run

from bot.programme import life
from storage import audit, drips, erasing, people, supporters
from storage.supporters import Profile, Supporter
from storage.work import Database

AS = ("--as", "山田")


@pytest.fixture
def made(opened: Database) -> Supporter:
    """Somebody of the register with LINE."""
    with opened.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        entry = supporters.add(
            work,
            "default",
            source="line",
            state="registered",
            town="tottori",
            person_id=person.id,
            number="T-2026-0001",
            attended_on=life.today(work) - dt.timedelta(days=100),
            profile=Profile(name="鳥取花子"),
        )
        life.mirror(work, person.id)
    return entry


def state(opened: Database, made: Supporter) -> str | None:
    with opened.look() as work:
        found = supporters.get(work, made.id)
    return found.state if found else None


def test_a_pause_and_its_end(run: Run, opened: Database, made: Supporter) -> None:
    assert "お休みにしました" in run("supporter", "pause", made.id, *AS).out
    assert state(opened, made) == "paused"
    assert run("supporter", "resume", made.id, *AS, "--json").json["state"] == "registered"
    with opened.look() as work:
        assert [line.actor for line in audit.listed(work, subject_id=made.id)] == ["山田", "山田"]


def test_the_number_on_the_certificate_names_somebody_too(
    run: Run, opened: Database, made: Supporter
) -> None:
    run("supporter", "pause", "T-2026-0001", *AS)
    assert state(opened, made) == "paused"


@pytest.mark.parametrize(("until", "words"), [("2020-01-01", "1年以内"), ("あした", "日付ではありません")])
def test_a_pause_with_a_wrong_end_is_refused(run: Run, made: Supporter, until: str, words: str) -> None:
    said = run("supporter", "pause", made.id, "--until", until, *AS)
    assert said.code in (1, 2)
    assert words in said.err


def test_leaving_and_coming_back(run: Run, opened: Database, made: Supporter) -> None:
    run("supporter", "leave", made.id, *AS)
    assert state(opened, made) == "left"
    said = run("supporter", "pause", made.id, *AS)
    assert said.code == 1
    assert "それはできません" in said.err
    run("supporter", "return", made.id, *AS)
    assert state(opened, made) == "registered"


def test_a_refresher_is_noted_once(run: Run, opened: Database, made: Supporter) -> None:
    with opened.look() as work:
        day = life.today(work)
    said = run("supporter", "refreshed", made.id, *AS, "--json")
    assert said.json["refreshed_on"] == day.isoformat()
    assert said.json["refresher_due_on"] == life.months_later(day, 12).isoformat()
    again = run("supporter", "refreshed", made.id, *AS)
    assert again.code == 1
    assert "もう記録されています" in again.err
    ahead = run("supporter", "refreshed", made.id, "--on", str(day + dt.timedelta(days=1)), *AS)
    assert "まだ来ていません" in ahead.err


def test_erasing_is_looked_at_first_and_done_with_yes(run: Run, opened: Database, made: Supporter) -> None:
    said = run("supporter", "erase", made.id, *AS)
    assert "まだ実行していません" in said.out
    assert "会話" in said.out
    assert state(opened, made) == "registered"
    assert "すべて消しました" in run("supporter", "erase", made.id, *AS, "--yes").out
    assert state(opened, made) is None
    with opened.look() as work:
        assert people.get(work, made.person_id or "") is None
        assert [row[3:] for row in erasing.numbers(work)] == [(1, 1)]


def test_erasing_one_of_a_family_says_that_the_others_stay(
    run: Run, opened: Database, made: Supporter
) -> None:
    with opened.work() as work:
        supporters.add(work, "default", source="line", state="active", town="iwami", person_id=made.person_id)
    assert "ほかに 1 人" in run("supporter", "erase", made.id, *AS).out
    run("supporter", "erase", made.id, *AS, "--yes")
    with opened.look() as work:
        assert people.get(work, made.person_id or "") is not None


def test_somebody_unknown_is_refused_kindly(run: Run) -> None:
    for deed in ("pause", "resume", "leave", "return", "refreshed", "erase"):
        said = run("supporter", deed, "nobody", *AS)
        assert said.code == 1
        assert "名簿にいません" in said.err


def test_every_deed_needs_a_name(run: Run, made: Supporter) -> None:
    assert run("supporter", "pause", made.id).code == 2
    assert run("supporter", "erase", made.id, "--as", "  ", "--yes").code != 0


def test_what_was_told_is_counted_without_names(run: Run, opened: Database, made: Supporter) -> None:
    assert "まだありません" in run("supporter", "drips").out
    with opened.work() as work:
        assert made.person_id is not None
        due = drips.Due(made.id, made.person_id, "default", "tottori", dt.date(2026, 12, 1))
        drips.claim(work, due, "how_is_it", "mark")
        drips.answered(work, made.person_id, "how_is_it", "good")
    assert run("supporter", "drips", "--json").json == [{"step": "how_is_it", "answer": "good", "count": 1}]
    assert "声をかけてみた" in run("supporter", "drips").out
