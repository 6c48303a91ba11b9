"""After a course: from the course code to a registered つながりサポーター."""

from __future__ import annotations

import re
import unicodedata

from bot.flows.context import Context, Enrolled, ReadCode
from bot.flows.effects import AttendAgain, Effect, RegisterSupporter, Say
from bot.flows.rules import ask_district, ask_town
from bot.flows.talk import NotAnAnswer, Option, Talk, many, pick, words, yes_no

FEWEST_SIGNS = 5  # with fewer letters and digits it is no attempt at a code
ME, FAMILY = "me", "family"
PROMISED = ("約束します", "やくそくします", "約束する", "約束", "やくそく", "守ります", "まもります")


def registration(ctx: Context) -> Talk[list[Effect]]:
    """Course code, consent, pledge, town, district, news topics; who is in the register already says who they are."""
    said = yield from words("code", longest=60, guess="code")
    code = ctx.codes.read(said)
    if code is None:
        if _signs(said) < FEWEST_SIGNS:
            raise NotAnAnswer("registration.code_missing")
        unknown = "code_suspicious" if ctx.codes.suspicious else "code_unknown"
        raise NotAnAnswer(f"registration.{unknown}", a_guess=True)
    if code.state != "open":
        return [_not_now(ctx, code)]
    who, enrolled = ME, tuple(ctx.visitor.enrolled)
    if enrolled:
        who = yield from pick("who", Option(ME, also=("わたし", "自分")), Option(FAMILY, also=("かぞく",)))
    if enrolled and who == ME:
        return (yield from _once_more(ctx, code, enrolled))
    if not code.course.making:
        return [Say("registration.code_of_a_meeting")]
    if not (yield from yes_no("consent", params={"course": code.course.title})):
        return [Say("registration.no_consent")]
    promised = yield from pick("pledge", Option("yes", also=PROMISED), Option("no", also=("やめておく",)))
    if promised == "no":
        return [Say("registration.no_consent")]
    town = yield from ask_town(ctx)
    district = yield from ask_district(ctx, town)
    topics: tuple[str, ...] = ()
    if not enrolled:  # the news come to the phone, whoever of the family reads them
        topics = yield from many("topics", *(Option(key) for key in ctx.content.topics))
    texts = ctx.content.texts
    return [
        RegisterSupporter(
            *(code.course.id, town, district, topics),
            consent_version=texts.get("registration.consent_version"),
            pledge_version=texts.get("registration.pledge_version"),
            card=code.card,
            family=bool(enrolled),
        )
    ]


def _once_more(ctx: Context, code: ReadCode, enrolled: tuple[Enrolled, ...]) -> Talk[list[Effect]]:
    """Another course of somebody who is a supporter already: a refresher. No names are asked for here."""
    whose = enrolled[0]
    if len(enrolled) > 1:
        options = (
            Option(one.id, ctx.content.texts.get("registration.nth", number=str(number), since=_day(one)))
            for number, one in enumerate(enrolled, 1)
        )
        key = yield from pick("whose", *options)
        whose = next(one for one in enrolled if one.id == key)
    return [AttendAgain(code.course.id, whose.id, code.card)]


def _not_now(ctx: Context, code: ReadCode) -> Say:
    """A code that exists, but does not count at this moment: why, and what to do."""
    if code.state == "early" and code.opens is not None:
        return Say("registration.code_early", {"day": f"{code.opens.month}月{code.opens.day}日"})
    town = ctx.content.town(code.course.town)
    desk = {"desk": f"{town.name} {town.phone or ''}".strip()}
    if code.state == "closed":
        return Say(f"registration.code_closed.{'card' if code.card else 'course'}", desk)
    return Say(f"registration.code_{code.state}", desk)


def _day(one: Enrolled) -> str:
    return f"{one.since.year}年{one.since.month}月{one.since.day}日"


def _signs(text: str) -> int:
    """How many letters and digits there are that a code could be made of."""
    return len(re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text).upper()))
