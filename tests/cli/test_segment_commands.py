"""Whom a broadcast is for, at the terminal: expressions, names for them, and the preview."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_line import LoopbackLine, loopback_line
from loopback_line import Said as Answer
from PIL import Image
from sqlalchemy import func, select
from terminal import Run

from storage import audit, broadcasts, courses, named_segments, people
from storage.segments import EVERYONE, All, Either, Fits, Not, as_plain
from storage.tables import metadata
from storage.work import Database

LATER = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).strftime("%Y-%m-%d 10:00")
TOTTORI, IWAMI = Fits("town", ("tottori",)), Fits("town", ("iwami",))
SUPPORTER = Fits("role", ("supporter",))
HIGASHI = All((TOTTORI, Fits("district", ("higashi",))))

pytestmark = pytest.mark.usefixtures("three_supporters")


@pytest.fixture
def course_id(opened: Database) -> str:
    with opened.work() as work:
        made = courses.create(
            work,
            "default",
            title="サポーター養成講座 秋",
            town="tottori",
            on=dt.date(2026, 12, 6),
            place="会館",
            capacity=40,
            valid_from=work.now,
            valid_until=work.now + dt.timedelta(days=7),
        )
        courses.attend(work, made.id, people.lock(work, "default", f"U{0:032x}").id)
    return made.id


def segment(run: Run, *to: str) -> object:
    return run("broadcast", "preview", *to, "--json").json["segment"]


@pytest.mark.parametrize(
    ("to", "meant"),
    [
        (("--to", "everyone"), EVERYONE),
        (("--to", "town=鳥取市", "--to", "role=supporter"), All((TOTTORI, SUPPORTER))),
        (("--to", "town=鳥取市", "--to", "town=岩美町"), Fits("town", ("tottori", "iwami"))),
        (("--to", "市町=鳥取市、岩美町"), Fits("town", ("tottori", "iwami"))),
        (("--to", "town=鳥取市 または role=サポーター"), Either((TOTTORI, SUPPORTER))),
        (("--to", "everyone", "--not", "town=岩美町", "--not", "role=住民"),
         All((Not(IWAMI), Not(Fits("role", ("resident",)))))),
        (("--to", "registered_after=2026年4月1日"), Fits("registered-after", ("2026-04-01",))),
        (("--to", "登録日より前=2026/4/1"), Fits("registered-before", ("2026-04-01",))),
        (("--to", "更新期限=３０日以内"), Fits("refresher-due", ("30d",))),
        (("--to", "refresher-due=2026-12-31"), Fits("refresher-due", ("2026-12-31",))),
        (("--to", "登録のしかた=LINE,web"), Fits("entry", ("line", "web"))),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_one_expression(run: Run, to: tuple[str, ...], meant: object) -> None:
    assert segment(run, *to) == as_plain(meant)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("to", "meant"),
    [
        (("--to", "district=東中学校区"), HIGASHI),
        (("--to", "town=鳥取市", "--to", "district=東中学校区"), HIGASHI),
        (("--to", "town=岩美町", "--to", "district=町全体"), All((IWAMI, Fits("district", ("whole",))))),
        (("--to", "town=鳥取市 and not district=東中学校区"), All((TOTTORI, Not(HIGASHI)))),
        (("--to", "town=鳥取市", "--not", "地区=東中学校区"), All((TOTTORI, Not(HIGASHI)))),
        (("--to", "(town=岩美町 and district=町全体) or district=東中学校区"),
         Either((All((IWAMI, Fits("district", ("whole",)))), HIGASHI))),
        (("--to", "district=東中学校区", "--to", "district=西中学校区"),
         All((TOTTORI, Fits("district", ("higashi", "nishi"))))),
    ],
)  # fmt: skip
def test_a_district_is_always_that_of_its_town(run: Run, to: tuple[str, ...], meant: object) -> None:
    assert segment(run, *to) == as_plain(meant)  # type: ignore[arg-type]


def test_a_district_that_several_towns_have_asks_for_the_town(run: Run) -> None:
    said = run("broadcast", "preview", "--to", "district=町全体")
    assert said.code == 1
    assert "岩美町" in said.err


@pytest.mark.parametrize("word", ["サポーター養成講座 秋", "SIGN"])
def test_a_course_is_named_by_its_title_or_its_sign(
    run: Run, opened: Database, course_id: str, word: str
) -> None:
    with opened.look() as work:
        course = courses.get(work, course_id)
    assert course is not None
    said = run("broadcast", "preview", "--to", f'講座="{word.replace("SIGN", course.sign)}"', "--json").json
    assert said["segment"] == as_plain(Fits("course", (course_id,)))
    assert said["recipients"] == 1


@pytest.mark.parametrize(
    ("to", "code", "words"),
    [
        (
            "(town=鳥取市 or twon=岩美町)",
            1,
            ("「twon」という項目はありません", "▶twon=岩美町", "「town」ですか"),
        ),
        ("role=supporter and town=岩美", 1, ("「岩美」という市町はありません", "▶岩美", "「岩美町」ですか")),
        ("topic=集まり", 1, ("集まり・行事",)),
        ("course=養成講座", 1, ("サポーター養成講座 秋",)),
        ("@常連", 1, ("名前の相手はありません",)),
        ("registered-after=2026-02-30", 2, ("2026年2月30日",)),
        ("registered-after=1026-02-03", 1, ("遠すぎる",)),
        ("refresher-due=soon", 2, ("soon",)),
        ("town=鳥取市 role=supporter", 2, ("かつ（and）", "10文字目")),
    ],
)
@pytest.mark.usefixtures("course_id")
def test_a_wrong_word_is_named_with_its_place_and_the_nearest(
    run: Run, to: str, code: int, words: tuple[str, ...]
) -> None:
    said = run("broadcast", "preview", "--to", to)
    assert said.code == code
    for word in words:
        assert word in "".join(said.err.split("\n")).replace("│", ""), said.err


# ---- names -------------------------------------------------------------------------------------------------


def test_a_segment_is_saved_under_a_name_shown_and_used(run: Run, opened: Database) -> None:
    made = run("broadcast", "segment", "save", "鳥取の人", "--to", "town=鳥取市", "--json").json
    assert (made["name"], made["recipients"], made["words"]) == ("鳥取の人", 2, "鳥取市")
    assert segment(run, "--to", "@鳥取の人 かつ 話題=集まり・行事") == as_plain(
        All((TOTTORI, Fits("topic", ("events",))))
    )
    assert [each["name"] for each in run("broadcast", "segment", "list", "--json").json] == ["鳥取の人"]
    assert "@鳥取の人" in run("broadcast", "segment", "list").out
    assert "鳥取市" in run("broadcast", "segment", "show", "@鳥取の人").out
    with opened.look() as work:
        assert [entry.deed for entry in audit.listed(work, kind="segment")] == ["save"]


def test_a_name_is_taken_once_unless_it_is_to_be_replaced(run: Run, opened: Database) -> None:
    run("broadcast", "segment", "save", "相手", "--to", "town=鳥取市")
    refused = run("broadcast", "segment", "save", "相手", "--to", "town=岩美町")
    assert (refused.code, "--replace" in refused.err) == (1, True)
    assert run("broadcast", "segment", "save", "相手", "--to", "town=岩美町", "--replace").code == 0
    assert segment(run, "--to", "@相手") == as_plain(IWAMI)
    with opened.look() as work:
        assert sorted(entry.deed for entry in audit.listed(work, kind="segment")) == ["change", "save"]


def test_what_is_scheduled_keeps_the_people_that_the_name_meant_then(run: Run, opened: Database) -> None:
    run("broadcast", "segment", "save", "相手", "--to", "town=鳥取市")
    made = run("broadcast", "schedule", "--text", "a", "--at", LATER, "--to", "@相手", "--yes").last_line
    run("broadcast", "segment", "save", "相手", "--to", "everyone", "--replace")
    assert run("broadcast", "segment", "delete", "相手", "--yes").code == 0
    with opened.look() as work:
        found = broadcasts.get(work, made)
    assert found is not None
    assert found.segment == TOTTORI


def test_deleting_a_name_is_shown_first_and_audited(run: Run, opened: Database) -> None:
    run("broadcast", "segment", "save", "相手", "--to", "everyone")
    assert "--yes" in run("broadcast", "segment", "delete", "相手").out
    assert run("broadcast", "segment", "show", "相手").code == 0
    run("broadcast", "segment", "delete", "相手", "--yes")
    assert run("broadcast", "segment", "show", "相手").code == 1
    with opened.look() as work:
        assert sorted(entry.deed for entry in audit.listed(work, kind="segment")) == ["delete", "save"]


@pytest.mark.parametrize("name", ["常連 さん", "常連以外", "a,b", "a" * 41, " "])
def test_a_name_that_could_not_be_typed_after_the_sign_is_refused(run: Run, name: str) -> None:
    assert run("broadcast", "segment", "save", name, "--to", "everyone").code == 1


def test_one_name_on_two_channels_asks_for_the_channel(run: Run, opened: Database) -> None:
    with opened.work() as work:
        for channel in ("default", "iwami"):
            named_segments.add(work, channel, "相手", EVERYONE, created_by="x")
    said = run("broadcast", "preview", "--to", "@相手")
    assert (said.code, "--channel" in said.err) == (1, True)
    assert run("broadcast", "preview", "--to", "@相手", "--channel", "default").code == 0


# ---- the preview -------------------------------------------------------------------------------------------


@pytest.fixture
def line(env: dict[str, str]) -> Iterator[LoopbackLine]:
    with loopback_line() as said:
        env["LINE_API_BASE"] = said.base
        yield said


def test_the_preview_counts_who_gets_it_and_who_not_and_why(run: Run, opened: Database) -> None:
    with opened.work() as work:
        people.set_friend(work, people.lock(work, "default", f"U{0:032x}").id, False, 1)
    told = run("broadcast", "preview", "--text", "a", "--to", "town=鳥取市", "--json").json
    assert (told["recipients"], told["left_out"]) == (1, {"blocked": 1})
    (shown,) = told["sample"]
    assert set(shown) == {"role", "town", "district", "since"}
    said = run("broadcast", "preview", "--text", "a", "--to", "topic=集まり・行事")
    assert "ブロックしている" in said.out
    assert "この話題を選んでいない" in said.out


def test_without_an_answer_of_line_the_quota_is_said_to_be_unknown(run: Run) -> None:
    assert run("broadcast", "preview", "--to", "everyone", "--json").json["quota"] is None
    assert "分かりません" in run("broadcast", "preview", "--to", "everyone").out


def test_the_quota_is_told_before_and_after(run: Run, line: LoopbackLine) -> None:
    line.on("/v2/bot/message/quota", Answer(body={"type": "limited", "value": 1000}))
    line.on("/v2/bot/message/quota/consumption", Answer(body={"totalUsage": 990}))
    said = run("broadcast", "preview", "--text", "a", "--text", "b", "--to", "everyone")
    assert "いまの残り 10 通、送ったあと 7 通" in said.out
    line.on("/v2/bot/message/quota/consumption", Answer(body={"totalUsage": 998}))
    said = run("broadcast", "preview", "--text", "a", "--to", "everyone")
    assert "足りません" in said.err
    assert not run("broadcast", "preview", "--to", "everyone", "--json").json["quota"]["enough"]


def test_a_plan_without_a_limit_is_told_as_such(run: Run, line: LoopbackLine) -> None:
    line.on("/v2/bot/message/quota", Answer(body={"type": "none"}))
    line.on("/v2/bot/message/quota/consumption", Answer(body={"totalUsage": 5}))
    assert "上限なし" in run("broadcast", "preview", "--to", "everyone").out


def test_the_messages_are_drawn_as_on_the_phone_and_longer_ones_larger(run: Run, tmp_path: Path) -> None:
    sizes = []
    for text in ("短いお知らせ", "長いお知らせです。\n" * 10):
        out = tmp_path / "preview.png"
        assert run("broadcast", "preview", "--text", text, "--to", "everyone", "--out", str(out)).code == 0
        picture = Image.open(io.BytesIO(out.read_bytes()))
        assert picture.format == "PNG"
        sizes.append(picture.height)
    assert sizes[0] + 300 < sizes[1]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--to", "everyone", "--out", "a.png"), "文章がありません"),
        (("--text", "a", "--to", "everyone", "--out", "a.jpg"), "PNG"),
        (("--text", "a", "--to", "everyone", "--out", "/nowhere/a.png"), "書けません"),
        (("--text", "a"), "だれに"),
        (("nope",), "nope"),
        (("nope", "--to", "everyone"), "どちらか"),
        (("--text", "あ" * 5_001, "--to", "everyone"), "5001"),
    ],
)
def test_what_cannot_be_previewed_is_refused_clearly(run: Run, args: tuple[str, ...], said: str) -> None:
    result = run("broadcast", "preview", *args)
    assert (result.code, said in result.err) == (1, True)


def test_a_planned_broadcast_is_previewed_by_its_id_and_a_sent_one_is_not(run: Run) -> None:
    made = run(
        "broadcast", "schedule", "--text", "講座です", "--at", LATER, "--to", "town=鳥取市", "--yes"
    ).last_line
    told = run("broadcast", "preview", made, "--json").json
    assert (told["recipients"], told["messages"]) == (2, 1)
    run("broadcast", "cancel", made)
    refused = run("broadcast", "preview", made)
    assert (refused.code, "中止" in refused.err) == (1, True)


def test_a_preview_changes_nothing(run: Run, opened: Database) -> None:
    def counts() -> dict[str, int]:
        with opened.look() as work:
            return {
                table.name: work.conn.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
            }

    before = counts()
    assert run("broadcast", "preview", "--text", "a", "--to", "everyone").code == 0
    assert counts() == before
