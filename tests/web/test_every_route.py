"""Every route of the whole service is in one of these lists: what it leaves in the audit, or why it leaves nothing.

A route that is in none of them fails here. Whoever adds one decides what it leaves.
"""

from __future__ import annotations

import html
import io
from typing import Any

import pytest
from office import (
    CONTACT,
    IWAMI,
    SEEN,
    SUPPORT,
    WHERE,
    DeskBrowser,
    at_work,
    desk_now,
    doer,
    hire,
    lines,
    report,
)
from PIL import Image
from town import PUBLIC_URL, Town, make_town

from bot import pictures
from bot.desk import handing_on, knowing
from bot.web.guard import PROOF
from storage import audit, concerns, entries, handons, inboxes, photos, retention
from storage.concerns import Concern
from storage.staff import Staff
from storage.work import Database, Work
from tests.web.test_desk_who_may import FIELDS, OF_ONES_OWN, Way, traces, tries, ways

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ABOUT_A_CONCERN = {  # endpoint: the deed that it leaves in the audit
    "desk_concern.page": "read",
    "desk_photos.photo": "saw_photo",
    "desk_paper.sheet": "sheet",
    "desk_acts.identity": "open_identity",
    "desk_acts.accept": "accept",
    "desk_acts.note": "note",
    "desk_acts.call": "call",
    "desk_acts.ask": "ask",
    "desk_acts.assign": "assign",
    "desk_acts.level": "raise_level",
    "desk_acts.hand_on": "hand_on",
    "desk_acts.handon_accept": "accept_handon",
    "desk_acts.handon_refuse": "refuse_handon",
    "desk_acts.withdraw": "withdraw_handon",
    "desk_acts.next": "hand_on",
    "desk_acts.merge": "merge",
    "desk_acts.close": "close",
    "desk_acts.reopen": "reopen",
    "desk_acts.seen": "news_seen",
    "desk_acts.recuse": "recuse",
}
ABOUT_SEVERAL = {  # endpoint: what is sent, and the deed
    "desk_inbox.together": ({}, "listed"),
    "desk_paper.meeting": ({"version": "without"}, "meeting_without"),
    "desk_paper.meeting_csv": ({}, "meeting_without"),
}
TOLD_ELSEWHERE = {  # that these leave their line is tested beside them
    "desk_inbox.inbox": "listed: test_desk_inbox",
    "desk_dangers.listed": "listed: test_desk_dangers",
    "desk_dangers.page": "read: test_desk_dangers",
    "desk_dangers.seen": "seen: test_desk_dangers",
    "desk_dangers.words": "words_…: test_desk_dangers",
    "desk_dangers.identity": "open_identity, reason_…: test_desk_dangers",
    "desk_dangers.close": "closed_…: test_desk_dangers",
    "desk_entry.go_on": "opened, described: test_desk_entry",
    "details.send": "described, answered: test_details_form, test_details_answer",
    "webhook.default_channel": "opened, doubted, follow_up: tests/handlers",
    "webhook.one_channel": "as /callback",
}
NO_CONCERN = {  # routes that read and change nothing of a concern
    "handbook.home", "handbook.handbook", "handbook.whom_to_ask", "handbook.bye", "handbook.leave",
    "handbook_taking.ticked", "handbook_taking.more", "handbook_paper.choose", "handbook_paper.again",
    "handbook_paper.make", "handbook_share.page", "handbook_share.make", "handbook_shown.shown",
    "handbook_shown.withdraw",
    "finding.page", "finding.search",  # words that lead to schemes: nobody's
    "health.healthz", "health.readyz", "health.show_metrics", "site.static",
    "desk_inbox.search",  # whether there is one of ours; what it is stands on its page
    "desk_inbox.notices_seen", "desk_entry.begin", "desk_entry.sent", "desk_paper.blank",
    "desk_me.me", "desk_me.name", "desk_me.password", "desk_me.make_codes", "desk_me.codes",
    "desk_me.codes_done", "desk_me.end_session", "desk_me.everywhere",
    "desk_line.make", "desk_line.page", "desk_line.off",
    "desk_sign_in.sign_in", "desk_sign_in.password", "desk_sign_in.code_form", "desk_sign_in.code",
    "desk_sign_in.start_again", "desk_sign_in.sign_out", "desk_sign_in.welcome", "desk_sign_in.welcome_begin",
    "desk_sign_in.welcome_password", "desk_sign_in.welcome_hash", "desk_sign_in.welcome_phone",
    "desk_sign_in.welcome_finish", "desk_sign_in.keep",
    "handbook_visits.come", "handbook_visits.told",  # that somebody came, or dialled: not who
    "broadcasts.follow", "broadcasts.picture",  # where a broadcast points at: of nobody
    # the reporter's own link: its number, and the question that was put to them
    "details.begin", "details.form", "details.empty_form", "details.draft", "details.sent",
    # a supporter's own: courses, name, papers, and what is held about them (of a concern only that they reported it)
    "courses.answer", "courses.cancel", "courses.cancel_begin", "courses.done", "courses.listed", "courses.name",
    "courses.name_begin", "courses.name_form", "courses.one", "courses.sign_up", "courses.voice", "courses.words",
    "courses.words_begin",
    "my_data.begin", "my_data.close", "my_data.file", "my_data.show", "my_data.spend",
    "papers.badge", "papers.begin", "papers.close", "papers.paper", "papers.show", "papers.spend", "papers.verify",
    "line_login.again", "line_login.back", "line_login.to",  # whose a link is, not what is behind it
    "profile.begin", "profile.empty_form", "profile.form", "profile.send", "profile.sent",
}  # fmt: skip
MALFORMED = ("K-7Q2M", "K-0000-0000-1", "..", "%00", "K" * 5000, "１", "'; DROP TABLE concerns;--", "{{7*7}}")
SECRET = (SEEN, WHERE, CONTACT)


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


