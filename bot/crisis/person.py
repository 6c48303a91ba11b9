"""Whom words of danger are about: the writer, or somebody whom the writer speaks of.

Japanese leaves the subject out, so the grammar of the words themselves decides: 「死にたい」 without a quotation is
the writer's own, 「死にたいと言っている」 is not, 「『死にたい』って毎日思う」 is the writer's own again.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Final

from bot.crisis.lexicon import Lexicon, Reading

_BEFORE: Final = 60
_AFTER: Final = 50
_OWN: Final = False
_OTHER: Final = True
_CAUSE: Final = re.compile("(?:て|で|から|ので|たら|し|せいで|ば|と|のに)(?:$|[、もずほま])")
_REGRET: Final = re.compile("[^、。]{0,2}?(?:しま[っうい]|ちゃ|たい|たく)")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]+")
_MINE: Final = re.compile("我(?!的|们|們|妈|媽|爸|父|母|朋|儿|兒|女|丈|老|妻|同|哥|姐|弟|妹|孩|奶|爷)")
_SUFFERED: Final = re.compile("[らさかたがまばわ]れ|もらえ|させて")
"""The subject of such words is who suffers them: 「孫が先輩に殴られる」, but not 「父が酔うと殴られる」."""
_WHEN: Final = re.compile("[うくすつぬむるいただ]と|たら|れば|ので|から|[てで](?:、|$|毎|また|い|き|く)|、")
_WHENEVER: Final = re.compile("(?:[うくすつぬむるい]と|たら|れば)、?(?:また|いつも|必ず|すぐ|よく)?$")
_BEGUN: Final = re.compile("(?:しま|じま|ちゃ|じゃ)い$|[きしちびみりえけせてねべめれ]$")
_JOINING: Final = ("たら", "れば", "きゃ", "りゃ", "ても", "でも")
_QUOTED_ON: Final = re.compile("^[、。](?=と|って)")
_SPEAKER_LEFT: Final = re.compile(
    "私|わたし|あたし|うち[はもが]|[てで]、|ので|から、|けど|たら|のに|のことで|せいで"
)
"""The writer comes in, or another clause begins: who was named before does not speak here."""
_LATIN_OWN: Final = re.compile(r"\b(?:i|im|ive|eu|estou|myself|me(?! toi))\b")
_LATIN_SAID: Final = re.compile(r"\b(?:says?|said|told|telling|tells|disse|diz|fala|falou|noi|bao|ke)\b")


@dataclass(frozen=True)
class Place:
    """Where words of danger stand: the text's `ja` view and the reach of the words."""

    text: str
    start: int
    end: int

    @property
    def before_in_clause(self) -> str:
        left = max(0, self.start - _BEFORE)
        cut = max(self.text.rfind("、", left, self.start), self.text.rfind("。", left, self.start)) + 1
        return self.text[max(left, cut) : self.start]

    @property
    def before_in_sentence(self) -> str:
        left = max(0, self.start - _BEFORE)
        return self.text[max(left, self.text.rfind("。", left, self.start) + 1) : self.start]

    @property
    def sentence_before(self) -> str:
        """The tail of the sentence before this one."""
        left = max(0, self.start - 2 * _BEFORE)
        stop = self.text.rfind("。", left, self.start)
        return (
            self.text[max(left, self.text.rfind("。", left, max(stop, left)) + 1) : stop] if stop >= 0 else ""
        )

    @property
    def after(self) -> str:
        """What follows in the sentence; a quotation may go on behind its own full stop."""
        rest = _QUOTED_ON.sub("", self.text[self.end : self.end + _AFTER])
        return rest.split("。", 1)[0]

    @property
    def sentence(self) -> str:
        """What stands around the words up to the full stops."""
        return (
            self.before_in_sentence + self.words + self.text[self.end : self.end + _AFTER].split("。", 1)[0]
        )

    @property
    def neighbourhood(self) -> str:
        """What stands around the words whatever stops are in between."""
        return self.text[max(0, self.start - _BEFORE) : self.end + _AFTER]

    @property
    def words(self) -> str:
        return self.text[self.start : self.end]


