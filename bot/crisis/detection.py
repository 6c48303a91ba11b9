"""From a text to the danger it speaks of: normalise, take out look-alikes, apply rules, ask whom it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Final

from bot.crisis.lexicon import CATEGORIES, Guard, Level, Lexicon, Reading, Rule
from bot.crisis.normalise import Normal, normalise
from bot.crisis.opinion import Verdict, second_opinion
from bot.crisis.person import Place, about_other, about_other_latin
from bot.crisis.sieve import Sieve

_MOST_HITS: Final = 40
"""Hits looked at per pattern: more of the same words say nothing new, and a hostile text must not cost time."""
SECOND_OPINION: Final = "second-opinion"
"""Stands in the reasons where a rule would be named."""
_LETTER: Final = {Level.SOFT: "2", Level.STRONG: "1", Level.NOW: "0"}
_BOUNDARY: Final = re.compile("[、。]")
_WIDEST_CLAUSE: Final = 120


class Who(StrEnum):
    """Whose danger it is."""

    SELF = "self"
    OTHER = "other"
    BOTH = "both"


@dataclass(frozen=True)
class Danger:
    """What a text says about danger, and why we think so."""

    who: Who
    level: Level
    category: str
    reasons: tuple[str, ...]
    """`rule: words`, the words in their normalised spelling; for `tsunagari crisis explain`, never for a log."""
    sides: tuple[Danger, ...] = ()
    """For BOTH: the writer's own danger and the other person's, the nearer one first."""

    @property
    def soft(self) -> bool:
        """Vague: a hint that something may be wrong."""
        return self.level is Level.SOFT

    @property
    def code(self) -> str:
        """S0-S2 (self), O0-O2 (other), L1 (the writer's livelihood); both are named after the writer."""
        if self.level is Level.LIVELIHOOD:
            return "O2" if self.who is Who.OTHER else "L1"
        return ("O" if self.who is Who.OTHER else "S") + _LETTER[self.level]


@dataclass(frozen=True)
class Hushed:
    """Words of danger that a guard of their own clause dropped or made soft."""

    rule: str
    words: str
    guard: str
    dropped: bool
    start: int
    """Where the words begin in the normalised text."""


@dataclass(frozen=True)
class Explanation:
    """What was found, what guards hushed, and what the learned opinion said where it was asked."""

    danger: Danger | None
    hushed: tuple[Hushed, ...]
    verdict: Verdict | None


@dataclass(frozen=True)
class _Hit:
    rule: str
    category: str
    level: Level
    other: bool
    words: str
    start: int
    by_rule: Level
    """The rule's own level (after guards): it decides between two readings of the same words."""
    shift: str = ""

    @property
    def end(self) -> int:
        return self.start + len(self.words)

    @property
    def weight(self) -> tuple[int, int]:
        return self.level, -CATEGORIES.index(self.category)


def detect(text: str, lexicon: Lexicon) -> Danger | None:
    """The danger in a text, or None; linear in the text's length and safe for any string.

    The rules decide. The learned opinion is asked only where they found nothing, and then it says soft: so it may
    raise, and can lower nothing.
    """
    return _looked_at(text, lexicon, only_danger=True).danger


def explain(text: str, lexicon: Lexicon) -> Explanation:
    """The same answer with what else was considered; for `tsunagari crisis explain`."""
    return _looked_at(text, lexicon, only_danger=False)


def _looked_at(text: str, lexicon: Lexicon, *, only_danger: bool) -> Explanation:
    view = normalise(text)
    hushed: list[Hushed] = []
    danger = _by_rules(view, lexicon, hushed)
    if danger is not None or lexicon.opinion is None:
        return Explanation(danger, tuple(hushed), None)
    heard = without_look_alikes(_unhushed(view, hushed), lexicon)
    verdict = second_opinion(heard, lexicon.opinion, only_danger=only_danger)
    return Explanation(_by_opinion(verdict), tuple(hushed), verdict)


def without_look_alikes(view: Normal, lexicon: Lexicon) -> Normal:
    """What the learned opinion reads: 「死ぬほど笑った」 and its like are blanked out for it as for the rules."""
    return replace(
        view, ja=_masked(view.ja, lexicon.masked, "＿"), latin=_masked(view.latin, lexicon.masked_latin, "_")
    )


def _unhushed(view: Normal, hushed: list[Hushed]) -> Normal:
    """Without the sentences whose words of danger a guard dropped: the rules know better there."""
    ja = view.ja
    for each in hushed:
        start = ja.rfind("。", 0, each.start) + 1
        end = ja.find("。", each.start)
        stop = len(ja) if end < 0 else end
        ja = ja[:start] + "＿" * (stop - start) + ja[stop:]
    return replace(view, ja=ja) if hushed else view


def _by_opinion(verdict: Verdict | None) -> Danger | None:
    if verdict is None or not verdict.danger:
        return None
    runs = " ".join(run for run, weight in verdict.runs if weight > 0)
    who, category = (Who.OTHER, "welfare_check") if verdict.other else (Who.SELF, "suicide")
    return Danger(who, Level.SOFT, category, (f"{SECOND_OPINION}: {runs}",))


def _by_rules(view: Normal, lexicon: Lexicon, hushed: list[Hushed]) -> Danger | None:
    hits = [*_japanese_hits(view.ja, lexicon, hushed), *_latin_hits(view, lexicon)]
    if any(hit.category != "sos" for hit in hits):
        hits = [hit for hit in hits if hit.category != "sos"]
    own = _side(Who.SELF, [hit for hit in hits if not hit.other])
    other = _side(Who.OTHER, [hit for hit in hits if hit.other])
    if own is None or other is None:
        return own or other
    sides = sorted((own, other), key=lambda side: -side.level)
    first = sides[0]
    return Danger(Who.BOTH, first.level, first.category, own.reasons + other.reasons, tuple(sides))


def _side(who: Who, hits: list[_Hit]) -> Danger | None:
    if not hits:
        return None
    ordered = sorted(hits, key=lambda hit: hit.weight, reverse=True)
    reasons = dict.fromkeys(
        f"{' > '.join(filter(None, (hit.rule, hit.shift)))}: {hit.words}" for hit in ordered
    )
    return Danger(who, ordered[0].level, ordered[0].category, tuple(reasons))


def _japanese_hits(ja: str, lexicon: Lexicon, hushed: list[Hushed]) -> list[_Hit]:
    whole = ja.replace("、", "").replace("。", "")
    alone = [
        _Hit(rule.id, rule.category, rule.level, False, whole, 0, rule.level)
        for rule in lexicon.whole
        if any(pattern.fullmatch(whole) for pattern in rule.patterns)
    ]
    hits: list[_Hit] = []
    text = _masked(ja, lexicon.masked, "＿")
    found = sorted(_matches(text, lexicon), key=lambda match: match[1].start())
    carried_until, carried = 0, False
    for rule, match in found:
        place = Place(text, match.start(), match.end())
        carry = carried and text.count("。", carried_until, place.start) <= 2
        other = about_other(rule.who, place, lexicon, carry)
        if other is None:
            continue
        level, guard = _guarded(rule, place, lexicon)
        if guard is not None:
            hushed.append(Hushed(rule.id, match.group(), guard, level is None, place.start))
        if level is None:
            continue
        shown, shift = _shifted(rule.category, level, place, lexicon)
        hits.append(_Hit(rule.id, rule.category, shown, other, match.group(), place.start, level, shift))
        if rule.who in (Reading.STATE, Reading.THIRD, Reading.ONLY_OTHER):
            carried, carried_until = other, place.end
    return [*alone, *_one_reading(hits)]


def _one_reading(hits: list[_Hit]) -> list[_Hit]:
    """Words under two rules speak of one person: the heavier rule's, and another person's where they are equal."""
    taken: dict[int, bool] = {}
    agreed: list[_Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.by_rule, hit.other), reverse=True):
        letters = range(hit.start, hit.end)
        other = next((taken[letter] for letter in letters if letter in taken), hit.other)
        taken.update((letter, other) for letter in letters)
        agreed.append(replace(hit, other=other))
    return agreed


