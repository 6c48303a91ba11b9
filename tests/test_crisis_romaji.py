"""Japanese in the letters of the alphabet is heard; names, telephones and addresses are no evidence."""

from __future__ import annotations

import pytest

from bot.crisis.normalise import normalise
from bot.crisis.romaji import in_kana


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("mune ga itai", "むね が いたい"),
        ("kitte kudasai", "きって くだ" + "さい"),
        ("otto wa konya kaerimasen", "おっと は こんや かえりません"),
        ("tōkyō ni ikitai", "とうきょう に いきたい"),
        ("matchi ga nai", "まっち が ない"),
    ],
)
def test_romaji_is_read_as_kana(typed: str, read: str) -> None:
    assert in_kana(typed) == read


@pytest.mark.parametrize(
    "typed",
    [
        "i want to go home",
        "quero ir para casa",
        "toi muon ve nha",
        "ok",
        "desu",
        "mune ga itai です",
        "ring ga bell",
        "",
    ],
)
def test_other_languages_and_single_words_stay_as_they_are(typed: str) -> None:
    assert in_kana(typed) is None


@pytest.mark.parametrize(
    "contact",
    ["tomoe.k@mail.example", "0857-12-3456", "090 1234 5678", "09012345678", "https://town.example/a?b=c"],
)
def test_how_somebody_is_reached_is_no_evidence(contact: str) -> None:
    assert normalise(f"田中です{contact}").ja == normalise("田中です").ja


def test_emergency_numbers_are_words() -> None:
    assert "119" in normalise("119に電話して").ja
