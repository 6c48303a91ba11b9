"""What `content check` finds, kind by kind, in content in which exactly that was made wrong."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from town import the_content

from bot.content.checks import catalogue, desks, languages, paths, raw, words
from bot.content.documents import Document
from bot.content.findings import Finding
from bot.content.library import Content
from bot.content.links import wrong_with_link
from bot.content.rules import Rule
from bot.content.texts import Texts
from bot.handbook.recommend import Catalogue

TODAY = dt.date(2026, 11, 22)


def said(findings: Any, *parts: str) -> list[Finding]:
    """The findings whose line holds all of these."""
    return [f for f in findings if all(part in f"{f.level} {f.where} {f.words} {f.hint}" for part in parts)]


def with_scheme(**changes: Any) -> Content:
    """The content with one more scheme, made from the first."""
    content = the_content()
    more = replace(content.catalogue.schemes[0], id="national-999", hub=False, pin_rank=0, **changes)
    return replace(
        content, catalogue=Catalogue((*content.catalogue.schemes, more), content.questions, content.rules)
    )


def token(written: str) -> tuple[tuple[str, str], ...]:
    return tuple((part.split(".")[0], part.split(".")[1]) for part in written.split("+"))


# ---- ways to a scheme


@pytest.mark.parametrize(
    ("ways", "require", "exclude", "why"),
    [
        ("Q3.a65+Q3.a75", (), "", "いっしょには選べません"),
        ("Q5.none+Q5.k0", (), "", "いっしょには選べません"),
        ("Q7.food", (), "Q7.food", "exclude の Q7.food と同じです"),
        ("Q6.solo", ("Q6.no",), "", "require の条件と"),
        ("Q3.u18", ("Q3.a65 Q3.a75",), "", "require の条件と"),
        ("Q5.k0", ("Q5.none",), "", "require の条件と"),
        (
            "Q14.job",
            (),
            "Q2.disability Q13.phys Q13.intel Q13.ment Q13.none_consult",
            "どの答えからも出ません",
        ),
    ],
)
def test_a_scheme_that_no_answers_lead_to_is_an_error(
    ways: str, require: tuple[str, ...], exclude: str, why: str
) -> None:
    content = with_scheme(
        show_if_any=(token(ways),),
        require=tuple(frozenset(t for one in group.split() for t in token(one)) for group in require),
        exclude=frozenset(t for one in exclude.split() for t in token(one)),
    )
    (found,) = paths.of_paths(content, TODAY)
    assert (found.level, found.place, found.field) == ("error", "national-999", "show_if_any")
    assert why in found.words


def test_a_closed_way_beside_an_open_one_is_a_warning() -> None:
    content = with_scheme(
        show_if_any=(token("Q7.food"), token("Q3.a65+Q3.a75")), require=(), exclude=frozenset()
    )
    (found,) = paths.of_paths(content, TODAY)
    assert found.level == "warning"
    assert "Q3.a65+Q3.a75 からは出ません" in found.words


def test_questions_that_open_one_after_the_other_are_walked() -> None:
    """Q16 is asked after Q10.nohome, which is asked after Q2.home."""
    content = with_scheme(
        show_if_any=(token("Q16.hit+Q10.nohome+Q24.kaigo"),),
        require=(),
        exclude=frozenset({("Q2", "family")}),
    )
    assert list(paths.of_paths(content, TODAY)) == []


def test_every_scheme_that_is_shipped_can_be_reached() -> None:
    assert list(paths.of_paths(the_content(), TODAY)) == []


# ---- the catalogue


@pytest.mark.parametrize(
    ("changes", "level", "field"),
    [
        ({"verified_at": dt.date(2026, 5, 1)}, "warning", "verified_at"),
        ({"verified_at": dt.date(2027, 1, 1)}, "error", "verified_at"),
        ({"theme": "お金のこと"}, "warning", "theme"),
        ({"valid_to": dt.date(2026, 3, 31), "verified_at": TODAY}, "error", "valid_to"),
        ({"official_name": "よりそいホットライン", "phone": "0120-279-339"}, "error", "phone"),
    ],
)
def test_an_old_missing_or_contradicting_row_is_named(
    changes: dict[str, Any], level: str, field: str
) -> None:
    (found,) = said(catalogue.of_catalogue(with_scheme(**changes), TODAY), "national-999")
    assert (found.file, found.level, found.field) == ("schemes/national.csv", level, field)
    assert found.hint


def test_a_file_of_a_town_that_does_not_exist_is_an_error() -> None:
    (found,) = said(catalogue.of_catalogue(with_scheme(town="tottorii"), TODAY), "schemes/tottorii.csv")
    assert "tottori" in found.hint


def test_rules_documents_and_options_that_nothing_uses_are_named() -> None:
    content = the_content()
    ghost = Rule("ghost", "だれでもない人", (("Q3", "u18"),))
    broom = Document("broom", "ほうき")
    question = content.questions[2]
    idle = replace(question.options[0], code="idle", theme=None)
    content = replace(
        content,
        rules={**content.rules, "ghost": ghost},
        documents={**content.documents, "broom": broom},
        questions=tuple(
            replace(each, options=(*each.options, idle, replace(idle, code="idle_too")))
            if each.code == "Q20"
            else each
            for each in content.questions
        ),
    )
    found = list(catalogue.of_catalogue(content, TODAY))
    assert {(f.file, f.place, f.field) for f in found} == {
        ("rules.yaml", "ghost", ""), ("documents.yaml", "broom", ""),
        ("questions.yaml", "addiction", "idle"), ("questions.yaml", "addiction", "idle_too"),
    }  # fmt: skip


# ---- desks


def test_a_desk_that_nothing_leads_to_has_no_phone_or_is_old_is_named() -> None:
    content = the_content()
    lost = replace(
        content.windows[1], key="lost", name="なくなった窓口", kinds=(), desks=("だれも言わない窓口",), phone=None,
        verified_at=dt.date(2026, 1, 1),
    )  # fmt: skip
    found = said(desks.of_desks(replace(content, windows=(*content.windows, lost)), TODAY), "lost")
    assert [f.field for f in found] == ["phone", "verified_at", "", "desks"]
    assert {f.level for f in found} == {"warning"}


# ---- words


@pytest.mark.parametrize(
    ("text", "level", "words_of"),
    [
        ("あなたはこの手当の対象です。", "warning", "対象です"),
        ("申しこめば必ずもらえます。", "warning", "必ず"),
        ("電話代は要確認です。", "error", "要確認"),
        ("あ" * 81 + "。", "warning", "81字の文"),
    ],
)
def test_words_that_promise_run_on_or_were_meant_for_staff_are_named(
    text: str, level: str, words_of: str
) -> None:
    content = the_content()
    texts = Texts({**content.texts.by_key, "web.title": text})
    (found,) = said(words.of_words(replace(content, texts=texts)), "texts/ja/web.yaml: title", words_of)
    assert found.level == level
    (found,) = said(words.of_words(with_scheme(what=text)), "national-999 what", words_of)
    assert found.level == level


def test_not_every_must_is_a_promise() -> None:
    texts = Texts({**the_content().texts.by_key, "web.title": "必ずしも手帳はいりません。"})
    assert said(words.of_words(replace(the_content(), texts=texts)), "web.yaml: title") == []


@pytest.mark.parametrize("field", ["hours_text", "cost"])
@pytest.mark.parametrize("text", ["無料(令和元年から)", "24時間(2024年の講演会記録)", "平日(資料により17時)"])
def test_notes_of_staff_in_hours_and_cost_of_a_line_are_errors(field: str, text: str) -> None:
    content = the_content()
    line = replace(content.hotlines["yorisoi"], **{field: text})
    found = said(words.of_words(replace(content, hotlines={**content.hotlines, "yorisoi": line})), "yorisoi")
    assert {(f.level, f.field) for f in found} == {("error", field)}


def test_the_shipped_lines_hold_no_notes_of_staff() -> None:
    assert said(words.of_words(the_content()), "hotlines.yaml") == []
    assert said(languages.of_languages(the_content()), "hotlines.yaml") == []


# ---- links and numbers as they stand in the files


@pytest.mark.parametrize(
    ("line", "words_of"),
    [
        ("a: 'http://www.city.tottori.lg.jp/'", "http:// は使えません"),
        ("a: 'https://www.city.tottori.lg.jp/?utm_source=line'", "utm_source"),
        ("a: 'ttps://www.city.tottori.lg.jp/'", "https:// から"),
        ("a: 'https//www.city.tottori.lg.jp/ と https:/www.city.tottori.lg.jp/'", "https:// から"),
        ("a: 'ｈｔｔｐｓ：／／ｗｗｗ'", "https:// から"),
        ("a: '[0857-22-8111](tel:0857228112)'", "0857-22-8111 と、かかる番号 0857228112"),
        ("a: '電話は 0857-22-811 へ'", "0857-22-811"),
        ("b: {phone: '0857-22-811'}", "b phone"),
        ("b: {phone: '0857-22-8111', tel: 'tel:0857228112'}", "b tel"),
    ],
)
def test_every_broken_link_and_number_is_found_in_a_file(tmp_path: Path, line: str, words_of: str) -> None:
    (tmp_path / "x.yaml").write_text(f"# http://in.a.comment/\n{line}\n", "utf-8")
    (found,) = raw.of_files(tmp_path)
    assert found.level == "error"
    assert words_of in f"{found.where} {found.words}"


def test_a_number_is_the_same_with_its_signs_or_without(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: '[0857-22-8111](tel:+81857228111) [#8000](tel:%238000)'\n", "utf-8")
    assert list(raw.of_files(tmp_path)) == []


def test_cells_of_a_table_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,phone,url\na-1,0857-22-811,https://a.lg.jp/x y\n", "utf-8")
    assert [(f.place, f.field) for f in raw.of_files(tmp_path)] == [("a-1", "phone"), ("a-1", "url")]


def test_a_better_link_is_offered_where_it_is_plain() -> None:
    tracked = wrong_with_link("https://a.lg.jp/x?id=3&utm_source=y&fbclid=z")
    assert tracked is not None
    assert tracked.better == "https://a.lg.jp/x?id=3"
    assert wrong_with_link("https://a.lg.jp/x?id=3") is None