def _masked(text: str, masks: Sieve[None], blank: str) -> str:
    """The text with every look-alike blanked out, letter for letter, so that places stay where they are."""
    for mask, _ in masks.may_match(text):
        text = mask.sub(lambda match: blank * len(match.group()), text)
    return text


def _matches(text: str, lexicon: Lexicon) -> Iterator[tuple[Rule, re.Match[str]]]:
    for pattern, rule in lexicon.by_letters.may_match(text):
        for match in islice(pattern.finditer(text), _MOST_HITS):
            if match.group():
                yield rule, match


def _guarded(rule: Rule, place: Place, lexicon: Lexicon) -> tuple[Level | None, str | None]:
    """The level that is left of a hit after the guards of its clause (None: nothing), and the guard that did it."""
    level, by = rule.level, None
    clause, following, rest = _surroundings(place)
    for guard in lexicon.guards:
        if rule.category not in guard.categories or not _guard_applies(guard, clause, following, rest):
            continue
        if guard.drop:
            return None, guard.id
        level, by = min(level, Level.SOFT), guard.id
    return level, by


def _shifted(category: str, level: Level, place: Place, lexicon: Lexicon) -> tuple[Level, str]:
    """The level that the surroundings leave, and the shift that did it; what happens now outweighs what was."""
    around = place.neighbourhood
    lowered, by = level, ""
    if level is Level.NOW and (found := _shift(Level.STRONG, category, place.sentence, around, lexicon)):
        lowered, by = Level.STRONG, found
    if lowered is Level.STRONG and (found := _shift(Level.NOW, category, around, around, lexicon)):
        return Level.NOW, "" if level is Level.NOW else found
    return lowered, by


