"""A link that was forwarded opens nothing: where LINE is asked, only the one to whom it was sent gets in."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from surroundings import Clock
from town import PUBLIC_URL, make_town

from bot.web import own_line
from bot.web.guard import HEADERS
from simulator.faults import Fault
from storage import links
from storage.work import Database
from tests.web.conftest import Browser
from tests.web.login_house import (
    LOGIN_ID,
    LOGIN_SECRET,
    ROOMS,
    House,
    OwnLink,
    agrees,
    brings_token,
    comes_back,
    cookie_of,
    house,
    to_line,
)

BACK = "/line-login/back"
WITHOUT_A_PERSON = {"desk_sign_in", "desk_line"}  # rooms with links of another kind


@pytest.fixture
def home(db: Database, clock: Clock) -> Iterator[House]:
    with house(db, clock) as made:
        yield made


@pytest.fixture
def link(home: House) -> OwnLink:
    return home.link("my_data")


def asked(address: str) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}


def goes_all_the_way(home: House, link: OwnLink, name: str = "はなこ") -> Browser:
    browser = home.browser()
    comes_back(browser, agrees(brings_token(browser, link), home.user(name)))
    return browser


# ---- the owner -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ROOMS)
def test_the_one_to_whom_it_was_sent_gets_in(home: House, purpose: str) -> None:
    link = home.link(purpose)
    browser = goes_all_the_way(home, link)
    assert browser.status == 200
    assert browser.addresses[-1].endswith(link.inside)
    assert list(home.line.platform.violations) == []


def test_a_form_can_be_sent_after_it(home: House) -> None:
    link = home.link("details")
    browser = goes_all_the_way(home, link)
    words = {
        "who": "となりの山田さん",
        "where": "本町1丁目",
        "what": "新聞がたまっています",
        "since": "",
        "contact": "",
    }
    browser.send(f"{link.path}/send", **words)
    assert browser.addresses[-1].endswith("/sent")
    assert not home.is_unspent(link)


def test_the_page_before_line_says_what_comes_and_what_line_learns(home: House, link: OwnLink) -> None:
    browser = home.browser()
    browser.open(link.path)
    assert "LINEの画面で確かめてから" in browser.text
    brings_token(browser, link)
    assert "「許可する」" in browser.text
    assert "LINEには伝わりません" in browser.text
    assert home.is_unspent(link)


def test_line_is_asked_for_nothing_but_who_it_is(home: House, link: OwnLink) -> None:
    address = brings_token(home.browser(), link)
    said = asked(address)
    assert address.startswith(f"{home.line.url}/oauth2/v2.1/authorize?")
    assert {name: said[name] for name in ("response_type", "client_id", "redirect_uri", "scope")} == {
        "response_type": "code",
        "client_id": LOGIN_ID,
        "redirect_uri": f"{PUBLIC_URL}{BACK}",
        "scope": "openid",
    }
    assert said["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9]{32}", said["state"])  # LINE wants it alphanumeric
    assert re.fullmatch(r"[A-Za-z0-9]{32}", said["nonce"])
    assert len(said["code_challenge"]) == 43


def test_nothing_of_the_link_travels_to_line(home: House, link: OwnLink) -> None:
    browser = home.browser()
    address = brings_token(browser, link)
    assert link.token not in address
    assert link.id not in address
    assert all(
        f"{name}: {value}" in browser.headers for name, value in HEADERS.items()
    )  # no-referrer among them
    assert 'rel="noreferrer"' in browser.page
    assert link.token not in browser.page


def test_each_attempt_has_its_own_secrets(home: House, link: OwnLink) -> None:
    first, second = (asked(brings_token(home.browser(), link)) for _ in range(2))
    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))


def test_without_line_login_nothing_is_different(db: Database) -> None:
    town = make_town(db)
    assert not own_line.asks(town.services)
    browser = Browser(town.app.test_client())
    browser.open("/m/" + "a" * 16)
    assert "LINEの画面で" not in browser.text
    browser.open(f"{BACK}?code=x&state=y")
    assert browser.status == 400


# ---- a stranger ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ROOMS)
def test_somebody_else_with_the_forwarded_link_sees_nothing_and_spends_nothing(
    home: House, purpose: str
) -> None:
    link = home.link(purpose)
    stranger = goes_all_the_way(home, link, "たろう")
    assert stranger.status == 403
    assert "ほかの方にお送りしたリンク" in stranger.text
    assert home.is_unspent(link)
    stranger.open(link.inside)
    assert stranger.status == 410
    owner = goes_all_the_way(home, link)
    assert owner.addresses[-1].endswith(link.inside)
    assert owner.status == 200


@pytest.mark.parametrize("purpose", ROOMS)
def test_the_token_alone_opens_no_side_door(home: House, purpose: str) -> None:
    """Every form of a room, sent with the true token by a browser that LINE has not spoken for."""
    link, tried = home.link(purpose), 0
    for rule in home.app.url_map.iter_rules():
        if rule.rule.startswith(f"{ROOMS[purpose][0]}/") and "POST" in (rule.methods or ()):
            browser = home.browser()
            browser.open(link.path)
            browser.send(rule.rule.replace("<link_id>", link.id), token=link.token)
            assert to_line(browser), rule
            tried += 1
    assert tried
    assert home.is_unspent(link)


def test_every_room_with_links_of_a_person_asks_whose_they_are(home: House) -> None:
    """A new room with one-time links fails here until it says `own_line.protect`."""
    rooms = {
        str(rule.endpoint).split(".")[0]
        for rule in home.app.url_map.iter_rules()
        if "link_id" in rule.arguments and "POST" in (rule.methods or ())
    }
    protected = {
        room
        for room, hooks in home.app.before_request_funcs.items()
        if room and any("own_line" in hook.__module__ for hook in hooks)
    }
    assert rooms - protected - WITHOUT_A_PERSON == {"line_login"}
    assert len(protected) == len(ROOMS)


def test_a_stranger_cannot_let_the_owner_agree_for_them(home: House, link: OwnLink) -> None:
    """The stranger begins and sends LINE's address on; the owner, trusting, agrees in their own browser."""
    stranger, owner = home.browser(), home.browser()
    back = agrees(brings_token(stranger, link), home.user("はなこ"))
    comes_back(owner, back)
    assert owner.status == 400
    assert "もう一度、LINEから" in owner.text
    assert home.asked_of_line() == 0
    assert home.is_unspent(link)


