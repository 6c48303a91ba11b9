"""All of content/ in one frozen value, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.content.clocks import LevelClocks, load_clocks
from bot.content.documents import Document, load_documents
from bot.content.drips import check_words
from bot.content.errors import ContentError
from bot.content.hotlines import Hotline, load_hotlines
from bot.content.kinds import (
    ConcernKind,
    Handbook,
    Trouble,
    load_concern_kinds,
    load_handbook,
    load_troubles,
)
from bot.content.languages import JAPANESE, Language, load_languages
from bot.content.news import NewsPlan, load_news
from bot.content.outcomes import Outcome, load_outcomes
from bot.content.place_files import load_towns, load_windows
from bot.content.places import Town, Window, desk_for, route
from bot.content.programme import Programme, load_programme
from bot.content.questions import HandbookQuestion, load_questions
from bot.content.rules import Rule, load_rules
from bot.content.scheme_files import load_schemes
from bot.content.schemes import Scheme
from bot.content.texts import Texts, load_texts
from bot.content.tips import TipTopic, load_tips
from bot.content.translation import Sayable, load_translation, sayable, translated, untranslated
from bot.content.watch import DangerWatch, load_watch
from bot.content.yaml_files import tree_of
from bot.crisis import Lexicon, load_lexicon
from bot.crisis_reply import Replies, load_replies
from bot.finding import Finder, Synonyms, load_synonyms
from bot.handbook.recommend import Catalogue

UNSURE_KIND = "unsure"
_LONGEST_LIST = 400  # characters of a list of words that are understood


@dataclass(frozen=True)
class ChannelPlan:
    """What one LINE official account serves: its towns, and the town that takes what belongs to none."""

    name: str
    basic_id: str
    towns: tuple[str, ...]
    central: str


@dataclass(frozen=True)
class Content:
    """Texts, places, schemes, questions, hotlines, words of danger; everything by its key."""

    texts: Texts
    channels: Mapping[str, ChannelPlan]
    topics: tuple[str, ...]
    towns: Mapping[str, Town]
    windows: tuple[Window, ...]
    hotlines: Mapping[str, Hotline]
    concern_kinds: Mapping[str, ConcernKind]
    troubles: Mapping[str, Trouble]
    handbook: Handbook
    questions: tuple[HandbookQuestion, ...]
    documents: Mapping[str, Document]
    rules: Mapping[str, Rule]
    catalogue: Catalogue
    synonyms: Synonyms
    folder: Path
    crisis_replies: Replies
    clocks: Mapping[int, LevelClocks]
    outcomes: Mapping[str, Outcome]
    audit_retention_days: int
    danger_retention_days: int
    danger_watch: DangerWatch
    programme: Programme
    tips: Mapping[str, TipTopic]
    languages: Mapping[str, Language]
    news: NewsPlan
    spoken: str = JAPANESE
    """The key of the language in which all this is said."""
    own: Mapping[str, str] = field(default_factory=dict)
    """What that language says itself, by key (see bot/content/translation.py); everything else is Japanese."""
    original: Content | None = None
    """The same in Japanese; None where this is it."""

    def said_in(self, language: str | None) -> Content:
        """The same in this language, key by key Japanese where it says nothing; Japanese for one that is not known.

        Its files are read when it is first asked for; ContentError names the file and key of what is wrong in them.
        """
        japanese = self.original or self
        if language is None or language == JAPANESE or language not in self.languages:
            return japanese
        if language not in japanese._said:
            said = load_translation(japanese, language)
            words = translated(japanese, language, said)
            japanese._said[language] = replace(
                japanese, **words, spoken=language, own=said, original=japanese
            )
        return japanese._said[language]

    @cached_property
    def _said(self) -> dict[str, Content]:
        return {}

    @cached_property
    def sayable(self) -> Mapping[str, Sayable]:
        """What other languages may say of this, by key (see bot/content/translation.py)."""
        return sayable(self)

    def theme_name(self, theme: str) -> str:
        """What a theme of schemes is called, which is known by its Japanese name."""
        return self.own.get(f"themes.{theme}", theme)

    def untranslated(self) -> Mapping[str, tuple[str, ...]]:
        """By language: every key that it lacks, and every one that Japanese does not have (any more), marked as such."""
        others = [key for key in self.languages if key != JAPANESE]
        return {key: untranslated(self.original or self, self.said_in(key).own) for key in others}

    @cached_property
    def windows_by_key(self) -> Mapping[str, Window]:
        return {window.key: window for window in self.windows}

    @cached_property
    def _option_labels(self) -> Mapping[tuple[str, str], str]:
        return {(q.code, o.code): o.label for q in self.questions for o in q.options}

    @cached_property
    def lexicon(self) -> Lexicon:
        """Words of danger in every language; read when they are first asked for: hundreds of patterns take a second."""
        if self.original is not None:
            return self.original.lexicon
        try:
            return load_lexicon(self.folder / "crisis" / "lexicon.yaml")
        except ValueError as trouble:
            raise ContentError("crisis/", "", str(trouble)) from trouble

    @cached_property
    def finder(self) -> Finder:
        """Finds schemes by typed words: by the Japanese ones in every language."""
        if self.original is not None:
            return self.original.finder
        return Finder(self.catalogue, self._option_labels, self.hotlines.values(), self.synonyms)

    @cached_property
    def own_words(self) -> frozenset[str]:
        """What stands on our buttons, and the words that we say we understand."""
        labels = [
            *self._option_labels.values(),
            *(kind.label for kind in self.concern_kinds.values()),
            *(trouble.label for trouble in self.troubles.values()),
            *(town.name for town in self.towns.values()),
            *(
                word
                for one in self.languages.values()
                for word in (one.name, *one.typed, one.less, one.choose)
            ),
        ]
        texts = [text for text in self.texts.by_key.values() if len(text) <= _LONGEST_LIST]
        japanese = self.original.own_words if self.original else frozenset()
        return japanese.union(labels, texts, (word for text in texts for word in text.split("、")))

    @property
    def parts_of_keys(self) -> tuple[str, ...]:
        """Parts of the keys of texts that stand in other files of content/ and not in the code."""
        steps = (drip.step for drip in self.programme.drips)
        return (
            *self.topics,
            *(question.key for question in self.questions),
            *steps,
            *self.crisis_replies.desk,
        )

    def town(self, key: str) -> Town:
        return self.towns[key]

    def language(self, key: str | None) -> Language:
        """The language with this key; Japanese for none, and for one that content does not know any more."""
        return self.languages.get(key or JAPANESE) or self.languages[JAPANESE]

    def option_label(self, question: str, option: str) -> str:
        """The words of an answer, by the codes that the rules use (Q10, rent)."""
        return self._option_labels[(question, option)]

    def window_for(self, scheme: Scheme, town: str | None) -> Window | None:
        """The town's real desk for a scheme; None where town or desk are not known."""
        return desk_for(self.windows, town, scheme.window_kind) if town else None

    def line_of(self, scheme: Scheme) -> Hotline | None:
        """The line that a scheme's own number belongs to; None where it is none that we know."""
        return next((line for line in self.hotlines.values() if line.phone == scheme.phone), None)

    def general_window(self, town: str) -> Window:
        """The desk of a town that everyone may ask about anything."""
        return route(self.windows, town, UNSURE_KIND).general

    def safety_net_windows(self, town: str | None) -> tuple[Window, ...]:
        """The desk that is always there, where the town is known."""
        return (self.general_window(town),) if town and self.handbook.town_desk else ()

    @property
    def safety_net_lines(self) -> tuple[str, ...]:
        """The lines for everyone, so that nobody leaves with nothing."""
        return self.handbook.safety_net


