"""The boxes of our own forms, what may stand in them, and what is said when something is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import FileStorage, MultiDict

from bot import pictures
from bot.content.texts import Texts
from bot.pictures import Picture

LONGEST = 2_000  # characters a field
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Field:
    """One box; its words are under `web.details.<name>`."""

    name: str
    rows: int
    needed: bool = False


@dataclass(frozen=True)
class Form:
    """What one kind of link opens; its title and lead are under `web.details.<kind>_…`."""

    kind: str
    fields: tuple[Field, ...]
    photos: tuple[str, ...] = ()


PHOTOS = ("photo1", "photo2", "photo3")  # as many as uploads.MOST_FILES
FIRST = Form(
    "first",
    (
        Field("who", 2),
        Field("where", 3, needed=True),
        Field("what", 6, needed=True),
        Field("since", 2),
        Field("contact", 2),
    ),
    PHOTOS,
)
# Somebody who adds to what they have told need not say again where it is.
MORE = Form("more", tuple(Field(f.name, f.rows, f.name == "what") for f in FIRST.fields), PHOTOS)
ANSWER = Form("answer", (Field("answer", 6, needed=True),))


def tidy(text: str) -> str:
    """One kind of line end, no control characters, nothing around it."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def typed(form: Form, given: MultiDict[str, str]) -> dict[str, str]:
    """What was typed, by field."""
    return {field.name: tidy(given.get(field.name, "")) for field in form.fields}


def wrong_with(texts: Texts, fields: Sequence[Field], given: Mapping[str, str]) -> dict[str, str]:
    """What to mend, by field, in kind words."""
    errors = {}
    for field in fields:
        length = len(given[field.name])
        if field.needed and not length:
            errors[field.name] = texts.get(f"web.details.missing_{field.name}")
        elif length > LONGEST:
            errors[field.name] = texts.get(
                "web.details.too_long", length=str(length), over=str(length - LONGEST), limit=str(LONGEST)
            )
    return errors


def chosen(form: Form, files: MultiDict[str, FileStorage]) -> dict[str, FileStorage]:
    """The photos that were chosen, by the name of their box."""
    found = {name: files.get(name) for name in form.photos}
    return {name: file for name, file in found.items() if file is not None and file.filename}


def drawn(texts: Texts, files: Mapping[str, FileStorage]) -> tuple[list[Picture], dict[str, str]]:
    """The photos as we keep them, and what was wrong with the others, by the name of their box."""
    drawn_anew, errors = [], {}
    for name, file in files.items():
        try:
            drawn_anew.append(pictures.small(file.stream.read()))
        except pictures.TooBig:
            errors[name] = texts.get("web.details.photo_too_big")
        except pictures.NoPicture:
            errors[name] = texts.get("web.details.photo_unreadable")
    return drawn_anew, errors