def about_other(reading: Reading, place: Place, lexicon: Lexicon, carried: bool) -> bool | None:
    """True: another person; False: the writer; None: the rule needs another person and there is none.

    `carried`: the words of danger just before were about another person.
    """
    if reading is Reading.SELF:
        return _OWN
    if reading is Reading.OTHER:
        return _OTHER
    if reading is Reading.WISH:
        return _wish(place, lexicon)
    if reading is Reading.ACT:
        return _act(place, lexicon)
    if reading is Reading.VICTIM:
        return _victim(place, lexicon)
    found = _state(place, lexicon, carried)
    if reading is Reading.ONLY_OTHER:
        named = lexicon.people.mentioned.search(place.before_in_sentence + place.words)
        return _OTHER if found or named else None
    return (reading is Reading.THIRD) if found is None else found


def about_other_latin(reading: Reading, text: str, start: int, end: int, lexicon: Lexicon) -> bool:
    """The same for English, Vietnamese and Portuguese."""
    if reading is Reading.OTHER:
        return _OTHER
    left = max(0, start - _BEFORE)
    before = text[max(left, text.rfind(" . ", left, start) + 1) : start]
    persons = list(lexicon.people.latin.finditer(before))
    if not persons:
        first_person = _LATIN_OWN.search(before) or _LATIN_OWN.search(text[start:end])
        return reading is Reading.THIRD and not first_person
    between = before[persons[-1].end() :] + text[start:end]
    return not _LATIN_OWN.search(between) or bool(_LATIN_SAID.search(between))


def _wish(place: Place, lexicon: Lexicon) -> bool:
    before, after, speech = place.before_in_clause, place.after, lexicon.speech
    if _is_chinese(place):
        return _chinese(before, lexicon)
    if speech["insult"].search(before):
        return _OWN  # 「お前は生きている価値がない」と言われます: said to the writer
    if speech["heard"].match(after) or _describes_other(place, lexicon):
        return _OTHER
    if speech["quoted"].match(after) and not speech["own_words"].match(after) and _speaker(place, lexicon):
        return _OTHER
    subject, between = _subject(before, lexicon)
    if subject is None:
        subject, between = _topic_before_comma(place, lexicon)
    hearsay = _hearsay(place, lexicon)
    spoken = bool(speech["said"].match(after))
    said = spoken and not speech["not_speech"].match(after)
    if speech["think"].match(after):
        return subject is _OTHER and (hearsay or said or bool(speech["adverbs"].fullmatch(between)))
    if subject is _OTHER:
        told = spoken or bool(speech["said_weakly"].match(after)) or hearsay
        return told or bool(speech["adverbs"].fullmatch(between))
    if subject is _OWN:
        earlier, _ = _subject(before[: max(0, len(before) - len(between) - 2)], lexicon)
        return earlier is _OTHER and (said or hearsay)
    if speech["own_words"].match(after):
        return _OWN
    if said:
        return not lexicon.people.addressee.search(before)
    if hearsay:
        return _OTHER
    about = lexicon.people.topic.search(place.sentence_before) or lexicon.people.topic.search(
        place.before_in_sentence
    )
    return bool(about and speech["worried"].search(after))


def _speaker(place: Place, lexicon: Lexicon) -> bool:
    """Somebody else speaks of himself: 「主人が、俺が死ねばええ言うて」, 「友達から『いまから死ぬ』と電話」."""
    before = place.before_in_sentence
    named = _last(lexicon.people.speaker, before)
    if named is None:
        return False
    between = before[named.end() :] + place.words
    return not _SPEAKER_LEFT.search(between)


