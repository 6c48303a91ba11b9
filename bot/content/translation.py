"""The content in another language: what content/texts/<language>/ says is laid over the Japanese, key by key.

Besides the files that Japanese has there (web.yaml, talk.yaml …) these stand for what is Japanese in other files:

    questions.yaml   <question key>: {text, text_family, hint, hint_web, options: {<code>: label or {label, short}}}
    schemes.yaml     <scheme id>: {title, what, who_for, cost, deadline}
    hotlines.yaml    <key>: {name, short_name, hours, cost}
    troubles.yaml    <key>: label or {label, short}
    documents.yaml   <key>: {label, hint}          rules.yaml    <key>: words
    towns.yaml       <key>: name                   themes.yaml   <Japanese name>: name
    phrases.yaml     <Japanese words of windows.yaml, or the cost of schemes>: words
    crisis.yaml      replies, labels, answers, typed, always, closed (see bot/crisis_reply.py)
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from bot.content.errors import ContentError
from bot.content.hotlines import Hotline
from bot.content.kinds import Trouble
from bot.content.places import Town, Window
from bot.content.questions import LONGEST_LABEL, HandbookOption, HandbookQuestion, graphemes
from bot.content.schemes import Scheme
from bot.content.texts import LONGEST, Texts, load_texts
from bot.crisis_reply import sayable as sayable_in_danger
from bot.crisis_reply import translated as translated_replies
from bot.handbook.recommend import Catalogue

if TYPE_CHECKING:
    from bot.content.library import Content

EASY: Final = "ja-easy"
LEFT: Final = "（日本語にはありません）"
CHANGED: Final = "（番号が日本語とちがいます）"
"""What `untranslated` puts behind a key that is not simply missing."""
LONGEST_QUESTION: Final = 400
LONGEST_NAME: Final = 80
LONGEST_BUTTON: Final = 20
"""Graphemes of a quick reply; the buttons of a card may have LONGEST_LABEL."""
QUICK: Final = frozenset(
    {
        *(f"talk.{name}" for name in ("back", "quit", "enough", "menu", "resume")),
        *("whom_to_ask.again", "results.more_chosen", "results.more_others"),
        *("results.bring", "results.share", "results.share.neighbour", "results.watch"),
    }
)

_SPOKEN_ROOMS: Final = frozenset(
    {"handbook", "handbook_web", "whom_to_ask", "results", "card", "danger", "talk", "web", "menu"}
)
"""Rooms of texts that every language needs; the others may be translated, too."""
_MAY_STAY: Final = ("web.details.", "talk.too_many_guesses", "talk.polite", "menu.words.")
_SAID_AT_A_DESK: Final = frozenset({"web.window.about", "card.trouble", "web.scheme.say_words"})
"""Japanese in every language: the words to say where Japanese is spoken."""
_PLAIN_ENTRIES: Final = {"documents": "label", "rules": "words", "troubles": "label", "towns": "name"}
"""What an entry says that has no fields."""
_ENTRIES: Final = {"questions", "schemes", "hotlines", *_PLAIN_ENTRIES}
_SCHEME_FIELDS: Final = {
    "title": "plain_title",
    "what": "what",
    "who_for": "who_for",
    "cost": "cost",
    "deadline": "deadline",
}
_NUMBER: Final = re.compile(r"[0-9][0-9-]*[0-9]")
_BLANK: Final = "〇〇"  # of what is said at a desk
_FILLED: Final = re.compile(r"{[a-z_]+}")
_SHORTEST_NUMBER: Final = 3  # digits: 119; 「1日」 may become “one day”


@dataclass(frozen=True)
class Sayable:
    """Something that can be said in another language: its Japanese, how long it may get, whether it is missed."""

    japanese: str
    longest: int = LONGEST
    needed: bool = True
    numbers: Literal["all", "these", "any"] = "all"
    """What could be dialled: all numbers of the Japanese, some of them, or any (dates of another calendar)."""


# ---- what there is to say ------------------------------------------------------------------------------------


def sayable(content: Content) -> dict[str, Sayable]:
    """Everything that a language may say, by key."""
    found = {key: _of_text(key, text) for key, text in content.texts.by_key.items()}
    for question in content.questions:
        found.update(_of_question(question))
    for scheme in content.catalogue.schemes:
        found.update(_of_scheme(scheme))
    called = {*content.handbook.safety_net, *content.handbook.talk_now}
    called.update(key for trouble in content.troubles.values() for key in trouble.hotlines)
    called.update(content.crisis_replies.called)
    for line in content.hotlines.values():
        found.update(_of_hotline(line, needed=line.key in called))
    for trouble in content.troubles.values():
        found[f"troubles.{trouble.key}.label"] = Sayable(trouble.label, LONGEST_LABEL)
        found[f"troubles.{trouble.key}.short"] = Sayable(trouble.button, LONGEST_BUTTON, needed=False)
    for document in content.documents.values():
        found[f"documents.{document.key}.label"] = Sayable(document.label, LONGEST_NAME)
        found[f"documents.{document.key}.hint"] = Sayable(document.hint, LONGEST_QUESTION, needed=False)
    for rule in content.rules.values():
        found[f"rules.{rule.key}.words"] = Sayable(rule.words, LONGEST_NAME)
    for town in content.towns.values():
        found[f"towns.{town.key}.name"] = Sayable(town.name, LONGEST_LABEL)
    for theme in dict.fromkeys(scheme.theme for scheme in content.catalogue.schemes):
        found[f"themes.{theme}"] = Sayable(theme, LONGEST_LABEL, needed=False)
    for cost in {scheme.cost for scheme in content.catalogue.schemes if scheme.cost}:
        found[f"phrases.{cost}"] = Sayable(cost, LONGEST_QUESTION, needed=False)
    for phrase in _phrases(content.windows):
        found[f"phrases.{phrase}"] = Sayable(phrase, LONGEST_QUESTION)
    found.update((key, Sayable(said)) for key, said in sayable_in_danger(content.crisis_replies).items())
    return found


def _of_text(key: str, text: str) -> Sayable:
    may_stay = key.startswith(_MAY_STAY) or key in _SAID_AT_A_DESK
    needed = key.split(".")[0] in _SPOKEN_ROOMS and not may_stay
    return Sayable(text, LONGEST_BUTTON if key in QUICK else LONGEST, needed)


def _of_question(question: HandbookQuestion) -> Iterator[tuple[str, Sayable]]:
    name = f"questions.{question.key}"
    for field in ("text", "text_family", "hint", "hint_web"):
        if japanese := getattr(question, field):
            yield f"{name}.{field}", Sayable(japanese, LONGEST_QUESTION)
    for option in question.options if question.options_from is None else ():
        yield f"{name}.options.{option.code}.label", Sayable(option.label, LONGEST_LABEL)
        yield f"{name}.options.{option.code}.short", Sayable(option.button, LONGEST_BUTTON, needed=False)


def _of_scheme(scheme: Scheme) -> Iterator[tuple[str, Sayable]]:
    """The desks and lines that stand first are needed, the others are welcome."""
    for name, field in _SCHEME_FIELDS.items():
        japanese = "; ".join(scheme.who_for) if name == "who_for" else str(getattr(scheme, field))
        first = (scheme.hub or scheme.pin) and scheme.town is None
        yield f"schemes.{scheme.id}.{name}", Sayable(japanese, LONGEST_QUESTION, first and bool(japanese))


def _of_hotline(line: Hotline, *, needed: bool) -> Iterator[tuple[str, Sayable]]:
    name, called = f"hotlines.{line.key}", f"{line.name} {line.short_name} {line.phone or ''}"
    yield f"{name}.name", Sayable(called, LONGEST_NAME, needed, "these")
    yield f"{name}.short_name", Sayable(called, LONGEST_LABEL, False, "these")
    yield f"{name}.hours", Sayable(line.hours_text, LONGEST_QUESTION, needed, "any")
    yield f"{name}.cost", Sayable(line.cost, LONGEST_NAME, needed and line.cost not in ("", "-"), "any")


def _phrases(windows: tuple[Window, ...]) -> dict[str, None]:
    said = (each for one in windows for each in (one.hours_text, one.after_hours, one.note))
    return dict.fromkeys(each for each in said if each)


# ---- reading -------------------------------------------------------------------------------------------------


def load_translation(content: Content, language: str) -> Mapping[str, str]:
    """What this language says, by key; ContentError names language, file and key of what is wrong.

    What cannot be said is kept all the same, so that `untranslated` tells of it: a key that Japanese does not have (any
    more), and words with other numbers than the Japanese ones, which were changed since.
    """
    read = load_texts(content.folder / "texts" / language).by_key
    said = {_full(key): text for key, text in read.items()}
    can_be = content.sayable
    entries = {key.rpartition(".")[0] for key in can_be if key.split(".")[0] in _ENTRIES}
    for key, text in said.items():
        file = f"texts/{language}/{key.split('.')[0]}.yaml"
        if (one := can_be.get(key)) is not None:
            if trouble := wrong_with(one, text):
                raise ContentError(file, key, trouble)
        elif key.rpartition(".")[0] in entries:
            raise ContentError(file, key, "is no field of this entry")
    _tell_answers_apart(content, language, said)
    return said


def _tell_answers_apart(content: Content, language: str, said: Mapping[str, str]) -> None:
    """Two answers to one question that read alike could not be told apart."""
    for question in content.questions:
        name = f"questions.{question.key}"
        labels = [
            said[key].casefold()
            for option in question.options
            if (key := f"{name}.options.{option.code}.label") in said
        ]
        if len(set(labels)) < len(labels):
            raise ContentError(f"texts/{language}/questions.yaml", name, "has the same words for two answers")


def _full(key: str) -> str:
    """The whole key of an entry that says only one thing: `troubles.money` is `troubles.money.label`."""
    parts = key.split(".")
    if len(parts) == 2 and parts[0] in _PLAIN_ENTRIES:
        return f"{key}.{_PLAIN_ENTRIES[parts[0]]}"
    if len(parts) == 4 and parts[0] == "questions" and parts[2] == "options":
        return f"{key}.label"
    return key


def wrong_with(one: Sayable, text: str) -> str | None:
    """Why this cannot stand for the Japanese: too long, other placeholders."""
    if len(text) > one.longest and (length := graphemes(_FILLED.sub("000", text))) > one.longest:
        return f"is {length} letters long, at most {one.longest}"
    if _placeholders(text) != _placeholders(one.japanese):
        return f"has other {{placeholders}} than the Japanese: {sorted(_placeholders(one.japanese))}"
    return None


def same_numbers(one: Sayable, text: str) -> bool:
    """Whether nobody is sent to another number than by the Japanese words."""
    said, japanese = _numbers(text), _numbers(one.japanese)
    return one.numbers == "any" or (said == japanese if one.numbers == "all" else said <= japanese)


def _placeholders(text: str) -> set[str]:
    blank = {_BLANK} if _BLANK in text else set()
    return blank | {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _numbers(text: str) -> set[str]:
    """What could be dialled: the numbers of three digits or more."""
    found = (each.replace("-", "") for each in _NUMBER.findall(text))
    return {each for each in found if len(each) >= _SHORTEST_NUMBER}


def untranslated(content: Content, said: Mapping[str, str]) -> tuple[str, ...]:
    """The keys that a language lacks, those whose numbers are not the Japanese ones, and those that it says in vain."""
    can_be = content.sayable
    missing = [key for key, one in can_be.items() if one.needed and key not in said]
    changed = [
        f"{key}{CHANGED}" for key, one in can_be.items() if key in said and not same_numbers(one, said[key])
    ]
    left = sorted(f"{key}{LEFT}" for key in said if key not in can_be)
    return (*missing, *changed, *left)


# ---- saying it -----------------------------------------------------------------------------------------------


def translated(content: Content, language: str, said: Mapping[str, str]) -> dict[str, Any]:
    """The fields of Content that are said otherwise."""
    can_be = content.sayable
    said = {
        key: text
        for key, text in said.items()
        if key not in _SAID_AT_A_DESK and key in can_be and same_numbers(can_be[key], text)
    }
    get = said.get
    questions = _questions(content.questions, said)
    rules = {
        key: replace(one, words=get(f"rules.{key}.words", one.words)) for key, one in content.rules.items()
    }
    texts = {key: said.get(key, japanese) for key, japanese in content.texts.by_key.items()}
    return {
        "texts": Texts(texts),
        "questions": questions,
        "catalogue": Catalogue(_schemes(content.catalogue.schemes, said), questions, rules),
        "hotlines": {key: _hotline(line, said) for key, line in content.hotlines.items()},
        "troubles": {key: _trouble(one, said) for key, one in content.troubles.items()},
        "towns": {key: _town(town, said) for key, town in content.towns.items()},
        "windows": tuple(_window(window, said) for window in content.windows),
        "documents": {
            one.key: replace(
                one,
                label=get(f"documents.{one.key}.label", one.label),
                hint=get(f"documents.{one.key}.hint", one.hint),
            )
            for one in content.documents.values()
        },
        "rules": rules,
        "crisis_replies": translated_replies(content.crisis_replies, said, easy=language == EASY),
    }


def _questions(
    questions: tuple[HandbookQuestion, ...], said: Mapping[str, str]
) -> tuple[HandbookQuestion, ...]:
    found: dict[str, HandbookQuestion] = {}
    for one in questions:
        name = f"questions.{one.key}"
        options = (
            found[one.options_from].options
            if one.options_from
            else tuple(_option(option, f"{name}.options.{option.code}", said) for option in one.options)
        )
        found[one.code] = replace(one, options=options, **_words(one, name, said))
    return tuple(found.values())


def _words(one: HandbookQuestion, name: str, said: Mapping[str, str]) -> dict[str, Any]:
    """Its own words; for somebody else and on the web rather the general ones of the language than Japanese."""
    text, hint = said.get(f"{name}.text"), said.get(f"{name}.hint")
    return {
        "text": text or one.text,
        "hint": hint or one.hint,
        "text_family": said.get(f"{name}.text_family", text or one.text_family),
        "hint_web": said.get(f"{name}.hint_web", None if hint and not one.sensitive else one.hint_web),
    }


def _option(option: HandbookOption, name: str, said: Mapping[str, str]) -> HandbookOption:
    label = said.get(f"{name}.label")
    return option if label is None else replace(option, label=label, short=said.get(f"{name}.short"))


def _schemes(schemes: tuple[Scheme, ...], said: Mapping[str, str]) -> tuple[Scheme, ...]:
    national = {scheme.id: scheme for scheme in schemes if scheme.town is None}
    return tuple(_scheme(scheme, national.get(scheme.overrides or ""), said) for scheme in schemes)


def _scheme(scheme: Scheme, instead_of: Scheme | None, said: Mapping[str, str]) -> Scheme:
    """The official name always stays. What a town leaves as the national one has it is said like there."""
    words: dict[str, Any] = {"cost": said.get(f"phrases.{scheme.cost}", scheme.cost)}
    for name, field in _SCHEME_FIELDS.items():
        text = said.get(f"schemes.{scheme.id}.{name}")
        if text is None and instead_of and getattr(scheme, field) == getattr(instead_of, field):
            text = said.get(f"schemes.{instead_of.id}.{name}")
        if text is not None:
            words[field] = tuple(_line(part) for part in text.split(";")) if name == "who_for" else text
    return replace(scheme, **words)


def _line(part: str) -> str:
    """Part of a list as a line of its own."""
    said = part.strip()
    return said[:1].upper() + said[1:]


def _hotline(line: Hotline, said: Mapping[str, str]) -> Hotline:
    name = said.get(f"hotlines.{line.key}.name")
    fits = name is not None and graphemes(name) <= LONGEST_LABEL
    return replace(
        line,
        name=name or line.name,
        short_name=said.get(f"hotlines.{line.key}.short_name", name if name and fits else line.short_name),
        hours_text=said.get(f"hotlines.{line.key}.hours", line.hours_text),
        cost=said.get(f"hotlines.{line.key}.cost", line.cost),
    )


def _trouble(one: Trouble, said: Mapping[str, str]) -> Trouble:
    label = said.get(f"troubles.{one.key}.label")
    return one if label is None else replace(one, label=label, short=said.get(f"troubles.{one.key}.short"))


def _town(town: Town, said: Mapping[str, str]) -> Town:
    """The Japanese name is understood as well when it is typed."""
    name = said.get(f"towns.{town.key}.name")
    return town if name is None else replace(town, name=name, aliases=(town.name, *town.aliases))


def _window(window: Window, said: Mapping[str, str]) -> Window:
    hours, after, note = (
        said.get(f"phrases.{japanese}", japanese)
        for japanese in (window.hours_text, window.after_hours, window.note)
    )
    return replace(window, hours_text=hours, after_hours=after, note=note)
