"""Any flow as web pages: one question a page, without JavaScript; its answers are only in the sealed session.

A page is asked for by GET and answered by POST at the same address; a good answer leads on by 303, so that
reloading repeats nothing. The address tells only which question this is (?q=3), never an answer; so the browser's
own back button shows earlier questions, with what was answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot.content.hotlines import Hotline
from bot.content.library import Content
from bot.content.questions import HandbookQuestion
from bot.flows import FLOWS, Flow
from bot.flows.context import Context
from bot.flows.effects import Effect
from bot.flows.engine import Answers, Asking, EndlessTalk, Finished, on_path, play, skip_rest
from bot.flows.talk import SKIP, Choice, Many, NotAnAnswer, Question, Tapped, Typed, Words, understand
from bot.web import handbook_visits
from bot.web.language import content_here
from bot.wording import Wording, words_of

if TYPE_CHECKING:
    from bot.app import Services

ENOUGH_AFTER = 3  # questions, before 「ここまでの答えで結果を見る」 is worth offering
ShowResult = Callable[[tuple[Effect, ...]], str]


@dataclass(frozen=True)
class Progress:
    """Which question this is, and how many are certain to follow (None: not known)."""

    number: int
    still: int | None

    @property
    def total(self) -> int:
        return self.number + (self.still or 0)


@dataclass(frozen=True)
class Walk:
    """One flow at one address. `show_result` makes the last page."""

    services: Services
    flow: Flow
    show_result: ShowResult

    @property
    def content(self) -> Content:
        """In the language of whoever walks."""
        return content_here(self.services)

    def context(self) -> Context:
        """Nobody in particular, in any of our towns."""
        content = self.content
        first = next(iter(content.channels.values()))
        towns = tuple(content.towns.values())
        return Context(now=self.services.now(), content=content, towns=towns, central_town=first.central)

    @property
    def answers(self) -> dict[str, Any] | None:
        """What was answered so far; None before the beginning."""
        kept = session.get(self.flow.name)
        return dict(kept) if isinstance(kept, dict) else None

    def keep(self, answers: Answers | None) -> ResponseReturnValue:
        """Remember (None: forget) and show where that leads."""
        if answers is None:
            session.pop(self.flow.name, None)
            return self._show(None)
        session[self.flow.name] = dict(answers)
        now = play(self.flow.function, self.context(), answers)
        handbook_visits.walked(self.services, self.flow.name, now, answers)
        return self._show(len(now.asked) + 1)

    def _show(self, number: int | None) -> ResponseReturnValue:
        return redirect(url_for(request.endpoint or "", q=number), 303)

    def page(self) -> ResponseReturnValue:
        """GET: the start, the open question or an earlier one, or the result."""
        answers = self.answers
        if answers is None:
            handbook_visits.opened(self.services, self.flow.name)
            return render_template("start.html", flow=self.flow.name)
        now = play(self.flow.function, self.context(), answers)
        number = request.args.get("q", 0, int)
        if 1 <= number <= len(now.asked):
            return self._question(Asking(now.asked[number - 1], now.asked[: number - 1]), answers)
        if isinstance(now, Finished):
            return self.show_result(now.effects)
        return self._question(now, answers)

    def answered(self) -> ResponseReturnValue:
        """POST: start, an answer, one step back, enough, or leave."""
        deed, answers = request.form.get("do", ""), self.answers
        if deed == "start":
            return self.keep({})
        if deed == "quit" or answers is None:
            return self.keep(None)
        if deed == "back":
            return self._one_back(answers)
        if deed == "enough":
            return self.keep(skip_rest(self.flow.function, self.context(), answers))
        return self._take(answers, skipped=deed == "skip")

    def _one_back(self, answers: Answers) -> ResponseReturnValue:
        """The question before the one on the page, or before the result."""
        asked = [question.key for question in play(self.flow.function, self.context(), answers).asked]
        key = request.form.get("question", "")
        return self._show(max(asked.index(key) if key in asked else len(asked), 1))

    def _take(self, answers: dict[str, Any], *, skipped: bool) -> ResponseReturnValue:
        """An answer; one to an earlier question, from a page that was still open, corrects that one."""
        key, ctx = request.form.get("question", ""), self.context()
        question = on_path(self.flow.function, ctx, answers, key)
        if question is None:
            return self.keep(answers)
        words = words_of(question, self.flow.name, self.content.texts)
        try:
            answers[key] = _given(question, words, skipped=skipped)
        except NotAnAnswer as refused:
            now = play(self.flow.function, ctx, {k: v for k, v in answers.items() if k != key})
            assert isinstance(now, Asking)
            return self._question(Asking(now.question, now.asked, refused), answers), 422
        return self.keep(answers)

    def _question(self, now: Asking, answers: Answers) -> str:
        texts = self.content.texts
        question = now.question
        refused = texts.get(now.refused.text_key, **now.refused.params) if now.refused else None
        return render_template(
            "question.html",
            flow=self.flow.name,
            kind=type(question).__name__,
            question=question,
            words=words_of(question, self.flow.name, texts),
            hint=self._hint(question),
            lines=self._lines(question),
            error=refused,
            before=request.form.getlist("answer") or _given_before(answers.get(question.key)),
            first=not now.asked,
            enough=len(now.asked) >= ENOUGH_AFTER and _may_skip(question) is not None,
            progress=self.progress(now, answers),
        )

    def _lines(self, question: Question) -> list[Hotline]:
        """Who can be called before answering; those that are closed now come last."""
        lines = [self.content.hotlines[key] for key in question.call]
        now = self.services.now()
        return sorted(lines, key=lambda line: line.open_at(now) is False)

    def _hint(self, question: Question) -> str | None:
        """The content may say it differently where no chat keeps what was tapped."""
        asked = self._of_content(question)
        if asked and asked.hint_web:
            return asked.hint_web
        return words_of(question, self.flow.name, self.content.texts).hint

    def _of_content(self, question: Question) -> HandbookQuestion | None:
        if self.flow.name != "handbook":
            return None
        return next((one for one in self.content.questions if one.key == question.key), None)

    def progress(self, now: Asking, answers: Answers) -> Progress:
        """Found by walking on as if everything were skipped: the shortest way to the end."""
        end = self._walked_to_the_end(answers)
        still = len(end.asked) - len(now.asked) - 1 if end else None
        return Progress(len(now.asked) + 1, still)

    def _walked_to_the_end(self, answers: Answers) -> Finished | None:
        """The end when whatever may be skipped is skipped, and of what may not the first option is taken."""
        ctx = self.context()
        try:
            filled = skip_rest(self.flow.function, ctx, answers)
            while isinstance(now := play(self.flow.function, ctx, filled), Asking):
                options = getattr(now.question, "options", ())
                if now.refused or not options:
                    return None
                filled[now.question.key] = options[0].key
                filled = skip_rest(self.flow.function, ctx, filled)
        except EndlessTalk:
            return None
        return now


def _given_before(stored: Any) -> list[str]:
    """What is marked when a question is shown again."""
    if isinstance(stored, dict):
        return list(stored["picks"])
    return [] if stored in (None, SKIP) else [str(stored)]


def _may_skip(question: Question) -> Any:
    """What is stored when this question is left unanswered; None where it needs an answer."""
    if isinstance(question, Many):
        return {"picks": [], "done": True}
    if isinstance(question, Choice) and question.skippable:
        return SKIP
    return None


def _given(question: Question, words: Wording, *, skipped: bool) -> Any:
    """What to store for the form that came in. Raises NotAnAnswer."""
    if skipped and (stored := _may_skip(question)) is not None:
        return stored
    if isinstance(question, Many):
        alone = {option.key for option in question.options if option.alone}
        picks = [key for key in request.form.getlist("answer") if key in words.options]
        picks = list(dict.fromkeys(picks))
        if not picks:
            raise NotAnAnswer("web.question.choose_some")
        if len(picks) > 1 and (single := next((key for key in picks if key in alone), None)):
            raise NotAnAnswer("web.question.not_together", label=words.options[single])
        if len(picks) > question.at_most:
            raise NotAnAnswer("web.question.too_many", at_most=str(question.at_most))
        return {"picks": picks, "done": True}
    given = request.form.get("answer", "")
    if isinstance(question, Words):
        return understand(question, Typed(given), words.options)
    if not given:
        raise NotAnAnswer("web.question.choose_one")
    return understand(question, Tapped(given), words.options)


def add_walk(pages: Blueprint, path: str, services: Services, flow: str, show_result: ShowResult) -> None:
    """Show the flow called `flow` at `path`."""
    walk = Walk(services, FLOWS[flow], show_result)

    def show() -> ResponseReturnValue:
        return walk.answered() if request.method == "POST" else walk.page()

    pages.add_url_rule(path, flow, show, methods=["GET", "POST"])
