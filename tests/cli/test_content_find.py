"""`tsunagari content find`: what people find, and by which words."""

from __future__ import annotations

from terminal import Run


def test_it_shows_the_schemes_and_the_words_they_were_found_by(run: Run) -> None:
    said = run("content", "find", "家賃が払えない")
    assert said.code == 0
    assert "national-064" in said.out
    assert "払えない" in said.out


def test_the_same_for_programs(run: Run) -> None:
    found = run("content", "find", "やちんがはらえない", "--town", "鳥取市", "--json").json
    assert found["offered_on_line"] is True
    assert "national-064" in [one["id"] for one in found["schemes"]]
    assert all(one["because"] or one["sounds_alike"] for one in found["schemes"])


def test_it_says_what_line_would_not_offer_unasked(run: Run) -> None:
    assert "近所の人のこと" in run("content", "find", "隣の家の家賃").out


def test_nothing_found_is_said_so(run: Run) -> None:
    said = run("content", "find", "？？？")
    assert (said.code, "ありません" in said.out) == (0, True)


def test_an_unknown_town_is_refused_with_the_known_ones(run: Run) -> None:
    said = run("content", "find", "家賃", "--town", "ない市")
    assert said.code != 0
    assert "鳥取市" in said.err