@pytest.fixture
def me(db: Database) -> Staff:
    return hire(db, "田中", IWAMI)


def now(work: Work, concern: Concern) -> Concern:
    return inboxes.of_id(work, concern.id)


def ready_for(endpoint: str, db: Database, concern: Concern, me: Staff) -> dict[str, str]:
    """Bring the concern to where this deed is possible; what its form needs beside FIELDS."""
    desk, by = desk_now(db), doer(me)
    far = doer(hire(db, "遠い", SUPPORT))
    agreed: dict[str, Any] = {"subject": "agreed", "reporter": "agreed", "text": "x"}
    with db.work() as work:
        match endpoint.rpartition(".")[2]:
            case "handon_accept" | "handon_refuse":
                moved = concerns.move(work, concern, SUPPORT, accepted=True)
                handing_on.hand_on(work, desk, far, moved, IWAMI, **agreed)
            case "withdraw":
                handing_on.hand_on(work, desk, by, concern, SUPPORT, **agreed)
            case "next":
                offer = handing_on.hand_on(work, desk, by, concern, SUPPORT, **agreed)
                given = {"reason": "no_hands", "proposed": "wakasa_fukushi_hoken", "text": "x"}
                handing_on.refuse(work, desk, far, concern, offer, **given)
            case "reopen":
                concerns.close(work, concern, "none")
            case "merge":
                return {"into": report_in(db).number}
    return {}


def report_in(db: Database) -> Concern:
    return report(db)


def way_of(town: Town, endpoint: str, method: str) -> Way:
    return next(way for way in ways(town) if way.endpoint == endpoint and way.method == method)


def picture_of(db: Database, concern: Concern) -> str:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    small = pictures.small(drawn.getvalue())
    with db.work() as work:
        photos.add(work, concern, small.jpeg, small.width, small.height)
        return photos.of(work, concern)[0].id


