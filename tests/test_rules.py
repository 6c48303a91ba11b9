"""Named conditions and things to bring: what is shipped, and what an editor is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.content.documents import load_documents
from bot.content.errors import ContentError
from bot.content.questions import load_questions
from bot.content.rules import load_rules
from bot.content.scheme_files import load_schemes

CONTENT = Path(__file__).parent.parent / "content"
QUESTIONS = load_questions(CONTENT / "questions.yaml")
HEADER = "id,theme,plain_title,official_name,confidence,show_if_any,require,exclude,verified_at,source,bring"
RULES = """\
- {key: over65, words: "65歳以上の人", any: [Q3.a65, Q3.a75]}
- {key: pays_late, words: "払えない人", any: [Q7.bill, Q7.tight]}
"""
DOCUMENTS = """\
- {key: bank, label: "通帳", hint: "口座の番号"}
- {key: memo, label: "メモ"}
"""


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def table(folder: Path, show_if_any: str, require: str = "", exclude: str = "", bring: str = "") -> Path:
    schemes = folder / "schemes"
    schemes.mkdir()
    row = (
        f"national-001,お金,題,名前,found-in-source,{show_if_any},{require},{exclude},2026-11-01,広報,{bring}"
    )
    written(schemes, "national.csv", f"{HEADER}\n{row}\n")
    return schemes


def test_a_rule_may_stand_wherever_an_answer_may(tmp_path: Path) -> None:
    rules = load_rules(written(tmp_path, "rules.yaml", RULES), QUESTIONS)
    folder = table(tmp_path, "Q10.rent over65+pays_late", "over65 Q15.fam & pays_late", "over65 Q24.hogo")
    (scheme,) = load_schemes(folder, QUESTIONS, rules)
    young, old, bill, tight = ("Q3", "a65"), ("Q3", "a75"), ("Q7", "bill"), ("Q7", "tight")
    assert scheme.show_if_any == (
        (("Q10", "rent"),),
        *((young, bill), (young, tight), (old, bill), (old, tight)),
    )
    assert scheme.require == (frozenset({young, old, ("Q15", "fam")}), frozenset({bill, tight}))
    assert scheme.exclude == {young, old, ("Q24", "hogo")}


@pytest.mark.parametrize("cells", [("over66", ""), ("Q10.rent", "over66"), ("Q10.rent+over66", "")])
def test_a_rule_that_is_not_there_is_named_with_row_and_column(
    tmp_path: Path, cells: tuple[str, str]
) -> None:
    rules = load_rules(written(tmp_path, "rules.yaml", RULES))
    with pytest.raises(ContentError, match=r"row 2 \(national-001\): (show_if_any|require): 'over66'"):
        load_schemes(table(tmp_path, *cells), QUESTIONS, rules)


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("pays_late", "over65", "over65 is there twice"),
        ("[Q7.bill, Q7.tight]", "[Q3.a75, Q3.a65]", "same answers as over65"),
        ("Q7.tight", "Q7.rich", r"no question offers the answer Q7\.rich"),
        ("払えない人", "あ" * 41, "words: 1 to 40 letters"),
        ("pays_late", "Pays", "key: 'Pays'"),
        ("any: [Q7.bill, Q7.tight]", "any: Q7.bill", "any: a list"),
        ("Q7.tight]", "Q7.tight], perhaps: []", "perhaps: a list"),
        ("Q7.tight]", "Q7.tight], perhaps: [Q7.rich]", r"no question offers the answer Q7\.rich"),
        ("key: pays_late, ", "", "key, words, any and maybe perhaps"),
    ],
)
def test_an_editor_of_rules_is_told_the_place(tmp_path: Path, change: str, to: str, said: str) -> None:
    with pytest.raises(ContentError, match=rf"content/rules\.yaml: number [12]: .*{said}"):
        load_rules(written(tmp_path, "rules.yaml", RULES.replace(change, to)), QUESTIONS)


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("key: memo", "key: bank", "bank is there twice"),
        ("メモ", "", "label: 1 to 40"),
        ("口座の番号", "あ" * 81, "hint: at most 80"),
        ("hint", "where", "key, label and perhaps hint"),
        ("key: memo", "key: MEMO", "key: 'MEMO'"),
    ],
)
def test_an_editor_of_documents_is_told_the_place(tmp_path: Path, change: str, to: str, said: str) -> None:
    with pytest.raises(ContentError, match=rf"content/documents\.yaml: number [12]: .*{said}"):
        load_documents(written(tmp_path, "documents.yaml", DOCUMENTS.replace(change, to)))


def test_what_to_bring_has_to_be_known(tmp_path: Path) -> None:
    documents = load_documents(written(tmp_path, "documents.yaml", DOCUMENTS))
    folder = table(tmp_path, "Q7.bill", bring="memo bank")
    assert load_schemes(folder, QUESTIONS, documents=documents)[0].bring == ("memo", "bank")
    written(
        folder, "national.csv", (folder / "national.csv").read_text("utf-8").replace("memo bank", "memo seal")
    )
    with pytest.raises(ContentError, match=r"row 2 \(national-001\): bring: .*seal"):
        load_schemes(folder, QUESTIONS, documents=documents)


def test_an_answer_with_which_a_rule_is_perhaps_met_is_not_one_that_meets_it(tmp_path: Path) -> None:
    text = RULES.replace("any: [Q3.a65, Q3.a75]", "any: [Q3.a65, Q3.a75], perhaps: [Q3.a40]")
    rules = load_rules(written(tmp_path, "rules.yaml", text), QUESTIONS)
    (scheme,) = load_schemes(table(tmp_path, "Q7.bill", "over65 Q15.fam"), QUESTIONS, rules)
    assert scheme.require == (frozenset({("Q3", "a65"), ("Q3", "a75"), ("Q15", "fam")}),)
    assert scheme.perhaps == (frozenset({("Q3", "a40")}),)


def test_every_rule_that_is_shipped_is_used() -> None:
    words = set(re.split(r"[\s,&+]", (CONTENT / "schemes" / "national.csv").read_text("utf-8")))
    assert set(load_rules(CONTENT / "rules.yaml", QUESTIONS)) <= words
