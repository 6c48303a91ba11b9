"""Somebody telephoned: staff write the concern down, see where it will go and why, and send it. Two steps.

Between the steps everything stands in the page itself, nothing is stored; the form has an id of its own, so that
one concern comes of it however often it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot.content.library import Content
from bot.content.places import Route, Town, Window, readers_in, route
from bot.desk import telling, wording
from bot.desk.opening import open_concern
from bot.flows.concern import NOT_TOLD
from bot.flows.sending import TODAY
from bot.web.desk import gate
from bot.web.desk.asking import DESK_PAGES, ONCE, new_once
from bot.web.details_fields import LONGEST, tidy
from storage.concerns import Concern
from storage.staff import Staff
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

SINCE = ("today", "days", "week", "month", "longer", "unknown")
KNOWS = ("agrees", "knows", "unaware", "refused", NOT_TOLD)
CHOICES = ("place", "kind", "level", "since", "knows", "window")
WORDS = ("who", "where", "what", "name", "phone")
NEEDED = ("place", "kind", "since", "knows", "where", "what")
RAISABLE = ("0", "1", "2", "3")
ENTERED = "entered"  # in the session: the concern that this browser has written down last
_ONCE = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class Given:
    """What stands in the form, as far as it makes sense."""

    values: Mapping[str, str]
    town: str
    district: str | None

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def blueprint(services: Services) -> Blueprint:
    """The pages under /desk/new."""
    pages = Blueprint("desk_entry", __name__, url_prefix=DESK_PAGES)

    @pages.get("/new")
    def begin() -> ResponseReturnValue:
        """The empty form."""
        me: Staff = g.staff
        return _form(services, me, _given(services.content, me, {}), {}, new_once())

    @pages.post("/new")
    def go_on() -> ResponseReturnValue:
        """Look at it once more, go back to it, or send it."""
        me: Staff = g.staff
        content, once = services.content, request.form.get(ONCE, "")
        if not _ONCE.fullmatch(once):
            return redirect(url_for("desk_entry.begin"), 303)
        given, deed = _given(content, me, request.form), request.form.get("do", "look")
        if deed == "edit":
            return _form(services, me, given, {}, once)
        if errors := _wrong_with(content, given):
            return _form(services, me, given, errors, once), 422
        way = _way(services, given)
        shown = request.form.get("shown", "")
        if (
            deed != "send" or shown != way.reader.key
        ):  # meanwhile a desk has opened or closed: it is said again
            return _look(services, me, given, way, once, changed=deed == "send")
        with services.db.work() as work:
            me = gate.confirm(work)
            opened = _store(services, work, me, given, once)
        session[ENTERED] = {"number": opened.number, "window": opened.window}
        return redirect(url_for("desk_entry.sent"), 303)

    @pages.get("/new/sent")
    def sent() -> ResponseReturnValue:
        """The number to tell the caller, and where it went."""
        told = session.get(ENTERED)
        if not isinstance(told, dict):
            return redirect(url_for("desk_entry.begin"), 303)
        me: Staff = g.staff
        return render_template(
            "desk_entry_sent.html",
            number=told["number"],
            window=wording.window(services.content, told["window"]),
            mine=told["window"] in me.windows,
        )

    return pages


def _towns(content: Content, me: Staff) -> tuple[Town, ...]:
    """The towns that this person's desks serve."""
    served = {town for window in content.windows if window.key in me.windows for town in window.serves}
    return tuple(town for town in content.towns.values() if town.key in served)


def _given(content: Content, me: Staff, form: Mapping[str, str]) -> Given:
    """What came, with whatever cannot be chosen left out."""
    right = {
        "kind": content.concern_kinds,
        "level": RAISABLE,
        "since": SINCE,
        "knows": KNOWS,
        "window": content.windows_by_key,
        "place": _places(content, me),
    }
    values = {name: form.get(name, "") if form.get(name, "") in right[name] else "" for name in CHOICES}
    values |= {name: tidy(form.get(name, "")) for name in WORDS}
    kind = content.concern_kinds.get(values["kind"])
    if kind is not None and kind.never_told:
        values["knows"] = NOT_TOLD  # being told on can put people in danger: not asked
    town, _, district = values["place"].partition("/")
    return Given(values, town, district or None)


def _places(content: Content, me: Staff) -> dict[str, str]:
    """What can be chosen as the place: a town, or one of its districts, by `town/district`."""
    unknown = content.texts.get("desk_entry.district_unknown")
    return {
        f"{town.key}/{key}": name
        for town in _towns(content, me)
        for key, name in (*((each.key, each.name) for each in town.districts), ("", unknown))
    }


