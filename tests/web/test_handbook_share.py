"""Telling the family: a link that says nothing, or one to what was chosen, that ends; never an answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from bot import log
from bot.app import Services
from bot.web import create_flask
from bot.web.handbook_share import MAKING
from storage import handbook_results
from storage.handbook_results import kept_results
from storage.work import Database
from tests.conftest import Clock
from tests.web.conftest import Browser
from tests.web.test_handbook_pages import HANDBOOK, answer, begin
from tests.web.test_handbook_paper import RENT

SHARE = "/handbook/share"
MUCH: dict[str, Any] = {
    "who": "self",
    "worry": ["money", "work", "body"],
    "age": "a40",
    "household": ["child"],
    "children": ["k3"],
    "single_parent": "solo",
    "paying": "bill",
    "housing": "rent",
    "job": ["left2y"],
    "body": ["cost", "rare", "cancer"],
    "handbooks": ["phys"],
    "disability": ["job", "daily", "money"],
    "care": ["fam", "cost"],
}
HOST = "http://127.0.0.1:8000"


@pytest.fixture
def app(services_for: Callable[..., Services], db: Database) -> Flask:
    return create_flask(services_for(db))


def offered(browser: Browser) -> dict[str, str]:
    """What can be ticked: ids and titles."""
    return dict(re.findall(r'name="take" value="([^"]+)"[^>]*><span>([^<]+)</span>', browser.page))


def link_of(browser: Browser) -> str:
    """The address of the link on the page, without the host."""
    found = re.search(r'href="[^"]+(/handbook/r/[^"]+)"', browser.page)
    assert found, browser.text
    return found[1]


def to_share(browser: Browser, **answers: Any) -> dict[str, str]:
    begin(browser)
    answer(browser, **(answers or RENT))
    browser.open(SHARE)
    return offered(browser)


def other(app: Flask) -> Browser:
    """Somebody else's browser."""
    return Browser(app.test_client())


def test_without_a_result_there_is_the_plain_link_and_nothing_to_choose(browser: Browser) -> None:
    browser.open(SHARE)
    assert f"{HOST}/handbook" in browser.text
    assert "LINEで送る" in browser.text
    assert not offered(browser)
    assert "質問に答えると" in browser.text


def test_the_plain_link_and_its_picture_carry_no_answer(browser: Browser) -> None:
    to_share(browser)
    send = re.search(r'href="(https://line\.me/R/share\?text=[^"]+)"', browser.page)
    assert send
    assert send[1].endswith("http%3A%2F%2F127.0.0.1%3A8000%2Fhandbook")
    pictures = re.findall(r'<img class="qr" src="(data:image/svg\+xml;base64,[^"]+)"', browser.page)
    assert len(pictures) == 1


def test_nothing_is_ticked_that_was_not_chosen_before(browser: Browser) -> None:
    begin(browser)
    answer(browser, **RENT)
    assert " checked" not in browser.page
    first = re.findall(r'name="take" value="([^"]+)"', browser.page)[2]
    browser.send("/handbook/take", do="share", take=[first])
    assert browser.addresses[-1].endswith(SHARE)
    assert re.findall(r'name="take" value="([^"]+)" checked', browser.page) == [first]


def test_the_page_says_what_the_other_will_see_and_what_not(browser: Browser) -> None:
    to_share(browser)
    for said in ("相手に見えるもの", "相手に見えないもの", "あなたの答え", "家族に知られて困るもの"):
        assert said in browser.text


def test_a_link_shows_the_chosen_schemes_and_their_desks_and_no_answer(browser: Browser, app: Flask) -> None:
    there = to_share(browser)
    chosen, left_out = list(there)[1], list(there)[2]
    browser.send(SHARE, do="make", take=[chosen])
    assert "リンクができました" in browser.text
    family = other(app)
    family.open(link_of(browser))
    assert family.status == 200
    assert there[chosen] in family.text
    assert there[left_out] not in family.text
    assert 'class="call"' in family.page
    assert "鳥取市" in family.text
    for answered in ("家賃が払えない", "今月の支払いができない", "答えたので", "窓口で確かめること"):
        assert answered not in family.text
    assert "<title>お悩みハンドブック</title>" in family.page  # what a chat shows of a link