def load_content(folder: Path) -> Content:
    """Read and check everything; ContentError names file and key of the first thing that is wrong."""
    return hearing(peek_content(folder))


def hearing(content: Content) -> Content:
    """The same with its words of danger and its languages read: who hears people finds out now what is wrong with
    them, and not at the first word."""
    for language in content.languages:
        content.said_in(language)
    try:
        content.lexicon  # noqa: B018
    except OSError as trouble:
        raise ContentError("crisis/lexicon.yaml", "", "is missing or cannot be read") from trouble
    return content


def peek_content(folder: Path) -> Content:
    """The same for a command that hears nobody: words of danger are left where they are."""
    try:
        return _read(folder)
    except OSError as trouble:
        name = Path(trouble.filename or folder)
        shown = name.relative_to(folder) if name.is_relative_to(folder) else name
        raise ContentError(str(shown), "", "is missing or cannot be read") from trouble


def _read(folder: Path) -> Content:
    try:
        hotlines = load_hotlines(folder / "hotlines.yaml")
    except ValueError as trouble:
        raise ContentError("hotlines.yaml", "", str(trouble)) from trouble
    kinds = load_concern_kinds(folder / "concern_kinds.yaml", hotlines)
    towns = load_towns(folder / "towns.yaml")
    questions = load_questions(folder / "questions.yaml")
    texts = load_texts(folder / "texts" / "ja")
    try:
        replies = load_replies(folder / "crisis" / "replies.yaml", hotlines)
    except ValueError as trouble:
        raise ContentError("crisis/", "", str(trouble)) from trouble
    by_key = {town.key: town for town in towns}
    programme = load_programme(folder / "programme.yaml", towns)
    check_words(programme.drips, texts)
    endings = load_outcomes(folder / "outcomes.yaml")
    windows = load_windows(folder / "windows.yaml", towns, kinds)
    topics = _topics(folder / "topics.yaml", texts)
    documents = load_documents(folder / "documents.yaml")
    rules = load_rules(folder / "rules.yaml", questions)
    schemes = load_schemes(folder / "schemes", questions, rules, documents)
    return Content(
        texts=texts,
        channels=_channels(folder / "channels.yaml", by_key),
        topics=topics,
        towns=by_key,
        windows=windows,
        hotlines=hotlines,
        concern_kinds=kinds,
        troubles=load_troubles(folder / "troubles.yaml", kinds, hotlines),
        handbook=load_handbook(folder / "handbook.yaml", hotlines),
        questions=questions,
        documents=documents,
        rules=rules,
        catalogue=Catalogue(schemes, questions, rules),
        synonyms=load_synonyms(folder / "synonyms.yaml"),
        folder=folder,
        crisis_replies=replies,
        clocks=load_clocks(folder / "clocks.yaml"),
        outcomes=endings.outcomes,
        audit_retention_days=endings.audit_retention_days,
        danger_retention_days=endings.danger_retention_days,
        danger_watch=load_watch(
            folder / "crisis" / "watch.yaml", by_key, {window.key: window.serves for window in windows}
        ),
        programme=programme,
        tips=load_tips(folder / "tips.yaml", hotlines),
        languages=load_languages(folder / "languages.yaml"),
        news=load_news(folder / "news.yaml", topics),
    )


