"""One turn: everything that one event makes us say, collected and then written to the outbox at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.content.library import Content
from bot.events import Event
from bot.flows.context import Context, Visitor, Watch
from bot.handlers.codes import EnrolledHere, TypedCodes
from bot.handlers.coming import Asked, Offers
from bot.line.render import to_line
from bot.messages import MESSAGES, Message, Saying, Tap, Text
from storage import concerns, outbox, partners
from storage.at_once import Answer
from storage.conversations import Conversation
from storage.people import Person
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services

IN_EVERY_LANGUAGE = frozenset({"handbook", "whom_to_ask", "results"})
"""What is talked in the person's own language; everything else that asks and answers is Japanese."""
REPLY_FRESH_FOR = dt.timedelta(seconds=50)  # LINE promises a minute; the rest is for the way


@dataclass
class Turn:
    """The event, whose it is, and what is said so far."""

    services: Services
    work: Work
    event: Event
    person: Person
    conversation: Conversation | None = None  # that was open when the event came
    asked: tuple[str, dt.datetime] | None = (
        None  # a question that belongs to none (bot/handlers/sure.py), and when
    )
    messages: list[Message] = field(default_factory=list)
    quick: tuple[Tap, ...] = ()
    must_arrive: bool = False
    about: str | None = None  # the flow, or what else was tapped, that is talked about just now
    erased: bool = False  # the person is no more: what is said now can only be the reply to this event

    def __post_init__(self) -> None:
        self.codes = TypedCodes(self.work, self.event.channel, self.person.id)

    @property
    def content(self) -> Content:
        """In the person's language while they talk about what there is in every language; else Japanese, as rows and
        staff need it."""
        return self.spoken if self.about in IN_EVERY_LANGUAGE else self.services.content

    @property
    def spoken(self) -> Content:
        """In the person's language, as far as it goes."""
        return self.services.content.said_in(self.person.language)

    @property
    def now(self) -> dt.datetime:
        """The moment of this unit of work, in Japan."""
        return self.services.now()

    def say(self, text_key: str, /, **params: str) -> None:
        self.messages.append(Text(self.spoken.texts.get(text_key, **params)))

    def context(self) -> Context:
        """What a flow may look at, for this person and this moment."""
        channel = self.content.channels[self.event.channel]
        return Context(
            now=self.now,
            content=self.content,
            towns=tuple(self.content.town(key) for key in channel.towns),
            central_town=channel.central,
            visitor=Visitor(
                self.person.role == "supporter",
                self.person.town,
                self.person.district,
                watch=self._watch(),
                enrolled=EnrolledHere(self.work, self.person.id),
                news=self.person.news,
            ),
            codes=self.codes,
            offers=Offers(self.work, self.content, self.person, self.now),
            asked=Asked(self.work, self.content, self.person, self.now),
        )

    def _watch(self) -> Watch | None:
        """The watch partner for whom this person reports; most people report for none, and cost nothing here."""
        partner = partners.get(self.work, self.person.partner_id) if self.person.partner_id else None
        if partner is None:
            return None
        mine = concerns.of_reporter(self.work, self.person.id) if len(partner.towns) > 1 else ()
        last = next((concern.town for concern in mine if concern.partner_id == partner.id), None)
        return Watch(partner.name, partner.towns, partner.active, last)

    def sayings(self) -> list[Saying]:
        """What was said, five messages at a time; the quick replies stand under the last of them."""
        cuts = range(0, len(self.messages), MESSAGES)
        parts = [tuple(self.messages[start : start + MESSAGES]) for start in cuts]
        return [Saying(part, self.quick if part is parts[-1] else ()) for part in parts]

    def answers(self) -> Iterator[Answer]:
        """What was said, for the outbox; the first five messages use the reply token."""
        token = self.event.reply_token
        for saying in self.sayings() if self.event.active else ():
            body = {"messages": to_line(saying)}
            row = outbox.row_of(
                self.work,
                self.event.channel,
                "message",
                body,
                person_id=None if self.erased else self.person.id,
                reply_token=token,
                reply_until=self.work.now + REPLY_FRESH_FOR if token else None,
                must_arrive=self.must_arrive,
            )
            yield Answer(row, body, None if self.erased else self.event.line_id, token)
            token = None
