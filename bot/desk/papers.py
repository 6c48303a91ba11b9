"""From the rows to the papers: what a sheet or a meeting needs is read, and that reading audited, in one go.

Each gives a paper still to be drawn: that takes a moment, and nobody shall wait for the database meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from bot.desk import knowing, meeting, wording
from bot.desk.deeds import Desk, Doer, line, must_be_in_charge, write
from bot.desk.meeting import Meeting
from bot.desk.sheet import Another, Due, HandedOn, Happening, SheetData, sheet
from bot.desk.story import story
from storage import audit, concerns, entries, handons, inboxes, photos, staff
from storage.concerns import Concern
from storage.handons import Handon
from storage.work import Work

Drawing = Callable[[], bytes]
MOST = 50  # concerns in the papers of one meeting
OFF_THE_RECORD = frozenset({"identity", "recused", "answer"})
"""Who looked at what, and who stepped back, is nobody else's business; answers stand in the first part."""
DEEDS = frozenset({"accept", "in_touch", "withdraw_handon"})


def sheet_of(work: Work, desk: Desk, by: Doer, concern: Concern, reason: str | None = None) -> Drawing:
    """The つながるシート of a concern. With a reason, who reported it stands on it too, and that is on record."""
    reporter = None
    if reason is not None:
        reporter = _reporter(desk, knowing.open_identity(work, by, concern, reason))
    line(work, by, concern, "sheet")
    return partial(sheet, desk.content.texts, gathered(work, desk, by, concern, reporter))


def meeting_with_names(work: Work, desk: Desk, by: Doer, those: Sequence[Concern], purpose: str) -> Drawing:
    """The papers for a council that owes secrecy; what for is kept, sealed, in the story of each concern."""
    inboxes.lock_all(work, those)  # before anything is read: the audit's rows come last of all
    sheets = [gathered(work, desk, by, concern, None) for concern in those]
    for concern in those:
        must_be_in_charge(by, concern)
        write(work, by, concern, "meeting_with", "note", {"text": _for_what(desk, purpose)})
    return partial(meeting.with_names, desk.content.texts, _meeting(work, desk, by, those, purpose), sheets)


def meeting_without_names(
    work: Work, desk: Desk, by: Doer, those: Sequence[Concern], purpose: str
) -> Drawing:
    """The table for everybody else."""
    items = _items(work, desk, by, those)
    return partial(meeting.without_names, desk.content.texts, _meeting(work, desk, by, those, purpose), items)


def meeting_csv(work: Work, desk: Desk, by: Doer, those: Sequence[Concern]) -> Drawing:
    """The same table for a spreadsheet."""
    return partial(meeting.as_csv, desk.content.texts, _items(work, desk, by, those))


def gathered(work: Work, desk: Desk, by: Doer, concern: Concern, reporter: str | None) -> SheetData:
    """All that stands on a sheet. The caller notes the reading."""
    content, texts, names = desk.content, desk.content.texts, staff.names(work)
    town, window = content.towns.get(concern.town), content.windows_by_key.get(concern.window)
    districts = {each.key: each.name for each in town.districts} if town and len(town.districts) > 1 else {}
    known = content.concern_kinds.get(concern.kind)
    told, chain = entries.of(work, concern), handons.of(work, concern)
    knows, may = wording.consent(content, concern)
    offer = next((each for each in chain if each.state == "offered"), None)
    outcome = content.outcomes.get(concern.outcome or "")
    return SheetData(
        number=concern.number,
        town=town.name if town else concern.town,
        district=districts.get(concern.district or "", ""),
        kind=wording.kind(content, concern),
        level=wording.level(texts, concern.level),
        since=wording.since(texts, concern),
        source=texts.get(f"desk.source.{concern.source}"),
        state=texts.get(f"desk.state.{concern.state}"),
        received_at=concern.created_at.astimezone(wording.TOKYO),
        words=knowing.words_of(work, concern),
        later=tuple(_answer(desk, names, each) for each in told if each.kind == "answer"),
        others=tuple(_others(work, by, concern)),
        photos=len(photos.of(work, concern)),
        knows=knows,
        may=may,
        careful=bool(known and known.never_told) or concern.subject_knows in ("refused", "better_not"),
        consents=tuple(_consent(work, desk, names, each) for each in chain),
        reporter=reporter,
        window=window.name if window else concern.window,
        phone=(window.phone if window else None) or "",
        assignee=names.get(concern.assignee_id or "", ""),
        dues=_dues(desk, concern),
        record=tuple(_record(work, desk, names, concern, told)),
        outcome=outcome.label if outcome else "",
        handed_on=_handed_on(work, desk, offer) if offer else None,
        printed_by=wording.author(texts, names, by.name),
        printed_at=desk.now.astimezone(wording.TOKYO),
    )