def _channels(path: Path, towns: Mapping[str, Town]) -> dict[str, ChannelPlan]:
    channels = {}
    for name, entry in _mapping(path).items():
        if not isinstance(entry, dict) or set(entry) != {"name", "basic_id", "towns", "central"}:
            raise ContentError(path.name, str(name), "name, basic_id, towns and central are expected")
        listed = tuple(entry["towns"])
        for town in (*listed, entry["central"]):
            if town not in towns:
                raise ContentError(path.name, str(name), f"there is no town {town!r} in towns.yaml")
        if not listed or not str(entry["basic_id"]).startswith("@"):
            raise ContentError(
                path.name, str(name), "needs at least one town, and a basic_id that begins with @"
            )
        channels[str(name)] = ChannelPlan(entry["name"], entry["basic_id"], listed, entry["central"])
    return channels


def _topics(path: Path, texts: Texts) -> tuple[str, ...]:
    listed = tree_of(path)
    if not isinstance(listed, list) or not listed:
        raise ContentError(path.name, "", "a list of topics is expected")
    for topic in listed:
        if not texts.has(f"registration.topics.{topic}"):
            raise ContentError(
                path.name, str(topic), "has no name under topics in texts/ja/registration.yaml"
            )
    return tuple(listed)


def _mapping(path: Path) -> dict[Any, Any]:
    tree = tree_of(path)
    if not isinstance(tree, dict) or not tree:
        raise ContentError(path.name, "", "is empty")
    return tree
