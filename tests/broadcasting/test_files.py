"""Files: YAML and Markdown are read as they were meant, and what is wrong has its line."""

from __future__ import annotations

import pytest
import yaml
from known_words import PHOTO_ID, known

from bot.broadcasting import files
from bot.broadcasting.files import Unreadable, Written, read, read_text
from bot.broadcasting.forms import Contents, Form, check
from bot.broadcasting.limits import refused_by_line
from bot.broadcasting.writing import as_yaml, example
from bot.settings import REPOSITORY


def contents_of(written: Written) -> Contents:
    """What a file says; it has to be without a mistake."""
    messages, problems = check(written.messages, known())
    said: dict[str, tuple[Form, ...]] = {}
    for language, raw in written.languages.items():
        said[language], more = check(raw, known(), ("languages", language))
        problems += more
    assert [*written.problems, *problems] == []
    contents = Contents(messages, said)
    assert refused_by_line(contents, known()) == []
    return contents


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".md", ".markdown"])
def test_the_example_can_be_sent_as_it_is(suffix: str) -> None:
    written = read(example(suffix), suffix)
    contents = contents_of(written)
    assert len(contents.messages) >= 3
    assert set(contents.translations) == {"en"}
    assert written.options["at"] == "2026-12-01 10:00"
    assert written.options["to"] == ["role=supporter"]


def test_a_broadcast_that_is_written_is_read_back_as_it_was() -> None:
    before = contents_of(read(example(".yaml"), ".yaml"))
    photo = {"template": "photo", "photo": PHOTO_ID}
    odd = {"text": 'a: b # c\n\n  - "d"\t{town}\n終わり 10:00'}
    before = Contents(({"picture": photo}, *before.messages, odd), before.translations)
    text = as_yaml({"title": "yes", "to": "town=tottori"}, before, {PHOTO_ID: "tsudoi.jpg"})
    written = read(text, ".yaml")
    assert written.options == {"title": "yes", "to": ["town=tottori"]}
    assert contents_of(written) == before


def test_everything_in_yaml_is_taken_as_it_was_typed() -> None:
    """10:00 is no number of seconds, no is no False, 0857 no octal number."""
    written = read(
        "at: 10:00\nrepeat: 毎月 第2火曜\nto: [a, b]\nmessages:\n  - no\n  - text: 0857\n", ".yaml"
    )
    assert written.options == {"at": "10:00", "repeat": "毎月 第2火曜", "to": ["a", "b"]}
    assert written.messages == ["no", {"text": "0857"}]


def test_a_mistake_has_the_line_on_which_it_stands() -> None:
    text = (
        "titel: 集い\nmessages:\n  - text: こんにちは\n  - cards:\n"
        "      - title: 題\n        buttons:\n          - label: 見る\n            ulr: https://a.example.jp\n"
    )
    written = read(text, ".yaml")
    _, problems = check(written.messages, known())
    problems = [*written.problems, *problems]
    assert [(written.line_of(each.path), each.text) for each in problems] == [
        (1, "「titel」という項目はありません。"),
        (8, "「ulr」という項目はありません。"),
        (7, "url、tel、say のどれか1つを書きます。"),
    ]
    assert [each.hint for each in problems[:2]] == ["「title」ですか？", "「url」ですか？"]


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("title: a\nmessages:\n\t- text: a\n", 3, "タブ"),
        ("title: a\nmessages:\n - text: a\n　- [\n", 4, "全角の空白"),
        ("title: a\nto：role=supporter\nmessages: []\n", 2, "全角"),
        ("title: a: b\n", 1, "半角"),
        ("messages: [\n", 1, "半角"),
        ("ただの文章です\n", 1, "半角"),
    ],
)
def test_what_is_no_yaml_is_told_with_what_is_usually_mistyped(text: str, line: int, hint: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        read(text, ".yaml")
    assert abs((wrong.value.line or 0) - line) <= 1
    assert hint in (wrong.value.problems[0].hint or "")


def test_a_wide_space_that_is_read_as_a_name_is_told_as_what_it_is() -> None:
    (problem,) = read("messages:\n　- text: a\n", ".yaml").problems
    assert "全角の空白" in (problem.hint or "")


@pytest.mark.parametrize("text", ["", "\n\n", "# だけ\n", "[" * 3_000])
def test_nothing_and_nonsense_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text, ".yaml")