def goes(town: Town, db: Database, endpoint: str, concern: Concern, me: Staff) -> DeskBrowser:
    """Do what this route is for."""
    extra = (
        ready_for(endpoint, db, concern, me) if endpoint != "desk_acts.merge" else {"into": report(db).number}
    )
    browser = at_work(town, me)
    town.app.config["PROPAGATE_EXCEPTIONS"] = False
    if endpoint == "desk_photos.photo":
        browser.open(f"/desk/concerns/{concern.number}/photos/{picture_of(db, concern)}.jpg")
        return browser
    method = "GET" if endpoint in ("desk_concern.page", "desk_paper.sheet") else "POST"
    way = way_of(town, endpoint, method)
    if method == "GET":
        browser.open(way.path(concern.number))
        return browser
    browser.open("/desk/me")
    with db.look() as work:
        there = now(work, concern)
        offer = handons.open_of(work, there)
    seen = f"{there.state}|{there.window}|{there.assignee_id or ''}|{there.level}|{offer.id if offer else ''}"
    given = {"once": "a" * 24, "seen": seen} | FIELDS.get(endpoint, {}) | extra
    browser.client.post(
        way.path(concern.number),
        data={PROOF: browser.hidden("/desk/sign-out")[PROOF], **given},
        base_url=PUBLIC_URL,
    )
    return browser


def test_every_route_is_in_one_of_the_lists(town: Town) -> None:
    known = {*ABOUT_A_CONCERN, *ABOUT_SEVERAL, *TOLD_ELSEWHERE, *NO_CONCERN}
    there = {rule.endpoint for rule in town.app.url_map.iter_rules()}
    assert there == known
    assert {*OF_ONES_OWN} <= known


@pytest.mark.parametrize("endpoint", ABOUT_A_CONCERN)
def test_it_leaves_its_line(town: Town, db: Database, me: Staff, endpoint: str) -> None:
    concern = report(db)
    goes(town, db, endpoint, concern, me)
    assert (f"staff:{me.id}", ABOUT_A_CONCERN[endpoint]) in lines(db, concern)


