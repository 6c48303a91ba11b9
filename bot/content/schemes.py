"""A scheme of the お悩みハンドブック, and the days on which it counts. Read from content/schemes by scheme_files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.content.conditions import Token
from bot.content.errors import ContentError
from bot.content.phones import tel
from bot.content.questions import HandbookQuestion

NATIONAL: Final = "national"
UNSURE: Final = "own-knowledge-unsure"
CONFIDENCES: Final = ("found-in-source", "own-knowledge-sure", UNSURE)


@dataclass(frozen=True)
class Scheme:
    """One thing that helps: a benefit, a service, a desk or a line, with the answers that lead to it.

    An id may stand for several of them, one after the other in time: its versions.
    """

    id: str
    theme: str
    plain_title: str
    official_name: str
    who_for: tuple[str, ...]
    window_kind: str
    """The kind of desk it is asked for at, such as 福祉事務所; several are joined by ・."""
    phone: str | None
    source_owner: str
    legal_basis: str
    confidence: str
    show_if_any: tuple[tuple[Token, ...], ...]
    """Each entry is one or more answers that together lead here."""
    require: tuple[frozenset[Token], ...]
    exclude: frozenset[Token]
    is_loan: bool
    pin_rank: int
    """0, or the place among what is shown first of all (まず安全)."""
    hub: bool
    """A desk that sorts things out with people (まず ここに相談)."""
    valid_from: date | None
    valid_to: date | None
    verified_at: date
    source: str
    town: str | None = None
    overrides: str | None = None
    reading: str = ""
    """The official name in hiragana."""
    what: str = ""
    """What one gets."""
    cost: str = ""
    deadline: str = ""
    """A time limit or a caution that people regret not knowing."""
    bring: tuple[str, ...] = ()
    """Keys of documents.yaml."""
    say: str = ""
    """What to say at the desk or on the phone."""
    words: tuple[str, ...] = ()
    """What people type who look for this."""
    url: str = ""
    """The official page about it (くわしい案内)."""
    perhaps: tuple[frozenset[Token], ...] = ()
    """For each group of `require`, the answers with which it may be met, to be confirmed at the desk."""
    first_for: frozenset[Token] = frozenset()
    """Of the answers that lead here, those at which one thinks of this first."""
    can_wait: bool = False
    """Stands after the others: few of those to whom the answers lead can use it, or it can wait."""
    ended: bool = False
    """After its last day nothing follows, on purpose. Without a last day: the town does not have it."""

    @property
    def file(self) -> str:
        """Where it stands, as below content/."""
        return f"schemes/{self.town or NATIONAL}.csv"

    @property
    def pin(self) -> bool:
        return self.pin_rank > 0

    @property
    def sure(self) -> bool:
        """Whether the facts may be shown as sure."""
        return self.confidence != UNSURE

    @property
    def tel(self) -> str | None:
        """The `tel:` address of the button; the shown digits."""
        return tel(self.phone)

    @property
    def withdrawn(self) -> bool:
        """A town's word that it does not have this."""
        return self.ended and self.valid_to is None

    @property
    def needs(self) -> tuple[tuple[frozenset[Token], frozenset[Token]], ...]:
        """Each group of which one answer is needed, with the answers that may do."""
        return tuple(zip(self.require, self.perhaps or (frozenset(),) * len(self.require), strict=True))

    def tokens(self) -> Iterator[Token]:
        """Every answer that the rules of this scheme look at."""
        yield from (token for together in self.show_if_any for token in together)
        yield from (token for group in (*self.require, *self.perhaps) for token in group)
        yield from self.exclude

    def valid_on(self, day: date) -> bool:
        """Whether there is such a scheme on this day (both ends included)."""
        return (
            not self.withdrawn
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


def without_row(schemes: Iterable[Scheme], today: date) -> tuple[Scheme, ...]:
    """The last version of every id that ran out before today, where no other is valid and nobody wrote `ended`.

    What begins later is not missing yet; what has run out is never shown, so somebody has to write the next row.
    """
    last: dict[str, Scheme] = {}
    there = set()
    for scheme in schemes:
        if scheme.withdrawn or scheme.valid_on(today):
            there.add(scheme.id)
        elif scheme.valid_to is not None and scheme.valid_to < today:
            earlier = last.get(scheme.id)
            if earlier is None or earlier.valid_to is None or earlier.valid_to < scheme.valid_to:
                last[scheme.id] = scheme
    return tuple(scheme for scheme in last.values() if scheme.id not in there and not scheme.ended)


def check_options(schemes: Iterable[Scheme], questions: Iterable[HandbookQuestion]) -> None:
    """ContentError when a rule looks at an answer that no question offers."""
    options = options_of(questions)
    for scheme in schemes:
        try:
            known_options(scheme, options)
        except ValueError as trouble:
            raise ContentError(scheme.file, scheme.id, str(trouble)) from trouble


def options_of(questions: Iterable[HandbookQuestion]) -> dict[str, set[str]]:
    """The option codes that each question offers, by its code."""
    return {question.code: {option.code for option in question.options} for question in questions}


def known_options(scheme: Scheme, options: Mapping[str, set[str]]) -> None:
    """ValueError names the first answer in the scheme's rules that no question offers."""
    for question, option in scheme.tokens():
        if option not in options.get(question, ()):
            raise ValueError(f"rules: no question offers the answer {question}.{option}")