def test_nothing_chosen_is_answered_kindly_and_makes_no_link(browser: Browser, db: Database) -> None:
    to_share(browser)
    browser.send(SHARE, do="make")
    assert browser.status == 422
    assert "ひとつはえらんでください" in browser.text
    with db.look() as work:
        assert work.conn.execute(select(kept_results.c.id)).all() == []


def test_what_is_not_in_the_result_cannot_be_shown(browser: Browser, db: Database) -> None:
    to_share(browser)
    browser.send(SHARE, do="make", take=["national-999", "<script>"])
    assert browser.status == 422


def test_the_link_is_in_no_address_of_ours_and_only_its_hash_is_kept(browser: Browser, db: Database) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:1])
    token = link_of(browser).rpartition("/")[2]
    assert len(token) == 43
    assert all(token not in address for address in browser.addresses)
    with db.look() as work:
        row = work.conn.execute(select(kept_results)).one()
        assert token not in repr(tuple(row))
        assert next(iter(there)) not in repr(tuple(row))
        kept = handbook_results.read(work, token)
    assert kept is not None
    assert [one.id for one in kept.schemes] == list(there)[:1]
    assert (kept.town, kept.person_id) == ("tottori", None)
    assert all(not one.to_confirm for one in kept.schemes)


def test_who_made_the_link_can_end_it(browser: Browser, app: Flask) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:1])
    link = link_of(browser)
    browser.send(SHARE, do="withdraw")
    assert "使えなくしました" in browser.text
    assert "/handbook/r/" not in browser.page
    family = other(app)
    family.open(link)
    assert family.status == 404
    assert "もうありません" in family.text
    browser.open(SHARE)
    assert "使えなくしました" not in browser.text


def test_whoever_has_the_link_can_end_it(browser: Browser, app: Flask) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:1])
    family = other(app)
    family.open(link_of(browser))
    family.send(link_of(browser), do="withdraw")
    assert family.status == 404
    browser.open(SHARE)
    assert "/handbook/r/" not in browser.page


def test_a_new_link_ends_the_one_before(browser: Browser, app: Flask) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:1])
    first = link_of(browser)
    browser.send(SHARE, do="make", take=list(there)[1:2])
    assert link_of(browser) != first
    family = other(app)
    family.open(first)
    assert family.status == 404


def test_a_link_ends_by_itself_after_thirty_days(browser: Browser, app: Flask, clock: Clock) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:1])
    link = link_of(browser)
    clock.move(days=29, hours=23)
    family = other(app)
    family.open(link)
    assert family.status == 200
    clock.move(hours=2)
    family.open(link)
    assert family.status == 404


@pytest.mark.parametrize("token", ["x", "0" * 43, "..", "%00", "あ" * 20])
def test_a_token_that_is_none_looks_like_one_that_has_ended(browser: Browser, token: str) -> None:
    browser.open(f"/handbook/r/{token}")
    assert browser.status == 404


def test_leaving_erases_the_way_to_the_link_too(browser: Browser) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:1])
    browser.send("/handbook/leave")
    browser.open(SHARE)
    assert "/handbook/r/" not in browser.page
    assert not offered(browser)


def test_starting_anew_forgets_what_was_ticked(browser: Browser) -> None:
    begin(browser)
    answer(browser, **RENT)
    ticked = re.findall(r'name="take" value="([^"]+)"', browser.page)[:2]
    browser.send("/handbook/take", do="keep", take=ticked)
    assert browser.page.count(" checked") == 2
    browser.send(HANDBOOK, do="start")
    browser.send(HANDBOOK, do="answer", answer="tottori")
    answer(browser, **RENT)
    assert " checked" not in browser.page


def test_starting_anew_forgets_the_link_here_and_it_still_works(browser: Browser, app: Flask) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:1])
    link = link_of(browser)
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    browser.open(SHARE)
    assert "/handbook/r/" not in browser.page
    family = other(app)
    family.open(link)
    assert family.status == 200


def test_ticks_of_a_further_page_stay_beside_those_of_the_first(browser: Browser) -> None:
    begin(browser)
    answer(browser, **MUCH)
    first = re.findall(r'name="take" value="([^"]+)"', browser.page)
    browser.send("/handbook/take", do="more", take=first[:1])
    assert browser.addresses[-1].endswith("/handbook/more?page=1")
    second = re.findall(r'name="take" value="([^"]+)"', browser.page)
    assert second
    assert not set(first) & set(second)
    browser.send("/handbook/take", do="paper", take=second[-1:])
    ticked = re.findall(r'name="take" value="([^"]+)" checked', browser.page)
    assert set(ticked) == {first[0], second[-1]}


