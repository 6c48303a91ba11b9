"""What became of a broadcast at the terminal: outcomes with their reasons, waiting for the quota, the usage report."""

from __future__ import annotations

import csv
import datetime as dt
import io
import stat
from pathlib import Path

import pytest
from PIL import Image
from terminal import Run

from bot.settings import REPOSITORY
from storage import audit, broadcasts, dangers, freezing, outbox, people, quota, switches
from storage.segments import EVERYONE
from storage.work import Database

HELLO = [{"type": "text", "text": "a"}]
UNTIL = dt.datetime(2026, 12, 31, 23, tzinfo=dt.UTC)

pytestmark = pytest.mark.usefixtures("by_day", "three_supporters")


@pytest.fixture
def half_failed(opened: Database, by_day: object, three_supporters: None) -> str:
    """Three people in three parts: LINE took the first, refused the second, and the third was not tried."""
    with opened.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="test")
        broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: HELLO, chunk_size=1)
        first, second = outbox.claim(work, 2)
        outbox.settle(work, first.id, "accepted", via="multicast")
        outbox.settle(work, second.id, "refused", error="status 400")
        broadcasts.settle_chunk(work, made.id, 0, "accepted")
        broadcasts.settle_chunk(work, made.id, 1, "failed")
    return made.id


def test_show_gives_the_reason_with_the_number(run: Run, half_failed: str) -> None:
    said = run("broadcast", "show", half_failed)
    assert "1（LINE 400: 文章か宛先をLINEが受け付けなかった）" in said.out
    assert run("broadcast", "show", half_failed, "--json").json["reasons"] == [
        {"outcome": "failed", "reason": "LINE 400", "people": 1}
    ]


