"""A concern: danger first, shown before it is sent, rows when it is sent, and not a word of it through LINE."""

from __future__ import annotations

import json
import re

import pytest
from phone import Phone
from surroundings import Clock
from town import PUBLIC_URL, Town, the_content

from storage import links
from storage.audit import audit
from storage.concerns import concerns
from storage.outbox import outbox

ABUSE = {key: kind for key, kind in the_content().concern_kinds.items() if kind.never_told}


def begins(town: Town) -> Phone:
    phone = town.friend()
    phone.taps("気になる人がいる")
    return phone


def reports(town: Town, kind: str = "お金や食べ物に困っている", **how: str) -> Phone:
    phone = begins(town)
    phone.taps("いいえ")
    phone.taps(how.get("town", "岩美町"))
    phone.taps(kind)
    if "ようですか" in phone.sees:
        phone.taps("いいえ")
    phone.taps("1週間くらい前から")
    if "知っていますか" in phone.sees:
        phone.taps("知らない")
    return phone


def test_from_the_menu_to_the_receipt(town: Town) -> None:
    phone = reports(town)
    assert town.rows(concerns) == []
    phone.taps("はい、送る")
    (concern,) = town.rows(concerns)
    assert (concern.town, concern.kind, concern.level, concern.since) == ("iwami", "poverty", 3, "week")
    assert (concern.subject_knows, concern.window, concern.state) == (
        "unaware",
        "iwami_kenko_fukushi",
        "sent",
    )
    assert re.fullmatch(r"K-\w{4}-\w{4}-\w", concern.number)
    assert concern.number in phone.sees
    assert "岩美町 健康福祉課" in phone.sees
    assert [(row.deed, row.subject_id) for row in town.rows(audit)] == [("opened", concern.id)]
    assert town.rows(outbox)[-1].must_arrive


def test_a_life_at_risk_comes_before_everything(town: Town) -> None:
    phone = begins(town)
    phone.taps("はい、いまあぶない")
    assert [button["uri"] for button in phone.buttons() if "uri" in button] == ["tel:119", "tel:110"]
    phone.taps("電話した")
    phone.taps("岩美町")
    phone.taps("家や庭にごみがたまっている")
    phone.taps("いいえ")
    phone.taps("きょう気がついた")
    phone.taps("知らない")
    phone.taps("はい、送る")
    assert [row.level for row in town.rows(concerns)] == [0]
    assert "むりに近づかないでください" in phone.sees


def test_typing_that_one_has_called_is_enough(town: Town) -> None:
    phone = begins(town)
    phone.types("はい")
    phone.types("電話した")
    assert "どの市町" in phone.sees


@pytest.mark.parametrize("kind", ABUSE.values(), ids=ABUSE)
def test_about_violence_the_neighbour_is_never_told(town: Town, kind) -> None:  # type: ignore[no-untyped-def]
    phone = reports(town, kind.label)
    assert "知っていますか" not in "".join(str(m) for m in phone.everything)
    phone.taps("はい、送る")
    (concern,) = town.rows(concerns)
    assert (concern.subject_knows, concern.level) == ("better_not", kind.level)


def test_the_window_is_shown_before_anything_is_sent(town: Town) -> None:
    phone = begins(town)
    for label in (
        "いいえ",
        "鳥取市",
        "北中学校区",
        "お金や食べ物に困っている",
        "いいえ",
        "もっと前から",
        "知っている",
    ):
        phone.taps(label)
    assert "鳥取市パーソナルサポートセンター" in phone.sees
    assert "0857-20-4888" in phone.sees
    assert "送ってよろしいですか" in phone.sees
    assert town.rows(concerns) == []


def test_who_stops_before_sending_leaves_no_row(town: Town) -> None:
    phone = reports(town)
    phone.taps("送らない")
    assert "送っていません" in phone.sees
    assert town.rows(concerns) == []
    assert town.rows(links.links) == []
    assert town.rows(audit) == []


def test_tapping_send_twice_sends_once(town: Town) -> None:
    phone = reports(town)
    data = next(b["data"] for b in phone.buttons() if b["label"] == "はい、送る")
    phone.taps_data(data)
    phone.taps_data(data)
    assert "もうおわっています" in phone.sees
    assert len(town.rows(concerns)) == 1


def test_the_link_in_the_receipt_opens_the_form_once(town: Town) -> None:
    phone = reports(town)
    phone.taps("はい、送る")
    (concern,) = town.rows(concerns)
    (url,) = [b["uri"] for b in phone.buttons() if b.get("uri", "").startswith(PUBLIC_URL)]
    link_id, token = url.removeprefix(f"{PUBLIC_URL}/d/").split("#")
    with town.services.db.work() as work:
        found = links.spend(work, link_id, token)
        assert found is not None
        assert (found.purpose, found.about) == ("details", concern.id)
        assert links.spend(work, link_id, token) is None


def test_the_link_lives_half_an_hour(town: Town, clock: Clock) -> None:
    phone = reports(town)
    phone.taps("はい、送る")
    (url,) = [b["uri"] for b in phone.buttons() if b.get("uri", "").startswith(PUBLIC_URL)]
    link_id, token = url.removeprefix(f"{PUBLIC_URL}/d/").split("#")
    clock.move(minutes=29)
    with town.services.db.look() as work:
        assert links.peek(work, link_id, token)
    clock.move(minutes=2)
    with town.services.db.look() as work:
        assert links.peek(work, link_id, token) is None


def test_what_is_sent_after_it_says_nothing_of_the_case(town: Town) -> None:
    """The receipt is what stays in the chat and in notifications: a number, a desk, a link."""
    phone = reports(town, "夫婦・恋人・家の中の暴力")
    phone.taps("はい、送る")
    receipt = json.dumps(phone.got, ensure_ascii=False)
    for word in ("暴力", "dv", "1週間", "知らない", "岩美町全体"):
        assert word not in receipt


def test_out_of_hours_it_says_when_somebody_reads_it(town: Town, clock: Clock) -> None:
    clock.move(days=4, hours=9)  # Saturday, 19:00
    phone = reports(town)
    phone.taps("はい、送る")
    assert "いまは時間外です" in phone.sees
    assert "12月7日（月）" in phone.sees


def test_in_the_hours_it_does_not(town: Town) -> None:
    phone = reports(town)
    phone.taps("はい、送る")
    assert "時間外" not in phone.sees


def test_a_story_in_the_chat_is_told_where_it_belongs(town: Town) -> None:
    phone = begins(town)
    phone.taps("いいえ")
    phone.types("うちの隣の山田花子さんは三丁目の角の青い屋根の家です")
    assert "専用のページに書けます" in phone.sees
    assert "どの市町" in phone.sees


def test_who_is_no_supporter_may_report_too(town: Town) -> None:
    phone = reports(town)
    phone.taps("はい、送る")
    assert len(town.rows(concerns)) == 1
