"""What people type finds what helps them: however it is written, and nothing that is not there."""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from town import ROOT, the_content

from bot.content.errors import ContentError
from bot.content.schemes import Scheme
from bot.finding import Finder, Finding, load_synonyms
from bot.finding.analysis import FUNCTIONS, Analyser
from bot.handbook.recommend import Catalogue

NOW = dt.datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
RENT, RENT_MOVING, HOGO, DEMENTIA_TEAM = "national-064", "national-065", "national-002", "national-195"


def find(words: str, town: str | None = None) -> Finding:
    return the_content().finder.find(words, town, NOW)


def ids(words: str) -> list[str]:
    return [one.scheme.id for one in find(words).found]


def scheme(**changed: object) -> Scheme:
    """The scheme for the rent, a little changed."""
    rent = next(one for one in the_content().catalogue.schemes if one.id == RENT)
    return replace(rent, **changed)  # type: ignore[arg-type]


def among(*schemes: Scheme) -> Finder:
    """A finder for these schemes only."""
    content = the_content()
    labels = {(q.code, option.code): option.label for q in content.questions for option in q.options}
    return Finder(Catalogue(schemes, content.questions), labels, (), content.synonyms)


def first(finder: Finder, town: str | None = None, now: dt.datetime = NOW) -> list[str]:
    return [one.scheme.id for one in finder.find("家賃が払えない", town, now).found]


# ---- however it is written ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "家賃が払えない",
        "家賃が払えません",
        "家賃を払えなくて",
        "家賃 払えん",
        "家賃払えへん",
        "やちんがはらえない",
        "ヤチンガハラエナイ",
        "ﾔﾁﾝ",
        "yachin ga haraenai",
        "部屋代が払えない",
        "家賃がはらえなくて、こまっとるだが",
        "アパート代がたまっています",
        "家賃が払えない😭😭！！",
        "家賃が\n払え　ない",
    ],
)
def test_the_rent_is_found(words: str) -> None:
    assert RENT in ids(words)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("せいかつほごのもうしこみ", HOGO),
        ("生活保獲", HOGO),
        ("せいかつほぐ", HOGO),
        ("じどうふようてあて", "national-142"),
        ("じどうふよてあて", "national-142"),
        ("しょうがいねんきn", "national-107"),
        ("高額療養日", "national-016"),
        ("ろうどうさいがい 仕事で怪我", "national-055"),
        ("認知賞", DEMENTIA_TEAM),
    ],
)
def test_kana_wrong_conversions_and_slips_of_the_thumb_are_understood(words: str, wanted: str) -> None:
    assert wanted in ids(words)


@pytest.mark.parametrize(
    "words", ["母がボケてきた", "母のもの忘れ", "母が認知症", "母が同じことを何回も聞く"]
)
def test_like_words_find_the_same(words: str) -> None:
    assert {DEMENTIA_TEAM, "national-196"} & set(ids(words))


def test_who_does_it_and_who_suffers_it_are_two_things() -> None:
    assert "national-180" in ids("子どもを叩いてしまう")
    assert "national-214" in ids("夫に叩かれる")


def test_each_result_says_by_which_words_it_was_found() -> None:
    because = find("家賃が払えない").found[0].because
    assert {"家賃", "払えない"} <= set(because)


def test_a_line_that_stands_on_no_card_is_shown_beside_them() -> None:
    finding = find("養育費を払ってくれない")
    phones = {one.scheme.phone for one in finding.found}
    assert not phones & {line.phone for line in finding.hotlines if line.phone}