def _shift(to: Level, category: str, near: str, around: str, lexicon: Lexicon) -> str | None:
    """The first shift to this level whose words are near, and nothing around speaks against it."""
    for each in lexicon.shifts:
        if each.to is not to or category not in each.categories:
            continue
        if any(pattern.search(near) for pattern in each.when) and not any(
            pattern.search(around) for pattern in each.unless
        ):
            return each.id
    return None


def _guard_applies(guard: Guard, clause: str, following: list[str], rest: str) -> bool:
    right_behind = any(pattern.match(rest) for pattern in guard.when_after)
    if not right_behind and not any(pattern.search(clause) for pattern in guard.when):
        return False
    if any(pattern.search(clause) for pattern in guard.unless):
        return False
    if right_behind or not guard.then:
        return True
    return any(pattern.search(part) for pattern in guard.then for part in following)


def _surroundings(place: Place) -> tuple[str, list[str], str]:
    """The hit's clause, the two clauses behind it, and everything right behind the hit."""
    rest = place.text[place.end : place.end + 2 * _WIDEST_CLAUSE]
    tail, *following = _BOUNDARY.split(rest, maxsplit=3)
    clause = place.before_in_clause + place.words + tail[:_WIDEST_CLAUSE]
    return clause, [part for part in following if part][:2], rest


def _latin_hits(view: Normal, lexicon: Lexicon) -> list[_Hit]:
    if not view.latin:
        return []
    plain, accents = _masked(view.latin, lexicon.masked_latin, "_"), view.latin_accents
    hits: list[_Hit] = []
    for rule in lexicon.rules:
        for text, patterns in ((plain, rule.latin), (accents, rule.latin_accents)):
            for pattern in patterns:
                for count, match in enumerate(pattern.finditer(text)):
                    if count == _MOST_HITS:
                        break
                    other = about_other_latin(rule.who, text, match.start(), match.end(), lexicon)
                    hit = _Hit(
                        rule.id, rule.category, rule.level, other, match.group(), match.start(), rule.level
                    )
                    hits.append(hit)
    return _third_person_first(hits)


def _third_person_first(hits: list[_Hit]) -> list[_Hit]:
    """ "He wants to kill himself" also holds "kill …": the reading that names a third person is the right one."""
    fixed = [hit for hit in hits if hit.rule == "others-wish-latin"]
    return [
        replace(hit, other=True) if any(one.start <= hit.start <= one.end for one in fixed) else hit
        for hit in hits
    ]
