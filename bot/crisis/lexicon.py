"""The words of danger as data: read from content/crisis/lexicon.yaml, checked, compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from bot.crisis.families import NONE, Families, load_families
from bot.crisis.normalise import fold
from bot.crisis.opinion import NOTHING, Opinion, load_opinion
from bot.crisis.sieve import Sieve


class Level(IntEnum):
    """How near the danger is; a greater value is answered first."""

    LIVELIHOOD = 1
    """L1: no food, no roof, power cut off. No danger to life is said, but help is needed today."""
    SOFT = 2
    STRONG = 3
    NOW = 4


class Reading(StrEnum):
    """How a rule finds out whom the words are about; each is explained at the top of lexicon.yaml."""

    WISH = "wish"
    ACT = "act"
    STATE = "state"
    THIRD = "third"
    ONLY_OTHER = "only_other"
    VICTIM = "victim"
    SELF = "self"
    OTHER = "other"


CATEGORIES: Final = (
    "now",
    "medical",
    "harm_others",
    "suicide",
    "self_harm",
    "violence",
    "violence_by_self",
    "child",
    "welfare_check",
    "livelihood",
    "sos",
)
"""Every category, the more urgent first: it decides which of two equally strong hits names the danger."""

OPINION_FILE: Final = "opinion.json"
FAMILIES_FILE: Final = "families.yaml"
_LEVELS: Final = {level.name.lower(): level for level in Level}
_SPEECH: Final = (
    "insult",
    "heard",
    "think",
    "own_words",
    "not_speech",
    "said",
    "said_weakly",
    "quoted",
    "hearsay",
    "relative",
    "unattended",
    "adverbs",
    "done_to_me",
    "topic",
    "worried",
)
_RULE_KEYS: Final = {"id", "category", "level", "who", "whole", "patterns", "latin", "latin_accents"}
_GUARD_KEYS: Final = {"id", "effect", "categories", "when", "when_after", "then", "unless"}
_SHIFT_KEYS: Final = {"id", "to", "categories", "when", "unless"}
_TOP_KEYS: Final = {
    "fragments",
    "people",
    "rules",
    "masks",
    "masks_latin",
    "plain",
    "guards",
    "shifts",
    "speech",
}
_FILLERS: Final = "(?:はい|うん|ああ|あの|でも|もう|ねえ|ええ|だから|それで)?"

Patterns = tuple[re.Pattern[str], ...]
Compile = Callable[[str], "re.Pattern[str]"]


@dataclass(frozen=True)
class Rule:
    """Words that mean one kind of danger."""

    id: str
    category: str
    level: Level
    who: Reading
    whole: bool
    """The words count only where they are the whole text."""
    patterns: Patterns
    latin: Patterns
    latin_accents: Patterns


@dataclass(frozen=True)
class Guard:
    """Surroundings in which words of danger mean none (drop) or less (soft), within their own clause."""

    id: str
    drop: bool
    categories: frozenset[str]
    when: Patterns
    when_after: Patterns
    """Right behind the words of danger."""
    then: Patterns
    """Must be found in one of the next two clauses as well."""
    unless: Patterns


@dataclass(frozen=True)
class Shift:
    """Surroundings that tell how near a danger is: happening now, or a habit, a memory, a plan for another day.

    To NOW it raises what is strong, and to STRONG it lowers what is acute; neither can make a danger vague or none.
    """

    id: str
    to: Level
    categories: frozenset[str]
    when: Patterns
    unless: Patterns


@dataclass(frozen=True)
class People:
    """How other persons and the writer are called."""

    subject: re.Pattern[str]
    """A person as the subject; the group `other` or `own` says which."""
    object: re.Pattern[str]
    """Another person to whom something is done (…を)."""
    addressee: re.Pattern[str]
    """Another person who is told something (…に), up to the end of the clause."""
    follows: re.Pattern[str]
    """「死にたい人」: the words of danger describe another person who is named right behind them."""
    speaker: re.Pattern[str]
    """Another person from whom words come: 「友達から」, 「主人が」."""
    topic: re.Pattern[str]
    """「母のことです」: whom the next sentences are about."""
    mentioned: re.Pattern[str]
    """Another person in any role: 「祖父と連絡がつかない」."""
    latin: re.Pattern[str]
    chinese: re.Pattern[str]


@dataclass(frozen=True)
class Lexicon:
    """Everything the detector knows."""

    rules: tuple[Rule, ...]
    masks: Patterns
    masks_latin: Patterns
    guards: tuple[Guard, ...]
    people: People
    speech: Mapping[str, re.Pattern[str]]
    shifts: tuple[Shift, ...] = ()
    opinion: Opinion | None = None
    """The learned second opinion; None where none has been learned yet."""
    families: Families = NONE
    """The families of words that it reads."""
    plain: re.Pattern[str] = NOTHING
    """Plain words of danger: a passage that has one needs less for the second opinion to speak."""

    @cached_property
    def by_letters(self) -> Sieve[Rule]:
        """The patterns of all rules whose words count anywhere in a text."""
        return Sieve((pattern, rule) for rule in self.rules if not rule.whole for pattern in rule.patterns)

    @cached_property
    def whole(self) -> tuple[Rule, ...]:
        """The rules whose words count only where nothing else is said."""
        return tuple(rule for rule in self.rules if rule.whole)

    @cached_property
    def masked(self) -> Sieve[None]:
        return Sieve((pattern, None) for pattern in self.masks)

    @cached_property
    def masked_latin(self) -> Sieve[None]:
        return Sieve((pattern, None) for pattern in self.masks_latin)


def load_lexicon(path: Path) -> Lexicon:
    """Reads and checks the lexicon, and the opinion beside it; ValueError says which entry is wrong."""
    raw = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(raw, Mapping):
        raise ValueError(f"{path.name}: must be a mapping")
    try:
        _only_known(raw, _TOP_KEYS)
        fragments = {str(name): str(words) for name, words in raw.get("fragments", {}).items()}

        def japanese(source: str) -> re.Pattern[str]:
            return _compile(_expand(source, fragments))

        speech = raw["speech"]
        learned, kin = path.with_name(OPINION_FILE), path.with_name(FAMILIES_FILE)
        families = load_families(kin) if kin.exists() else NONE
        plain = japanese(raw["plain"])
        lexicon = Lexicon(
            rules=tuple(_rule(entry, japanese) for entry in raw["rules"]),
            masks=tuple(japanese(source) for source in raw["masks"]),
            masks_latin=tuple(_compile_latin(source) for source in raw["masks_latin"]),
            guards=tuple(_guard(entry, japanese) for entry in raw["guards"]),
            people=_people(raw["people"], speech["topic"]),
            shifts=tuple(_shift(entry, japanese) for entry in raw.get("shifts", [])),
            speech={name: _compile(fold(speech[name])) for name in _SPEECH},
            opinion=load_opinion(learned, families, plain) if learned.exists() else None,
            families=families,
            plain=plain,
        )
        lexicon.by_letters, lexicon.masked, lexicon.masked_latin  # noqa: B018  # now, and not at the first word
        return lexicon
    except KeyError as missing:
        raise ValueError(f"{path.name}: {missing.args[0]} is missing") from missing
    except ValueError as trouble:
        raise ValueError(f"{path.name}: {trouble}") from trouble


def _rule(entry: Mapping[str, Any], japanese: Compile) -> Rule:
    name = str(entry["id"])
    try:
        _only_known(entry, _RULE_KEYS)
        if entry["category"] not in CATEGORIES:
            raise ValueError(f"unknown category {entry['category']!r}")
        if entry["level"] not in _LEVELS:
            raise ValueError(f"unknown level {entry['level']!r}")
        rule = Rule(
            id=name,
            category=entry["category"],
            level=_LEVELS[entry["level"]],
            who=Reading(entry["who"]),
            whole=bool(entry.get("whole", False)),
            patterns=tuple(japanese(source) for source in entry.get("patterns", [])),
            latin=tuple(_compile_latin(source) for source in entry.get("latin", [])),
            latin_accents=tuple(_compile_latin(source) for source in entry.get("latin_accents", [])),
        )
    except ValueError as trouble:
        raise ValueError(f"rule {name}: {trouble}") from trouble
    if not (rule.patterns or rule.latin or rule.latin_accents):
        raise ValueError(f"rule {name}: has no patterns")
    return rule


def _guard(entry: Mapping[str, Any], japanese: Compile) -> Guard:
    name = str(entry["id"])
    try:
        _only_known(entry, _GUARD_KEYS)
        if entry["effect"] not in ("drop", "soft"):
            raise ValueError(f"unknown effect {entry['effect']!r}")
        unknown = set(entry.get("categories", ())) - set(CATEGORIES)
        if unknown:
            raise ValueError(f"unknown category {sorted(unknown)}")
        lists = {
            key: tuple(japanese(source) for source in entry.get(key, []))
            for key in ("when", "when_after", "then", "unless")
        }
    except ValueError as trouble:
        raise ValueError(f"guard {name}: {trouble}") from trouble
    return Guard(
        id=name,
        drop=entry["effect"] == "drop",
        categories=frozenset(entry.get("categories", CATEGORIES)),
        **lists,
    )


def _shift(entry: Mapping[str, Any], japanese: Compile) -> Shift:
    name = str(entry["id"])
    try:
        _only_known(entry, _SHIFT_KEYS)
        if entry["to"] not in ("now", "strong"):
            raise ValueError(f"unknown level {entry['to']!r}")
        unknown = set(entry["categories"]) - set(CATEGORIES)
        if unknown:
            raise ValueError(f"unknown category {sorted(unknown)}")
        when, unless = (
            tuple(japanese(source) for source in entry.get(key, [])) for key in ("when", "unless")
        )
    except ValueError as trouble:
        raise ValueError(f"shift {name}: {trouble}") from trouble
    return Shift(name, _LEVELS[entry["to"]], frozenset(entry["categories"]), when, unless)


def _people(raw: Mapping[str, Any], topic: str) -> People:
    other = fold("(?:" + "|".join(raw["other"]) + ")(?:たち|達|さん|ちゃん|くん|君|さま|様)*")
    own = fold("(?:" + "|".join(raw["self"]) + ")(?:たち|達)?")
    latin = "|".join(raw["latin"])
    things = fold("|".join(raw["things"]))
    subject = f"(?=は|が|も|って|まで|の(?:{things})|を(?:見|発見|助け))"
    return People(
        subject=re.compile(f"(?P<own>{own}){subject}|(?P<other>{other}){subject}"),
        object=re.compile(f"{other}(?:を|に(?:暴力|手|どな|怒鳴))"),
        addressee=re.compile(f"{other}(?:に|へ)(?:は|も)?[^、。]*$"),
        follows=re.compile(f"(?:{other})"),
        speaker=re.compile(f"{other}(?:が|は|から)"),
        topic=re.compile(other + fold(_expand(topic, {}))),
        mentioned=re.compile(f"{other}(?:が|は|も|と|に|の|を|から|へ|って|、)"),
        latin=re.compile(rf"\b(?:{latin})\b"),
        chinese=re.compile("|".join(raw["chinese"])),
    )


def _expand(source: str, fragments: Mapping[str, str]) -> str:
    def word(found: re.Match[str]) -> str:
        if found[1] not in fragments:
            raise ValueError(f"unknown fragment {found[0]} in {source!r}")
        return fragments[found[1]]

    return fold(re.sub(r"\{([a-z]+)\}", word, source))


def _compile(source: str) -> re.Pattern[str]:
    """A pattern in the writing of lexicon.yaml: `…` is a short gap, `^` and `$` are the ends of a clause."""
    written = source.replace("…", "[^、。]{0,10}?").replace("$", "(?=[、。]|$)")
    written = re.sub(r"(?<!\[)\^", f"(?:^|(?<=[、。])){_FILLERS}", written)
    return _checked(written, source)


def _compile_latin(source: str) -> re.Pattern[str]:
    return _checked(f"(?<= )(?:{source.replace('$', '(?= [.]| $)')})(?= )", source)


def _checked(written: str, source: str) -> re.Pattern[str]:
    """Groups repeat at most four times: no text, however it is made, can then cost more than linear time."""
    bounded = re.sub(r"\)[*]", "){0,4}", re.sub(r"\((?!\?)", "(?:", written))
    try:
        return re.compile(bounded)
    except re.error as trouble:
        raise ValueError(f"{source!r} is no valid pattern: {trouble}") from trouble


def _only_known(mapping: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(str(key) for key in mapping if key not in known)
    if unknown:
        raise ValueError(f"unknown {', '.join(unknown)}")