def _act(place: Place, lexicon: Lexicon) -> bool:
    before, after, speech = place.before_in_clause, place.after, lexicon.speech
    if _is_chinese(place):
        return _chinese(before, lexicon)
    if speech["heard"].match(after) or _describes_other(place, lexicon):
        return _OTHER
    subject, between = _subject(before, lexicon)
    said = bool(speech["said"].match(after)) and not speech["not_speech"].match(after)
    if subject is _OTHER:
        regret = _REGRET.search(place.words[-4:] + after[:4])
        return said or not (_CAUSE.search(between) and regret)
    if subject is _OWN:
        return _OWN
    if said and not speech["own_words"].match(after):
        return not lexicon.people.addressee.search(before)
    return _hearsay(place, lexicon)


def _victim(place: Place, lexicon: Lexicon) -> bool:
    if lexicon.people.object.search(place.before_in_clause + place.words):
        return _OTHER
    if not _SUFFERED.search(place.words + place.after[:4]):
        return _OWN
    subject, between = _subject(place.before_in_sentence + place.words, lexicon)
    return subject is _OTHER and not _WHEN.search(between)


def _state(place: Place, lexicon: Lexicon, carried: bool) -> bool | None:
    after, speech = place.after, lexicon.speech
    if _is_chinese(place):
        return _OTHER if _chinese(place.before_in_clause, lexicon) else None
    if speech["heard"].match(after) or _describes_other(place, lexicon):
        return _OTHER
    subject, between = _subject(place.before_in_sentence + place.words, lexicon)
    if speech["done_to_me"].match(place.words[-5:] + after[:8]):
        return _victim(place, lexicon)
    if subject is not None:
        if subject is _OTHER and "、" in between and speech["unattended"].match(between):
            return None
        if subject is _OTHER and _SUFFERED.search(place.words) and _WHENEVER.search(place.before_in_sentence):
            return None
        return subject
    if speech["own_words"].match(after):
        return _OWN
    if speech["said"].match(after) and not speech["not_speech"].match(after):
        return not lexicon.people.addressee.search(place.before_in_clause)
    if carried or lexicon.people.topic.search(place.sentence_before):
        return _OTHER
    return _OTHER if lexicon.people.topic.search(place.before_in_sentence) else None


def _subject(before: str, lexicon: Lexicon) -> tuple[bool | None, str]:
    """The nearest subject (True: another person) and what stands between it and the words of danger."""
    nearest = _last(lexicon.people.subject, before)
    if nearest is None:
        return None, ""
    between = before[nearest.end() :]
    for particle in ("って", "まで", "は", "が", "も"):
        if between.startswith(particle):
            return nearest.group("other") is not None, between.removeprefix(particle)
    return nearest.group("other") is not None, between


def _topic_before_comma(place: Place, lexicon: Lexicon) -> tuple[bool | None, str]:
    """The subject that a comma parts from its words: 「隣の奥さんが、もう生きていたくないと…」."""
    subject, between = _subject(place.before_in_sentence, lexicon)
    return (subject, between[1:]) if between.startswith("、") else (None, "")


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _hearsay(place: Place, lexicon: Lexicon) -> bool:
    """「死にたいそうです」 is told of another; 「死んでしまいそうです」 is the writer's own."""
    if place.after.startswith("そう") and _BEGUN.search(place.words):
        return False
    return lexicon.speech["hearsay"].match(place.after) is not None


def _describes_other(place: Place, lexicon: Lexicon) -> bool:
    after = place.after
    if place.words.endswith(_JOINING):
        return False  # 「わたしがいなければ嫁も楽」: a new clause, not a description
    relative = lexicon.speech["relative"].match(after)
    return relative is not None and lexicon.people.follows.match(after, relative.end()) is not None


def _is_chinese(place: Place) -> bool:
    """A clause without kana around these words."""
    return _CHINESE.fullmatch(place.words) is not None and not re.search(
        "[ぁ-ん]", place.before_in_clause + place.after.split("、", 1)[0]
    )


def _chinese(before: str, lexicon: Lexicon) -> bool:
    last = _last(lexicon.people.chinese, before)
    return last is not None and not _MINE.search(before, last.end())