def test_all_that_was_found_stands_on_some_page(browser: Browser) -> None:
    begin(browser)
    answer(browser, **MUCH)
    there, pages = set(re.findall(r'name="take" value="([^"]+)"', browser.page)), 1
    told = re.findall(r"（あと(\d+)件）", browser.text)
    while 'value="more"' in browser.page:
        browser.send("/handbook/take", do="more")
        found = re.findall(r'name="take" value="([^"]+)"', browser.page)
        assert not there & set(found)
        there |= set(found)
        pages += 1
        assert len(browser.page.encode()) < 50_000
    assert pages >= 2
    assert int(told[-1]) > 0


@pytest.mark.parametrize("path", ["/handbook/paper", "/handbook/more", "/handbook/paper.pdf"])
def test_without_a_result_every_further_page_leads_to_the_beginning(browser: Browser, path: str) -> None:
    reply = browser.client.get(path)
    assert reply.status_code == 303
    assert reply.headers["Location"] in (HANDBOOK, "/handbook/paper")


def test_a_further_page_that_is_none_is_not_found(browser: Browser) -> None:
    begin(browser)
    answer(browser, **RENT)
    for page in ("0", "99", "-1"):
        browser.open(f"/handbook/more?page={page}")
        assert browser.status == 404


def test_what_has_ended_since_is_left_out_and_that_is_said(
    browser: Browser, app: Flask, db: Database, content: Any
) -> None:
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:2])
    token = link_of(browser).rpartition("/")[2]
    with db.work() as work:
        kept = handbook_results.read(work, token)
        assert kept is not None
        gone = [one.__class__(**{**one.__dict__, "id": "national-gone"}) for one in kept.schemes[:1]]
        new = handbook_results.keep(work, kept.channel, kept.town, [*gone, *kept.schemes[1:]])
    family = other(app)
    family.open(f"/handbook/r/{new}")
    assert "1件は出していません" in family.text
    assert there[list(there)[1]] in family.text


def test_a_machine_that_makes_links_has_to_wait(app: Flask, browser: Browser) -> None:
    there = to_share(browser)
    for _ in range(MAKING.free):
        browser.send(SHARE, do="make", take=list(there)[:1])
        assert browser.status == 200
    link = link_of(browser)
    assert (
        browser.client.post(SHARE, data=browser.hidden() | {"do": "make", "take": [*there]}).status_code
        == 429
    )
    family = other(app)
    family.open(link)
    assert family.status == 200  # the link from before is still there


def test_neither_answers_nor_schemes_nor_the_link_reach_the_log(
    browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("INFO", "json")
    there = to_share(browser)
    browser.send(SHARE, do="make", take=list(there)[:2])
    link = link_of(browser)
    browser.open(link)
    browser.send(link, do="withdraw")
    log.configure("WARNING", "text")
    told = "".join(capsys.readouterr())
    assert "handbook.shared" in told
    for secret in (link.rpartition("/")[2], *there, *there.values(), "rent", "bill"):
        assert secret not in told


def test_whoever_ticks_everything_everywhere_is_still_remembered(browser: Browser) -> None:
    browser.open("/handbook/search")
    browser.send("/handbook/search", words="鬱" * 200)
    browser.open(HANDBOOK)
    browser.send(HANDBOOK, do="start")
    for _ in range(60):
        options = browser.options()
        if not options:
            break
        picks = options if 'type="checkbox"' in browser.page else options[:1]
        for fewer in (picks, [one for one in picks if one not in ("single", "none")], picks[:3]):
            browser.send(HANDBOOK, do="answer", answer=fewer)
            if browser.status == 200:
                break
    ids = re.findall(r'name="take" value="([^"]+)"', browser.page)
    assert len(ids) > 20
    browser.send("/handbook/take", do="share", take=ids)
    assert len(re.findall(r'name="take" value="[^"]+" checked', browser.page)) == 20
    browser.send(SHARE, do="make", take=ids)
    assert browser.status == 200
    assert link_of(browser)
