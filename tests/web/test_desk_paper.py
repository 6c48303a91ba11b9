"""The papers of a desk, as its staff get them: only their own, each one audited, nothing about the reporter."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from office import (
    CONTACT,
    IWAMI,
    SEEN,
    SUPPORT,
    WAKASA,
    WHERE,
    DeskBrowser,
    at_work,
    desk_now,
    doer,
    hire,
    lines,
    report,
)
from pypdf import PdfReader
from town import PUBLIC_URL, Town, make_town
from werkzeug.test import TestResponse

from bot.desk import deeds, handing_on, knowing, papers
from storage import entries
from storage.concerns import Concern
from storage.staff import Staff
from storage.work import Database

PURPOSE = "十二月の支援会議で訪問の分担を決める"


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


def words(answer: TestResponse) -> str:
    """What the PDF says, without spaces and line ends."""
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    found = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    return re.sub(r"\s", "", found)


def get(browser: DeskBrowser, path: str) -> TestResponse:
    return browser.client.get(path, base_url=PUBLIC_URL)


def sheet(browser: DeskBrowser, concern: Concern) -> TestResponse:
    return get(browser, f"/desk/concerns/{concern.number}/sheet.pdf")


def post(browser: DeskBrowser, path: str, *those: Concern, **fields: Any) -> TestResponse:
    """Choose these in the list and press the button."""
    browser.open("/desk?tab=new")
    numbers = [each.number for each in those]
    given = browser.hidden("/desk/together") | {"numbers": numbers} | fields
    return browser.client.post(path, data=given, base_url=PUBLIC_URL)


def papers_of(db: Database, concern: Concern) -> list[str]:
    return [deed for _, deed in lines(db, concern) if deed in ("sheet", "meeting_with", "meeting_without")]


# ---- the sheet -------------------------------------------------------------------------------------------


def test_the_desk_prints_the_sheet_of_its_concern_and_that_is_audited(town: Town, db: Database) -> None:
    who, concern = hire(db, "田中", IWAMI), report(db)
    with db.work() as work:
        deeds.note(work, doer(who), concern, "民生委員に電話した")
    answer = sheet(at_work(town, who), concern)
    text = words(answer)
    for said in (concern.number, "岩美町", SEEN, WHERE, "民生委員に電話した", "印刷（田中）"):
        assert said in text
    assert CONTACT.replace(" ", "") not in text
    assert lines(db, concern)[-1] == (f"staff:{who.id}", "sheet")


def test_a_sheet_is_kept_nowhere_and_its_name_is_only_the_number(town: Town, db: Database) -> None:
    concern = report(db)
    answer = sheet(at_work(town, hire(db, "田中", IWAMI)), concern)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{concern.number}.pdf"'
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_for_other_desks_and_strangers_there_is_no_sheet(town: Town, db: Database) -> None:
    concern = report(db)
    assert sheet(at_work(town, hire(db, "鈴木", WAKASA)), concern).status_code == 404
    assert sheet(at_work(town, None), concern).status_code == 303
    assert papers_of(db, concern) == []


def test_who_stepped_back_has_no_sheet(town: Town, db: Database) -> None:
    who, concern = hire(db, "田中", IWAMI), report(db)
    with db.work() as work:
        knowing.recuse(work, desk_now(db), doer(who), concern)
    assert sheet(at_work(town, who), concern).status_code == 404


def test_the_desk_that_is_asked_gets_the_sheet_with_the_request_and_the_consent(
    town: Town, db: Database
) -> None:
    sender, receiver, concern = hire(db, "田中", IWAMI), hire(db, "鈴木", WAKASA), report(db)
    with db.work() as work:
        handing_on.hand_on(
            work,
            desk_now(db),
            doer(sender),
            concern,
            WAKASA,
            subject="agreed",
            reporter="not_asked",
            text="若桜の実家に移られたので、お願いします",
        )
    text = words(sheet(at_work(town, receiver), concern))
    for said in ("若桜町福祉保健課", "若桜の実家に移られたので、お願いします", "本人:同意している"):
        assert said in text


def test_what_was_merged_into_it_stands_on_the_sheet_but_not_who_looked_at_what(
    town: Town, db: Database
) -> None:
    who, concern, other = hire(db, "田中", IWAMI), report(db), report(db)
    with db.work() as work:
        knowing.open_identity(work, doer(who), concern, "折り返しのため")
        knowing.merge(work, desk_now(db), doer(who), other, concern)
    text = words(sheet(at_work(town, who), concern))
    assert f"同じ人の別の通報{other.number}" in text
    assert text.count(SEEN) == 2
    assert "折り返しのため" not in text
    assert papers_of(db, other) == ["sheet"]


def test_violence_is_printed_with_its_warning(town: Town, db: Database) -> None:
    concern = report(db, kind="dv", subject_knows="better_not")
    text = words(sheet(at_work(town, hire(db, "田中", IWAMI)), concern))
    warning = town.services.content.texts.get("desk.consent.fixed.may")
    assert 0 < text.index(warning) < text.index(SEEN)


# ---- the empty sheet -------------------------------------------------------------------------------------


def test_the_empty_sheet_is_that_of_the_desks_own_town(town: Town, db: Database) -> None:
    browser = at_work(town, hire(db, "田中", IWAMI))
    assert "岩美町健康福祉課0857-73-1333" in words(get(browser, "/desk/sheet-blank.pdf"))
    assert get(browser, "/desk/sheet-blank.pdf?town=wakasa").status_code == 404
    assert get(at_work(town, None), "/desk/sheet-blank.pdf").status_code == 303


def test_who_serves_several_towns_can_choose(town: Town, db: Database) -> None:
    browser = at_work(town, hire(db, "山田", IWAMI, SUPPORT))
    assert "鳥取市" in words(get(browser, "/desk/sheet-blank.pdf"))
    assert "岩美町" in words(get(browser, "/desk/sheet-blank.pdf?town=iwami"))


# ---- meetings --------------------------------------------------------------------------------------------


@pytest.fixture
def two(db: Database) -> tuple[Staff, Concern, Concern]:
    return hire(db, "田中", IWAMI), report(db), report(db, district="whole", kind="dementia")


def test_without_personal_data_there_is_not_one_typed_word(
    town: Town, db: Database, two: tuple[Staff, Concern, Concern]
) -> None:
    who, one, other = two
    answer = post(at_work(town, who), "/desk/meeting.pdf", one, other, version="without")
    text = words(answer)
    assert one.number in text
    assert other.number in text
    assert "高齢の人のもの忘れ・変化" in text
    for secret in (SEEN, WHERE, CONTACT, "町全体"):
        assert secret.replace(" ", "") not in text
    assert papers_of(db, one) == papers_of(db, other) == ["meeting_without"]
    assert re.fullmatch(r'inline; filename="meeting-\d{8}\.pdf"', answer.headers["Content-Disposition"])


def test_the_same_as_a_table_for_a_spreadsheet(
    town: Town, db: Database, two: tuple[Staff, Concern, Concern]
) -> None:
    who, one, other = two
    answer = post(at_work(town, who), "/desk/meeting.csv", one, other)
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row[0] for row in rows[1:]} == {one.number, other.number}
    assert SEEN not in answer.text
    assert papers_of(db, one) == ["meeting_without"]


def test_personal_data_needs_a_purpose_which_is_asked_for_and_kept_sealed(
    town: Town, db: Database, two: tuple[Staff, Concern, Concern]
) -> None:
    who, one, other = two
    browser = at_work(town, who)
    asked = post(browser, "/desk/meeting.pdf", one, other, version="with")
    assert asked.mimetype == "text/html"
    assert one.number in asked.text
    assert SEEN not in asked.text
    empty = post(browser, "/desk/meeting.pdf", one, other, version="with", purpose="　")
    assert empty.status_code == 422
    long = post(browser, "/desk/meeting.pdf", one, other, version="with", purpose="あ" * 301)
    assert long.status_code == 422
    assert "いま301文字" in long.text
    assert papers_of(db, one) == []
    text = words(post(browser, "/desk/meeting.pdf", one, other, version="with", purpose=PURPOSE))
    for said in (PURPOSE, SEEN, WHERE, one.number, other.number):
        assert said in text
    assert CONTACT.replace(" ", "") not in text
    assert papers_of(db, one) == papers_of(db, other) == ["meeting_with"]
    with db.look() as work:
        assert PURPOSE in str(entries.of(work, one)[-1].words)
    assert PURPOSE not in "".join(str(line) for line in lines(db, one))


def test_one_that_is_not_theirs_ends_it_for_all(
    town: Town, db: Database, two: tuple[Staff, Concern, Concern]
) -> None:
    who, one, _ = two
    foreign = report(db, WAKASA, town="wakasa")
    browser = at_work(town, who)
    for path, fields in (
        ("/desk/meeting.pdf", {"version": "without"}),
        ("/desk/meeting.pdf", {"version": "with", "purpose": PURPOSE}),
        ("/desk/meeting.csv", {}),
    ):
        assert post(browser, path, one, foreign, **fields).status_code == 404
    assert papers_of(db, one) == papers_of(db, foreign) == []


def test_a_desk_that_is_only_asked_does_not_take_it_into_a_meeting(town: Town, db: Database) -> None:
    sender, receiver, concern = hire(db, "田中", IWAMI), hire(db, "鈴木", WAKASA), report(db)
    given = {"subject": "agreed", "reporter": "agreed", "text": "お願いします"}
    with db.work() as work:
        handing_on.hand_on(work, desk_now(db), doer(sender), concern, WAKASA, **given)
    report(db, WAKASA, town="wakasa")  # so that the list has a form
    answer = post(at_work(town, receiver), "/desk/meeting.pdf", concern, version="with", purpose=PURPOSE)
    assert answer.status_code == 422
    assert "ほかの窓口が担当です" in answer.text
    assert papers_of(db, concern) == []


@pytest.mark.parametrize("path", ["/desk/meeting.pdf", "/desk/meeting.csv"])
def test_nothing_chosen_or_too_much_leads_back_to_the_list(
    path: str, town: Town, db: Database, two: tuple[Staff, Concern, Concern]
) -> None:
    browser = at_work(town, two[0])
    assert post(browser, path, version="without").headers["Location"] == "/desk"
    assert "連絡を1〜50件選んで" in browser.open("/desk")
    browser.open("/desk")
    many = {"numbers": [f"K-{n}" for n in range(papers.MOST + 1)], "version": "without"}
    given = browser.hidden("/desk/together") | many
    assert browser.client.post(path, data=given, base_url=PUBLIC_URL).status_code == 303


def test_an_unknown_version_and_a_form_of_elsewhere_make_nothing(
    town: Town, db: Database, two: tuple[Staff, Concern, Concern]
) -> None:
    who, one, _ = two
    browser = at_work(town, who)
    assert post(browser, "/desk/meeting.pdf", one, version="all").status_code == 400
    foreign = {"numbers": [one.number], "version": "without", "proof": "wrong"}
    assert browser.client.post("/desk/meeting.pdf", data=foreign, base_url=PUBLIC_URL).status_code == 400
    assert papers_of(db, one) == []


def test_the_list_and_the_page_lead_to_the_papers(town: Town, db: Database) -> None:
    browser, concern = at_work(town, hire(db, "田中", IWAMI)), report(db)
    page = browser.open("/desk")
    assert 'formaction="/desk/meeting.pdf" name="version" value="with"' in page
    assert 'formaction="/desk/meeting.pdf" name="version" value="without"' in page
    assert 'formaction="/desk/meeting.csv"' in page
    assert 'href="/desk/sheet-blank.pdf"' in page
    assert f'href="/desk/concerns/{concern.number}/sheet.pdf"' in browser.opens(concern)
