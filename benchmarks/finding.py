"""Finding schemes by words: how many of 120 phrases find what they look for among five, how long it takes, what the
dictionary and the like words are worth, and what is left when everything is typed in kana or with a slip of the thumb.
Run it with `python benchmarks/finding.py [--themes] [--misses]`.

A phrase counts when one of the schemes beside it in tests/finding/phrases.csv is among the first five (recall@5), or
is the first (@1). A third of them is held back: nobody looks at these while words are written.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.content.library import Content, peek_content  # noqa: E402
from bot.finding import Finder, Synonyms  # noqa: E402
from bot.finding.analysis import Analyser  # noqa: E402

NOW = dt.datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
Find = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Phrase:
    """What somebody types, and the schemes of which one should be found."""

    text: str
    theme: str
    held: bool
    schemes: frozenset[str]


def phrases() -> list[Phrase]:
    with (ROOT / "tests/finding/phrases.csv").open(encoding="utf-8", newline="") as lines:
        return [
            Phrase(row["phrase"], row["theme"], bool(row["held"]), frozenset(row["schemes"].split()))
            for row in csv.DictReader(lines)
        ]


def recall(wanted: Iterable[Phrase], find: Find) -> str:
    """`recall@5 1.00  @1 0.93  (40)`."""
    found = [(find(one.text), one.schemes) for one in wanted]
    at_5 = sum(bool(one.intersection(ids[:5])) for ids, one in found) / len(found)
    at_1 = sum(bool(one.intersection(ids[:1])) for ids, one in found) / len(found)
    return f"recall@5 {at_5:.2f}  @1 {at_1:.2f}  ({len(found)})"


def by_finder(finder: Finder) -> Find:
    return lambda text: [one.scheme.id for one in finder.find(text, None, NOW).found]


def by_letters(content: Content) -> Find:
    """What needs no dictionary: pairs of letters that a scheme's texts share with the phrase."""
    schemes = [one for one in content.catalogue.schemes if one.town is None and one.valid_on(NOW.date())]
    texts = [
        (one.id, pairs("。".join((one.plain_title, one.official_name, one.what, *one.who_for, *one.words))))
        for one in schemes
    ]

    def find(text: str) -> list[str]:
        asked = pairs(text)
        ranked = sorted(texts, key=lambda one: -len(asked & one[1]) / (len(one[1]) ** 0.3 or 1))
        return [name for name, _ in ranked[:5]]

    return find


def pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


def more_phrases() -> list[Phrase]:
    """Those that were asked later, to see whether it holds; they were looked at when words were mended."""
    with (ROOT / "tests/finding/more_phrases.csv").open(encoding="utf-8", newline="") as lines:
        return [
            Phrase(row["phrase"], "", False, frozenset(row["schemes"].split()))
            for row in csv.DictReader(lines)
        ]


def with_a_slip(text: str, chance: random.Random) -> str:
    """One letter lost, doubled, in the wrong place, or wrong."""
    at = chance.randrange(max(len(text) - 1, 1))
    before, letter, after = text[:at], text[at : at + 1], text[at + 1 :]
    wrong = chance.choice("あいうかしとなにのはまrtnk")
    return chance.choice(
        (
            before + after,
            before + letter * 2 + after,
            before + after[:1] + letter + after[1:],
            before + wrong + after,
        )
    )


def small_talk() -> list[str]:
    """What people write to us who look for nothing (content/crisis/examples.csv)."""
    with (ROOT / "content/crisis/examples.csv").open(encoding="utf-8", newline="") as lines:
        return [row["text"] for row in csv.DictReader(lines) if row["note"].startswith("ordinary")][::8]


def megabytes(kind: str) -> float:
    """What this process holds: RssAnon, its own; RssFile, files that all processes of a machine share."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(kind)).split()[1]) / 1024


def main(options: Sequence[str]) -> None:
    content, wanted = peek_content(ROOT / "content"), phrases()
    own, shared, started = megabytes("RssAnon"), megabytes("RssFile"), time.process_time()
    finder = content.finder
    finder.find("家賃", None, NOW)
    print(f"the first search: {time.process_time() - started:.2f} s of the processor")
    own, shared = megabytes("RssAnon") - own, megabytes("RssFile") - shared
    print(f"memory: {own:.0f} MB, and {shared:.0f} MB of the dictionary's file that all processes share")
    started = time.process_time()
    for one in wanted:
        finder.find(one.text, None, NOW)
    print(f"each further one: {(time.process_time() - started) / len(wanted) * 1000:.1f} ms")
    labels = {(q.code, option.code): option.label for q in content.questions for option in q.options}
    plain = Finder(content.catalogue, labels, (), Synonyms())
    for name, find in (
        ("pairs of letters", by_letters(content)),
        ("dictionary, no like words", by_finder(plain)),
        ("as it is", by_finder(finder)),
    ):
        print(f"\n{name}")
        print(f"  all        {recall(wanted, find)}")
        print(f"  held back  {recall([one for one in wanted if one.held], find)}")
    more, analyser, chance = [*wanted, *more_phrases()], Analyser(), random.Random(7)  # noqa: S311
    print("\nas it is, with those asked later")
    for name, changed in (
        ("as they were typed", lambda text: text),
        ("all in kana", lambda text: analyser.read(text).heard),
        ("with a slip", lambda text: with_a_slip(text, chance)),
    ):
        typed = [replace(one, text=changed(one.text)) for one in more]
        print(f"  {name:<19}{recall(typed, by_finder(finder))}")
    if "--themes" in options:
        print()
        for theme in dict.fromkeys(one.theme for one in wanted):
            print(f"  {recall([one for one in wanted if one.theme == theme], by_finder(finder))}  {theme}")
    if "--misses" in options:
        for one in wanted:
            ids = by_finder(finder)(one.text)
            if not one.schemes.intersection(ids):
                print(f"  missed: {one.text} → {' '.join(ids)}")
    talk = small_talk()
    offered = sum(finder.find(one.text, None, NOW).sure for one in wanted) / len(wanted)
    disturbed = sum(finder.find(text, None, NOW).sure for text in talk) / len(talk)
    print(
        f"\noffered unasked: {offered:.0%} of the phrases, {disturbed:.1%} of {len(talk)} lines of small talk"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
