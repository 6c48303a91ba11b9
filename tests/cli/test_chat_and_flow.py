"""The terminal speaks the same conversations as LINE, and draws them."""

from __future__ import annotations

import pytest
from terminal import Run

from bot.cli.chat import PRACTICE_CODE
from bot.flows import FLOWS


def test_a_registration_is_played_to_its_end_and_stores_nothing(run: Run) -> None:
    answers = [f"コードは {PRACTICE_CODE} です", "はい", "はい、約束します", "岩美町", "1", "x"]
    said = run(
        "chat", "registration", input="\n".join(answers) + "\n", DATABASE_URL="sqlite:////nowhere/x.db"
    )
    assert said.code == 0
    assert "サポーターとして登録: 岩美町" in said.out
    assert "何も保存せず" in said.out


def test_a_wrong_code_is_asked_again(run: Run) -> None:
    said = run("chat", "registration", input="まちがい\nやめる\n")
    assert said.code == 0
    assert said.out.count("コード") > 2


def test_going_back_drops_the_last_answer(run: Run) -> None:
    said = run("chat", "registration", input=f"{PRACTICE_CODE}\n戻る\nやめる\n")
    first_question = said.out.split("\n> ")[0].strip().splitlines()[-1]
    assert said.out.count(first_question) == 2


def test_the_end_of_the_input_ends_the_conversation(run: Run) -> None:
    assert run("chat", "handbook", input="").code == 0


def test_an_unknown_conversation_is_answered_with_the_nearest(run: Run) -> None:
    said = run("chat", "handbok")
    assert said.code == 1
    assert "handbook" in said.err


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_flow_can_be_drawn_and_has_an_end(run: Run, name: str) -> None:
    said = run("flow", "draw", name)
    lines = said.out.splitlines()
    assert lines[0] == "flowchart TD"
    nodes = {line.split("[")[0].split("(")[0].strip() for line in lines[1:] if "-->" not in line}
    arrows = [line.split() for line in lines[1:] if "-->" in line]
    assert any('(["' in line for line in lines), "no end"
    assert arrows
    assert all(arrow[0] in nodes and arrow[-1] in nodes for arrow in arrows)


def test_the_list_says_what_each_conversation_is_for(run: Run) -> None:
    assert "registration" in run("flow", "list").out
