"""Every answer of every question of every flow is taken, many paths are walked to their end, and all fits LINE.

A new flow is found here by itself; where it asks for typed words, TYPED below needs a fitting one.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import spoken
from town import ASKED, CODE, MORNING, OFFERS, context, the_content, wrong_with

from bot.content.languages import JAPANESE
from bot.flows import FLOWS, Flow
from bot.flows.context import Context, Enrolled, Watch
from bot.flows.engine import Asking, Finished, back, play
from bot.flows.talk import (
    DONE,
    SKIP,
    Choice,
    Many,
    Question,
    Tapped,
    Typed,
    Words,
    match,
    plain,
    read,
    spellings,
    understand,
)
from bot.handlers.turn import IN_EVERY_LANGUAGE
from bot.wording import words_of

TYPED = {"registration.code": CODE}
WALKS = 250  # random whole paths of each flow
MOST_WALKS = 3_000
WALKS_IN_A_LANGUAGE = 20
SPOKEN = tuple(FLOWS[name] for name in sorted(IN_EVERY_LANGUAGE & set(FLOWS)))
OTHERS = [key for key in the_content().languages if key != JAPANESE]
LONGEST_PATH = 40  # questions
CONTEXTS = {
    "all towns": context(),
    "one town": context(towns=("iwami",), watch=Watch("米子新聞", ("iwami",))),
    "New Year's night": context(
        now=MORNING.replace(month=12, day=31, hour=23, minute=50),
        watch=Watch("因幡新聞", ("tottori", "iwami"), last_town="iwami"),
    ),
    "nobody's staff": context(watch=None),
    "a supporter comes again": context(enrolled=(Enrolled("1" * 32, MORNING.date()),)),
    "a family with one phone": context(
        enrolled=(Enrolled("1" * 32, MORNING.date()), Enrolled("2" * 32, MORNING.date())),
    ),
    "no course, one questionnaire": context(offers=(), asked=ASKED[:1]),
    "one course, no questionnaire": context(offers=OFFERS[:1], asked=()),
    "a partner that rests": context(watch=Watch("因幡新聞", ("iwami",), active=False)),
}
Taken = Counter[tuple[str, str]]


def answer(flow: Flow, ctx: Context, question: Question, pick: Callable[[str, list[str]], str]) -> Any:
    """One answer to this question; `pick` chooses among keys (`skip` and `done` are among them)."""
    labels = words_of(question, flow.name, ctx.content.texts).options
    if isinstance(question, Words):
        return understand(question, Typed(TYPED[f"{flow.name}.{question.key}"]), labels)
    if isinstance(question, Choice):
        keys = [*labels, SKIP] if question.skippable else list(labels)
        return understand(question, Tapped(pick(question.key, keys)), labels)
    assert isinstance(question, Many)
    stored: Any = None
    while not (stored and stored["done"]):
        rest = [key for key in labels if not stored or key not in stored["picks"]]
        ways = [*rest, DONE, DONE] if stored else [*rest, SKIP]
        stored = understand(question, Tapped(pick(question.key, ways)), labels, stored)
    return stored


def walk(
    flow: Flow, ctx: Context, pick: Callable[[str, list[str]], str], see: Callable[[Asking, Any], None]
) -> Finished:
    answers: dict[str, Any] = {}
    while isinstance(now := play(flow.function, ctx, answers), Asking):
        assert now.refused is None
        assert len(now.asked) < LONGEST_PATH, "a path without end"
        see(now, answers)
        answers[now.question.key] = answer(flow, ctx, now.question, pick)
    return now


def curious(
    chance: random.Random, taken: Taken, offered: set[tuple[str, str]]
) -> Callable[[str, list[str]], str]:
    """Choose at random, more often what was never taken before."""

    def pick(question: str, keys: list[str]) -> str:
        offered.update((question, key) for key in keys)
        fresh = [key for key in keys if not taken[question, key]]
        key = chance.choice(fresh if fresh and chance.random() < 0.6 else keys)
        taken[question, key] += 1
        return key

    return pick


def context_for(flow: Flow) -> Context:
    """Somebody whom this flow asks something: what one changes of one's registration needs one."""
    return (
        context(enrolled=(Enrolled("1" * 32, MORNING.date()),)) if flow.name.startswith("my_") else context()
    )


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_every_answer_is_taken_every_path_ends_and_all_messages_fit_line(flow: Flow) -> None:
    chance, taken, offered = random.Random(2026), Taken(), set[tuple[str, str]]()
    seen: set[str] = set()

    def fits_line(now: Asking, answers: dict[str, Any]) -> None:
        sent = spoken.question(flow.name, now, answers)
        shown = repr(sent)
        if shown not in seen:
            seen.add(shown)
            for messages in sent:
                assert wrong_with(messages) == []

    pick = curious(chance, taken, offered)
    contexts = list(CONTEXTS.values())
    walks = 0
    while walks < WALKS or any(not taken[one] for one in offered):
        ctx = contexts[walks % len(contexts)]
        end = walk(flow, ctx, pick, fits_line)
        for messages in spoken.end(end.effects, ctx.now):
            assert wrong_with(messages) == []
        walks += 1
        assert walks < MOST_WALKS, sorted(one for one in offered if not taken[one])


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("flow", SPOKEN, ids=[flow.name for flow in SPOKEN])
def test_in_every_language_all_messages_fit_line_and_say_no_other(flow: Flow, language: str) -> None:
    """Every answer is taken once; a button that somebody types in their language is understood."""
    chance, taken, offered = random.Random(2026), Taken(), set[tuple[str, str]]()
    ctx = context(language=language)
    seen: set[str] = set()

    def fits_line(now: Asking, answers: dict[str, Any]) -> None:
        sent = spoken.question(flow.name, now, answers, language)
        if (shown := repr(sent)) in seen:
            return
        seen.add(shown)
        for messages in sent:
            assert wrong_with(messages) == []
        labels = words_of(now.question, flow.name, ctx.content.texts).options
        called = spellings(labels, getattr(now.question, "options", ()))
        assert {match(label, called): key for key, label in labels.items()} == {key: key for key in labels}

    pick = curious(chance, taken, offered)
    walks = 0
    while walks < WALKS_IN_A_LANGUAGE or any(not taken[one] for one in offered):
        end = walk(flow, ctx, pick, fits_line)
        for messages in spoken.end(end.effects, ctx.now, language):
            assert wrong_with(messages) == []
        walks += 1
        assert walks < MOST_WALKS, sorted(one for one in offered if not taken[one])


