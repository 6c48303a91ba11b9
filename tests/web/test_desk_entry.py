"""Somebody telephoned: two steps, one concern, at the right desk; and the photos of a concern, one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from office import IWAMI, SUPPORT, WAKASA, DeskBrowser, at_work, hire, lines, report
from sqlalchemy import func, select
from surroundings import Clock
from town import Town, make_town

from bot.desk import knowing
from bot.web.desk.entry import RAISABLE
from storage import concerns, notices, photos, recusals, staff
from storage.concerns import Concern
from storage.staff import Staff
from storage.work import Database
from tests.test_pictures import photo

GIVEN = {
    "place": "iwami/",
    "kind": "safety",
    "level": "",
    "since": "days",
    "knows": "unaware",
    "who": "浦富の鈴木カナリアさん",
    "where": "岩美町浦富1-2-3",
    "what": "雨戸がしまったままです",
    "name": "電話の田中",
    "phone": "0857-11-2222",
}


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


@pytest.fixture
def me(db: Database) -> Staff:
    return hire(db, "係 花子", IWAMI)


@pytest.fixture
def browser(town: Town, me: Staff) -> DeskBrowser:
    return at_work(town, me)


def all_concerns(db: Database) -> list[Concern]:
    with db.look() as work:
        return list(concerns.listed(work))


def look(browser: DeskBrowser, **changed: str) -> int:
    browser.open("/desk/new")
    return browser.sends("/desk/new", **(GIVEN | changed))


def send(browser: DeskBrowser, **changed: str) -> int:
    return browser.sends("/desk/new", **({"do": "send"} | changed))


def test_two_steps_make_one_concern(browser: DeskBrowser, db: Database, me: Staff) -> None:
    assert look(browser) == 200
    assert all_concerns(db) == []
    assert "岩美町 健康福祉課" in browser.text
    assert "その市町の総合の窓口" in browser.text
    assert "岩美町浦富1-2-3" in browser.text
    assert send(browser) == 303
    (made,) = all_concerns(db)
    assert made.number in browser.text
    assert (made.source, made.person_id, made.window, made.level) == ("telephone", None, IWAMI, 2)
    assert (made.town, made.district, made.kind) == ("iwami", None, "safety")
    assert (made.since, made.subject_knows) == ("days", "unaware")
    assert made.accept_due is not None
    assert ("staff:" + me.id, "opened") in lines(db, made)
    assert ("staff:" + me.id, "described") in lines(db, made)


def test_who_telephoned_is_hidden_until_a_reason_is_given(browser: DeskBrowser, db: Database) -> None:
    look(browser)
    send(browser)
    (made,) = all_concerns(db)
    with db.look() as work:
        words = knowing.words_of(work, made)
        kept = concerns.details(work, made)
    assert words == {"who": GIVEN["who"], "where": GIVEN["where"], "what": GIVEN["what"]}
    assert kept["contact"] == "電話の田中\n0857-11-2222"


def test_going_back_loses_nothing(browser: DeskBrowser, db: Database) -> None:
    look(browser)
    once = browser.hidden("/desk/new")["once"]
    assert browser.sends("/desk/new", do="edit") == 200
    for words in ("浦富の鈴木カナリアさん", "0857-11-2222"):
        assert words in browser.text
    assert '<option value="days" selected>' in browser.page
    assert browser.hidden("/desk/new")["once"] == once
    assert all_concerns(db) == []


@pytest.mark.parametrize("name", ["place", "kind", "since", "knows", "where", "what"])
def test_what_is_missing_is_named_beside_its_field(browser: DeskBrowser, db: Database, name: str) -> None:
    assert look(browser, **{name: " "}) == 422
    assert f'id="{name}-error"' in browser.page
    assert browser.page.count('-error">') == 1
    assert "浦富の鈴木カナリアさん" in browser.text
    assert all_concerns(db) == []


def test_too_many_words_are_refused_kindly(browser: DeskBrowser) -> None:
    assert look(browser, what="あ" * 2_001) == 422
    assert "2000文字まで" in browser.text


def test_the_level_can_be_raised_and_never_lowered(browser: DeskBrowser, db: Database) -> None:
    look(browser, level="0")
    send(browser)
    look(browser, level="3")
    send(browser)
    look(browser, kind="elder_abuse", level="2")
    send(browser)
    assert sorted(made.level for made in all_concerns(db)) == [0, 1, 2]
    assert "4" not in RAISABLE


def test_for_violence_the_person_is_never_told(browser: DeskBrowser, db: Database) -> None:
    assert look(browser, kind="dv", knows="agrees") == 200
    send(browser)
    assert look(browser, kind="elder_abuse", knows="") == 200
    send(browser)
    assert {made.subject_knows for made in all_concerns(db)} == {"better_not"}


def test_a_district_is_kept(browser: DeskBrowser, db: Database) -> None:
    browser.open("/desk/new")
    choices = re.findall(r'<option value="(iwami/[a-z_0-9]+)"', browser.page)
    look(browser, place=choices[0])
    send(browser)
    (made,) = all_concerns(db)
    assert made.district == choices[0].partition("/")[2]


def test_only_towns_that_the_own_desks_serve_can_be_chosen(browser: DeskBrowser, db: Database) -> None:
    browser.open("/desk/new")
    assert "岩美町" in browser.text
    assert "若桜町" not in browser.text
    assert look(browser, place="wakasa/") == 422
    assert all_concerns(db) == []


def test_it_goes_to_the_right_desk_also_where_that_is_another_one(town: Town, db: Database) -> None:
    browser = at_work(town, hire(db, "支援 太郎", SUPPORT))
    look(browser, place="tottori/")
    assert "鳥取市 中央人権福祉センター" in browser.text
    send(browser)
    (made,) = all_concerns(db)
    assert made.window == "tottori_chuo_jinken"
    assert made.number in browser.text
    assert f"/desk/concerns/{made.number}" not in browser.page
    with db.look() as work:
        told = work.conn.execute(select(notices.notices.c.window, notices.notices.c.what)).all()
    assert [tuple(row) for row in told] == [("tottori_chuo_jinken", "new")]


def test_the_own_desk_may_keep_it(town: Town, db: Database) -> None:
    browser = at_work(town, hire(db, "支援 太郎", SUPPORT))
    look(browser, place="tottori/")
    send(browser, window=SUPPORT)
    (made,) = all_concerns(db)
    assert made.window == SUPPORT


def test_no_other_desk_can_be_chosen(browser: DeskBrowser, db: Database) -> None:
    look(browser)
    send(browser, window=WAKASA)
    look(browser)
    send(browser, window="iwami_fukushi")
    assert {made.window for made in all_concerns(db)} == {IWAMI}


def test_a_desk_that_was_not_shown_is_shown_first(browser: DeskBrowser, db: Database) -> None:
    look(browser)
    assert send(browser, shown="another") == 409
    assert "送り先が変わりました" in browser.text
    assert all_concerns(db) == []
    assert send(browser) == 303


def test_sent_a_hundred_times_at_once_it_is_one_concern(
    town: Town,
    browser: DeskBrowser,
    db: Database,
    me: Staff,
    together: Callable[[int, Callable[[int], Any]], list[Any]],
) -> None:
    look(browser)
    form = browser.hidden("/desk/new") | {"do": "send"}
    cookies = [(each.key, each.value) for each in browser.client._cookies.values()]

    def post(_: int) -> int:
        client = town.app.test_client()
        for key, value in cookies:
            client.set_cookie(key, value, domain="tsunagari.example", secure=True)
        return client.post("/desk/new", data=form, base_url="https://tsunagari.example").status_code

    assert set(together(100, post)) == {303}
    (made,) = all_concerns(db)
    assert [deed for _, deed in lines(db, made)].count("described") == 1
    assert [deed for _, deed in lines(db, made)].count("opened") == 1
    with db.look() as work:
        assert work.conn.execute(select(func.count()).select_from(notices.notices)).scalar_one() == 1


def test_another_persons_form_is_not_the_same_form(town: Town, browser: DeskBrowser, db: Database) -> None:
    look(browser)
    once = browser.hidden("/desk/new")["once"]
    send(browser)
    other = at_work(town, hire(db, "係 次郎", IWAMI))
    look(other)
    send(other, once=once)
    assert len(all_concerns(db)) == 2


def test_words_of_danger_are_said_before_and_told_after(browser: DeskBrowser, db: Database) -> None:
    look(browser, what="部屋で倒れているのが見えるそうです")
    assert "命の危険を思わせる言葉" in browser.text
    assert "1 今日中" in browser.text
    send(browser)
    (made,) = all_concerns(db)
    assert (made.danger, made.level) == (True, 1)
    with db.look() as work:
        told = work.conn.execute(select(notices.notices.c.what)).scalars().all()
    assert sorted(told) == ["danger", "new"]


def test_the_words_lie_sealed_and_in_no_log(
    browser: DeskBrowser, db: Database, town: Town, capfd: pytest.CaptureFixture[str]
) -> None:
    look(browser)
    send(browser)
    with db.look() as work:
        table = concerns.concerns
        raw = str([tuple(row) for row in work.conn.execute(select(table))])
    said = "".join(capfd.readouterr())
    for word in ("カナリア", "浦富1", "電話の田中", "0857-11-2222"):
        assert word not in raw + said
        assert word in town.everything_stored()


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_comes_in_without_signing_in(town: Town, db: Database, method: str) -> None:
    stranger = at_work(town, None)
    stranger.open("/desk/new")
    assert stranger.address == "/desk/new"
    assert stranger.status == 303
    stranger.open("/desk/sign-in")
    assert stranger.sends("/desk/new", **(GIVEN | {"do": "send", "once": "0" * 24, "shown": IWAMI})) == 401
    assert all_concerns(db) == []


def test_somebody_who_was_let_go_meanwhile_sends_nothing(
    browser: DeskBrowser, db: Database, me: Staff
) -> None:
    look(browser)
    with db.work() as work:
        staff.set_active(work, me.id, False)
    assert send(browser) == 401
    assert all_concerns(db) == []


def test_markup_stays_words(browser: DeskBrowser) -> None:
    attack = '"><script>alert(1)</script>{{7*7}}'
    look(browser, who=attack, name=attack)
    assert "<script>alert" not in browser.page
    browser.sends("/desk/new", do="edit")
    assert "<script>alert" not in browser.page


def test_the_route_of_a_night_is_shown_as_it_is_at_that_hour(
    town: Town, db: Database, me: Staff, clock: Clock
) -> None:
    clock.move(hours=12)  # 22:00
    browser = at_work(town, me)
    look(browser, level="0")
    assert "岩美町" in browser.text
    assert send(browser) == 303
    (made,) = all_concerns(db)
    assert made.level == 0


# ---- the photos ------------------------------------------------------------------------------------------


@pytest.fixture
def seen(db: Database) -> tuple[Concern, photos.Photo]:
    concern = report(db)
    with db.work() as work:
        return concern, photos.add(work, concern, photo(), 400, 100)


def test_the_desk_sees_a_photo_and_that_leaves_a_line(
    browser: DeskBrowser, db: Database, me: Staff, seen: tuple[Concern, photos.Photo]
) -> None:
    concern, one = seen
    answer = browser.client.get(
        f"/desk/concerns/{concern.number}/photos/{one.id}.jpg", base_url="https://tsunagari.example"
    )
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", photo())
    assert lines(db, concern)[-1] == (f"staff:{me.id}", "saw_photo")
    headers = answer.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Disposition"] == "inline"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_nobody_else_sees_it_and_no_line_is_left(
    town: Town, db: Database, me: Staff, browser: DeskBrowser, seen: tuple[Concern, photos.Photo]
) -> None:
    concern, one = seen
    other = report(db)
    before = lines(db, concern)
    path = f"/desk/concerns/{concern.number}/photos/{one.id}.jpg"
    at_work(town, hire(db, "別の人", WAKASA)).open(path)
    foreign = at_work(town, hire(db, "別の人", WAKASA))
    nobody = at_work(town, None)
    for who, wanted, status in (
        (foreign, path, 404),
        (nobody, path, 303),
        (browser, f"/desk/concerns/{other.number}/photos/{one.id}.jpg", 404),
        (browser, f"/desk/concerns/{concern.number}/photos/{'0' * 32}.jpg", 404),
    ):
        who.open(wanted)
        assert who.status == status
    with db.work() as work:
        recusals.recuse(work, concern, me.id)
    browser.open(path)
    assert browser.status == 404
    assert lines(db, concern) == before


def test_the_concerns_page_shows_its_photos(browser: DeskBrowser, seen: tuple[Concern, photos.Photo]) -> None:
    concern, one = seen
    browser.opens(concern)
    assert f'src="/desk/concerns/{concern.number}/photos/{one.id}.jpg"' in browser.page
