"""Who may do what, for every route under /desk: generated from the routes that there are, so that none is forgotten."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from office import (
    CONTACT,
    IWAMI,
    SEEN,
    SUPPORT,
    WAKASA,
    WHERE,
    DeskBrowser,
    again,
    at_work,
    desk_now,
    doer,
    hire,
    lines,
    report,
)
from town import PUBLIC_URL, Town, make_town

from bot.desk import knowing
from bot.web.desk.gate import OPEN
from bot.web.guard import PROOF
from storage import entries, handons
from storage.concerns import Concern
from storage.work import Database

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECRET = (SEEN, WHERE, CONTACT)
OF_ONES_OWN = {  # routes that are about no concern: the list, papers without one, one's own account
    *("desk_inbox.inbox", "desk_inbox.search", "desk_inbox.notices_seen", "desk_inbox.together"),
    *("desk_entry.begin", "desk_entry.go_on", "desk_entry.sent"),
    *("desk_paper.blank", "desk_paper.meeting", "desk_paper.meeting_csv"),
    *("desk_me.me", "desk_me.name", "desk_me.password", "desk_me.make_codes", "desk_me.codes"),
    *("desk_me.codes_done", "desk_me.end_session", "desk_me.everywhere"),
    *("desk_line.make", "desk_line.page", "desk_line.off"),
    *("desk_dangers.listed", "desk_dangers.page", "desk_dangers.seen"),  # of people: test_desk_dangers
    *("desk_dangers.words", "desk_dangers.identity", "desk_dangers.close"),
}
FIELDS = {  # what each form needs to be taken, so that nothing but the right is missing
    "desk_acts.note": {"text": "x"},
    "desk_acts.call": {"whom": "subject", "reached": "yes"},
    "desk_acts.ask": {"text": "x"},
    "desk_acts.assign": {"who": ""},
    "desk_acts.level": {"level": "0", "text": "x"},
    "desk_acts.hand_on": {"to": SUPPORT, "subject": "agreed", "reporter": "agreed", "text": "x"},
    "desk_acts.handon_refuse": {"reason": "no_hands", "proposed": WAKASA, "text": "x"},
    "desk_acts.merge": {"into": "K-0000-0000-0"},
    "desk_acts.close": {"outcome": "none"},
    "desk_acts.reopen": {"text": "x"},
    "desk_acts.recuse": {"sure": "yes"},
    "desk_acts.identity": {"text": "x"},
}


@dataclass(frozen=True)
class Way:
    """One route and method under /desk."""

    endpoint: str
    method: str
    rule: str

    @property
    def about_a_concern(self) -> bool:
        return "<number>" in self.rule

    def path(self, number: str) -> str:
        return self.rule.replace("<number>", number).replace("<photo_id>", "0" * 32)


def ways(town: Town) -> Iterator[Way]:
    for rule in town.app.url_map.iter_rules():
        if rule.rule == "/desk" or rule.rule.startswith("/desk/"):
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield Way(rule.endpoint, method, rule.rule)


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


def tries(browser: DeskBrowser, way: Way, concern: Concern) -> int:
    """Go there with everything that the route could want: proof, form id, stamp, fields."""
    path = way.path(concern.number)
    if way.method == "GET":
        browser.open(path)
        return browser.status
    proof = browser.hidden("/desk/sign-out").get(PROOF, "")
    seen = f"{concern.state}|{concern.window}|{concern.assignee_id or ''}|{concern.level}|"
    fields = {PROOF: proof, "once": "a" * 24, "seen": seen, **FIELDS.get(way.endpoint, {})}
    answer = browser.client.post(path, data=fields, base_url=PUBLIC_URL)
    browser.page, browser.status = answer.get_data(as_text=True), answer.status_code
    return browser.status


def traces(db: Database, concern: Concern) -> tuple[object, ...]:
    """Everything that a deed would leave."""
    with db.look() as work:
        story, offers = entries.of(work, concern), handons.of(work, concern)
    return again(db, concern), story, offers, lines(db, concern)


def test_every_route_is_listed(town: Town) -> None:
    unlisted = [
        way.endpoint
        for way in ways(town)
        if not way.about_a_concern and way.endpoint not in OPEN and way.endpoint not in OF_ONES_OWN
    ]
    assert unlisted == []
    assert len([way for way in ways(town) if way.about_a_concern]) >= 20


def test_strangers_find_nothing_at_all_and_change_nothing(town: Town, db: Database) -> None:
    """A colleague of another desk of the same town, one of another town, and one who has stepped back."""
    concern, absent = report(db), "K-0000-0000-0"
    recused = hire(db, "知っている", IWAMI)
    with db.work() as work:
        knowing.recuse(work, desk_now(db), doer(recused), concern)
    strangers = {
        "another desk": hire(db, "同じ町", "iwami_fukushi"),
        "another town": hire(db, "別の町", WAKASA),
        "stepped back": recused,
        "no desk": hire(db, "窓口なし"),
    }
    before = traces(db, concern)
    wrong = []
    for who, staff in strangers.items():
        browser = at_work(town, staff)
        for way in ways(town):
            if not way.about_a_concern:
                continue
            browser.open("/desk/me")
            status, page = tries(browser, way, concern), html.unescape(browser.page)
            browser.open("/desk/me")
            missing = browser.client.open(
                way.path(absent),
                method=way.method,
                data={PROOF: browser.hidden("/desk/sign-out").get(PROOF, ""), "once": "b" * 24}
                if way.method == "POST"
                else None,
                base_url=PUBLIC_URL,
            )
            there = html.unescape(missing.get_data(as_text=True))
            proofs = [one for text in (page, there) for one in _proofs(text)]
            for proof in proofs:
                page, there = page.replace(proof, ""), there.replace(proof, "")
            if status != 404 or missing.status_code != 404 or page != there:
                wrong.append((who, way, status, missing.status_code))
            if any(word in page for word in (*SECRET, concern.number)):
                wrong.append((who, way, "words"))
    assert wrong == []
    assert traces(db, concern) == before


def _proofs(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('name="proof" value="')[1:]]


def test_nobody_gets_past_the_gate_without_signing_in(town: Town, db: Database) -> None:
    concern, nobody = report(db), at_work(town, None)
    before, wrong = traces(db, concern), []
    for way in ways(town):
        if way.endpoint in OPEN:
            continue
        nobody.open("/desk/sign-in")
        proof = nobody.hidden("/desk/sign-in").get(PROOF, "")
        answer = nobody.client.open(
            way.path(concern.number),
            method=way.method,
            data={PROOF: proof, "once": "a" * 24, **FIELDS.get(way.endpoint, {})}
            if way.method == "POST"
            else None,
            base_url=PUBLIC_URL,
        )
        said = answer.get_data(as_text=True)
        right = (303, "/desk/sign-in") if way.method == "GET" else (401, None)
        if (answer.status_code, answer.headers.get("Location")) != right:
            wrong.append((way, answer.status_code))
        if any(word in said for word in (*SECRET, concern.number)):
            wrong.append((way, "words"))
    assert wrong == []
    assert traces(db, concern) == before


def test_the_own_desk_gets_through_every_route(town: Town, db: Database) -> None:
    """The other half: what is refused above is refused for want of the right, not because nothing works."""
    shut = []
    for way in ways(town):
        if not way.about_a_concern or way.endpoint == "desk_photos.photo":
            continue
        concern, browser = report(db), at_work(town, hire(db, "田中", IWAMI))
        browser.open("/desk/me")
        if tries(browser, way, concern) in (400, 401, 404, 405, 500):
            shut.append((way, browser.status))
    assert shut == []


def test_every_post_without_the_proof_changes_nothing(town: Town, db: Database) -> None:
    concern, browser = report(db), at_work(town, hire(db, "田中", IWAMI))
    before = traces(db, concern)
    for way in ways(town):
        if way.method == "POST" and way.endpoint not in OPEN:
            for proof in ({}, {PROOF: "someone else's"}):
                answer = browser.client.post(
                    way.path(concern.number),
                    data={**proof, "once": "a" * 24, **FIELDS.get(way.endpoint, {})},
                    base_url=PUBLIC_URL,
                )
                assert answer.status_code == 400, way
    assert traces(db, concern) == before


def test_an_account_that_was_closed_does_nothing_more(town: Town, db: Database) -> None:
    from storage import staff

    who = hire(db, "田中", IWAMI)
    concern, browser = report(db), at_work(town, who)
    browser.opens(concern)
    with db.work() as work:
        staff.set_active(work, who.id, False)
    assert browser.does(concern, "note", text="まだ書けるか", follow=False) == 401
    with db.look() as work:
        assert entries.of(work, concern) == ()
