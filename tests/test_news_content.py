"""content/news.yaml and content/languages.yaml: when digests go out, in which languages news are read; what is wrong is named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from town import the_content

from bot.broadcasting.stop_line import room_for_stop_line, stop_taps, with_stop_line
from bot.content.errors import ContentError
from bot.content.hours import TOKYO
from bot.content.languages import load_languages
from bot.content.news import NewsPlan, Rhythm, load_news
from bot.line.render import to_line
from bot.messages import Card, Cards, Text

SHIPPED = the_content().news
FOLDER = the_content().folder


def moment(month: int, day: int, hour: int = 10, minute: int = 0, year: int = 2026) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, tzinfo=TOKYO)


def plan(tmp_path: Path, **more: Any) -> NewsPlan:
    raw = yaml.safe_load((FOLDER / "news.yaml").read_text("utf-8"))
    raw["rhythms"] |= more.pop("rhythms", {})
    (tmp_path / "news.yaml").write_text(yaml.safe_dump(raw | more), "utf-8")
    return load_news(tmp_path / "news.yaml", the_content().topics)


@pytest.mark.parametrize(
    ("rhythm", "after", "comes"),
    [
        ("each", moment(12, 1, 9), moment(12, 1)),
        ("each", moment(12, 1), moment(12, 2)),
        ("week", moment(12, 1), moment(12, 4)),
        ("week", moment(12, 4), moment(12, 11)),
        ("week", moment(12, 26), moment(1, 1, year=2027)),
        ("month", moment(10, 20), moment(11, 2)),  # the 1st is a Sunday
        ("month", moment(12, 20), moment(1, 4, year=2027)),  # not at the turn of the year
        ("month", moment(4, 20, year=2025), moment(5, 1, year=2025)),
    ],
)
def test_when_the_next_one_comes(rhythm: Rhythm, after: dt.datetime, comes: dt.datetime) -> None:
    assert SHIPPED.coming(rhythm, after) == comes
    assert SHIPPED.last(rhythm, comes) == comes
    assert SHIPPED.last(rhythm, comes - dt.timedelta(seconds=1)) < comes


def test_a_turn_is_due_by_day_and_for_a_week() -> None:
    friday = moment(12, 4)
    for due in (friday, moment(12, 4, 17, 59), moment(12, 5, 10), moment(12, 10, 17)):
        assert SHIPPED.due("week", due) == friday
    for none in (moment(12, 4, 18), moment(12, 5, 9, 59)):
        assert SHIPPED.due("week", none) is None
    assert SHIPPED.due("month", moment(12, 7, 12)) == moment(12, 1)
    assert SHIPPED.due("month", moment(12, 8)) is None


def test_a_day_of_the_month_may_be_named(tmp_path: Path) -> None:
    own = plan(tmp_path, rhythms={"month": {"day": 15, "at": "9:30".zfill(5)}})
    assert own.coming("month", moment(12, 1)) == moment(12, 15, 9, 30)


@pytest.mark.parametrize(
    ("rhythms", "where"),
    [
        ({"week": {"day": "金", "at": "10:00"}}, "rhythms: week"),
        ({"month": {"day": 31, "at": "10:00"}}, "rhythms: month"),
        ({"month": {"day": "last", "at": "10:00"}}, "rhythms: month"),
        ({"each": {"at": "21:00"}}, "rhythms: each"),
        ({"each": {"at": "ten"}}, "rhythms: each"),
        ({"each": {"day": "fri", "at": "10:00"}}, "rhythms: each"),
        ({"year": {"at": "10:00"}}, "rhythms"),
    ],
)
def test_a_rhythm_that_cannot_be_is_named(tmp_path: Path, rhythms: dict[str, Any], where: str) -> None:
    with pytest.raises(ContentError, match=where):
        plan(tmp_path, rhythms=rhythms)


@pytest.mark.parametrize(
    "more",
    [{"at_once": ["weather"]}, {"at_once": "disaster"}, {"lasts_days": 0}, {"lasts_days": True}, {"more": 1}],
)
def test_the_rest_is_checked_too(tmp_path: Path, more: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        plan(tmp_path, **more)


# ---- languages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (0, {"key": "en"}),
        (1, {"key": "japanese-easy"}),
        (1, {"less": "多" * 21}),
        (1, {"stop": ""}),
        (1, {"rest": "ほかにもあります"}),
        (1, {"colour": "red"}),
        (2, {"key": "ja"}),
    ],
)
def test_a_language_that_cannot_be_is_named(tmp_path: Path, number: int, change: dict[str, Any]) -> None:
    raw = yaml.safe_load((FOLDER / "languages.yaml").read_text("utf-8"))
    raw[number] |= change
    (tmp_path / "languages.yaml").write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    with pytest.raises(ContentError):
        load_languages(tmp_path / "languages.yaml")


def test_a_language_that_is_gone_reads_as_japanese() -> None:
    assert the_content().language("eo") is the_content().language(None)


# ---- how to stop -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [None, *the_content().languages])
def test_the_last_text_ends_with_how_to_stop(language: str | None) -> None:
    said = to_line(with_stop_line([Text("はじめ"), Text("おわり")], the_content(), language))
    assert len(said) == 2
    assert said[1]["text"] == f"おわり\n\n{the_content().language(language).stop}"
    assert len(said[1]["quickReply"]["items"]) == len(stop_taps(the_content(), language)) == 2
    assert "quickReply" not in said[0]


def test_under_cards_and_under_a_text_that_is_full_the_line_stands_alone() -> None:
    content = the_content()
    for last in (Cards("もよおし", (Card("もちつき"),)), Text("あ" * 5_000)):
        said = with_stop_line([last], content)
        assert said.messages == (last, Text(content.language(None).stop))


def test_where_no_room_is_left_the_buttons_say_it() -> None:
    content = the_content()
    full = [*[Text("あ")] * 4, Cards("もよおし", (Card("もちつき"),))]
    assert not room_for_stop_line(full, content)
    said = with_stop_line(full, content)
    assert said.messages == tuple(full)
    assert len(said.quick) == 2
    assert room_for_stop_line([Text("あ")] * 5, content)