@pytest.mark.parametrize("endpoint", ABOUT_A_CONCERN)
def test_without_its_line_nothing_is_done_and_nothing_is_shown(
    town: Town, db: Database, me: Staff, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line and the deed are one: where the line cannot be written, all of it is undone."""
    concern = report(db)
    before: list[Any] = []
    if endpoint != "desk_acts.merge":
        ready_for(endpoint, db, concern, me)
        monkeypatch.setitem(globals(), "ready_for", lambda *_: {})
    photo = picture_of(db, concern) if endpoint == "desk_photos.photo" else ""
    monkeypatch.setitem(globals(), "picture_of", lambda *_: photo)
    before.append(traces(db, concern))

    def broken(work: Work, *_: Any) -> None:
        raise RuntimeError("the audit cannot be written")

    monkeypatch.setattr(audit, "_chain", broken)
    browser = goes(town, db, endpoint, concern, me)
    assert traces(db, concern) == before[0]
    assert not any(word in browser.page for word in SECRET)


@pytest.mark.parametrize("endpoint", ABOUT_SEVERAL)
def test_several_leave_a_line_each(town: Town, db: Database, me: Staff, endpoint: str) -> None:
    both, (given, deed) = (report(db), report(db)), ABOUT_SEVERAL[endpoint]
    browser = at_work(town, me)
    browser.open("/desk/me")
    answer = browser.client.post(
        way_of(town, endpoint, "POST").rule,
        data={
            PROOF: browser.hidden("/desk/sign-out")[PROOF],
            "numbers": [one.number for one in both],
            **given,
        },
        base_url=PUBLIC_URL,
    )
    assert answer.status_code == 200
    assert all((f"staff:{me.id}", deed) in lines(db, one) for one in both)


def test_asking_for_what_the_papers_are_leaves_a_line_too(town: Town, db: Database, me: Staff) -> None:
    concern, browser = report(db), at_work(town, me)
    for given in ({}, {"purpose": ""}):
        browser.open("/desk/me")
        browser.sends("/desk/meeting.pdf", version="with", numbers=concern.number, **given)
    assert lines(db, concern).count((f"staff:{me.id}", "listed")) == 2


# ---- whose it is -----------------------------------------------------------------------------------------


def answer_of(browser: DeskBrowser, path: str, method: str) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    """What comes back: status, words without the session's proof, headers that do not change by themselves."""
    given: dict[str, str] | None = None
    if method not in ("GET", "HEAD", "OPTIONS"):
        browser.open("/desk/me")
        given = {PROOF: browser.hidden("/desk/sign-out").get(PROOF, ""), "once": "a" * 24}
    answer = browser.client.open(path, method=method, data=given, base_url=PUBLIC_URL)
    text = html.unescape(answer.get_data(as_text=True))
    for part in text.split('name="proof" value="')[1:]:
        text = text.replace(part.split('"')[0], "")
    moving = ("X-Request-ID", "Set-Cookie", "Content-Length")
    kept = tuple((name, value) for name, value in answer.headers if name not in moving)
    return answer.status_code, text, kept


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_what_is_not_ones_own_answers_as_if_it_were_not_there(
    town: Town, db: Database, me: Staff, method: str
) -> None:
    """Open, merged away, purged; by whatever method; in the same bytes as a number that never was."""
    plain, merged, into, purged = (report(db) for _ in range(4))
    with db.work() as work:
        knowing.merge(work, desk_now(db), doer(me), merged, into)
        concerns.close(work, purged, "none")
        found = now(work, purged)
        assert found.closed_at is not None
        due = retention.Due(found.id, found.number, found.channel, found.outcome, found.closed_at)
        assert retention.purge(work, due, "nightly")
    stranger, wrong = at_work(town, hire(db, "よその人", SUPPORT)), []
    before = [traces(db, one) for one in (plain, merged, purged)]
    for way in ways(town):
        if not way.about_a_concern:
            continue
        missing = answer_of(stranger, way.path("K-0000-0000-0"), method)
        for one in (plain, merged, purged):
            there = answer_of(stranger, way.path(one.number), method)
            if there != missing or one.number in there[1]:
                wrong.append((way.endpoint, method, there[0], missing[0]))
    assert wrong == []
    assert [traces(db, one) for one in (plain, merged, purged)] == before


@pytest.mark.parametrize("number", MALFORMED)
def test_a_number_that_is_none_is_not_found(town: Town, db: Database, me: Staff, number: str) -> None:
    browser = at_work(town, me)
    for way in ways(town):
        if way.about_a_concern and ".." not in way.path(number):
            status, text, _ = answer_of(browser, way.path(number.replace("/", "%2F")), way.method)
            assert status == 404, way
            assert "49" not in text if "7*7" in number else True


def test_whoever_was_asked_to_take_it_over_may_read_and_answer_and_nothing_else(
    town: Town, db: Database, me: Staff
) -> None:
    concern = report(db)
    with db.work() as work:
        handing_on.hand_on(
            work, desk_now(db), doer(me), concern, SUPPORT, subject="agreed", reporter="agreed", text="x"
        )
    asked = hire(db, "頼まれた人", SUPPORT)
    allowed = {"desk_concern.page", "desk_paper.sheet", "desk_acts.handon_accept", "desk_acts.handon_refuse"}
    allowed |= {"desk_acts.recuse"}  # "I know this family" must be possible before anything is read
    before = traces(db, concern)[:3]
    for way in ways(town):
        if way.about_a_concern and way.endpoint not in allowed:
            browser = at_work(town, asked)
            browser.open("/desk/me")
            tries(browser, way, concern)
            assert CONTACT not in browser.page
    assert traces(db, concern)[:3] == before


def test_an_account_that_was_closed_meanwhile_finds_every_door_shut(
    town: Town, db: Database, me: Staff
) -> None:
    from storage import welcome

    concern, browser = report(db), at_work(town, me)
    browser.opens(concern)
    proof = browser.hidden("/desk/sign-out")[PROOF]
    with db.work() as work:
        welcome.close(work, me.id)
    before, wrong = traces(db, concern), []
    for way in ways(town):
        if way.endpoint.startswith("desk_sign_in."):
            continue
        answer = browser.client.open(
            way.path(concern.number),
            method=way.method,
            data={PROOF: proof, "once": "a" * 24} if way.method == "POST" else None,
            base_url=PUBLIC_URL,
        )
        said = answer.get_data(as_text=True)
        if answer.status_code != (303 if way.method == "GET" else 401) or concern.number in said:
            wrong.append((way, answer.status_code))
    assert wrong == []
    assert traces(db, concern) == before
    with db.look() as work:
        assert entries.of(work, concern) == ()