def test_a_code_of_ones_own_does_not_fit_into_anothers_way(home: House, link: OwnLink) -> None:
    """The owner's code, stolen, in the stranger's browser: another attempt, another verifier, another nonce."""
    stranger, owner = home.browser(), home.browser()
    state = asked(brings_token(stranger, link))["state"]
    code = asked(agrees(brings_token(owner, link), home.user("はなこ")))["code"]
    comes_back(stranger, f"{BACK}?{urlencode({'code': code, 'state': state})}")
    assert stranger.status == 502
    assert home.is_unspent(link)


# ---- what can go wrong -----------------------------------------------------------------------------------


def test_whoever_says_no_is_told_how_to_go_on(home: House, link: OwnLink) -> None:
    browser = home.browser()
    comes_back(browser, agrees(brings_token(browser, link), ""))
    assert browser.status == 403
    assert "「許可する」をおしてください" in browser.text
    assert home.is_unspent(link)
    browser.send(f"/line-login/to/{link.id}")
    comes_back(browser, agrees(to_line(browser), home.user("はなこ")))
    assert browser.addresses[-1].endswith(link.inside)


@pytest.mark.parametrize(
    "fault",
    [Fault("login.token", status=500), Fault("login.token", status=429), Fault("login.token", drop=True)],
)
def test_when_line_is_down_it_can_be_tried_again(home: House, link: OwnLink, fault: Fault) -> None:
    fault.times = 1
    home.line.platform.faults.add(fault)
    browser = home.browser()
    comes_back(browser, agrees(brings_token(browser, link), home.user("はなこ")))
    assert browser.status == 503
    assert "いま、LINEで確かめられません" in browser.text
    browser.send(f"/line-login/to/{link.id}")
    comes_back(browser, agrees(to_line(browser), home.user("はなこ")))
    assert browser.status == 200


