"""The exit codes are those of docs/operations.md: each is tried, and no command ends with another."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

import pytest
from terminal import Run

from bot.cli import broadcast_watch
from bot.settings import REPOSITORY
from storage import broadcasts
from storage.segments import EVERYONE
from storage.work import Database

DOCUMENTED = {
    int(code)
    for code in re.findall(r"^\| (\d+) \|", (REPOSITORY / "docs" / "operations.md").read_text("utf-8"), re.M)
}
pytestmark = pytest.mark.usefixtures("by_day", "three_supporters")


@pytest.fixture
def waiting(opened: Database) -> str:
    with opened.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
    return made.id


def test_each_code_of_the_table_is_what_a_command_gives(
    run: Run, opened: Database, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel(_: float) -> None:
        with opened.work() as work:
            broadcasts.cancel(work, waiting)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    def watching(between: Callable[[float], None]) -> int:
        monkeypatch.setattr(broadcast_watch, "pause_between", between)
        return run("broadcast", "watch", waiting).code

    given = {
        0: run("broadcast", "list").code,
        1: run("broadcast", "show", "none").code,
        2: run("broadcast", "show").code,
        130: watching(interrupt),
        3: watching(cancel),
    }
    assert given == {code: code for code in DOCUMENTED}


def test_no_command_ends_with_a_code_that_is_not_in_the_table() -> None:
    for path in (REPOSITORY / "bot" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("typer.Exit", "sys.exit"):
                codes = [each.value for each in node.args if isinstance(each, ast.Constant)]
                assert set(codes) <= DOCUMENTED, path
