"""What is answered to words of danger: fixed, short, open lines first, nothing promised, no method repeated."""

from __future__ import annotations

import csv
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.content.hotlines import load_hotlines
from bot.content.hours import TOKYO
from bot.crisis import CATEGORIES, Danger, Level, Who, detect, load_lexicon
from bot.crisis_reply import MOST_BUBBLES, MOST_BUTTONS, Button, load_replies, reply_for

CONTENT = Path(__file__).parent.parent / "content"
HOTLINES = load_hotlines(CONTENT / "hotlines.yaml")
REPLIES_FILE = CONTENT / "crisis" / "replies.yaml"
REPLIES = load_replies(REPLIES_FILE, HOTLINES)
LEXICON = load_lexicon(CONTENT / "crisis" / "lexicon.yaml")
MONDAY_NOON = datetime(2026, 11, 30, 12, 0, tzinfo=TOKYO)
MONDAY_EVENING = datetime(2026, 11, 30, 18, 0, tzinfo=TOKYO)
NIGHT = datetime(2026, 11, 30, 3, 0, tzinfo=TOKYO)
NEW_YEAR = datetime(2027, 1, 1, 18, 0, tzinfo=TOKYO)
HOURS_OF_A_WEEK = [datetime(2026, 11, 30, tzinfo=TOKYO) + timedelta(hours=hour) for hour in range(0, 168, 5)]
DANGERS = [
    Danger(who, level, category, ())
    for who in (Who.SELF, Who.OTHER)
    for level in Level
    for category in CATEGORIES
]


def said(text: str, moment: datetime = MONDAY_NOON) -> tuple[str, tuple[Button, ...]]:
    danger = detect(text, LEXICON)
    assert danger is not None
    reply = reply_for(danger, REPLIES, HOTLINES, moment)
    return "\n".join(reply.messages), reply.buttons


def closed(button: Button, moment: datetime) -> bool:
    lines = [line for line in HOTLINES.values() if button.value in (line.tel, line.url)]
    return button.kind in ("call", "open") and lines[0].open_at(moment) is False


@pytest.mark.parametrize("danger", DANGERS, ids=[f"{danger.code}-{danger.category}" for danger in DANGERS])
def test_every_danger_has_a_reply_that_line_accepts(danger: Danger) -> None:
    for moment in HOURS_OF_A_WEEK:
        reply = reply_for(danger, REPLIES, HOTLINES, moment)
        assert 1 <= len(reply.messages) <= MOST_BUBBLES
        assert all(0 < len(message) <= 5_000 and "{" not in message for message in reply.messages)
        assert 1 <= len(reply.buttons) <= MOST_BUTTONS
        assert all(1 <= len(regex.findall(r"\X", button.label)) <= 20 for button in reply.buttons)


@pytest.mark.parametrize("danger", DANGERS, ids=[f"{danger.code}-{danger.category}" for danger in DANGERS])
def test_a_line_that_is_closed_now_never_stands_before_an_open_one(danger: Danger) -> None:
    for moment in [*HOURS_OF_A_WEEK, NEW_YEAR]:
        reply = reply_for(danger, REPLIES, HOTLINES, moment)
        shut = [closed(button, moment) for button in reply.buttons]
        assert shut == sorted(shut)
        assert not all(shut)
        listed = [line for line in "\n".join(reply.messages).split("\n") if line.startswith("・")]
        late = ["いまは時間外" in line for line in listed]
        assert late == sorted(late)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31)), st.sampled_from(DANGERS))
@example(datetime(2027, 1, 1, 18, 0), DANGERS[0])
@settings(max_examples=400, deadline=None)
def test_at_no_moment_of_any_year_does_a_closed_line_come_first(moment: datetime, danger: Danger) -> None:
    """Holidays, the turn of the year, a minute before the door is shut."""
    at = moment.replace(tzinfo=TOKYO)
    reply = reply_for(danger, REPLIES, HOTLINES, at)
    shut = [closed(button, at) for button in reply.buttons]
    assert shut == sorted(shut)
    assert not shut[0]
    for bubble in reply.messages:
        late = ["いまは時間外" in line for line in bubble.split("\n") if line.startswith("・")]
        assert late == sorted(late)
        assert not late or not late[0]


@pytest.mark.parametrize("danger", DANGERS, ids=[f"{danger.code}-{danger.category}" for danger in DANGERS])
def test_every_number_that_is_shown_is_the_number_that_is_dialled(danger: Danger) -> None:
    known = {line.phone: line.tel for line in HOTLINES.values() if line.phone}
    by_tel = {tel: shown for shown, tel in known.items()}
    for moment in (MONDAY_NOON, NIGHT, NEW_YEAR):
        reply = reply_for(danger, REPLIES, HOTLINES, moment)
        words = "\n".join(reply.messages)
        shown = set(re.findall(r"(?<![\d-])(?:#\d{4}|0\d+(?:-\d+)+|1\d\d)(?![\d-])", words))
        assert shown <= set(known)
        for button in reply.buttons:
            if button.kind == "call":
                assert button.value in by_tel
                in_label = re.search(r"#?\d{3,}", button.label)
                assert in_label is None or in_label.group() == by_tel[button.value]


