"""What the reporter tells the desk in our own form: more about a concern, or the answer to a question.

Words that speak of danger are noticed here whoever typed them, reporter or staff.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot import crisis
from bot.content.library import Content
from bot.crisis import Danger, Level, Who
from bot.desk import clocks, dangers, handing_on, notices
from bot.desk.deeds import Desk
from bot.pictures import Picture
from storage import audit, concerns, entries, people, photos
from storage.concerns import Concern
from storage.entries import Entry
from storage.transitions import NotPermitted
from storage.work import Work

FIELDS = ("who", "where", "what", "since", "contact")
CONTACT = "contact"  # who reports: the desk sees it only when it opens the reporter's identity


def goes_on_as(work: Work, concern: Concern) -> Concern:
    """Itself, or the concern that it was merged into: what its reporter adds must reach the desk all the same."""
    for _ in range(10):
        into = concerns.get(work, concern.merged_into) if concern.merged_into else None
        if into is None:
            break
        concern = into
    return concern


def open_question(work: Work, concern: Concern) -> Entry | None:
    """What the desk asked this reporter last; None where it asked nothing.

    A question about a concern that this one was merged into is put to somebody else: it may hold their words.
    """
    after = goes_on_as(work, concern)
    own = [one for one in (concern, after) if one.person_id == concern.person_id]
    asked = [entries.latest(work, one, "question") for one in {one.id: one for one in own}.values()]
    return max((one for one in asked if one is not None), key=lambda one: one.at, default=None)


def described(
    work: Work,
    content: Content,
    public_url: str,
    concern: Concern,
    given: Mapping[str, str],
    pictures: Sequence[Picture] = (),
) -> tuple[Danger, ...]:
    """Keep what the form brought: the first time as the concern's details, later as one more entry.

    Gives the dangers that its words speak of. Raises NotPermitted where the concern has been closed.
    """
    words = {name: given[name] for name in FIELDS if given.get(name)}
    now = _with_news(work, concern)
    if now.id == concern.id and now.details_at is None:
        concerns.add_details(work, now, words)
    else:
        _add_more(work, content, concern, now, words)
    for picture in pictures:
        photos.add(work, now, picture.jpeg, picture.width, picture.height)
    audit.note(work, "person", "described", "concern", now.id, now.channel)
    return _tell(work, content, public_url, now, concern.person_id, words.values())


def answered(
    work: Work, content: Content, public_url: str, concern: Concern, text: str
) -> tuple[Danger, ...]:
    """Keep the answer to the desk's question; else as `described`."""
    now = _with_news(work, concern)
    entries.add(work, now, "answer", "person", {"text": text})
    audit.note(work, "person", "answered", "concern", now.id, now.channel)
    return _tell(work, content, public_url, now, concern.person_id, [text])


def entered(
    work: Work, content: Content, public_url: str, concern: Concern, given: Mapping[str, str], by: str
) -> None:
    """Keep what a member of staff was told on the telephone; a form that is sent twice finds it there."""
    if concern.details_at is not None:
        return
    words = {name: given[name] for name in FIELDS if given.get(name)}
    concerns.add_details(work, concern, words)
    audit.note(work, by, "described", "concern", concern.id, concern.channel)
    if dangers_in(content, words.values()):
        flag(work, content, public_url, concern)


def dangers_in(content: Content, words: Iterable[str]) -> tuple[Danger, ...]:
    """What these words say about danger, the nearer one first; read together, since the danger may stand in one
    box and whose it is in another.

    Newspapers that pile up are the reason why somebody writes to us at all: they are no alarm of their own.
    """
    found = crisis.detect("。\n".join(words), content.lexicon)
    sides = (found.sides or (found,)) if found else ()
    return tuple(side for side in sides if (side.level, side.category) != (Level.SOFT, "welfare_check"))


def flag(work: Work, content: Content, public_url: str, concern: Concern) -> Concern:
    """Words of danger stand in it: the desk is told to look today, whatever its level was."""
    flagged = clocks.hurry(work, content, concerns.flag_danger(work, concern))
    audit.note(work, "system", "flagged", "concern", concern.id, concern.channel)
    notices.tell_desk(work, content, public_url, flagged, "danger", flagged.window)
    handing_on.ask_the_night(work, Desk(content, work.now, public_url), flagged)
    return flagged


def _with_news(work: Work, concern: Concern) -> Concern:
    """Marked as having something new; its row is locked by that, so that two forms at once follow each other."""
    if concern.person_id is not None:
        people.keep_still(work, concern.person_id)
    now = concerns.news(work, goes_on_as(work, concern))
    if now.state == "closed":
        raise NotPermitted("words for a closed concern")
    return now


def _add_more(work: Work, content: Content, own: Concern, now: Concern, words: Mapping[str, str]) -> None:
    """One more entry in the concern's story; who reports stays apart, where only a reason opens it."""
    said = [
        f"{content.texts.get(f'web.details.{name}')}\n{text}"
        for name, text in words.items()
        if name != CONTACT
    ]
    entries.add(work, now, "note", "person", {"text": "\n\n".join(said)})
    if contact := words.get(CONTACT):
        earlier = concerns.details(work, now)
        whose = contact if own.id == now.id else f"{own.number}\n{contact}"
        both = "\n\n".join(part for part in (earlier.get(CONTACT), whose) if part)
        concerns.add_details(work, now, {**earlier, CONTACT: both})


def _tell(
    work: Work,
    content: Content,
    public_url: str,
    concern: Concern,
    person_id: str | None,
    words: Iterable[str],
) -> tuple[Danger, ...]:
    found = dangers_in(content, words)
    if not found:
        notices.tell_desk(work, content, public_url, concern, "news", concern.window)
        return ()
    flag(work, content, public_url, concern)
    own = next((danger for danger in found if danger.who is Who.SELF), None)
    person = people.get(work, person_id) if person_id and own else None
    if person is not None and own is not None:  # the people of the programme look after the reporter, too
        dangers.happened(work, person, own.code, own.category)
    return found
