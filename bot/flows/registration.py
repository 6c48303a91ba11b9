"""After a course: from the course code to a registered つながりサポーター."""

from __future__ import annotations

import re
import unicodedata

from bot.flows.context import Context, OpenCourse
from bot.flows.effects import Effect, RegisterSupporter, Say
from bot.flows.rules import ask_district, ask_town
from bot.flows.talk import NotAnAnswer, Option, Talk, many, words, yes_no

# As in storage/courses.py, which gives the codes: what is not in their alphabet was misread on the poster.
_MISREAD = str.maketrans({"Z": "2", "S": "5", "B": "8", "V": "U"})

FEWEST_SIGNS = 5  # with fewer letters and digits it is no attempt at a code


def registration(ctx: Context) -> Talk[list[Effect]]:
    """Course code, consent, town, district, news topics."""
    said = yield from words("code", longest=60, guess="code")
    course = find_course(ctx, said)
    if course is None:
        if len(_signs(said)) < FEWEST_SIGNS:
            raise NotAnAnswer("registration.code_missing")
        raise NotAnAnswer("registration.code_unknown", a_guess=True)
    texts = ctx.content.texts
    if not (yield from yes_no("consent", params={"course": course.title})):
        return [Say("registration.no_consent")]
    town = yield from ask_town(ctx)
    district = yield from ask_district(ctx, town)
    topics = yield from many("topics", *(Option(key) for key in ctx.content.topics))
    version = texts.get("registration.consent_version")
    return [
        RegisterSupporter(course.id, town, district, topics, version),
        Say("registration.done", {"town": ctx.content.town(town).name}),
    ]


def find_course(ctx: Context, said: str) -> OpenCourse | None:
    """The open course whose code is somewhere in these words, however it is spaced or cased."""
    flat = _signs(said)
    return next((course for course in ctx.courses if _signs(course.code) in flat), None)


def _signs(text: str) -> str:
    """Only what a code is made of: a hyphen is often typed as ー, and letters in full width."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text).upper()).translate(_MISREAD)
