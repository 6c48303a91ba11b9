"""What is typed into the forms under /c/: who signs up, and the questionnaire on paper's address, without a name."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, abort, render_template, request, session
from flask.typing import ResponseReturnValue

from bot.content.texts import Texts
from bot.kana import in_hiragana
from bot.mailer import is_address
from bot.programme import questionnaire
from bot.web.details_fields import LONGEST, tidy
from bot.web.help_first import help_for
from storage import courses, links, tries
from storage.courses import Course
from storage.supporters import Profile, plain_phone
from storage.tries import Limit

if TYPE_CHECKING:
    from bot.app import Services

PERSON = {
    "name": "name",
    "kana": "",
    "phone": "tel",
    "mail": "email",
}  # the boxes, and what a browser fills in
WORDS = "course_words"  # what a link of the chat may be for
ANSWERED = "course_answered"  # in the session: the courses about which this browser has answered
LONGEST_LINE = 80
_PHONE = re.compile(r"0\d{8,10}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ONCE = re.compile(r"[0-9a-f]{32}")
MOST_KEPT = 20
# A whole room signs up through one address at a town hall; a machine that fills every seat is stopped soon after.
MANY = Limit(
    free=60, first=dt.timedelta(minutes=1), longest=dt.timedelta(hours=1), within=dt.timedelta(hours=1)
)


def given_in(form: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """What was typed: one line each, nothing around it, one width of letters."""
    typed = {name: unicodedata.normalize("NFKC", tidy(form.get(name, ""))) for name in names}
    return {name: " ".join(text.split()) for name, text in typed.items()}


def wrong_in(texts: Texts, given: Mapping[str, str], *, needs_contact: bool = True) -> dict[str, str]:
    """What to mend, by field, in kind words."""
    errors = {}
    for name, text in given.items():
        if len(text) > LONGEST_LINE:
            errors[name] = texts.get("course_web.too_long", limit=str(LONGEST_LINE))
    if not given["name"]:
        errors["name"] = texts.get("course_web.missing.name")
    if given["phone"] and not _PHONE.fullmatch(plain_phone(given["phone"])):
        errors["phone"] = texts.get("course_web.wrong.phone")
    if given["mail"] and not is_address(given["mail"]):
        errors["mail"] = texts.get("course_web.wrong.mail")
    if needs_contact and not given["phone"] and not given["mail"]:
        errors["phone"] = texts.get("course_web.missing.contact")
    return errors


def profile_of(given: Mapping[str, str]) -> Profile:
    """The words as they are kept; the phone as its digits."""
    kana, phone = in_hiragana(given["kana"]) or None, plain_phone(given["phone"]) or None
    return Profile(given["name"], kana, phone, given["mail"] or None)


# ---- the questionnaire -------------------------------------------------------------------------------------


def add_pages(pages: Blueprint, services: Services) -> None:
    """The questionnaire behind the QR code on paper, and words of one's own behind a link from the chat."""

    @pages.get("/<sign>/voice/<key>")
    def voice(sign: str, key: str) -> ResponseReturnValue:
        """The questions on one page."""
        course = _answerable(services, sign, key)
        return _ended() if course is None else _questions(services, course, {}, "")

    @pages.post("/<sign>/voice/<key>")
    def answer(sign: str, key: str) -> ResponseReturnValue:
        """Keep figures and words apart from each other, and from whoever sent them; sent twice they count once."""
        course = _answerable(services, sign, key)
        once = request.form.get("once", "")
        if course is None:
            return _ended()
        ratings = _ratings(services, request.form)
        words = tidy(request.form.get("words", ""))
        if not _ONCE.fullmatch(once) or len(words) > LONGEST or not (ratings or words):
            error = "too_long" if len(words) > LONGEST else "nothing"
            return _questions(services, course, ratings, words, error), 422
        with services.db.work() as work:
            bucket = tries.bucket(work, "course-voice", request.remote_addr or "")
            if tries.admit(work, {bucket: MANY}):
                abort(429)
            questionnaire.answered_on_paper(work, services.content, course, ratings, words, once)
        session[ANSWERED] = [*session.get(ANSWERED, []), course.sign][-MOST_KEPT:]
        return _thanks(services, words)

    @pages.get("/words/<link_id>")
    def words_begin(link_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up, so nothing can be spent."""
        return render_template("courses_begin.html", kind="words")

    @pages.post("/words/<link_id>")
    def words(link_id: str) -> ResponseReturnValue:
        """The form; with `do` the words are kept and the link is spent, together."""
        token = request.form.get("token", "")
        said = tidy(request.form.get("words", ""))
        if not (_TOKEN.fullmatch(link_id) and _TOKEN.fullmatch(token)):
            return _ended()
        keeping = request.form.get("do") == "keep"
        if keeping and said and len(said) <= LONGEST:
            with services.db.work() as work:
                link = links.spend(work, link_id, token)
                course = (
                    courses.get(work, link.about) if link and link.purpose == WORDS and link.about else None
                )
                if course is not None:
                    questionnaire.wrote(work, course, said)
            return _ended() if course is None else _thanks(services, said)
        with services.db.look() as work:
            link = links.peek(work, link_id, token)
        if link is None or link.purpose != WORDS:
            return _ended()
        error = None if not keeping else "too_long" if said else "nothing"
        page = render_template("courses_words.html", token=token, words=said, error=error, limit=LONGEST)
        return (page, 422) if error else page


def _answerable(services: Services, sign: str, key: str) -> Course | None:
    with services.db.look() as work:
        course = courses.by_sign(work, sign)
        if course is None or not questionnaire.is_open(course, work.now):
            return None
        return course if secrets.compare_digest(questionnaire.key_of(work, course), key[:64]) else None


def _ratings(services: Services, form: Mapping[str, str]) -> dict[str, int]:
    """The answers that are numbers of an answer; all else was never sent by our page."""
    found = {}
    for question in services.content.programme.courses.questions:
        said = form.get(question.key, "")
        if said.isascii() and said.isdecimal() and 1 <= int(said[:3]) <= question.best:
            found[question.key] = int(said)
    return found


def _questions(
    services: Services, course: Course, ratings: Mapping[str, int], words: str, error: str | None = None
) -> str:
    return render_template(
        "courses_voice.html",
        course=course,
        questions=services.content.programme.courses.questions,
        ratings=ratings,
        words=words,
        error=error,
        again=course.sign in session.get(ANSWERED, []),
        once=request.form.get("once") or secrets.token_hex(16),
        limit=LONGEST,
    )


def _thanks(services: Services, said: str) -> str:
    """Thanks; where the words speak of danger, help stands first."""
    dangers = questionnaire.dangers(services.content, said)
    help_ = help_for(services.content, dangers, services.now())
    return render_template("courses_thanks.html", kind="words", words=help_.words, calls=help_.calls)


def _ended() -> ResponseReturnValue:
    return render_template("courses_gone.html"), 404
