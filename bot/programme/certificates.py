"""Certificates, badges and cards: issued once, printed as often as somebody likes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from PIL import Image

from bot.content.library import Content
from bot.content.texts import Texts
from bot.programme import certificate_pictures as pictures
from storage import audit, certificates, supporters
from storage.certificates import Certificate
from storage.supporters import SUPPORTING, State, Supporter
from storage.work import Work

TOKYO: Final = ZoneInfo("Asia/Tokyo")
Paper = Literal["certificate", "badge", "card"]
PAPERS: Final[tuple[Paper, ...]] = ("certificate", "badge", "card")
Standing = Literal["valid", "paused", "ended"]


class NoCertificate(Exception):
    """This entry has no certificate (yet); `why` is "not_yet" (not registered) or "no_name"."""

    def __init__(self, why: Literal["not_yet", "no_name"]) -> None:
        super().__init__(why)
        self.why = why


def issue(work: Work, content: Content, supporter: Supporter) -> Certificate:
    """The supporter's certificate with its number; NoCertificate where nothing can be certified yet."""
    there = certificates.of(work, supporter.id)
    if there is not None:
        return there
    held = supporters.hold(work, supporter.id)  # nobody erases them while their certificate is made
    if held is None:
        raise NoCertificate("not_yet")
    supporter = held
    if supporter.state not in SUPPORTING:
        raise NoCertificate("not_yet")
    if not supporters.profile(work, supporter).name:
        raise NoCertificate("no_name")
    today = work.now.astimezone(TOKYO).date()
    title, day = _course_of(work, content, supporter, today)
    made = certificates.issue(work, supporter, course_title=title, course_on=day, issued_on=today)
    if supporter.number is None:
        supporters.write(work, supporter, number=made.number)
    audit.note(work, "system", "certified", "supporter", supporter.id, supporter.channel)
    return made


def _course_of(work: Work, content: Content, supporter: Supporter, today: dt.date) -> tuple[str, dt.date]:
    """The first course of this entry, else the day in the register with the programme's own name."""
    first = certificates.first_course(work, supporter)
    if first is not None:
        return first.title, first.on_date
    return content.texts.get("papers.certificate.course"), supporter.attended_on or today


def standing(state: State) -> Standing:
    """What the page behind the QR code says."""
    if state == "paused":
        return "paused"
    return "valid" if state in SUPPORTING else "ended"


def looked_up(work: Work, token: str) -> tuple[Standing, str] | None:
    """Whether the card with this token counts, and its town's key; None for a token of nobody."""
    found = certificates.by_token(work, token)
    supporter = supporters.get(work, found.supporter_id) if found else None
    return (standing(supporter.state), supporter.town) if supporter else None


def words(
    work: Work, content: Content, content_dir: Path, public_url: str, supporter: Supporter, made: Certificate
) -> pictures.Words:
    """What stands on the papers of this supporter."""
    texts, town = content.texts, content.towns.get(supporter.town)
    name = supporters.profile(work, supporter).name or ""
    seal = content_dir / "seals" / f"{supporter.town}.png"
    town_name = town.name if town else supporter.town
    return pictures.Words(
        title=texts.get("papers.certificate.title"),
        number=texts.get("papers.certificate.number", number=made.number),
        plain_number=made.number,
        name=name,
        honoured=texts.get("papers.certificate.honorific", name=name),
        body=tuple(texts.get("papers.certificate.body", course=made.course_title).splitlines()),
        course_on=texts.get("papers.certificate.course_on", day=_day(texts, made.course_on)),
        issued=_day(texts, made.issued_on),
        issuer=content.programme.issuer(supporter.town) if town else town_name,
        badge_title=texts.get("papers.badge.title"),
        town=town_name,
        year=str(made.course_on.year),
        card_number=texts.get("papers.card.number", number=made.number),
        card_issued=texts.get("papers.card.issued", day=_day(texts, made.issued_on)),
        card_scan=texts.get("papers.card.scan"),
        verify_url=f"{public_url}/v/{made.token}",
        seal=seal if seal.is_file() else None,
    )


def draw(paper: Paper, said: pictures.Words) -> Image.Image:
    """One of the three papers."""
    match paper:
        case "certificate":
            return pictures.certificate(said)
        case "badge":
            return pictures.badge(said)
        case "card":
            return pictures.card(said)


def _day(texts: Texts, day: dt.date) -> str:
    return texts.get("papers.certificate.day", year=str(day.year), month=str(day.month), day=str(day.day))
