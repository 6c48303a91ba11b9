"""The result on paper: which schemes stand on it, and the file itself, for oneself or to be handed to a neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.content.languages import JAPANESE
from bot.content.library import Content
from bot.content.schemes import Scheme
from bot.handbook import paper as sheet
from bot.handbook.recommend import Recommendation
from bot.web import handbook_visits
from bot.web.handbook_result import Outcome, outcome_here, take
from bot.web.language import content_here, html_lang
from bot.web.result_views import to_bring
from bot.web.views import PlaceView, SchemeView, day_of, safety_net, scheme_view

if TYPE_CHECKING:
    import datetime as dt

    from bot.app import Services

FILE: Final = "tsunagari-{day:%Y%m%d}.pdf"  # says nothing in a list of downloads
_ROOM: Final = "handbook_web.paper"


def blueprint(services: Services) -> Blueprint:
    """/handbook/paper and the file."""
    pages = Blueprint("handbook_paper", __name__, url_prefix="/handbook")

    @pages.get("/paper")
    def choose() -> ResponseReturnValue:
        """What will stand on the paper; everything can still be ticked or not."""
        outcome = outcome_here(services)
        if outcome is None:
            return redirect(url_for("handbook.handbook"), 303)
        return _page(services, outcome)

    @pages.get("/paper.pdf")
    def again() -> ResponseReturnValue:
        """Some programs that keep files ask for the address once more: they are led to the page."""
        return redirect(url_for("handbook_paper.choose"), 303)

    @pages.post("/paper.pdf")
    def make() -> ResponseReturnValue:
        """The paper with what is ticked."""
        outcome = outcome_here(services)
        if outcome is None:
            return redirect(url_for("handbook.handbook"), 303)
        found = outcome.those(request.form.getlist("take"))
        if not found and outcome.seen:
            return _page(services, outcome, nothing=True), 422
        take(outcome, [one.scheme.id for one in found], [one.scheme.id for one in outcome.seen])
        with_why = "why" in request.form and not outcome.for_neighbour
        handbook_visits.printed(services)
        return _file(_made(services, outcome, found, with_why=with_why), services.now())

    return pages


def _page(services: Services, outcome: Outcome, *, nothing: bool = False) -> str:
    content = content_here(services)
    offered = {one.scheme.id: one for one in (*outcome.to_take, *outcome.first)}
    ids = {one.scheme.id for one in outcome.to_take}
    return render_template(
        "handbook_paper.html",
        schemes=[(one.scheme, not nothing and one.scheme.id in ids) for one in outcome.those(offered)],
        neighbour=outcome.for_neighbour,
        only_japanese=_language_of_paper(content) != content.spoken,
        nothing=nothing,
    )


def _language_of_paper(content: Content) -> str:
    """The language of the reader, where we have the letters for it."""
    words = "".join(content.texts.under(_ROOM).values())
    return content.spoken if sheet.can_write(words) else JAPANESE


def _file(made: bytes, now: dt.datetime) -> Response:
    """Shown in the browser, kept nowhere on the way."""
    answer = Response(made, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{FILE.format(day=now)}"'
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


# ---- what stands on it ---------------------------------------------------------------------------------------


def _made(services: Services, outcome: Outcome, found: Sequence[Recommendation], *, with_why: bool) -> bytes:
    content, now = content_here(services), services.now()
    try:
        if _language_of_paper(content) == content.spoken:
            return sheet.pdf_of(_paper(services, content, outcome, found, with_why=with_why), now)
    except sheet.CannotBeWritten:
        pass
    content = content.said_in(JAPANESE)
    japanese = outcome_here(services, content) or outcome
    found = japanese.those(one.scheme.id for one in found)
    return sheet.pdf_of(_paper(services, content, japanese, found, with_why=with_why), now)


def _paper(
    services: Services,
    content: Content,
    outcome: Outcome,
    found: Sequence[Recommendation],
    *,
    with_why: bool,
) -> sheet.Paper:
    said, now = content.texts.get, services.now()
    numbers = {one.scheme.id: str(number) for number, one in enumerate(found, 1)}
    groups = _groups(content, outcome, found, numbers, now, with_why=with_why)
    lead = [said("handbook_web.paper.decided")]
    if not outcome.for_neighbour:
        lead.insert(0, said("handbook_web.paper.show"))
        if content.spoken != JAPANESE:  # whoever sits at the desk reads Japanese
            lead.insert(1, content.said_in(JAPANESE).texts.get("handbook_web.paper.show"))
    return sheet.Paper(
        lang=html_lang(content.spoken),
        title=said("handbook_web.shared.heading" if outcome.for_neighbour else "handbook_web.paper.title"),
        author=said("web.brand"),
        lead=tuple(lead),
        box=_for_whoever_gets_it(content) if outcome.for_neighbour else None,
        groups=groups,
        bring=tuple(
            sheet.Thing(
                thing.label,
                thing.hint,
                said("handbook_web.paper.for", numbers="・".join(numbers[one] for one in thing.asked_by)),
            )
            for thing in to_bring(content, found)
        ),
        words=sheet.Words(
            bring=said("handbook_web.result.bring"),
            bring_lead=said("handbook_web.result.bring_lead"),
            memo=said("handbook_web.paper.memo"),
            qr_title=said("handbook_web.paper.qr_title"),
            qr=said("handbook_web.paper.qr"),
            qr_alt=said("handbook_web.paper.qr_alt"),
            urgent=said("handbook_web.paper.urgent"),
        ),
        foot=said("handbook_web.paper.made", date=day_of(content.texts, now.date())),
        url=services.settings.public_url + url_for("handbook.handbook"),
    )


def _for_whoever_gets_it(content: Content) -> sheet.Box:
    texts = content.texts
    return sheet.Box(
        texts.get("handbook_web.paper.hand_title"),
        tuple(
            texts.get(f"handbook_web.paper.{name}")
            for name in ("hand_one", "hand_two", "hand_three", "hand_to")
        ),
    )


def _groups(
    content: Content,
    outcome: Outcome,
    found: Sequence[Recommendation],
    numbers: dict[str, str],
    now: dt.datetime,
    *,
    with_why: bool,
) -> tuple[sheet.Group, ...]:
    """In the order of the page; whoever has no number among them gets the lines for everybody."""
    result, town = outcome.shown.result, outcome.shown.town
    views = {one.scheme.id: scheme_view(content, one, town, now) for one in found}
    groups = []
    for heading, part in (
        ("web.result.safety", result.safety),
        ("web.result.hubs", result.hubs),
        ("web.result.chosen", (*result.chosen, *result.others)),
    ):
        cards = [
            _card(content, one.scheme, views[one.scheme.id], numbers, with_why, part is result.safety)
            for one in part
            if one.scheme.id in views
        ]
        if cards:
            groups.append(sheet.Group(content.texts.get(heading), tuple(cards)))
    if not any(view.tel for view in views.values()):
        places = tuple(
            sheet.Card(place.name, _of_place(content, place)) for place in safety_net(content, town, now)
        )
        groups.append(sheet.Group(content.texts.get("web.result.net"), places))
    return tuple(groups)


def _card(
    content: Content, scheme: Scheme, one: SchemeView, numbers: dict[str, str], with_why: bool, urgent: bool
) -> sheet.Card:
    said = content.texts.get
    official = one.official and one.official + (f"（{one.reading}）" if one.reading else "")
    facts = [
        ("handbook_web.card.official", official),
        ("handbook_web.card.what", one.what),
        ("handbook_web.card.cost", one.cost),
        ("handbook_web.card.deadline", one.deadline),
        ("web.scheme.where", one.where),
    ]
    unsure = [said("web.scheme.unsure")] if one.unsure else []
    after = [
        ("web.scheme.say", one.say),
        ("handbook_web.card.confirm", "\n".join([*one.confirm, *unsure])),
        ("handbook_web.card.why", one.why if with_why else None),
        ("handbook_web.card.checked", day_of(content.texts, scheme.verified_at)),
    ]
    return sheet.Card(
        title=f"{numbers[one.id]}. {one.title}",
        facts=(*_facts(content, facts), *_of_place(content, one.place), *_facts(content, after)),
        loan=said("web.scheme.loan") if one.loan else "",
        urgent=urgent,
    )


def _facts(content: Content, facts: Sequence[tuple[str, str | None]]) -> tuple[sheet.Fact, ...]:
    return tuple(sheet.Fact(content.texts.get(key), words) for key, words in facts if words)


def _of_place(content: Content, place: PlaceView | None) -> tuple[sheet.Fact, ...]:
    if place is None:
        return ()
    phone = (
        (sheet.Fact(content.texts.get("handbook_web.card.phone"), place.phone, big=True),)
        if place.phone
        else ()
    )
    return (*phone, *(sheet.Fact(name, words) for name, words in place.facts[:2]))