@pytest.mark.parametrize(
    "query",
    ["error=server_error", "error=", "code=", "code=%00", "code=" + "x" * 600, "code=no-code-of-lines", ""],
)
def test_an_answer_that_is_none_is_a_kind_page(home: House, link: OwnLink, query: str) -> None:
    browser = home.browser()
    state = asked(brings_token(browser, link))["state"]
    comes_back(browser, f"{BACK}?state={state}&{query}")
    assert browser.status == 502
    assert "もう一度ためす" in browser.text
    assert home.is_unspent(link)


@pytest.mark.parametrize("state", ["", "x", "あ", "\ud800", "0" * 32, "a" * 5000, "%00"])
def test_an_unknown_state_leads_nowhere(home: House, link: OwnLink, state: str) -> None:
    browser = home.browser()
    brings_token(browser, link)
    browser._see(
        browser.client.get(BACK, query_string={"state": state.encode("utf-8", "replace"), "code": "x"})
    )
    assert browser.status == 400
    assert home.asked_of_line() == 0


def test_where_lines_automatic_login_failed_one_goes_on_by_hand(home: House, link: OwnLink) -> None:
    """LINE sends such a person back with a state and a code that mean nothing, and would do so each time."""
    browser = home.browser()
    assert "disable_auto_login" not in brings_token(browser, link)
    comes_back(browser, f"{BACK}?code=nothing&state=nothing")
    assert "LINEが、どなたかを見分けられませんでした" in browser.text
    browser.send(f"/line-login/to/{link.id}")
    assert asked(to_line(browser))["disable_auto_login"] == "true"
    comes_back(browser, agrees(to_line(browser), home.user("はなこ")))
    assert browser.addresses[-1].endswith(link.inside)


def test_where_the_cookie_was_lost_the_chat_is_the_way_on(home: House, link: OwnLink) -> None:
    back = agrees(brings_token(home.browser(), link), home.user("はなこ"))
    other = home.browser()
    comes_back(other, back)
    assert other.status == 400
    assert "LINEのトークにもどって" in other.text
    other.open(f"/line-login/to/{link.id}")
    assert other.status == 400


def test_after_ten_minutes_one_asks_again(home: House, link: OwnLink, clock: Clock) -> None:
    browser = home.browser()
    back = agrees(brings_token(browser, link), home.user("はなこ"))
    clock.move(minutes=10)
    comes_back(browser, back)
    assert browser.status == 409
    assert home.asked_of_line() == 0
    assert home.is_unspent(link)


def test_a_link_that_ended_meanwhile_opens_nothing(home: House, clock: Clock) -> None:
    link, browser = home.link("my_data", minutes=5), home.browser()
    back = agrees(brings_token(browser, link), home.user("はなこ"))
    clock.move(minutes=6)
    comes_back(browser, back)
    assert browser.status == 400


def test_the_back_button_after_all_went_well_leads_in_again(home: House, link: OwnLink) -> None:
    browser = home.browser()
    back = agrees(brings_token(browser, link), home.user("はなこ"))
    comes_back(browser, back)
    comes_back(browser, back)
    assert browser.addresses[-1].endswith(link.inside)
    assert browser.status == 200
    assert home.asked_of_line() == 1


def test_a_code_that_line_has_taken_already_is_a_kind_page(home: House, link: OwnLink) -> None:
    browser, other = home.browser(), home.browser()
    back = agrees(brings_token(browser, link), home.user("はなこ"))
    code = asked(back)["code"]
    comes_back(browser, back)
    state = asked(brings_token(other, home.link("my_data")))["state"]
    comes_back(other, f"{BACK}?{urlencode({'code': code, 'state': state})}")
    assert other.status == 502