def _answer(desk: Desk, names: Mapping[str, str], entry: entries.Entry) -> Happening:
    who = wording.author(desk.content.texts, names, entry.author)
    return Happening(entry.at.astimezone(wording.TOKYO), "", who, str(entry.words.get("text", "")))


def _others(work: Work, by: Doer, concern: Concern) -> list[Another]:
    """What was merged into it, as far as they may see it."""
    found = []
    for other in inboxes.merged_into(work, concern):
        if by.windows is None or by.staff_id is None:
            seen: Concern | None = other
        else:
            seen = concerns.visible(work, other.number, by.windows, by.staff_id)
        if seen is not None:
            line(work, by, seen, "sheet")
            at = seen.created_at.astimezone(wording.TOKYO)
            found.append(Another(seen.number, at, knowing.words_of(work, seen)))
    return found


def _consent(work: Work, desk: Desk, names: Mapping[str, str], offer: Handon) -> Happening:
    """What the subject and the reporter said to a hand-on."""
    texts, words = desk.content.texts, handons.words(work, offer)
    said = {
        who: texts.get(f"desk.act.{who}.{words.get(who, 'not_asked')}") for who in ("subject", "reporter")
    }
    text = texts.get("sheet.filled.agreed", window=wording.window(desk.content, offer.to_window), **said)
    who = wording.author(texts, names, offer.by)
    return Happening(offer.offered_at.astimezone(wording.TOKYO), "", who, text)


def _dues(desk: Desk, concern: Concern) -> tuple[Due, ...]:
    return tuple(
        Due(
            desk.content.texts.get(f"desk.due.{what}"),
            by.astimezone(wording.TOKYO) if by else None,
            done.astimezone(wording.TOKYO) if done else None,
        )
        for what, by, done in (
            ("accept", concern.accept_due, concern.accepted_at),
            ("contact", concern.contact_due, concern.contacted_at),
            ("close", concern.close_due, concern.closed_at),
        )
    )


def _record(
    work: Work, desk: Desk, names: Mapping[str, str], concern: Concern, told: Collection[entries.Entry]
) -> list[Happening]:
    """What the desks did and noted, in order."""
    shown = [each for each in told if each.kind not in OFF_THE_RECORD]
    noted = audit.listed(work, channel=concern.channel, kind="concern", subject_id=concern.id, limit=1_000)
    deeds = [each for each in noted if each.deed in DEEDS]
    return [
        Happening(
            each.at.astimezone(wording.TOKYO),
            each.what,
            each.who,
            "\n".join(part for part in (*each.facts, each.text) if part),
        )
        for each in story(desk.content, names, desk.now, shown, deeds)
    ]


def _handed_on(work: Work, desk: Desk, offer: Handon) -> HandedOn:
    window = desk.content.windows_by_key.get(offer.to_window)
    return HandedOn(
        wording.window(desk.content, offer.to_window),
        (window.phone if window else None) or "",
        str(handons.words(work, offer).get("text", "")),
    )


def _reporter(desk: Desk, who: knowing.Identity) -> str:
    """What we know of the reporter, in words; never a name that they did not type themselves."""
    return who.contact or desk.content.texts.get("sheet.filled.reporter_unknown")


def _for_what(desk: Desk, purpose: str) -> str:
    return f"{desk.content.texts.get('sheet.meeting.with.title')}\n{purpose}"


def _items(work: Work, desk: Desk, by: Doer, those: Sequence[Concern]) -> list[meeting.Item]:
    for concern in those:
        line(work, by, concern, "meeting_without")
    return [meeting.item_of(desk.content, concern, desk.now) for concern in those]


def _meeting(work: Work, desk: Desk, by: Doer, those: Sequence[Concern], purpose: str) -> Meeting:
    names = staff.names(work)
    towns = {concern.town: None for concern in those}
    return Meeting(
        purpose=purpose,
        author="・".join(desk.content.town(town).name for town in towns if town in desk.content.towns),
        printed_by=wording.author(desk.content.texts, names, by.name),
        printed_at=desk.now.astimezone(wording.TOKYO),
    )