# ---- measured ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held_back", [False, True])
def test_nine_of_ten_phrases_find_what_they_look_for_among_five(held_back: bool) -> None:
    with (ROOT / "tests/finding/phrases.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if bool(row["held"]) is held_back]
    missed = [row["phrase"] for row in rows if not set(row["schemes"].split()) & set(ids(row["phrase"]))]
    assert len(rows) >= 40
    assert len(missed) <= len(rows) * 0.1, missed


@pytest.mark.parametrize("name", ["phrases.csv", "more_phrases.csv"])
def test_every_phrase_names_schemes_that_there_are(name: str) -> None:
    there = {one.id for one in the_content().catalogue.schemes}
    with (ROOT / "tests/finding" / name).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            assert set(row["schemes"].split()) <= there, row["phrase"]


def test_so_do_nineteen_of_twenty_that_were_asked_later() -> None:
    with (ROOT / "tests/finding/more_phrases.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    missed = [row["phrase"] for row in rows if not set(row["schemes"].split()) & set(ids(row["phrase"]))]
    assert len(missed) <= len(rows) * 0.05, missed


@pytest.mark.parametrize(
    "words", ["こんにちは", "ありがとうございました", "きょうはいい天気ですね", "はい", "おやすみなさい"]
)
def test_small_talk_is_not_taken_for_a_question(words: str) -> None:
    assert not find(words).sure


# ---- order -------------------------------------------------------------------------------------------------


def test_never_more_than_five() -> None:
    assert len(find("お金").found) == 5


def test_the_towns_own_comes_before_the_national_one() -> None:
    finder = among(scheme(), scheme(id="tottori-rent", town="tottori"))
    assert first(finder, "tottori") == ["tottori-rent", RENT]


def test_the_own_one_of_another_town_is_not_shown() -> None:
    finder = among(scheme(), scheme(id="iwami-rent", town="iwami"))
    assert first(finder, "tottori") == [RENT]
    assert first(finder) == [RENT]


def test_what_a_town_has_replaced_is_not_shown_there() -> None:
    finder = among(scheme(), scheme(id="tottori-rent", town="tottori", overrides=RENT))
    assert first(finder, "tottori") == ["tottori-rent"]
    assert first(finder, "iwami") == [RENT]


def test_a_loan_stands_below_a_grant_that_fits_as_well() -> None:
    finder = among(scheme(id="national-901", is_loan=True), scheme())
    assert first(finder) == [RENT, "national-901"]


def test_what_is_not_valid_today_is_not_shown() -> None:
    ended = scheme(id="national-901", valid_to=dt.date(2026, 11, 21))
    begins = scheme(id="national-902", valid_from=dt.date(2026, 11, 23))
    finder = among(scheme(), ended, begins)
    assert first(finder) == [RENT]
    assert set(first(finder, now=NOW - dt.timedelta(days=2))) == {RENT, "national-901"}


# ---- anything at all ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "　\n",
        "？！…",
        "😀" * 2_000,
        "\x00",
        "\ud83d",
        "ก็็็็็",
        "'; DROP TABLE schemes; --",
        "９" * 400,
        "ｱ" * 5_000,
    ],
)
def test_what_says_nothing_finds_nothing_or_little_and_never_fails(words: str) -> None:
    assert not find(words).sure


def test_of_5000_letters_the_beginning_and_the_end_are_read_and_it_stays_quick() -> None:
    words = "家賃が払えない。" + "あのね、" * 1_240 + "家賃です"
    find("家賃")
    begin = dt.datetime.now()
    assert RENT in ids(words)
    assert dt.datetime.now() - begin < dt.timedelta(seconds=1)


def test_the_dictionary_is_opened_by_the_first_search_and_not_before() -> None:
    code = (
        "import sys; from pathlib import Path; import bot.handlers, bot.web, bot.cli;"
        "from bot.content.library import peek_content; content = peek_content(Path('content'));"
        "content.finder; assert 'sudachipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_every_language_finds_by_the_same_words() -> None:
    content = the_content()
    assert content.said_in("en").finder is content.finder


# ---- words about a neighbour -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "隣のおばあさんが家賃を払えないようです",
        "となりの いえの こどもが ないている",
        "山田花子さんの家賃",
        "ご近所の方が認知症みたい",
        "知り合いが借金で困っている",
        "上の階の人がひきこもり",
        "岩美町浦富1丁目の家がごみ屋敷",
        "家賃のことで 0857-22-8111 に電話して",
        "友だちがひきこもりで心配",
    ],
)
def test_a_neighbour_is_noticed(words: str) -> None:
    assert the_content().finder.speaks_of_neighbour(words)


@pytest.mark.parametrize(
    "words",
    [
        "家賃が払えない",
        "母がボケてきた",
        "旦那が生活費をくれない",
        "大家さんに出ていけと言われた",
        "お医者さんに払うお金がない",
        "赤ちゃんが泣きやまない",
        "友だちがほしい",
        "友達がいない",
    ],
)
def test_oneself_and_ones_family_are_no_neighbours(words: str) -> None:
    assert not the_content().finder.speaks_of_neighbour(words)


# ---- content/synonyms.yaml ---------------------------------------------------------------------------------


def test_every_like_word_says_something() -> None:
    """An entry of nothing but endings would be found everywhere."""
    analyser = Analyser()
    groups = the_content().synonyms.groups
    empty = [entry for group in groups for entry in group if not _says(analyser, entry)]
    assert empty == []


def _says(analyser: Analyser, entry: str) -> bool:
    return any(word.lemma not in FUNCTIONS for word in analyser.read(entry).words)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("groups: []\n", "are expected"),
        ("groups: {a: b}\nignore: x\nless: x\nneighbours: x\n", "a list of lines"),
        ("groups: [家賃]\nignore: x\nless: x\nneighbours: x\n", "no like word"),
        ("groups: [家賃、家賃]\nignore: x\nless: x\nneighbours: x\n", "stands twice"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(tmp_path: Path, text: str, trouble: str) -> None:
    path = tmp_path / "synonyms.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ContentError, match=trouble):
        load_synonyms(path)