@pytest.mark.parametrize("language", OTHERS)
def test_no_label_in_a_language_is_also_a_command_in_it(language: str) -> None:
    ctx = context(language=language)
    labels = {option.label for question in ctx.content.questions for option in question.options}
    labels |= {trouble.label for trouble in ctx.content.troubles.values()}
    words = [
        word
        for under in ("talk.words", "menu.words")
        for line in ctx.content.texts.under(under).values()
        for word in line.split("、")
    ]
    assert {plain(label) for label in labels}.isdisjoint(map(plain, words))
    for name, line in ctx.content.texts.under("talk.words").items():
        said = {plain(word) for word in line.split("、")}
        assert not said.isdisjoint(read(ctx.content.texts.get(f"talk.{name}"))), name


def test_every_question_of_the_content_is_asked_on_some_path() -> None:
    chance, taken, offered = random.Random(7), Taken(), set[tuple[str, str]]()
    for _ in range(WALKS):
        walk(FLOWS["handbook"], context(), curious(chance, taken, offered), lambda *_: None)
    asked = {question for question, _ in offered}
    assert {question.key for question in the_content().questions} <= asked


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_going_back_from_the_end_of_any_path_leads_to_its_beginning(flow: Flow) -> None:
    chance, ctx = random.Random(11), context_for(flow)
    for _ in range(20):
        path: list[dict[str, Any]] = []
        walk(flow, ctx, lambda _q, keys: chance.choice(keys), lambda _now, a, p=path: p.append(dict(a)))  # type: ignore[misc]
        answers = path[-1]
        for before in reversed(path[:-1]):
            answers = back(flow.function, ctx, answers)
            assert answers == before


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_what_stands_on_a_button_may_be_typed_instead(flow: Flow) -> None:
    """Unless it is a command, each label leads to its own answer, also as a number."""
    seen: set[str] = set()
    chance = random.Random(3)

    def every_label_is_understood(now: Asking, _answers: Any) -> None:
        labels = words_of(now.question, flow.name, the_content().texts).options
        if repr(labels) in seen:
            return
        seen.add(repr(labels))
        called = spellings(labels, getattr(now.question, "options", ()))
        for number, (key, label) in enumerate(labels.items(), 1):
            assert match(label, called) == key
            assert match(str(number), called) == key

    for _ in range(60):
        walk(flow, context_for(flow), lambda _q, keys: chance.choice(keys), every_label_is_understood)


def test_no_label_of_a_button_is_also_a_command_or_begins_another_conversation() -> None:
    texts, labels = the_content().texts, set[str]()
    chance = random.Random(5)
    for flow in FLOWS.values():
        for _ in range(60):
            walk(
                flow,
                context(),
                lambda _q, keys: chance.choice(keys),
                lambda now, _a, f=flow: labels.update(words_of(now.question, f.name, texts).options.values()),  # type: ignore[misc]
            )
    words = [
        w
        for under in ("talk.words", "menu.words")
        for line in texts.under(under).values()
        for w in line.split("、")
    ]
    assert {plain(label) for label in labels}.isdisjoint(map(plain, words))


def test_the_buttons_for_commands_may_be_typed() -> None:
    texts = the_content().texts
    for name, line in texts.under("talk.words").items():
        assert plain(texts.get(f"talk.{name}")) in {plain(word) for word in line.split("、")}


def test_every_flow_has_a_name_in_the_menu() -> None:
    for name in FLOWS:
        assert the_content().texts.has(f"menu.{name}")


@pytest.mark.parametrize("hour", [3, 10, 17, 23])
def test_at_every_hour_somebody_is_there_for_every_trouble(hour: int) -> None:
    """Among the cards is at least one desk or line that is open at this hour."""
    now = MORNING.replace(hour=hour)
    for town in the_content().channels["default"].towns:
        for trouble in the_content().troubles:
            end = play(FLOWS["whom_to_ask"].function, context(now=now), {"town": town, "trouble": trouble})
            assert isinstance(end, Finished)
            (messages,) = spoken.end(end.effects, now)
            assert the_content().texts.get("card.open_now") in repr(messages), (town, trouble)


def test_the_worst_case_of_the_handbook_still_fits() -> None:
    """All troubles, all answers that make the most cards."""
    flow, ctx = FLOWS["handbook"], context(now=MORNING + dt.timedelta(hours=1))
    answers: dict[str, Any] = {"town": "tottori", "who": "self"}
    while isinstance(now := play(flow.function, ctx, answers), Asking):
        question = now.question
        if isinstance(question, Many):
            keys = [option.key for option in question.options if not option.alone and option.key != "unknown"]
            answers[question.key] = {"picks": keys[: question.at_most], "done": True}
        else:
            assert isinstance(question, Choice)
            answers[question.key] = question.options[0].key
    for messages in spoken.end(now.effects, ctx.now):
        assert wrong_with(messages) == []
