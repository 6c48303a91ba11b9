"""Courses on the web: signing up without LINE, one place per form, the link that cancels, and answers without a name."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.app import Services
from bot.programme import courses as seats
from bot.programme import questionnaire
from bot.programme.course_news import Office
from bot.web import create_flask
from storage import course_answers, course_places, courses, links, people
from storage.courses import Course
from storage.work import Database
from tests.conftest import Clock
from tests.web.conftest import Browser

TOKYO = dt.timezone(dt.timedelta(hours=9))
HANAKO = {
    "name": "鳥取 花子",
    "kana": "とっとり はなこ",
    "phone": "090-1234-5678",
    "mail": "",
    "consent": "yes",
}


def a_course(db: Database, capacity: int = 2, **more: Any) -> Course:
    with db.work() as work:
        on = (work.now + dt.timedelta(days=7)).astimezone(TOKYO).date()
        plan: dict[str, Any] = {
            "title": "つながりサポーター養成講座",
            "town": "tottori",
            "on": on,
            "starts": "13:30",
            "ends": "15:30",
            "place": "駅南庁舎",
            "capacity": capacity,
            "valid_from": work.now,
            "valid_until": work.now + dt.timedelta(days=30),
            "sign_up_until": dt.datetime.combine(on, dt.time(13, 30), TOKYO),
        }
        return courses.create(work, "default", **(plan | more))


@pytest.fixture
def served(db: Database, services_for: Callable[..., Services]) -> Services:
    return services_for(db)


@pytest.fixture
def visitor(served: Services) -> Browser:
    return Browser(create_flask(served).test_client())


def signs_up(visitor: Browser, course: Course, **changed: str) -> str:
    visitor.open(f"/c/{course.sign}")
    return visitor.send(f"/c/{course.sign}", **(HANAKO | changed))


def cancel_link(page: str) -> tuple[str, str]:
    found = re.search(r"/c/cancel/([0-9a-f]{32})#([\w-]{43})", page)
    assert found, page
    return found[1], found[2]


def test_the_list_shows_what_is_coming_and_can_be_narrowed_to_a_town(db: Database, visitor: Browser) -> None:
    a_course(db, title="鳥取の講座")
    a_course(db, title="岩美の講座", town="iwami")
    a_course(db, title="申込みのない会", sign_up_until=None)
    assert "鳥取の講座" in visitor.open("/c")
    assert "岩美の講座" in visitor.page
    assert "申込みのない会" not in visitor.page
    assert "鳥取の講座" not in visitor.open("/c?town=iwami")
    assert "岩美の講座" in visitor.page


def test_without_courses_the_list_says_so(visitor: Browser) -> None:
    assert "いま申し込める講座や集まりは、ありません" in visitor.open("/c/")


def test_a_name_and_a_telephone_make_a_place_and_a_link_that_cancels(db: Database, visitor: Browser) -> None:
    course = a_course(db)
    page = signs_up(visitor, course)
    assert "申込みを受け付けました" in page
    place_id, token = cancel_link(page)
    with db.look() as work:
        (place,) = course_places.of_course(work, course.id)
        profile = course_places.profiles(work, (place,))[place.id]
    assert (place.id, place.state, place.consent_version) == (place_id, "seat", "2026-11")
    assert (profile.name, profile.phone, profile.mail) == ("鳥取 花子", "09012345678", None)
    assert token not in visitor.addresses[-1]


def test_a_form_that_is_sent_twice_makes_one_place_and_shows_the_same_page(
    db: Database, visitor: Browser
) -> None:
    course = a_course(db)
    visitor.open(f"/c/{course.sign}")
    fields = visitor.hidden() | HANAKO
    for _ in range(2):
        visitor.client.post(f"/c/{course.sign}", data=fields)
    page = visitor.open(f"/c/{course.sign}/done")
    assert "申込みを受け付けました" in page
    cancel_link(page)
    with db.look() as work:
        assert len(course_places.of_course(work, course.id)) == 1


def test_the_link_shows_what_it_is_before_it_cancels(db: Database, visitor: Browser) -> None:
    course = a_course(db)
    place_id, token = cancel_link(signs_up(visitor, course))
    path = f"/c/cancel/{place_id}"
    visitor.open(path)
    assert "駅南庁舎" in visitor.send(path, token=token)
    with db.look() as work:
        assert course_places.taken(work, course.id).seats == 1
    assert "取り消しました" in visitor.send(path, token=token, do="cancel")
    visitor.open(path)
    assert "もう取り消してあります" in visitor.send(path, token=token, do="cancel")
    with db.look() as work:
        assert course_places.taken(work, course.id).seats == 0


@pytest.mark.parametrize("token", ["", "x" * 43, "ü"])
def test_a_wrong_link_cancels_nothing(db: Database, visitor: Browser, token: str) -> None:
    course = a_course(db)
    place_id, _ = cancel_link(signs_up(visitor, course))
    visitor.open(f"/c/cancel/{place_id}")
    visitor.send(f"/c/cancel/{place_id}", token=token, do="cancel")
    assert visitor.status == 404
    with db.look() as work:
        assert course_places.taken(work, course.id).seats == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "お名前を書いてください"),
        ({"phone": ""}, "どちらかを書いてください"),
        ({"phone": "12"}, "電話番号を、もういちど"),
        ({"mail": "花子@"}, "メールアドレスを、もういちど"),
        ({"name": "あ" * 81}, "80文字まで"),
        ({"once": ""}, "申し込む"),
    ],
)
def test_what_is_missing_is_said_kindly_and_what_was_typed_stays(
    db: Database, visitor: Browser, changed: dict[str, str], words: str
) -> None:
    course = a_course(db)
    page = signs_up(visitor, course, **changed)
    assert visitor.status == 422
    assert words in visitor.text
    assert "とっとり はなこ" in page
    with db.look() as work:
        assert course_places.of_course(work, course.id) == ()


def test_without_consent_nothing_is_kept(db: Database, visitor: Browser) -> None:
    course = a_course(db)
    visitor.open(f"/c/{course.sign}")
    visitor.send(f"/c/{course.sign}", **{name: text for name, text in HANAKO.items() if name != "consent"})
    assert visitor.status == 422
    assert "同意していただけるときは" in visitor.text


def test_full_with_and_without_a_waiting_list(db: Database, visitor: Browser) -> None:
    with_list, without = a_course(db, capacity=1), a_course(db, capacity=1, waiting_list=False)
    for course in (with_list, without):
        signs_up(visitor, course)
    assert "キャンセル待ち" in visitor.open(f"/c/{with_list.sign}")
    assert "キャンセル待ちを受け付けました" in signs_up(visitor, with_list, name="岩美 太郎")
    assert "満席になりました" in visitor.open(f"/c/{without.sign}")
    assert "<form" not in visitor.page[visitor.page.find("<main") :]


def test_the_same_person_again_is_told_so_and_gets_no_second_link(db: Database, visitor: Browser) -> None:
    course = a_course(db)
    signs_up(visitor, course)
    page = signs_up(visitor, course)
    assert "もう申し込みずみです" in page
    assert "/c/cancel/" not in page


@pytest.mark.parametrize(
    "path", ["/c/AAAAA", "/c/nope", "/c/AAAAA/done", "/c/AAAAA/voice/x", "/c/ü", "/c/" + "%00" * 32]
)
def test_what_is_not_there_is_one_kind_page(visitor: Browser, path: str) -> None:
    visitor.open(path)
    assert visitor.status == 404
    assert "このページは、いま見られません" in visitor.text


def test_an_address_in_small_letters_leads_to_the_course(db: Database, visitor: Browser) -> None:
    course = a_course(db)
    answer = visitor.client.get(f"/c/{course.sign.lower()}")
    assert answer.status_code in (200, 302)
    assert visitor.client.get(f"/c/{course.id}").status_code == 302


def test_a_machine_that_fills_all_seats_is_stopped(db: Database, visitor: Browser) -> None:
    course = a_course(db, capacity=500)
    for number in range(62):
        signs_up(visitor, course, name=f"人{number}", phone=f"0901111{number:04}")
    assert visitor.status == 429


# ---- the name of somebody on LINE --------------------------------------------------------------------------


def test_somebody_of_line_writes_a_name_once(db: Database, served: Services, visitor: Browser) -> None:
    course = a_course(db)
    office = Office(served.content, "https://tsunagari.example", mails=False)
    with db.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        place = seats.sign_up(work, office, course.id, source="line", person=person).place
        assert place
        link_id, token = links.make(
            work,
            "default",
            purpose="course_name",
            about=place.id,
            person_id=person.id,
            valid_for=dt.timedelta(minutes=30),
        )
    path = f"/c/name/{link_id}"
    visitor.open(path)
    visitor.send(path, token=token)
    assert "お名前を書いてください" in visitor.send(path, token=token, do="keep", name="")
    visitor.send(path, token=token, do="keep", name="鳥取 花子", phone="0857-22-8111")
    assert "お名前を受け取りました" in visitor.text
    with db.look() as work:
        assert course_places.profiles(work, (place,))[place.id].name == "鳥取 花子"
    visitor.open(path)
    visitor.send(path, token=token, do="keep", name="だれか")
    assert visitor.status == 410


# ---- the questionnaire -------------------------------------------------------------------------------------


def voice_path(db: Database, course: Course) -> str:
    with db.look() as work:
        return f"/c/{course.sign}/voice/{questionnaire.key_of(work, course)}"


def test_the_paper_s_address_takes_answers_only_around_the_course(
    db: Database, visitor: Browser, clock: Clock
) -> None:
    course = a_course(db)
    path = voice_path(db, course)
    visitor.open(path)
    assert visitor.status == 404
    clock.now = dt.datetime(2026, 12, 8, 15, 0, tzinfo=TOKYO)
    visitor.open(path)
    assert visitor.status == 200
    visitor.open(path[:-1] + "_")
    assert visitor.status == 404
    clock.move(days=20)
    visitor.open(path)
    assert visitor.status == 404


def test_answers_on_paper_s_address_count_once_and_words_lie_apart(
    db: Database, visitor: Browser, clock: Clock
) -> None:
    course = a_course(db)
    clock.now = dt.datetime(2026, 12, 8, 15, 0, tzinfo=TOKYO)
    path = voice_path(db, course)
    visitor.open(path)
    fields = {
        **visitor.hidden(),
        "satisfaction": "5",
        "recommend": "99",
        "understanding": "4",
        "words": "よかった",
    }
    for _ in range(2):
        assert visitor.client.post(path, data=fields).status_code == 200
    with db.look() as work:
        found = course_answers.figures(work, (course.id,))
        assert (found.answers, found.words) == (1, 1)
        assert found.counts == {"satisfaction": {5: 1}, "understanding": {4: 1}}
        assert course_answers.words(work, course.id) == ("よかった",)


def test_an_empty_answer_is_sent_back_kindly(db: Database, visitor: Browser, clock: Clock) -> None:
    course = a_course(db)
    clock.now = dt.datetime(2026, 12, 8, 15, 0, tzinfo=TOKYO)
    path = voice_path(db, course)
    visitor.open(path)
    visitor.send(path)
    assert visitor.status == 422
    assert "どれかひとつ" in visitor.text


def test_words_of_danger_get_help_at_once(db: Database, visitor: Browser, clock: Clock) -> None:
    course = a_course(db)
    clock.now = dt.datetime(2026, 12, 8, 15, 0, tzinfo=TOKYO)
    path = voice_path(db, course)
    visitor.open(path)
    page = visitor.send(path, words="もう死にたいです")
    assert 'href="tel:119"' in page
    assert "先に、ここへ電話してください" in page


def test_a_link_from_the_chat_takes_words_once_and_knows_nobody(db: Database, visitor: Browser) -> None:
    course = a_course(db)
    with db.work() as work:
        link_id, token = links.make(
            work,
            "default",
            purpose="course_words",
            about=course.id,
            person_id=None,
            valid_for=dt.timedelta(days=3),
        )
    path = f"/c/words/{link_id}"
    visitor.open(path)
    visitor.send(path, token=token)
    visitor.send(path, token=token, do="keep", words="")
    assert visitor.status == 422
    visitor.send(path, token=token, do="keep", words="また来たいです")
    assert "答えを受け取りました" in visitor.text
    with db.look() as work:
        assert course_answers.words(work, course.id) == ("また来たいです",)
    visitor.open(path)
    visitor.send(path, token=token, do="keep", words="もう一度")
    assert visitor.status == 404
