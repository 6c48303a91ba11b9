"""People in danger at the desk: who sees them, what can be done, and that each reading and deed leaves its line."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from office import SUPPORT, WAKASA, DeskBrowser, at_work, hire
from phone import Phone
from surroundings import Clock
from town import PUBLIC_URL, Town, make_town

from bot.content.hours import parse_hours
from bot.desk import dangers as deeds
from bot.web.guard import PROOF
from storage import audit, dangers, erasing, people, supporters
from storage.dangers import Danger
from storage.staff import Staff
from storage.supporters import Profile
from storage.work import Database

DESK = "tottori_chuo_jinken"
WORDS = "もう死にたい"
NAME, PHONE = "鳥取 花子", "0857-00-1234"
FORMS = {
    "seen": {},
    "words": {"words": "call_us"},
    "identity": {"reason": "call"},
    "close": {"outcome": "reached"},
}


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


@pytest.fixture
def me(db: Database) -> Staff:
    return hire(db, "田中", DESK)


@pytest.fixture
def phone(town: Town) -> Phone:
    made = town.friend()
    made.types(WORDS)
    return made


def the_danger(db: Database) -> Danger:
    with db.look() as work:
        return dangers.listed(work)[0]


def lines(db: Database) -> list[tuple[str, str]]:
    with db.look() as work:
        found = audit.listed(work, kind="danger", subject_id=the_danger(db).id)
    return [(one.actor, one.deed) for one in reversed(found)]


def opens(browser: DeskBrowser, db: Database) -> str:
    browser.open(f"/desk/dangers/{the_danger(db).number}")
    return browser.text


def does(browser: DeskBrowser, db: Database, act: str, **fields: str) -> int:
    return browser.sends(f"/desk/dangers/{the_danger(db).number}/{act}", **(FORMS[act] | fields))


def supporter_of(db: Database, danger: Danger) -> None:
    """The person is in the register, with name and telephone."""
    with db.work() as work:
        entry = supporters.add(work, "default", source="line", state="registered", town="tottori")
        supporters.write(work, entry, Profile(name=NAME, phone=PHONE), person_id=danger.person_id)


# ---- the list and the page -------------------------------------------------------------------------------


def test_it_stands_at_the_very_top_of_the_inbox_until_somebody_has_seen_it(
    town: Town, db: Database, me: Staff, phone: Phone
) -> None:
    browser = at_work(town, me)
    browser.open("/desk")
    number = the_danger(db).number
    assert "いますぐ見てほしい人が 1人 います" in browser.text
    assert browser.page.index(number) < browser.page.index("未受付")
    opens(browser, db)
    assert does(browser, db, "seen") == 303
    browser.open("/desk")
    assert "いますぐ見てほしい人" not in browser.text
    assert "気にかける人の一覧（1人）" in browser.text


def test_the_page_says_what_is_known_and_who_it_is_not(
    town: Town, db: Database, me: Staff, phone: Phone
) -> None:
    supporter_of(db, the_danger(db))
    phone.types("来て")
    browser = at_work(town, me)
    text = opens(browser, db)
    for words in (
        "死にたい気持ち",
        "書いた人自身のこと",
        "「来て」と言っている",
        "とてもつらいのですね",
        "1回",
    ):
        assert words in text
    assert "「来て」を押しました" in text
    for secret in (WORDS, NAME, PHONE, phone.line_id):
        assert secret not in browser.page
    assert lines(db) == [("person", "danger.come"), (f"staff:{me.id}", "read")]


def test_its_number_is_found_by_the_search(town: Town, db: Database, me: Staff, phone: Phone) -> None:
    browser, stranger = at_work(town, me), at_work(town, hire(db, "よその人", WAKASA))
    number = the_danger(db).number
    for who, where in ((browser, f"/desk/dangers/{number}"), (stranger, "/desk")):
        who.open("/desk")
        who.sends("/desk/search", number=number.lower())
        assert who.address == where


def test_opening_the_page_is_not_having_seen_it(town: Town, db: Database, me: Staff, phone: Phone) -> None:
    opens(at_work(town, me), db)
    assert the_danger(db).alarms


def test_the_list_leaves_a_line_for_the_desk(town: Town, db: Database, me: Staff, phone: Phone) -> None:
    browser = at_work(town, me)
    browser.open("/desk/dangers")
    assert "まだだれも見ていません" in browser.text
    with db.look() as work:
        assert audit.listed(work, kind="window", subject_id=DESK)[0].actor == f"staff:{me.id}"


def test_whoever_was_told_too_sees_who_took_it(town: Town, db: Database, me: Staff, phone: Phone) -> None:
    browser, colleague = at_work(town, me), at_work(town, hire(db, "佐藤", DESK))
    opens(browser, db)
    opens(colleague, db)
    does(browser, db, "seen")
    assert does(colleague, db, "seen") == 409
    assert "ほかの人が先に「見ました」を押しました" in colleague.text
    assert "田中 が 12/1(火) 10:00 に「見ました」" in colleague.text


# ---- what can be done ------------------------------------------------------------------------------------


def test_a_kind_sentence_with_the_telephone_of_the_desk_reaches_them(
    town: Town, db: Database, me: Staff, phone: Phone
) -> None:
    browser = at_work(town, me)
    opens(browser, db)
    assert does(browser, db, "words") == 303
    phone.looks()
    assert "鳥取市 中央人権福祉センターです" in phone.sees
    assert "0857-22-8111\n平日 8時30分〜17時15分" in phone.sees
    dialled = [button["uri"] for button in phone.buttons() if button.get("uri", "").startswith("tel:")]
    assert dialled[0] == "tel:0857228111"  # Tuesday, ten o'clock: the desk is open
    assert "tel:0120061338" in dialled
    assert (the_danger(db).seen_by, lines(db)[-2][1]) == (f"staff:{me.id}", "words_call_us")


def test_at_night_the_lines_that_answer_stand_before_the_desk(
    town: Town, db: Database, me: Staff, phone: Phone, clock: Clock
) -> None:
    clock.move(hours=12)
    browser = at_work(town, me)
    opens(browser, db)
    does(browser, db, "words")
    phone.looks()
    dialled = [button["uri"] for button in phone.buttons() if button.get("uri", "").startswith("tel:")]
    assert dialled[-1] == "tel:0857228111"
    assert dialled[0] == "tel:0120061338"


def test_who_has_blocked_us_is_not_written_to_and_the_desk_is_told_so(
    town: Town, db: Database, me: Staff, phone: Phone
) -> None:
    browser = at_work(town, me)
    opens(browser, db)
    phone.send({"type": "unfollow"})
    assert does(browser, db, "words") == 409
    assert "ブロックしているので、送れません" in browser.text
    assert "「声をかける」は届きません" in browser.text
    assert the_danger(db).seen_at is None


def test_who_has_erased_everything_is_told_to_the_desk_as_that(
    town: Town, db: Database, me: Staff, phone: Phone
) -> None:
    with db.work() as work:
        person = people.get(work, the_danger(db).person_id or "")
        assert person is not None
        erasing.erase_person(work, person, ())
    browser = at_work(town, me)
    assert "自分のデータをすべて消しました" in opens(browser, db)
    assert does(browser, db, "seen") == 303
    opens(browser, db)
    assert does(browser, db, "words") == 409


def test_a_name_is_opened_for_a_reason_and_stands_only_in_that_answer(
    town: Town, db: Database, me: Staff, phone: Phone
) -> None:
    supporter_of(db, the_danger(db))
    browser = at_work(town, me)
    opens(browser, db)
    assert does(browser, db, "identity", reason="") == 409
    assert NAME not in browser.page
    assert does(browser, db, "identity") == 200
    assert NAME in browser.page
    assert PHONE in browser.page
    assert {(f"staff:{me.id}", "open_identity"), (f"staff:{me.id}", "reason_call")} <= set(lines(db))
    assert NAME not in opens(browser, db)


def test_a_resident_has_no_name_here(town: Town, db: Database, me: Staff, phone: Phone) -> None:
    browser = at_work(town, me)
    opens(browser, db)
    does(browser, db, "identity")
    assert "名前も電話も登録されていません" in browser.text


def test_it_ends_with_what_came_of_it(town: Town, db: Database, me: Staff, phone: Phone) -> None:
    browser = at_work(town, me)
    opens(browser, db)
    assert does(browser, db, "close", outcome="gone fishing") == 409
    assert does(browser, db, "close") == 303
    assert "本人と話せた・無事を確かめた" in browser.text
    assert (the_danger(db).outcome, the_danger(db).seen_by) == ("reached", f"staff:{me.id}")
    phone.types(WORDS)
    with db.look() as work:
        assert len(dangers.listed(work)) == 2


def test_a_form_that_is_sent_twice_sends_one_message(
    town: Town, db: Database, me: Staff, phone: Phone
) -> None:
    browser = at_work(town, me)
    opens(browser, db)
    path = f"/desk/dangers/{the_danger(db).number}/words"
    form = browser.hidden(path) | {"words": "we_call"}
    for _ in range(2):
        assert browser.client.post(path, data=form, base_url=PUBLIC_URL).status_code == 303
    assert [deed for _, deed in lines(db)].count("words_we_call") == 1


# ---- whose it is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("desk", [SUPPORT, WAKASA, None])
def test_to_all_others_it_is_not_there(
    town: Town, db: Database, me: Staff, phone: Phone, desk: str | None
) -> None:
    """Another desk of the same town, one of another town, and who works at none."""
    stranger = at_work(town, hire(db, "よその人", *([desk] if desk else [])))
    before, number = (the_danger(db), lines(db)), the_danger(db).number
    for listing in ("/desk", "/desk/dangers"):
        assert number not in stranger.open(listing)
    for path in (number, "D-0000-0000-0"):
        stranger.open(f"/desk/dangers/{path}")
        assert stranger.status == 404
        for act, fields in FORMS.items():
            stranger.open("/desk/me")
            proof = stranger.hidden("/desk/sign-out")[PROOF]
            answer = stranger.client.post(
                f"/desk/dangers/{path}/{act}",
                data={PROOF: proof, "once": "a" * 24, **fields},
                base_url=PUBLIC_URL,
            )
            assert answer.status_code == 404
            assert WORDS not in answer.get_data(as_text=True)
    assert (the_danger(db), lines(db)) == before


def test_each_town_sees_its_own(town: Town, db: Database, phone: Phone) -> None:
    with db.work() as work:
        work.conn.execute(dangers.dangers.update().values(town="iwami"))
    for desk, status in (("iwami_kenko_fukushi", 200), (DESK, 404), (WAKASA, 404)):
        browser = at_work(town, hire(db, desk, desk))
        opens(browser, db)
        assert browser.status == status


@pytest.mark.parametrize("act", FORMS)
def test_without_its_line_nothing_is_done(
    town: Town, db: Database, me: Staff, phone: Phone, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    supporter_of(db, the_danger(db))
    browser = at_work(town, me)
    opens(browser, db)
    before = the_danger(db)
    town.app.config["PROPAGATE_EXCEPTIONS"] = False

    def broken(*_: object) -> None:
        raise RuntimeError("the audit cannot be written")

    monkeypatch.setattr(audit, "_chain", broken)
    does(browser, db, act)
    assert browser.status == 500
    assert NAME not in browser.page
    assert the_danger(db) == before
    phone.looks()
    assert phone.got == []


@pytest.mark.parametrize("act", FORMS)
def test_without_the_forms_proof_nothing_is_done(
    town: Town, db: Database, me: Staff, phone: Phone, act: str
) -> None:
    browser, before = at_work(town, me), the_danger(db)
    answer = browser.client.post(
        f"/desk/dangers/{before.number}/{act}", data={"once": "a" * 24, **FORMS[act]}, base_url=PUBLIC_URL
    )
    assert answer.status_code == 400
    assert the_danger(db) == before


def test_at_night_the_desk_that_reads_at_night_may_know(town: Town, db: Database, phone: Phone) -> None:
    content = town.services.content
    windows = tuple(
        replace(one, after_hours_desk=WAKASA)
        if one.key == DESK
        else replace(one, hours=parse_hours({"always": True}))
        if one.key == WAKASA
        else one
        for one in content.windows
    )
    night = replace(content, windows=windows)
    at_night = dt.datetime(2026, 12, 1, 15, tzinfo=dt.UTC)  # midnight in Tokyo
    by_day = dt.datetime(2026, 12, 1, 2, tzinfo=dt.UTC)
    danger = the_danger(db)
    assert deeds.desks_of(night, danger, at_night) == (DESK, WAKASA)
    assert deeds.desks_of(night, danger, by_day) == (DESK,)
    assert deeds.may_know(night, [WAKASA], danger)
    assert not deeds.may_know(content, [WAKASA], danger)