def test_a_name_twice_is_a_mistake_and_not_the_last_word() -> None:
    written = read("title: a\ntitle: b\nmessages: [a]\n", ".yaml")
    (problem,) = written.problems
    assert (written.line_of(problem.path), "2回" in problem.text) == (2, True)


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(Unreadable, match="docx"):
        read("a", ".docx")


def test_files_of_windows_and_excel_are_read() -> None:
    assert read_text("\ufefftitle: あ\r\n".encode()) == "title: あ\n"
    with pytest.raises(Unreadable, match="UTF-8"):
        read_text("title: あ".encode("cp932"))
    with pytest.raises(Unreadable, match="大きすぎ"):
        read_text(b"a" * (files.LARGEST + 1))


# ---- Markdown ----------------------------------------------------------------------------------------------


def test_markdown_becomes_words_as_line_shows_them() -> None:
    text = "# 題\n\n- 一つ\n* **二つ**\n\n[見る](https://a.example.jp/x)\n\n---\n\nつぎ\n"
    written = read(text, ".md")
    assert written.messages == [
        {"text": "■ 題\n\n・一つ\n・二つ\n\n見る {link:https://a.example.jp/x}"},
        {"text": "つぎ"},
    ]
    assert written.options == {}


def test_markdown_has_languages_and_blocks_with_their_lines() -> None:
    text = (
        "---\nto: everyone\n---\nはじめ\n\n```cards\n- title: 題\n  buttons:\n    - {label: a, url: x}\n```\n"
        "おわり\n--- en\nHello\n---\nBye\n"
    )
    written = read(text, ".md")
    assert [next(iter(each)) for each in written.messages] == ["text", "cards", "text"]
    assert written.languages == {"en": [{"text": "Hello"}, {"text": "Bye"}]}
    _, (problem,) = check(written.messages, known())
    assert written.line_of(problem.path) == 9
    assert written.line_of(("languages", "en", 1, "text")) == 15


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("---\nmessages: [a]\n---\na\n", 2, "消して"),
        ("a\n```crads\n- title: a\n```\n", 2, "「cards」"),
        ("a\n```cards\n- title: a\n", 2, "``` だけの行"),
    ],
)
def test_what_is_wrong_in_markdown_has_its_line(text: str, line: int, said: str) -> None:
    written = read(text, ".md")
    (problem,) = written.problems
    assert written.line_of(problem.path) == line
    assert said in f"{problem} {problem.hint}"


def test_a_head_that_does_not_end_is_told() -> None:
    with pytest.raises(Unreadable, match="終わりの ---") as wrong:
        read("---\nto: a\n", ".md")
    assert wrong.value.line == 1


def test_a_photo_stands_beside_the_file_and_nowhere_else(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    assert files.beside(folder, "a.jpg") == folder / "a.jpg"
    for away in ("../a.jpg", "/etc/passwd", "..", "sub/a.jpg", ""):
        assert files.beside(folder, away) is None


def test_the_file_in_the_handbook_for_operators_can_be_sent() -> None:
    page = (REPOSITORY / "docs" / "operations.md").read_text("utf-8")
    block = page.partition("## Broadcasts: what")[2].partition("```yaml\n")[2].partition("```")[0]
    contents = contents_of(read(block, ".yaml"))
    assert [next(iter(each)) for each in contents.messages] == ["text", "cards", "picture"]


def test_the_example_is_yaml_for_others_too() -> None:
    assert yaml.safe_load(example(".yaml"))["title"] == "冬の集い"