def _wrong_with(content: Content, given: Given) -> dict[str, str]:
    texts = content.texts
    errors = {name: texts.get(f"desk_entry.missing.{name}") for name in NEEDED if not given[name]}
    for name in WORDS:
        if len(given[name]) > LONGEST:
            errors[name] = texts.get("desk_entry.too_long", length=str(len(given[name])), limit=str(LONGEST))
    return errors


def _level(content: Content, given: Given) -> int:
    """The kind's own, or a more urgent one; never a less urgent one. Words of danger cannot wait for a day."""
    levels = [content.concern_kinds[given["kind"]].level]
    if given["level"]:
        levels.append(int(given["level"]))
    if _danger(content, given):
        levels.append(TODAY)
    return min(levels)


def _danger(content: Content, given: Given) -> bool:
    return bool(telling.dangers_in(content, [given[name] for name in ("who", "where", "what")]))


def _way(services: Services, given: Given) -> Route:
    content = services.content
    return route(content.windows, given.town, given["kind"], _level(content, given), services.now())


def _own(content: Content, me: Staff, given: Given, way: Route) -> tuple[Window, ...]:
    """This person's own desks that could take it instead of the proposed one."""
    reading = readers_in(content.windows, given.town)
    return tuple(each for each in reading if each.key in me.windows and each.key != way.reader.key)


def _store(services: Services, work: Work, me: Staff, given: Given, once: str) -> Concern:
    content, url, by = services.content, services.settings.public_url, f"staff:{me.id}"
    own = {each.key for each in _own(content, me, given, _way(services, given))}
    opened = open_concern(
        work,
        content,
        url,
        services.now(),
        channel=_channel(content, given.town),
        person_id=None,
        town=given.town,
        district=given.district,
        kind=given["kind"],
        level=_level(content, given),
        since=given["since"],
        subject_knows=given["knows"],
        window=given["window"] if given["window"] in own else None,
        source="telephone",
        once=f"{me.id}:{once}",
        actor=by,
    )
    reporter = "\n".join(part for part in (given["name"], given["phone"]) if part)
    words = {name: given[name] for name in ("who", "where", "what")}
    telling.entered(work, content, url, opened, {**words, telling.CONTACT: reporter}, by)
    return opened


def _channel(content: Content, town: str) -> str:
    """The account that serves this town and the fewest others: a telephone has none of its own."""
    serving = [name for name, plan in content.channels.items() if town in plan.towns]
    return min(serving, key=lambda name: len(content.channels[name].towns), default="default")


def _form(services: Services, me: Staff, given: Given, errors: Mapping[str, str], once: str) -> str:
    content = services.content
    places = _places(content, me)
    return render_template(
        "desk_entry.html",
        towns=[
            (town.name, [(key, name) for key, name in places.items() if key.startswith(f"{town.key}/")])
            for town in _towns(content, me)
        ],
        kinds=content.concern_kinds.values(),
        levels=[(each, wording.level(content.texts, int(each))) for each in RAISABLE],
        since=SINCE,
        knows=KNOWS,
        given=given.values,
        errors=errors,
        once=once,
        limit=LONGEST,
    )


def _look(
    services: Services, me: Staff, given: Given, way: Route, once: str, *, changed: bool
) -> ResponseReturnValue:
    content, texts = services.content, services.content.texts
    town = content.town(given.town)
    district = next((each.name for each in town.districts if each.key == given.district), "")
    kind = content.concern_kinds[given["kind"]]
    since = given["since"]
    facts = {
        "place": f"{town.name} {district}".strip(),
        "kind": kind.label,
        "level": wording.level(texts, _level(content, given)),
        "since": texts.get("desk.since_unknown" if since == "unknown" else f"concern.since.{since}"),
        "knows": texts.get(f"concern.knows.{given['knows']}"),
        **{name: given[name] for name in WORDS},
    }
    page = render_template(
        "desk_entry_look.html",
        facts=[(f"desk_entry.{name}", value) for name, value in facts.items() if value],
        way=way,
        why=wording.why(content, way.reason, way.reader.key, way.frozen()),
        own=_own(content, me, given, way),
        given=given.values,
        once=once,
        changed=changed,
        danger=_danger(content, given),
        hidden=(*CHOICES[:-1], *WORDS),
    )
    return page, 409 if changed else 200
