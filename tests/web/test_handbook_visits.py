"""Counting the handbook's use on the web: each step once, by tag, and nothing of it belongs to anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from bot.app import Services
from bot.web import create_flask
from jobs.handbook_counts import Counting
from storage import handbook_tags, handbook_usage
from storage.handbook_tags import Tag
from storage.handbook_usage import Seen
from storage.work import Database
from tests.web.conftest import Browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ROBOT = "facebookexternalhit/1.1;line-poker/1.0"


@pytest.fixture
def services(db: Database, services_for: Callable[..., Services]) -> Services:
    with db.work() as work:
        handbook_tags.keep(work, Tag("spray", "スプレー", "駅前", "tottori"))
    return services_for(db)


@pytest.fixture
def app(services: Services) -> Flask:
    return create_flask(services)


@pytest.fixture
def seen(services: Services) -> Callable[[], Counter[tuple[str, str]]]:
    """What was counted since the last look: (event, about)."""

    def look() -> Counter[tuple[str, str]]:
        taken = services.usage.take()
        return Counter({(one.event, one.about): count for one, count in taken.items()})

    return look


def all_of(services: Services) -> list[Seen]:
    return list(services.usage.take())


def walk(browser: Browser, *, town: str = "iwami", most: int = 40) -> None:
    """From the first page to the result: the town and one worry are told, every other question is left out."""
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    browser.send("/handbook", do="answer", answer=town)
    browser.send("/handbook", do="skip")
    browser.send("/handbook", do="answer", answer="money")
    for _ in range(most):
        if 'name="question"' not in browser.page:
            return
        browser.send("/handbook", do="skip")
    raise AssertionError("the questions do not end")


@pytest.mark.parametrize("address", ["/h/spray", "/handbook?tag=spray", "/handbook?tag=spray&lang=en"])
def test_a_tag_leaves_the_address_at_once(browser: Browser, services: Services, address: str) -> None:
    answer = browser.client.get(address)
    while answer.status_code == 303:
        address = answer.headers["Location"]
        answer = browser.client.get(address)
    assert (answer.status_code, address) == (200, "/handbook")
    assert [(one.tag, one.town, one.event) for one in all_of(services)] == [("spray", "tottori", "opened")]


def test_a_language_in_the_code_goes_on(browser: Browser) -> None:
    answer = browser.client.get("/h/spray?lang=en", follow_redirects=True)
    assert answer.request.path == "/handbook"
    assert 'lang="en"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "word", ["made-up", "Spray", "x" * 5000, "%00", "駅前", "'; DROP TABLE handbook_tags;--"]
)
def test_a_tag_that_is_none_of_ours_is_counted_as_other(
    browser: Browser, services: Services, word: str
) -> None:
    answer = browser.client.get("/handbook", query_string={"tag": word}, follow_redirects=True)
    assert answer.status_code == 200
    assert {one.tag for one in all_of(services)} == {"other"}


def test_each_step_of_a_visit_is_counted_once(
    browser: Browser, seen: Callable[[], Counter[tuple[str, str]]]
) -> None:
    walk(browser)
    found = seen()
    assert [found[step, ""] for step in ("opened", "began", "finished", "called")] == [1, 1, 1, 0]
    assert found["answered", "town"] == 1
    assert found["answered", "worry"] == found["shown", "worry"] == 1
    assert found["skipped", "who"] == 1
    assert found["language", "ja"] == 1
    assert any(event == "scheme" for event, _ in found)
    assert max(found.values()) == 1
    browser.open("/handbook")
    browser.open("/handbook?q=2")
    browser.send("/handbook", do="back")
    browser.send("/handbook", do="skip")
    assert seen() == Counter()


def test_who_stops_in_the_middle_is_a_question_that_was_shown_and_no_more(
    browser: Browser, seen: Callable[[], Counter[tuple[str, str]]]
) -> None:
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    browser.send("/handbook", do="answer", answer="iwami")
    found = seen()
    assert found["shown", "who"] == 1
    assert ("answered", "who") not in found
    browser.send("/handbook", do="quit")
    browser.send("/handbook", do="start")
    assert seen() == Counter()


def test_who_goes_to_the_result_leaves_one_question_on_purpose_and_sees_no_more_of_them(
    browser: Browser, seen: Callable[[], Counter[tuple[str, str]]]
) -> None:
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    for _ in range(3):
        browser.send("/handbook", do="skip")
    asked = browser.hidden()["question"]
    seen()
    browser.send("/handbook", do="enough")
    found = seen()
    assert found["enough", asked] == 1
    assert found["finished", ""] == 1
    assert {event for event, _ in found} <= {"enough", "finished", "scheme"}


def test_who_begins_anew_after_a_result_is_a_new_visit_by_the_same_tag(
    browser: Browser, services: Services
) -> None:
    browser.client.get("/h/spray")
    walk(browser)
    services.usage.take()
    browser.send("/handbook", do="start")
    again = all_of(services)
    assert {(one.event, one.tag) for one in again if not one.about} == {
        ("opened", "spray"),
        ("began", "spray"),
    }


def test_a_visit_is_counted_where_its_tag_stands_and_a_scheme_where_somebody_lives(
    browser: Browser, services: Services
) -> None:
    browser.client.get("/h/spray")
    walk(browser, town="iwami")
    found = all_of(services)
    assert {one.town for one in found if not one.about} == {"tottori"}
    assert {one.town for one in found if one.event == "scheme"} == {"iwami"}


def test_a_code_that_is_scanned_in_the_middle_changes_nothing(browser: Browser, services: Services) -> None:
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    browser.client.get("/h/spray")
    browser.open("/handbook")
    browser.send("/handbook", do="answer", answer="iwami")
    assert {one.tag for one in all_of(services)} == {""}


def test_a_robot_is_nobody(browser: Browser, services: Services) -> None:
    browser.client.get("/h/spray", headers={"User-Agent": ROBOT}, follow_redirects=True)
    browser.client.head("/handbook")
    assert all_of(services) == []


# ---- what the script tells ---------------------------------------------------------------------------------


def tell(browser: Browser, **fields: str) -> Any:
    return browser.client.post("/handbook/told", data={"proof": browser.hidden()["proof"], **fields})


def test_a_number_that_was_dialled_is_counted_and_which_one_only_where_it_is_ours(
    browser: Browser, services: Services
) -> None:
    browser.client.get("/h/spray")
    walk(browser)
    services.usage.take()
    assert tell(browser, deed="called", number="0120279338").status_code == 204
    assert tell(browser, deed="called", number="09012345678").status_code == 204
    assert tell(browser, deed="printed").status_code == 204
    assert tell(browser, deed="anything").status_code == 204
    found = {(one.event, one.about, one.tag) for one in all_of(services)}
    assert found == {("called", "", "spray"), ("number", "0120279338", "spray"), ("printed", "", "spray")}


def test_its_answer_brings_no_session_back(browser: Browser) -> None:
    """It may arrive after 「消してはなれる」."""
    walk(browser)
    answer = tell(browser, deed="called", number="119")
    assert "Set-Cookie" not in answer.headers


def test_who_shows_no_proof_counts_nothing(browser: Browser, services: Services) -> None:
    walk(browser)
    services.usage.take()
    assert browser.client.post("/handbook/told", data={"deed": "called"}).status_code == 400
    assert all_of(services) == []


def test_only_these_pages_may_tell_something(browser: Browser) -> None:
    walk(browser)
    assert "connect-src 'self'" in browser.client.get("/handbook").headers["Content-Security-Policy"]
    assert "connect-src" not in browser.client.get("/windows").headers["Content-Security-Policy"]
    assert "handbook_use.js" in browser.page


def test_leaving_forgets_by_which_code_somebody_came(browser: Browser, services: Services) -> None:
    browser.client.get("/h/spray")
    browser.open("/handbook")
    browser.client.post("/handbook/leave", data=browser.hidden())
    services.usage.take()
    browser.open("/handbook")
    assert [one.tag for one in all_of(services)] == [""]


# ---- into the database -------------------------------------------------------------------------------------


def written(db: Database) -> list[tuple[str, int]]:
    with db.look() as work:
        return sorted((row.event, row.times) for row in handbook_usage.months(work, ["2026-12"]))


def test_it_is_written_when_the_service_stops_and_no_answer_with_it(
    browser: Browser, services: Services, db: Database
) -> None:
    counting = Counting(db, services.usage)
    counting.start()
    browser.open("/handbook")
    counting.stop()
    assert written(db) == [("opened", 1)]


def test_what_could_not_be_written_is_not_lost(browser: Browser, services: Services, db: Database) -> None:
    browser.open("/handbook")
    with db.work() as work:
        work.conn.exec_driver_sql("ALTER TABLE handbook_hours RENAME TO away")
    counting = Counting(db, services.usage)
    counting.write()
    with db.work() as work:
        work.conn.exec_driver_sql("ALTER TABLE away RENAME TO handbook_hours")
    assert written(db) == []
    counting.write()
    assert written(db) == [("opened", 1)]