@pytest.mark.parametrize(
    "danger",
    [danger for danger in DANGERS if danger.level in (Level.NOW, Level.STRONG)],
    ids=lambda one: f"{one.code}-{one.category}",
)
def test_where_a_life_is_at_stake_119_or_110_is_named(danger: Danger) -> None:
    assert re.search(r"(?<!\d)11[09](?!\d)", "\n".join(REPLIES.for_danger(danger).messages))


@pytest.mark.parametrize("key", REPLIES.desk)
def test_what_a_desk_may_send_names_the_desk_its_telephone_and_119_and_promises_nothing(key: str) -> None:
    words = REPLIES.desk[key]
    assert all(part in words.text for part in ("{desk}", "{phone}", "119"))
    assert words.label
    assert not re.search("かならず|絶対|秘密|だれにも言い", words.text)


@pytest.mark.parametrize(
    "danger",
    [danger for danger in DANGERS if danger.level is Level.NOW],
    ids=lambda one: f"{one.code}-{one.category}",
)
def test_a_danger_that_is_now_offers_an_emergency_number_first(danger: Danger) -> None:
    reply = reply_for(danger, REPLIES, HOTLINES, NIGHT)
    assert reply.buttons[0].value in ("tel:119", "tel:110")
    assert re.search("119|110", reply.messages[0])


def test_another_persons_danger_is_answered_to_the_one_who_tells_of_it() -> None:
    words, buttons = said("近所の人が死にたいと言っています")
    assert "知らせてくださって" in words
    assert "あなたは悪くありません" not in words
    assert "とてもつらいのですね" not in words
    assert Button("start", "気になる人がいる", "concern") in buttons


def test_ones_own_despair_gets_lines_that_answer_at_any_hour() -> None:
    words, buttons = said("死にたい", NIGHT)
    assert "・#いのちSOS 0120-061-338（24時間・無料）" in words
    assert "・よりそいホットライン 0120-279-338（24時間・無料）" in words
    assert buttons[0] == Button("call", "#いのちSOS", "tel:0120061338")
    assert [button.kind for button in buttons].count("say") == 2


def test_both_persons_are_answered_when_a_text_speaks_of_both() -> None:
    danger = detect("母が死にたいと言います。わたしももう死にたい", LEXICON)
    assert danger is not None
    reply = reply_for(danger, REPLIES, HOTLINES, NIGHT)
    assert len(reply.messages) == 2
    assert len(reply.buttons) <= MOST_BUTTONS
    words = "\n".join(reply.messages)
    assert "知らせてくださって" in words
    assert "とてもつらいのですね" in words
    assert Button("start", "気になる人がいる", "concern") in reply.buttons
    assert len({button.value for button in reply.buttons}) == len(reply.buttons)


def test_the_nearer_danger_is_answered_first_when_there_are_two() -> None:
    danger = detect("母が倒れて息をしていません。わたしはもう死にたい", LEXICON)
    assert danger is not None
    reply = reply_for(danger, REPLIES, HOTLINES, NIGHT)
    assert reply.messages[0].startswith("すぐに119")
    assert reply.buttons[0].value == "tel:119"


def test_violence_warns_that_the_talk_stays_on_the_screen_and_says_how_to_delete_it() -> None:
    for text in ("夫に殴られています", "夫に殺されそうです"):
        words, _ = said(text)
        assert "あなたは悪くありません" in words
        assert "この画面に残ります" in words
        assert "削除" in words


def test_who_fears_to_hit_is_not_told_what_is_told_to_the_hit() -> None:
    words, _ = said("このままだと子どもをたたいてしまいそう")
    assert "あなたは悪くありません" not in words
    assert "189" in words


def test_a_line_that_answers_only_in_the_evening_moves_with_the_clock() -> None:
    evening, buttons = said("おうちに かえりたくない", MONDAY_EVENING)
    assert "いまは時間外" not in evening
    assert buttons[2].label == "チャイルドライン"
    noon, buttons = said("おうちに かえりたくない", MONDAY_NOON)
    assert "チャイルドライン 0120-99-7777（毎日16〜21時" in noon
    assert "いまは時間外" in noon
    assert buttons[-1].label == "チャイルドライン"
    assert "いまは時間外" in said("おうちに かえりたくない", NEW_YEAR)[0]


