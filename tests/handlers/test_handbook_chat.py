"""The handbook in the chat: questions, cards with why, more on demand, and leaving early."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from phone import Phone
from surroundings import Clock
from town import PUBLIC_URL, Town, the_content

from storage import conversations as conversations_table
from storage import people
from storage.conversations import conversations

GROUPS = {"まず、ここに相談してください", "えらんだことに合う支援"}
NAVIGATION = {"ひとつ戻る", "やめる", "ここまでで結果を見る"}


def begins(town: Town) -> Phone:
    phone = town.friend()
    phone.taps("お悩みハンドブック（使える支援をさがす）")
    return phone


def single_parent(town: Town) -> Phone:
    """A single parent in 鳥取市 who cannot pay: many schemes fit."""
    phone = begins(town)
    phone.taps("鳥取市")
    phone.taps("自分のこと")
    for worry in ("お金", "妊娠・子育て"):
        phone.taps(worry)
    phone.taps("これでおわり")
    phone.taps("18〜39歳")
    phone.taps("子ども")
    phone.taps("これでおわり")
    phone.taps("小学生")
    phone.taps("これでおわり")
    phone.taps("はい")
    phone.taps("今月の支払いができない")
    while "お答えから" not in phone.sees:
        phone.taps("答えない・わからない")
    return phone


def cards(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for message in messages:
        contents = message.get("contents", {})
        found += (
            contents["contents"] if contents.get("type") == "carousel" else [contents] if contents else []
        )
    return found


def test_from_the_menu_to_cards_with_why(town: Town) -> None:
    phone = single_parent(town)
    assert "使えるかどうかは窓口で決まります" in phone.sees
    shown = cards([message for message in phone.got if message.get("altText") in GROUPS])
    assert len(shown) >= 5
    because = [card for card in shown if "と答えたので" in json.dumps(card, ensure_ascii=False)]
    assert because == shown
    assert "「妊娠・子育て」" in phone.sees or "小学生" in phone.sees


def test_no_more_than_seven_schemes_of_the_chosen_troubles_come_at_once(town: Town) -> None:
    phone = single_parent(town)
    first_shown = the_content().handbook.first_shown
    of_the_chosen = [m for m in phone.got if m.get("altText") == "えらんだことに合う支援"]
    assert [len(cards([m])) for m in of_the_chosen] == [first_shown]


def test_more_shows_the_next_until_all_are_shown(town: Town) -> None:
    phone = single_parent(town)
    label = next(b["label"] for b in phone.buttons() if b["label"].startswith("もっと見る"))
    left = int(re.findall(r"\d+", label)[0])
    seen = [json.dumps(card) for card in cards(phone.got)]
    while more := [b for b in phone.buttons() if b.get("label", "").startswith("もっと見る")]:
        phone.taps(more[0]["label"])
        fresh = [json.dumps(card) for card in cards(phone.got)]
        assert not set(fresh) & set(seen)
        seen += fresh
        left -= len(fresh)
    assert left == 0


def test_the_other_schemes_are_shown_on_demand(town: Town) -> None:
    phone = single_parent(town)
    other = next(b["label"] for b in phone.buttons() if b["label"].startswith("ほかの支援"))
    phone.taps(other)
    assert cards(phone.got)
    assert "メニュー" in [b["label"] for b in phone.buttons()]


def test_after_a_day_the_result_is_gone_and_it_says_so(town: Town, clock: Clock) -> None:
    phone = single_parent(town)
    more = next(b["data"] for b in phone.buttons() if b["label"].startswith("もっと見る"))
    clock.move(days=1, hours=1)
    with town.services.db.work() as work:
        conversations_table.forget_old(work, dt.timedelta(days=30))
    phone.taps_data(more)
    assert "もう残っていません" in phone.sees
    assert "お悩みハンドブック（使える支援をさがす）" in [b["label"] for b in phone.buttons()]


def test_made_up_taps_on_a_result_do_no_harm(town: Town) -> None:
    phone = single_parent(town)
    more = next(b["data"] for b in phone.buttons() if b["label"].startswith("もっと見る"))
    run = more.split(";")[-1]
    for data in (
        f"v1;results;chosen;9999;{run}",
        f"v1;results;chosen;-1;{run}",
        f"v1;results;safety;0;{run}",
        f"v1;results;__class__;0;{run}",
        f"v1;results;chosen;{'9' * 100};{run}",
        "v1;results;chosen;7;ffffffffffff",
    ):
        phone.taps_data(data)
        assert phone.got, data


def test_the_result_of_another_person_is_never_shown(town: Town) -> None:
    phone = single_parent(town)
    more = next(b["data"] for b in phone.buttons() if b["label"].startswith("もっと見る"))
    stranger = town.friend()
    stranger.taps_data(more)
    assert "もう残っていません" in stranger.sees
    assert cards(stranger.got)[0]["body"]  # the menu, and nothing else
    assert len(cards(stranger.got)) == 1


def test_who_leaves_all_unanswered_still_gets_somebody_to_talk_to(town: Town) -> None:
    phone = begins(town)
    while "まずは、ここに話してみてください" not in phone.sees:
        phone.taps("答えない・わからない")
    assert "よりそいホットライン" in phone.sees


def test_who_is_sent_to_a_desk_whose_number_is_not_known_still_gets_a_number(town: Town) -> None:
    phone = begins(town)
    for label in ("岩美町", "家族のこと", "介護・高齢", "これでおわり", "75歳から", "ひとりで住んでいる"):
        phone.taps(label)
    phone.taps("もの忘れが心配")
    phone.taps("これでおわり")
    phone.taps("ここまでで結果を見る")
    (first,) = [message for message in phone.got if message.get("altText") == "まず、ここに相談してください"]
    assert "地域包括支援センター" in json.dumps(cards([first])[0], ensure_ascii=False)
    assert "岩美町" in json.dumps(cards([first])[1], ensure_ascii=False)
    assert "tel:0857731333" in json.dumps(cards([first])[1])


def test_at_most_five_messages_come_so_that_none_of_them_is_pushed(town: Town) -> None:
    assert len(single_parent(town).got) <= 5


def test_the_result_so_far_is_offered_after_three_questions(town: Town) -> None:
    phone = begins(town)
    offered = []
    for label in ("鳥取市", "自分のこと", "借金・契約・法律"):
        offered.append("ここまでで結果を見る" in [b["label"] for b in phone.buttons()])
        phone.taps(label)
    phone.taps("これでおわり")
    assert offered == [False, False, False]
    phone.taps("ここまでで結果を見る")
    assert "まずは、ここに話してみてください" in phone.sees or "お答えから" in phone.sees


def test_wanting_to_talk_now_shows_lines_that_can_be_dialled_before_the_next_question(town: Town) -> None:
    phone = begins(town)
    phone.taps("鳥取市")
    phone.taps("自分のこと")
    phone.types("こころ")
    phone.taps("これでおわり")
    while "こころのことを 聞きます" not in phone.sees:
        phone.taps("答えない・わからない")
    phone.taps("いま、だれかと話したい")
    dial = [b["uri"] for b in phone.buttons() if "uri" in b]
    assert "tel:0120061338" in dial
    assert "tel:0120279338" in dial
    phone.taps("質問をつづける")
    assert NAVIGATION & {b["label"] for b in phone.buttons()}


def asks_about_feelings(town: Town, language: str | None = None) -> Phone:
    phone = town.friend()
    if language:
        with town.services.db.work() as work:
            people.speak(work, people.lock(work, "default", phone.line_id).id, language)
    phone.taps_data("v1;handbook;;start;")
    run = phone.buttons()[0]["data"].split(";")[-1]
    for question, answer in (("town", "tottori"), ("who", "self"), ("worry", "mind"), ("worry", "done")):
        phone.taps_data(f"v1;handbook;{question};{answer};{run}")
    for question in ("age", "household"):
        phone.taps_data(f"v1;handbook;{question};skip;{run}")
    return phone


def test_a_delicate_question_says_that_choices_stay_and_offers_the_web_without_an_answer(town: Town) -> None:
    phone = asks_about_feelings(town)
    assert "答えなくても だいじょうぶです。えらんだことは、このトークの画面に のこります。" in phone.sees
    assert {b["label"]: b["uri"] for b in phone.buttons() if "uri" in b} == {
        "ウェブで続ける": f"{PUBLIC_URL}/handbook"
    }
    assert "答えない・わからない" in [b["label"] for b in phone.buttons()]


def test_the_web_goes_on_in_the_language_of_the_chat(town: Town) -> None:
    phone = asks_about_feelings(town, "vi")
    assert [b["uri"] for b in phone.buttons() if "uri" in b] == [f"{PUBLIC_URL}/handbook?lang=vi"]


def test_each_question_says_which_one_it_is_and_about_how_many_follow(town: Town) -> None:
    phone = begins(town)
    said = []
    while "まずは、ここに話してみてください" not in phone.sees:
        said.append(phone.sees.splitlines()[0])
        phone.taps("答えない・わからない")
    assert said == [f"{n}問め（あと{6 - n}問くらい）" for n in range(1, 6)] + ["6問め（もうすこしです）"]


def test_where_the_way_parts_nothing_is_said_of_how_far_it_is(town: Town) -> None:
    phone = begins(town)
    phone.taps("岩美町")
    phone.taps("近所の人・知り合いのこと")
    assert "問め" not in phone.sees


def test_a_neighbour_leads_over_to_the_concern(town: Town) -> None:
    phone = begins(town)
    phone.taps("岩美町")
    phone.taps("近所の人・知り合いのこと")
    phone.taps("気になる人がいる（窓口に知らせる）")
    assert "いま命があぶないですか" in phone.sees
    assert [row.flow for row in town.rows(conversations) if row.state == "open"] == ["concern"]


def test_the_answers_are_kept_sealed(town: Town) -> None:
    phone = single_parent(town)
    (row,) = town.rows(conversations)
    assert phone.got
    assert row.state == "done"
    assert b"money" not in row.answers
