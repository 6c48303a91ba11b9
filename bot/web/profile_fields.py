"""The boxes of the form in which a supporter writes who they are, and what is said when something is to be mended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from bot.content.programme import Programme
from bot.content.texts import Texts
from bot.kana import in_hiragana
from bot.web.details_fields import tidy
from storage.supporters import Profile, plain_phone

_KANA = re.compile(r"[ぁ-ゖァ-ヺー・゛゜\s]+")
_MAIL = re.compile(r"[^@\s,;<>()\"']+@[^@\s,;<>()\"'.]+(\.[^@\s,;<>()\"'.]+)+")
_PHONE = re.compile(r"0\d{9,10}")
ENDINGS = re.compile(r"(さん|様|さま)$")


@dataclass(frozen=True)
class Box:
    """One line to type into; `kind` and `fills` tell the phone's keyboard what comes."""

    name: str
    longest: int
    kind: str = "text"
    mode: str = "text"
    fills: str = "off"
    needed: bool = False


BOXES = (
    Box("name", 60, fills="name", needed=True),
    Box("kana", 60),
    Box("phone", 30, kind="tel", mode="tel", fills="tel"),
    Box("mail", 120, kind="email", mode="email", fills="email"),
)
GROUP = Box("group", 100)
OWN_WORDS = 200
CHOSEN = ("district", "age_band", "motive")


@dataclass(frozen=True)
class Given:
    """What was typed, tidied up; `errors` says by field what to mend."""

    words: Mapping[str, str]
    errors: Mapping[str, str]


def typed(form: MultiDict[str, str]) -> dict[str, str]:
    """All fields of the form, in one width and without what nobody meant to type."""
    given = {box.name: _one_line(form.get(box.name, "")) for box in (*BOXES, GROUP)}
    given["mail"] = given["mail"].replace(" ", "")
    given["motive_words"] = tidy(form.get("motive_words", ""))
    return given | {name: tidy(form.get(name, ""))[:32] for name in CHOSEN}


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", tidy(text)).split())


def wrong_with(
    texts: Texts, given: Mapping[str, str], programme: Programme, districts: Mapping[str, str]
) -> dict[str, str]:
    """What to mend, by field, in kind words that say how."""
    errors: dict[str, str] = {}
    for box in (*BOXES, GROUP):
        if len(given[box.name]) > box.longest:
            errors[box.name] = texts.get("profile.too_long", limit=str(box.longest))
    if len(given["motive_words"]) > OWN_WORDS:
        errors["motive"] = texts.get("profile.too_long", limit=str(OWN_WORDS))
    if not any(sign.isalpha() for sign in given["name"]):
        errors["name"] = texts.get("profile.wrong.name")
    if given["kana"] and not _KANA.fullmatch(given["kana"]):
        errors["kana"] = texts.get("profile.wrong.kana")
    if given["phone"] and not _PHONE.fullmatch(plain_phone(given["phone"])):
        errors["phone"] = texts.get("profile.wrong.phone")
    if given["mail"] and not _MAIL.fullmatch(given["mail"]):
        errors["mail"] = texts.get("profile.wrong.mail")
    known = {
        "district": districts.keys(),
        "age_band": {band.key for band in programme.age_bands},
        "motive": {motive.key for motive in programme.motives},
    }
    for name, keys in known.items():
        if given[name] and given[name] not in keys:
            errors[name] = texts.get("profile.wrong.choice")
    return errors


def profile_of(given: Mapping[str, str], programme: Programme) -> Profile:
    """What is kept, sealed: the phone as its digits; the motive by its key, or in their own words."""
    motive = given["motive"] or None
    if own := given["motive_words"]:
        named = programme.motive(motive) if motive else ""
        motive = f"{named}：{own}" if named else own
    return Profile(
        name=ENDINGS.sub("", given["name"]).strip() or None,
        kana=in_hiragana(given["kana"]) or None,
        phone=plain_phone(given["phone"]) or None,
        mail=given["mail"] or None,
        motive=motive,
    )
