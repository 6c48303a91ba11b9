"""`tsunagari crisis …` as the person sees it who asks why a sentence was answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import Run

from bot.cli.crisis import BEGIN, END


def test_explain_names_the_rule_the_words_the_person_and_the_reply(run: Run) -> None:
    said = run("crisis", "explain", "近所の人が死にたいと言っています")
    assert said.code == 0
    for part in ("O1 suicide", "ほかの人", "強い", "wish-to-die", "死にたい", "返事 O1"):
        assert part in said.out


def test_explain_names_the_guard_that_hushed_the_words(run: Run) -> None:
    said = run("crisis", "explain", "死にたいと思ったことはありません")
    assert "見つかりませんでした" in said.out
    assert "denial" in said.out


def test_explain_shows_both_persons_as_json(run: Run) -> None:
    found = run("crisis", "explain", "母が倒れて動きません。わたしももう死にたい", "--json").json
    assert [side["code"] for side in found["danger"]] == ["O0", "S1"]


def test_explain_reads_from_standard_input_so_that_nothing_stays_in_the_history(run: Run) -> None:
    assert "S1 suicide" in run("crisis", "explain", "-", input="もう死にたい").out


def test_figures_are_written_between_the_marks_of_a_document(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.crisis.sets", lambda examples: {"rules": list(examples)[:40]})
    page = tmp_path / "crisis.md"
    page.write_text(f"前\n{BEGIN}\n古い\n{END}\n後\n", encoding="utf-8")
    assert run("crisis", "figures", "--write", str(page)).code == 0
    written = page.read_text(encoding="utf-8")
    assert "まちがって反応" in written
    assert "古い" not in written
    assert written.startswith("前")
    assert written.endswith("後\n")


def test_figures_refuse_a_document_without_marks(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.crisis.sets", lambda examples: {"rules": []})
    page = tmp_path / "crisis.md"
    page.write_text("何もない\n", encoding="utf-8")
    said = run("crisis", "figures", "--write", str(page))
    assert said.code == 1
    assert BEGIN in said.err