@pytest.mark.parametrize("given", [None, "", "x.y.z", 7, ["a"]])
def test_an_answer_without_a_good_id_token_opens_nothing(
    home: House, link: OwnLink, given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.login.id_token", lambda *_: given)
    browser = goes_all_the_way(home, link)
    assert browser.status == 502
    assert home.is_unspent(link)


def test_an_id_token_of_another_secret_opens_nothing(
    home: House, link: OwnLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = home.line.platform.channels["default"]
    from simulator import login

    true_one = login.id_token
    forger = type(channel)(type(channel.bot)("f", "f", "f", "f", login_id=LOGIN_ID, login_secret="x"), "", "")
    monkeypatch.setattr(login, "id_token", lambda _channel, user, nonce: true_one(forger, user, nonce))
    assert goes_all_the_way(home, link).status == 502
    assert home.is_unspent(link)


# ---- many at once, and what stays behind ---------------------------------------------------------------------


def test_of_a_hundred_that_come_back_at_once_exactly_one_goes_on(
    home: House, link: OwnLink, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    browser = home.browser()
    back = agrees(brings_token(browser, link), home.user("はなこ"))
    cookie = cookie_of(browser)

    def comes(_number: int) -> int:
        client = home.app.test_client(use_cookies=False)
        return client.get(back, headers={"Cookie": cookie}).status_code

    said = together(100, comes)
    assert said.count(303) == 1
    assert set(said) == {303, 409}
    assert home.asked_of_line() == 1
    assert not home.is_unspent(link)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_at_the_addresses_spends_nothing(home: House, link: OwnLink, method: str) -> None:
    brings_token(browser := home.browser(), link)
    state = asked(to_line(browser))["state"]
    for path in (link.path, link.inside, f"/line-login/to/{link.id}", f"{BACK}?state={state}&code=x"):
        home.app.test_client().open(path, method=method, headers={"Sec-Purpose": "prefetch"})
    assert home.is_unspent(link)
    comes_back(browser, agrees(to_line(browser), home.user("はなこ")))
    assert browser.status == 200


def test_no_host_header_bends_the_way_back(home: House, link: OwnLink) -> None:
    browser = home.browser()
    brings_token(browser, link)
    for headers in ({"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}):
        page = browser.client.get(f"/line-login/to/{link.id}", headers=headers).get_data(as_text=True)
        assert "evil.example" not in html.unescape(page)


def test_a_stranger_keeps_no_token_in_the_session(home: House, link: OwnLink) -> None:
    stranger = goes_all_the_way(home, link, "たろう")
    stranger.send(f"/line-login/to/{link.id}")
    assert stranger.status in (400, 404)
    assert to_line(stranger) == ""


def test_neither_code_nor_state_nor_secret_stands_in_the_log(
    home: House, link: OwnLink, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = home.browser()
    address = brings_token(browser, link)
    back = agrees(address, home.user("はなこ"))
    comes_back(browser, back)
    goes_all_the_way(home, home.link("papers"), "たろう")
    said = capsys.readouterr()
    secrets = {*asked(address).values(), *asked(back).values(), link.token, LOGIN_SECRET, home.user("はなこ")}
    for secret in secrets - {"code", "S256", "openid", LOGIN_ID, f"{PUBLIC_URL}{BACK}"}:
        assert secret not in said.out + said.err


def test_the_session_never_outgrows_its_cookie(home: House) -> None:
    browser = home.browser()
    for purpose in ("details", "profile", "my_data", "papers") * 5:
        comes_back(browser, agrees(brings_token(browser, home.link(purpose)), home.user("はなこ")))
        assert browser.status == 200


def test_attempts_are_links_that_open_nothing_themselves(home: House, link: OwnLink) -> None:
    with home.services.db.work() as work:
        attempt = links.make(
            work, "default", purpose=own_line.ATTEMPT, about=link.id, person_id=None, valid_for=own_line.LIFE
        )
    for purpose in ROOMS:
        browser = home.browser()
        brings_token(browser, OwnLink(purpose, *attempt))
        assert browser.status == 410
