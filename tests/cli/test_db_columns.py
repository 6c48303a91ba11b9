"""`tsunagari db columns`: the list of all columns, for people, for programs, and as the page for the town."""

from __future__ import annotations

from terminal import Run

from bot.settings import REPOSITORY
from storage.data_register import the_register


def test_the_page_for_the_town_is_current(run: Run) -> None:
    page = REPOSITORY / "docs" / "data.md"
    printed = run("db", "columns", "--markdown").out
    assert page.read_text("utf-8") == printed, "tsunagari db columns --markdown > docs/data.md"
    assert printed.count("| `") == len(list(the_register()))


def test_a_program_gets_every_column_with_what_executes_its_retention(run: Run) -> None:
    listed = run("db", "columns", "--json").json
    assert len(listed) == len(list(the_register()))
    (name,) = [each for each in listed if (each["table"], each["column"]) == ("supporters", "name")]
    assert (name["class"], name["guarded"], name["executed_by"]) == ("personal", "sealed", "programme left")


def test_one_table_is_shown_to_people(run: Run) -> None:
    said = run("db", "columns", "--table", "sign_in_tries").out
    assert "bucket" in said
    assert "鍵つきの値" in said
    assert "people" not in said


def test_a_table_that_is_none_is_refused_with_the_nearest(run: Run) -> None:
    said = run("db", "columns", "--table", "suporters")
    assert said.code == 1
    assert "「supporters」ですか？" in said.err