def test_a_line_whose_season_is_over_is_not_shown_at_all(tmp_path: Path) -> None:
    file = tmp_path / "replies.yaml"
    source = REPLIES_FILE.read_text(encoding="utf-8")
    source = source.replace(
        "lines: [inochi_sos, yorisoi, anata_no_ibasho, kodomo_sos]", "lines: [kodoku_9999, inochi_sos]"
    )
    file.write_text(
        source.replace("- {call: kodomo_sos, label: 子ども（18歳まで）の人}", "- {call: kodoku_9999}"),
        encoding="utf-8",
    )
    replies = load_replies(file, HOTLINES)
    reply = reply_for(Danger(Who.SELF, Level.STRONG, "suicide", ()), replies, HOTLINES, NIGHT)
    assert "9999" not in "".join(reply.messages)
    assert "tel:%239999" not in [button.value for button in reply.buttons]


def test_no_reply_repeats_a_method_or_promises_what_nobody_can_keep() -> None:
    words = REPLIES_FILE.read_text(encoding="utf-8").split("replies:", 1)[1]
    assert not re.search("飛び降|首を|練炭|リスカ|薬を|刃物|死にたい|自殺", words)
    assert not re.search("必ず|ぜったい|絶対|言いません|守ります|約束します", words)
    assert not regex.search(r"\p{Extended_Pictographic}", re.sub(r"[0-9#*]", "", words))


def test_every_number_in_the_words_is_the_number_of_a_hotline() -> None:
    known = {re.sub(r"\D", "", line.phone) for line in HOTLINES.values() if line.phone}
    texts = [text for reply in REPLIES.by_key.values() for text in reply.messages] + list(
        REPLIES.answers.values()
    )
    numbers = {number for text in texts for number in re.findall(r"#?\d[\d-]{2,}", text)}
    assert numbers
    assert {re.sub(r"\D", "", number) for number in numbers} <= known


def test_words_typed_in_place_of_a_button_find_the_same_answer() -> None:
    assert REPLIES.typed_answer("来て") == "come"
    assert REPLIES.typed_answer(" きて。 ") == "come"
    assert REPLIES.typed_answer("電話しました！") == "called"
    assert REPLIES.typed_answer("来てくれてありがとう") is None


def test_every_say_button_has_its_answer() -> None:
    keys = {
        offer.target for reply in REPLIES.by_key.values() for offer in reply.offers if offer.kind == "say"
    }
    assert keys == set(REPLIES.answers)


def test_nothing_counts_as_approved_before_somebody_signed_it(tmp_path: Path) -> None:
    beside = {f"answers.{key}" for key in REPLIES.said} | {f"desk.{key}" for key in REPLIES.desk}
    assert set(REPLIES.unreviewed) == {*REPLIES.by_key, *beside}
    file = tmp_path / "replies.yaml"
    signed = REPLIES_FILE.read_text(encoding="utf-8").replace('reviewer: ""', "reviewer: 山田", 1)
    file.write_text(signed.replace('reviewed_at: ""', "reviewed_at: 2026-12-01", 1), encoding="utf-8")
    assert "S0" not in load_replies(file, HOTLINES).unreviewed


def test_each_labelled_sentence_is_answered_at_noon_and_at_night() -> None:
    with (Path(__file__).parent / "crisis_examples.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] != "none"]
    for row in rows:
        for moment in (MONDAY_NOON, NIGHT):
            words, buttons = said(row["text"], moment)
            assert words
            assert buttons


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("- {call: ambulance}", "- {call: ambulanse}", "S0: unknown hotline"),
        ("- {open: anata_no_ibasho}", "- {call: anata_no_ibasho}", "nothing to call"),
        ("- {say: come, label: 来て}", "- {say: came, label: 来て}", "say: unknown came"),
        ("- {say: come, label: 来て}", "- {say: come}", "label ''"),
        (
            "- {say: come, label: 来て}",
            "- {say: come, label: 来てほしいと市の人にいますぐに伝えてください}",
            "label",
        ),
        ("- {say: come, label: 来て}", "- {start: games, label: 遊ぶ}", "start: unknown games"),
        ("- {say: come, label: 来て}", "- {say: come, open: police, label: 来て}", "one of"),
        ("lines: [inochi_sos, anata_no_ibasho]", "lines: []", "belong together"),
        ("lines: [inochi_sos, anata_no_ibasho]", "lines: [inochi]", "unknown hotline"),
        ("    messages:\n", "    messages:\n      - 一\n", "needs 1 to 3 messages"),
        ("いま、命が", "いま" * 3000, "longer than"),
        ("  O2:", "  O3:", "O3: is no code"),
        ("  O1.welfare_check:", "  O1.welfare:", "O1.welfare: is no code"),
        ("    lines: [inochi_sos, anata_no_ibasho]\n", "", "must hold exactly"),
        ("  来て: come", "  来て: came", "answers.came is missing"),
        ("answers:", "answer:", "must hold replies"),
    ],
)
def test_a_mistake_in_the_replies_is_named(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    source = REPLIES_FILE.read_text(encoding="utf-8")
    assert before in source
    file = tmp_path / "replies.yaml"
    file.write_text(source.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^replies\.yaml: ") as refused:
        load_replies(file, HOTLINES)
    assert complaint in str(refused.value)
