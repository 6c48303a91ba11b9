"""Somebody who answers a flow by the keys of its buttons, for tests of single questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from town import context

from bot.flows import FLOWS
from bot.flows.context import Context
from bot.flows.effects import Effect
from bot.flows.engine import Asking, Finished, play
from bot.flows.talk import DONE, SKIP, Given, Many, Question, Tapped, Typed, Words, understand
from bot.wording import Wording, words_of


@dataclass
class Interview:
    """One run of a flow."""

    flow: str
    ctx: Context = field(default_factory=context)
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> Asking | Finished:
        return play(FLOWS[self.flow].function, self.ctx, self.answers)

    @property
    def question(self) -> Question:
        now = self.now
        assert isinstance(now, Asking), f"the conversation ended: {now}"
        return now.question

    @property
    def asks(self) -> str:
        return self.question.key

    @property
    def words(self) -> Wording:
        return words_of(self.question, self.flow, self.ctx.content.texts)

    @property
    def offers(self) -> list[str]:
        return list(self.words.options)

    @property
    def effects(self) -> tuple[Effect, ...]:
        now = self.now
        assert isinstance(now, Finished), f"still asks {now.question.key}"
        return now.effects

    @property
    def asked(self) -> list[str]:
        now = self.now
        return [q.key for q in now.asked] + ([now.question.key] if isinstance(now, Asking) else [])

    def says(self, **answers: str | tuple[str, ...]) -> Interview:
        """Answer these questions, which must come in this order; a tuple picks several and ends them."""
        for key, value in answers.items():
            assert self.asks == key, f"asks {self.asks}, not {key}"
            if isinstance(value, tuple):
                for one in value:
                    if self._still(key):
                        self.give(Tapped(one))
                if self._still(key):
                    self.give(Tapped(DONE if value else SKIP))
            else:
                self.give(Typed(value) if isinstance(self.question, Words) else Tapped(value))
        return self

    def skips_to(self, key: str) -> Interview:
        """Leave everything unanswered until this question."""
        while self.asks != key:
            self.give(Tapped(SKIP))
        return self

    def skips_the_rest(self) -> Interview:
        while isinstance(self.now, Asking):
            self.give(Tapped(SKIP))
        return self

    def give(self, given: Given) -> None:
        question = self.question
        labels = words_of(question, self.flow, self.ctx.content.texts).options
        self.answers[question.key] = understand(question, given, labels, self.answers.get(question.key))

    def _still(self, key: str) -> bool:
        now = self.now
        return isinstance(now, Asking) and now.question.key == key and isinstance(now.question, Many)