def test_every_recipient_stands_in_the_list_with_town_outcome_and_reason_and_no_name(
    run: Run, half_failed: str, opened: Database, tmp_path: Path
) -> None:
    out = tmp_path / "result.csv"
    said = run("broadcast", "recipients", half_failed, "--out", str(out), "--as", "山田")
    assert said.code == 0
    head, *rows = csv.reader(io.StringIO(out.read_bytes().decode("utf-8-sig")))
    assert head == ["ID", "市町", "結果", "わけ"]
    assert [row[2:] for row in rows] == [
        ["LINEが受け付けた", ""],
        ["送れなかった", "LINE 400: 文章か宛先をLINEが受け付けなかった"],
        ["送っていない", ""],
    ]
    assert {row[1] for row in rows} == {"鳥取市", "岩美町"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with opened.look() as work:
        (line,) = audit.listed(work, kind="broadcast")
    assert (line.actor, line.deed, line.subject_id) == ("山田", "list_recipients", half_failed)


def test_the_list_for_programs_has_the_plain_words(run: Run, half_failed: str) -> None:
    found = run("broadcast", "recipients", half_failed, "--json", "--as", "山田").json
    assert [(each["outcome"], each["reason"]) for each in found] == [
        ("accepted", None),
        ("failed", "LINE 400"),
        ("not_tried", None),
    ]


def test_a_town_that_looks_like_a_formula_is_text_in_the_list(
    run: Run, half_failed: str, opened: Database, tmp_path: Path
) -> None:
    with opened.work() as work:
        person = people.lock(work, "default", f"U{0:032x}")
        people.register(work, person, town="=1+1", district=None, topics=(), consent_version="1")
    out = tmp_path / "result.csv"
    run("broadcast", "recipients", half_failed, "--out", str(out), "--as", "山田")
    assert '"\'=1+1"' in out.read_text("utf-8-sig")


def test_the_list_needs_a_name_a_place_and_a_broadcast(run: Run, half_failed: str, tmp_path: Path) -> None:
    assert run("broadcast", "recipients", half_failed, "--json").code == 2
    assert run("broadcast", "recipients", half_failed).code == 2
    assert run("broadcast", "recipients", half_failed, "--out", "a.txt", "--as", "山田").code == 2
    assert run("broadcast", "recipients", "none", "--json", "--as", "山田").code == 1


def test_while_the_quota_is_used_up_show_and_list_say_that_it_waits_and_until_when(
    run: Run, half_failed: str, opened: Database
) -> None:
    assert "待" not in run("broadcast", "list").out + run("broadcast", "show", half_failed).err
    with opened.work() as work:
        switches.pause_channel(work, "default", UNTIL, quota.USED_UP)
    assert "2027-01-01(金) 08:00" in run("broadcast", "show", half_failed).err
    assert "通数の上限" in run("broadcast", "list").out
    assert run("broadcast", "list", "--json").json[0]["waits"] == {
        "for": "quota",
        "until": "2027-01-01T08:00:00+09:00",
    }
    run("broadcast", "cancel", half_failed)
    assert run("broadcast", "show", half_failed, "--json").json["waits"] is None


def test_no_word_about_broadcasts_says_that_a_message_arrived() -> None:
    """LINE says only that it took it."""
    words = [path.read_text("utf-8") for path in (REPOSITORY / "bot/cli").glob("broadcast*.py")]
    words += [(REPOSITORY / "bot/cli" / name).read_text("utf-8") for name in ("report.py", "report_usage.py")]
    for wrong in ("配信済み", "届いた", "届きました", "届けました", "配達"):
        assert not [text for text in words if wrong in text], wrong


# ---- the usage report ------------------------------------------------------------------------------------


@pytest.fixture
def two_dangers(opened: Database, half_failed: str) -> None:
    with opened.work() as work:
        for number in (0, 1):
            dangers.note(work, people.lock(work, "default", f"U{number:032x}"), "S1", "suicide")


@pytest.mark.usefixtures("two_dangers")
def test_the_usage_report_as_a_table_and_for_programs(run: Run) -> None:
    said = run("report", "usage", "--month", "2026-12")
    assert "2026年12月の利用状況" in said.out
    assert "1〜4" in said.out
    assert "途中" in said.err
    found = run("report", "usage", "--month", "2026-12", "--json").json
    by = {(each["group"], each["name"]): each["count"] for each in found["figures"]}
    assert by["友だち", "新しい"] == 3
    assert by["配信の宛先", "LINEが受け付けた"] == 1
    assert by["配信の宛先", "送れなかった"] == 1
    assert by["危険なことばへの応答", "件数"] == {"at_least": 1, "at_most": 4}


@pytest.mark.usefixtures("two_dangers")
def test_the_usage_report_of_one_town_as_csv(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"
    assert run("report", "usage", "--month", "2026-12", "--town", "岩美町", "--out", str(out)).code == 0
    rows = list(csv.reader(io.StringIO(out.read_bytes().decode("utf-8-sig"))))
    assert rows[0] == ["年月", "市町", "区分", "項目", "数"]
    assert ["2026-12", "岩美町", "友だち", "新しい", "1"] in rows
    assert ["2026-12", "岩美町", "危険なことばへの応答", "件数", "0"] in rows


@pytest.mark.usefixtures("two_dangers")
@pytest.mark.parametrize("town", [(), ("--town", "鳥取市")])
def test_the_usage_report_as_a_picture(run: Run, tmp_path: Path, town: tuple[str, ...]) -> None:
    out = tmp_path / "usage.png"
    assert run("report", "usage", "--month", "2026-12", *town, "--out", str(out)).code == 0
    with Image.open(out) as picture:
        assert picture.width > 1_000
        assert len(picture.convert("L").getcolors(maxcolors=256) or ()) > 2


def test_the_usage_report_is_of_last_month_unless_another_is_named(run: Run) -> None:
    assert run("report", "usage", "--json").json["month"] == "2026-11"


def test_a_month_that_has_not_begun_a_wrong_one_and_a_wrong_file_are_refused(run: Run) -> None:
    assert run("report", "usage", "--month", "2027-01").code == 1
    assert run("report", "usage", "--month", "12月").code == 2
    assert run("report", "usage", "--out", "usage.doc").code == 2
    assert run("report", "usage", "--town", "鳥取巿").code == 1
