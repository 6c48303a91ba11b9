"""What is counted of a visit to the handbook, each thing once: opened, begun, each question, finished, what was shown.

Counted is that a question was answered, never with what; nothing of it belongs to anybody. What was counted already is
kept with the answers (on the web in the sealed session, on LINE in the sealed row of the conversation), and goes with them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

from bot.flows.effects import Effect, ShowSchemes
from bot.flows.engine import Asking, Finished
from bot.flows.talk import SKIP

Way = Literal["web", "line"]
OPENED, BEGAN, FINISHED, CALLED, PRINTED = "opened", "began", "finished", "called", "printed"
VISITS: Final = (OPENED, BEGAN, FINISHED, CALLED, PRINTED)
"""Of a whole visit, in the order in which they happen; by the hour and by tag."""
SHOWN, ANSWERED, SKIPPED, ENOUGH = "shown", "answered", "skipped", "enough"
SCHEME, NUMBER, LANGUAGE = "scheme", "number", "language"
TOWN: Final = "town"  # the question whose answer may be counted: where, never what


class Noted(NamedTuple):
    """Something to count; `about` is the question, scheme, number or language."""

    event: str
    about: str = ""


@dataclass(frozen=True)
class Visit:
    """By which tag it began (and that tag's town), and what of it was counted."""

    tag: str = ""
    town: str = ""
    opened: bool = False
    shown: str = ""
    """Keys of questions that were shown and still wait, divided by blanks."""
    done: str = ""
    finished: bool = False

    @classmethod
    def read(cls, kept: Any) -> Visit:
        """What `kept` gave; a new one from anything else."""
        if not isinstance(kept, Mapping) or not set(kept) <= set(cls.__dataclass_fields__):
            return cls()
        return cls(**kept)

    def kept(self) -> dict[str, Any]:
        """Only what differs from a new one: a cookie has little room."""
        new = Visit()
        names = self.__dataclass_fields__
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(new, name)}

    @property
    def begun(self) -> bool:
        return bool(self.shown or self.done)

    def again(self) -> Visit:
        """Who begins anew after a result is a new visit, by the same tag."""
        return Visit(self.tag, self.town) if self.finished else self


def opened(visit: Visit) -> tuple[Visit, list[Noted]]:
    """The first page was opened."""
    return replace(visit, opened=True), [] if visit.opened else [Noted(OPENED)]


def walked(
    visit: Visit,
    now: Asking | Finished,
    answers: Mapping[str, Any],
    language: str,
    at_once: int,
    *,
    enough: bool = False,
) -> tuple[Visit, list[Noted]]:
    """What is new since the last time. `at_once` schemes of what was chosen are shown; with `enough` the open question
    and those after it were left out on purpose."""
    noted: list[Noted] = []
    if not visit.begun:
        noted += [Noted(BEGAN), Noted(LANGUAGE, language)]
    shown, done = visit.shown.split(), visit.done.split()
    for question in now.asked:
        if question.key in done or (enough and question.key not in shown):
            continue
        if question.key not in shown:
            noted.append(Noted(SHOWN, question.key))
        how = ENOUGH if enough else SKIPPED if _left_out(answers.get(question.key)) else ANSWERED
        noted.append(Noted(how, question.key))
        done.append(question.key)
    shown = [key for key in shown if key not in done]
    if isinstance(now, Asking) and now.question.key not in (*shown, *done):
        noted.append(Noted(SHOWN, now.question.key))
        shown.append(now.question.key)
    ends = isinstance(now, Finished) and not visit.finished
    if isinstance(now, Finished) and ends:
        noted += [Noted(FINISHED), *_of_result(now.effects, at_once)]
    seen = replace(visit, shown=" ".join(shown), done=" ".join(done), finished=visit.finished or ends)
    return seen, noted


def _left_out(answer: Any) -> bool:
    return answer is None or answer == SKIP or (isinstance(answer, Mapping) and not answer.get("picks"))


def _of_result(effects: Iterable[Effect], at_once: int) -> Iterator[Noted]:
    """The schemes that stand there at once; what is behind 「もっと見る」 was perhaps never seen."""
    for effect in effects:
        if isinstance(effect, ShowSchemes):
            result = effect.result
            for one in (*result.safety, *result.hubs, *result.chosen[:at_once]):
                yield Noted(SCHEME, one.scheme.id)


def town_of(visit: Visit, answers: Mapping[str, Any], towns: Iterable[str], about: str) -> str:
    """Where to count it: a whole visit where its tag stands, what was asked and shown in the town that was named."""
    named = answers.get(TOWN)
    told = named if isinstance(named, str) and named in towns else ""
    return (told or visit.town) if about else (visit.town or told)
