"""The page of one concern: everything a desk may know about it, and everything it can do. Each opening is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from bot.content.places import Window
from bot.desk import deeds, handing_on, knowing, notices, wording
from bot.desk.knowing import Identity
from bot.desk.story import story
from bot.web.desk.asking import DESK_PAGES, LONGEST, Change, here, new_once, of_desk, stamp
from bot.web.desk.rows import Row, row
from storage import audit, entries, handons, inboxes, photos, recusals, staff
from storage.concerns import Concern
from storage.handons import Handon
from storage.staff import Staff
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

MOST_DEEDS = 500
CHAIN = ("offered", "accepted", "refused", "withdrawn")  # what became of an offer; words under desk.chain
FIELDS = ("who", "where", "what", "since")


@dataclass(frozen=True)
class Trouble:
    """Why a form was not taken, with what was typed in it, so that nothing is typed twice."""

    act: str
    why: str
    params: Mapping[str, str] = field(default_factory=dict)
    box: str | None = None
    """The field that is to be mended."""
    changes: tuple[Change, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Offered:
    """A hand-on on the page: from whom to whom, with which words."""

    sender: str
    receiver: str
    at: str
    text: str
    subject: str
    reporter: str
    reason: str | None
    proposed: str | None
    proposed_key: str | None
    why: str


def blueprint(services: Services) -> Blueprint:
    """GET of the page; the deeds are in acts.py."""
    pages = Blueprint("desk_concern", __name__, url_prefix=f"{DESK_PAGES}/concerns")

    @pages.get("/<number>")
    def page(number: str) -> ResponseReturnValue:
        """Reading it is audited in the same unit of work in which it is read."""
        return show(services, number)

    return pages


def show(services: Services, number: str, trouble: Trouble | None = None) -> ResponseReturnValue:
    """The page as it is now, with what went wrong with a form; 404 for whoever is not to know that it exists."""
    me: Staff = g.staff
    with services.db.work() as work:
        concern = of_desk(work, number, me)
        if concern is None:
            abort(404)
        page = rendered(services, work, me, concern, trouble=trouble)
    return (page, 422 if trouble.box else 409) if trouble else page


def rendered(
    services: Services,
    work: Work,
    me: Staff,
    concern: Concern,
    *,
    trouble: Trouble | None = None,
    identity: Identity | None = None,
) -> str:
    """Note the reading, then put the page together."""
    content, texts, now = services.content, services.content.texts, services.now()
    desk, by = here(services), deeds.at_desk(me.id, me.windows)
    deeds.read(work, desk, by, concern)
    notices.seen(work, me.windows, concern_id=concern.id)
    concern = of_desk(work, concern.number, me) or concern  # with the moment of this reading
    names = staff.names(work)
    chain = handons.of(work, concern)
    offer = next((one for one in chain if one.state == "offered"), None)
    in_charge = by.has(concern.window)
    asked = offer is not None and by.has(offer.to_window)
    refusal = handing_on.refused_last(work, concern) if in_charge else None
    told = entries.of(work, concern)
    words = knowing.words_of(work, concern)
    undelivered = notices.undelivered_to_reporter(work, concern) if in_charge else None
    consent, may = wording.consent(content, concern)
    return render_template(
        "desk_concern.html",
        concern=concern,
        head=row(content, names, now, concern, me=me.id),
        level_words={str(each): wording.level(texts, each) for each in wording.LEVELS},
        in_charge=in_charge,
        asked=asked,
        offer=_offered(services, work, offer) if offer else None,
        refusal=_offered(services, work, refusal) if refusal else None,
        chain=[(_offered(services, work, one), one.state) for one in chain if one.state in CHAIN],
        consent=consent,
        may=may,
        window_name=wording.window(content, concern.window),
        window_phone=getattr(content.windows_by_key.get(concern.window), "phone", None),
        routed=wording.window(content, concern.routed_to),
        route_why=_why(services, concern),
        route_rule=wording.rule(content, concern, now),
        since=wording.since(texts, concern),
        source=texts.get(f"desk.source.{concern.source}"),
        dues=_dues(services, concern),
        fields=[(f"web.details.{name}", words[name]) for name in FIELDS if words.get(name)],
        details_at=wording.moment(concern.details_at, now) if concern.details_at else None,
        news_at=wording.moment(concern.news_at, now) if concern.news_at else None,
        wished=_wished(services, told),
        photos=photos.of(work, concern),
        merged_from=_reachable(services, work, me, names, inboxes.merged_into(work, concern)),
        merged_to=_merged_to(work, me, concern),
        story=story(content, names, now, told, _deeds(work, concern)),
        colleagues=_colleagues(work, concern, me),
        **_choices(services, work, concern, offer),
        levels=[each for each in wording.LEVELS if each < concern.level],
        undelivered=undelivered,
        follow_up=concern.follow_up,
        identity=identity,
        identity_town=_town(services, identity),
        trouble=trouble,
        given=trouble.given if trouble else {},
        once=new_once(),
        seen=stamp(concern, offer),
        longest=LONGEST,
        printed_at=wording.moment(now, now),
        me=me,
    )


def _choices(services: Services, work: Work, concern: Concern, offer: Handon | None) -> dict[str, Any]:
    """What the forms offer to choose from."""
    content, get = services.content, services.content.texts.get
    living = staff.staffed_windows(work)
    targets = handing_on.targets(here(services), concern)
    near = [w for w in targets if w.key in living and concern.town in w.serves]
    far = [w for w in targets if w.key in living and concern.town not in w.serves]
    others = [w for w in content.windows if w.active and not (offer and w.key == offer.to_window)]
    town = content.towns.get(concern.town)
    return {
        "near": near,
        "far": far,
        "unstaffed": [w for w in targets if w.key not in living],
        "proposable": [
            (
                get("desk.act.hand_on_near", town=town.name if town else concern.town),
                _in_town(others, concern),
            ),
            (get("desk.act.hand_on_far"), [w for w in others if concern.town not in w.serves]),
        ],
        "town_name": town.name if town else concern.town,
        "outcome_options": [(one.key, one.label) for one in content.outcomes.values() if one.by_hand],
        "reason_options": [(key, get(f"desk.refusal.{key}")) for key in handing_on.REASONS],
        "subject_options": [(key, get(f"desk.act.subject.{key}")) for key in handing_on.SUBJECT_AGREED],
        "reporter_options": [(key, get(f"desk.act.reporter.{key}")) for key in handing_on.REPORTER_AGREED],
    }


def _in_town(windows: Sequence[Window], concern: Concern) -> list[Window]:
    return [window for window in windows if concern.town in window.serves]


def _offered(services: Services, work: Work, offer: Handon) -> Offered:
    content, texts = services.content, services.content.texts
    said = handons.words(work, offer)
    subject, reporter = str(said.get("subject", "not_asked")), str(said.get("reporter", "not_asked"))
    return Offered(
        sender=wording.window(content, offer.from_window),
        receiver=wording.window(content, offer.to_window),
        at=wording.moment(offer.offered_at, services.now()),
        text=str(said.get("text", "")),
        subject=texts.get(f"desk.act.subject.{subject}"),
        reporter=texts.get(f"desk.act.reporter.{reporter}"),
        reason=texts.get(f"desk.refusal.{offer.reason}") if offer.reason else None,
        proposed=wording.window(content, offer.proposed) if offer.proposed else None,
        proposed_key=offer.proposed,
        why=_refusal_words(work, offer),
    )


def _refusal_words(work: Work, offer: Handon) -> str:
    """What the refusing desk wrote: it stands in the story, beside the moment of the refusal."""
    if offer.state != "refused":
        return ""
    concern = inboxes.of_id(work, offer.concern_id)
    return next(
        (
            str(one.words.get("text", ""))
            for one in reversed(entries.of(work, concern))
            if one.kind == "refused" and one.at == offer.answered_at
        ),
        "",
    )


def _dues(services: Services, concern: Concern) -> list[tuple[str, str, str | None, bool]]:
    """The three clocks: name, until when, what is left of the one that runs, whether it has run out."""
    texts, now = services.content.texts, services.now()
    running = wording.due(texts, concern, now)
    found = []
    for what, at in (
        ("accept", concern.accept_due),
        ("contact", concern.contact_due),
        ("close", concern.close_due),
    ):
        if at is not None:
            name = texts.get(f"desk.due.{what}")
            runs = running is not None and running.what == name
            found.append(
                (
                    name,
                    texts.get("desk.due.until", at=wording.moment(at, now)),
                    running.left if running and runs else None,
                    bool(running and runs and running.late),
                )
            )
    return found


def _why(services: Services, concern: Concern) -> str:
    return wording.why(services.content, concern.route_reason, concern.routed_to, concern.route or {})


def _wished(services: Services, told: Sequence[entries.Entry]) -> str | None:
    """The desk that the reporter thinks is the right one."""
    for entry in reversed(told):
        if entry.kind == "doubt" and entry.words.get("wished"):
            return wording.window(services.content, str(entry.words["wished"]))
    return None


def _reachable(
    services: Services, work: Work, me: Staff, names: Mapping[str, str], those: Sequence[Concern]
) -> list[Row]:
    """Of these the ones that are this person's to see."""
    now = services.now()
    return [
        row(services.content, names, now, one, me=me.id)
        for one in those
        if of_desk(work, one.number, me) is not None
    ]


def _merged_to(work: Work, me: Staff, concern: Concern) -> str | None:
    """The number under which it goes on, where this person may see it; empty where not."""
    if concern.merged_into is None:
        return None
    into = inboxes.of_id(work, concern.merged_into)
    return into.number if of_desk(work, into.number, me) else ""


def _deeds(work: Work, concern: Concern) -> Sequence[audit.Entry]:
    return audit.listed(
        work, channel=concern.channel, kind="concern", subject_id=concern.id, limit=MOST_DEEDS
    )


def _colleagues(work: Work, concern: Concern, me: Staff) -> list[Staff]:
    """Who can look after it: who works at its desk and has not stepped back; oneself first."""
    gone = recusals.of(work, concern)
    there = [one for one in staff.of_window(work, concern.window) if one.id not in gone]
    return sorted(there, key=lambda one: one.id != me.id)


def _town(services: Services, identity: Identity | None) -> str | None:
    town = services.content.towns.get(identity.town) if identity and identity.town else None
    return town.name if town else None


def given_now() -> dict[str, str]:
    """What was typed, to show it again."""
    return {name: value[: LONGEST * 2] for name, value in request.form.items() if name != "proof"}
