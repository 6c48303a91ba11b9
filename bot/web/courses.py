"""Courses on the web, for people without LINE: what is coming, signing up, giving a place up, and the questionnaire.

Opening an address changes nothing. A form carries an id of its own, so that sent twice it makes one place. The token
that cancels stands behind the # of its link, as with our other one-time forms; it comes by POST.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot import poster
from bot.course_words import when_said
from bot.programme import course_news
from bot.programme import courses as seats
from bot.programme.course_news import Office
from bot.web import course_forms, course_names, own_line
from bot.web.course_forms import MANY, PERSON, given_in, wrong_in
from storage import course_places, courses, tries
from storage.course_places import Place
from storage.courses import Course
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

DONE = "course_done"  # in the session: what this browser has just done
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEX = re.compile(r"[0-9a-f]{32}")


def office_of(services: Services) -> Office:
    """What the deeds need besides the database."""
    settings = services.settings
    return Office(services.content, settings.public_url, bool(settings.smtp_url))


def blueprint(services: Services) -> Blueprint:
    """The pages under /c/; those of the questionnaire are in course_forms.py, that of a name in course_names.py."""
    pages = Blueprint("courses", __name__, url_prefix="/c")
    own_line.protect(pages, services)

    @pages.get("")
    @pages.get("/")
    def listed() -> ResponseReturnValue:
        """Everything that is coming, of all towns or of one."""
        wanted = request.args.get("town", "")
        town = services.content.towns.get(wanted)
        with services.db.look() as work:
            found = seats.coming(work)
        shown = [offer for offer in found if town is None or town.key in offer.course.towns]
        there = {key for offer in found for key in offer.course.towns}
        towns = [each for each in services.content.towns.values() if each.key in there]
        cards = [_card(services, offer) for offer in shown]
        return render_template("courses_list.html", cards=cards, towns=towns, town=town)

    @pages.get("/<sign>")
    def one(sign: str) -> ResponseReturnValue:
        """What it is, and the form where one can sign up."""
        with services.db.look() as work:
            offer = _offer(work, sign)
        if offer is None:
            return _gone()
        if offer.course.sign != sign:
            return redirect(url_for("courses.one", sign=offer.course.sign), 302)
        return _page(services, offer, {}, {})

    @pages.post("/<sign>")
    def sign_up(sign: str) -> ResponseReturnValue:
        """Check what was typed; then a seat, a place on the waiting list, or why not."""
        with services.db.look() as work:
            offer = _offer(work, sign)
        if offer is None:
            return _gone()
        given, once = given_in(request.form, PERSON), request.form.get("once", "")
        errors = wrong_in(services.content.texts, given)
        if "consent" not in request.form:
            errors["consent"] = services.content.texts.get("course_web.missing.consent")
        if errors or not _HEX.fullmatch(once):
            return _page(services, offer, given, errors), 422
        with services.db.work() as work:
            bucket = tries.bucket(work, "course", request.remote_addr or "")
            if tries.admit(work, {bucket: MANY}):
                abort(429)
            done = seats.sign_up(
                work,
                office_of(services),
                offer.course.id,
                source="web",
                profile=course_forms.profile_of(given),
                once=once,
                consent_version=services.content.texts.get("course.consent_version"),
            )
        before = session.get(DONE)
        if done.token is None and isinstance(before, dict) and before.get("once") == once:
            return redirect(url_for("courses.done", sign=offer.course.sign), 303)  # sent twice
        session[DONE] = {
            "course": offer.course.id,
            "result": done.result,
            "once": once,
            "place": done.place.id if done.token and done.place else None,
            "token": done.token,
            "mail": bool(given["mail"]) and office_of(services).mails and done.token is not None,
        }
        return redirect(url_for("courses.done", sign=offer.course.sign), 303)

    @pages.get("/<sign>/done")
    def done(sign: str) -> ResponseReturnValue:
        """What came of it, in the browser that did it, with the link that cancels."""
        told = session.get(DONE)
        with services.db.look() as work:
            course = courses.by_sign(work, sign)
        if course is None or not isinstance(told, dict) or told.get("course") != course.id:
            return _gone()
        link = None
        if told.get("place") and told.get("token"):
            link = course_news.cancel_url(office_of(services), told["place"], told["token"])
        return render_template("courses_done.html", told=told, link=link, **_words_of(services, course))

    # ---- giving it up ------------------------------------------------------------------------------------

    @pages.get("/cancel/<place_id>")
    def cancel_begin(place_id: str) -> ResponseReturnValue:
        """Only a button: nothing is looked up."""
        return render_template("courses_cancel_begin.html")

    @pages.post("/cancel/<place_id>")
    def cancel(place_id: str) -> ResponseReturnValue:
        """Show what would be given up; with `do` give it up."""
        token = request.form.get("token", "")
        with services.db.look() as work:
            place = _with_token(work, place_id, token)
            course = courses.get(work, place.course_id) if place else None
        if place is None or course is None:
            return _gone()
        result = "again" if place.state == "cancelled" else None
        if result is None and request.form.get("do") == "cancel":
            with services.db.work() as work:
                result = seats.cancel(work, office_of(services), place.id)
            services.bell.set()
        return render_template(
            "courses_cancel.html", place=place, token=token, result=result, **_words_of(services, course)
        )

    course_forms.add_pages(pages, services)
    course_names.add_pages(pages, services)
    return pages


def _offer(work: Work, sign: str) -> seats.Offer | None:
    """The course with this sign (or with this id, as staff know it), as somebody without LINE sees it."""
    course = courses.by_sign(work, sign) or (courses.get(work, sign) if _HEX.fullmatch(sign) else None)
    if course is None:
        return None
    taken = course_places.taken(work, course.id)
    return seats.Offer(course, taken, seats.standing(course, taken, work.now), None)


def _words_of(services: Services, course: Course) -> dict[str, Any]:
    content, year = services.content, services.now().year
    plan = content.channels.get(course.channel)
    text = content.texts.get("course_web.line_text", sign=course.sign)
    return {
        "course": course,
        "facts": [(name, value.split("\n")) for name, value in seats.facts(content, course, year)],
        "when": when_said(course.sessions, year).split("\n"),
        "desk": content.towns.get(course.town),
        "line": poster.chat_url(plan.basic_id, text) if plan and plan.basic_id else None,
    }


def _card(services: Services, offer: seats.Offer) -> dict[str, Any]:
    return {
        **_words_of(services, offer.course),
        "room": seats.room_said(services.content, offer),
        "offer": offer,
    }


def _page(services: Services, offer: seats.Offer, given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    open_now = offer.standing in ("open", "waiting_list")
    return render_template(
        "courses_one.html",
        offer=offer,
        room=seats.room_said(services.content, offer),
        open_now=open_now,
        fields=PERSON,
        given={name: given.get(name, "") for name in PERSON},
        errors=errors,
        consented="consent" in request.form,
        once=request.form.get("once") or secrets.token_hex(16),
        mails=office_of(services).mails,
        days=str(services.content.programme.courses.keep_names_days),
        **_words_of(services, offer.course),
    )


def _with_token(work: Work, place_id: str, token: str) -> Place | None:
    if not (_TOKEN.fullmatch(place_id) and _TOKEN.fullmatch(token)):
        return None
    return course_places.with_token(work, place_id, token)


def _gone() -> ResponseReturnValue:
    """One and the same page for what never was, is over, or does not work any more."""
    return render_template("courses_gone.html"), 404
