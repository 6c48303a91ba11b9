"""The questions of the handbook: who is asked what, and what an editor of questions.yaml is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.content.conditions import Condition, parse_condition
from bot.content.errors import ContentError
from bot.content.questions import graphemes, is_asked, load_questions, next_question

CONTENT = Path(__file__).parent.parent / "content"
QUESTIONS = load_questions(CONTENT / "questions.yaml")
BY_CODE = {question.code: question for question in QUESTIONS}


def answers(written: str) -> dict[str, frozenset[str]]:
    """`Q2.money Q2.home Q3` as answers; a code alone is a question that was skipped."""
    given: dict[str, set[str]] = {}
    for word in written.split():
        code, _, option = word.partition(".")
        given.setdefault(code, set()).update({option} if option else ())
    return {code: frozenset(options) for code, options in given.items()}


def asked_of(person: Mapping[str, frozenset[str]]) -> list[str]:
    """The codes that this person is asked, in order; what they would not answer counts as skipped."""
    given: dict[str, frozenset[str]] = {}
    while question := next_question(QUESTIONS, given):
        given[question.code] = person.get(question.code, frozenset())
    return list(given)


def is_asked_after(code: str, given: str) -> bool:
    return is_asked(BY_CODE[code], answers(given))


def test_there_are_24_questions_with_153_answers_and_one_about_the_worst_troubles() -> None:
    own = [question for question in QUESTIONS if question.options_from is None]
    assert {question.code for question in own} == {f"Q{n}" for n in range(1, 25)}
    assert sum(len(question.options) for question in own) == 153
    assert [question.key for question in QUESTIONS if question.options_from] == ["top_worries"]


def test_every_button_fits_on_a_phone() -> None:
    assert all(graphemes(option.button) <= 20 for q in QUESTIONS for option in q.options)


@pytest.mark.parametrize("code", ["Q1", "Q2", "Q3", "Q4", "Q23"])
def test_a_person_who_says_nothing_is_asked_only_the_five_general_questions(code: str) -> None:
    assert asked_of({}) == ["Q1", "Q2", "Q3", "Q4", "Q23"]
    assert is_asked_after(code, "")


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("Q5", "Q4.child"),
        ("Q5", "Q2.school"),
        ("Q5", "Q2.body Q3.a18"),
        ("Q5", "Q2.disability Q3"),
        ("Q6", "Q5.preg"),
        ("Q7", "Q2.debt"),
        ("Q7", "Q2.unknown"),
        ("Q8", "Q2.child"),
        ("Q9", "Q7.tight"),
        ("Q9", "Q5.preg"),
        ("Q9", "Q11.cost"),
        ("Q10", "Q2.money"),
        ("Q11", "Q2.body Q2.work"),
        ("Q12", "Q2.alone Q2.work"),
        ("Q13", "Q2.mind"),
        ("Q14", "Q13.none_consult"),
        ("Q14", "Q2.disability Q13.none"),
        ("Q15", "Q3.a75"),
        ("Q15", "Q4.elder"),
        ("Q16", "Q2.family"),
        ("Q16", "Q12.talk"),
        ("Q16", "Q10.nohome"),
        ("Q17", "Q3.a18"),
        ("Q18", "Q2.mind"),
        ("Q19", "Q2.money"),
        ("Q20", "Q2.addiction"),
        ("Q21", "Q2.foreign"),
        ("Q22", "Q2.disaster"),
        ("Q24", "Q14.job Q15.fam"),
    ],
)
def test_a_question_is_asked_of_those_whom_it_concerns(code: str, given: str) -> None:
    assert is_asked_after(code, given)


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("Q5", "Q2.money Q4.partner"),
        ("Q6", "Q5.none"),
        ("Q6", "Q5"),
        ("Q7", "Q2.mind"),
        ("Q9", "Q7.ok"),
        ("Q9", "Q7"),
        ("Q14", "Q13.none"),
        ("Q15", "Q2.money Q3.a40 Q4.single"),
        ("Q16", "Q2.money Q12.low"),
        ("Q17", "Q3.a40"),
        ("Q21", "Q2.money"),
        ("Q24", "Q7 Q8"),
        ("Q2top", "Q2.money Q2.home Q2.work"),
    ],
)
def test_a_question_is_spared_to_those_whom_it_does_not_concern(code: str, given: str) -> None:
    assert not is_asked_after(code, given)


def test_an_ill_person_of_80_is_not_asked_about_pregnancy_unless_a_child_is_there() -> None:
    assert not is_asked_after("Q5", "Q2.body Q3.a75 Q4.single")
    assert is_asked_after("Q5", "Q2.body Q3.a75 Q4.child")


def test_there_is_room_for_health_and_feelings_when_only_one_trouble_was_chosen() -> None:
    assert is_asked_after("Q11", "Q2.money")
    assert not is_asked_after("Q11", "Q2.money Q2.work")
    assert is_asked_after("Q12", "Q2.work")


def test_who_chose_four_troubles_is_asked_for_the_worst_three_and_offered_only_those_chosen() -> None:
    given = answers("Q2.money Q2.work Q2.home Q2.mind")
    assert is_asked(BY_CODE["Q2top"], given)
    offered = [option.code for option in BY_CODE["Q2top"].options_for(given)]
    assert offered == ["money", "work", "home", "mind"]
    assert BY_CODE["Q2top"].at_most == 3


def test_only_the_worst_three_open_further_questions_but_fear_always_does() -> None:
    given = "Q2.money Q2.addiction Q2.disaster Q2.family Q2.foreign Q2top.money Q2top.foreign Q2top.disaster"
    assert is_asked_after("Q21", given)
    assert not is_asked_after("Q20", given)
    assert is_asked_after("Q16", given)


@pytest.mark.parametrize(
    "person",
    [
        "Q1.self Q2.money Q3.a40 Q4.partner Q7.bill Q8.left2y Q9.nhi Q10.rent Q19.debt Q24.none Q23.phone",
        "Q1.family Q2.care Q3.a75 Q4.single Q15.memory Q23.phone",
        "Q1.self Q2.family Q2.school Q3.u18 Q4.parent Q5.none Q16.parentabuse Q17.noplace Q23.chat",
        "Q1.self Q2.work Q2.money Q2.debt Q3.a40 Q4.single Q7.bill Q8.left2y Q9.nhi Q10.rent Q19.debt",
        "Q1.self Q2.foreign Q2.child Q3.a18 Q4.partner Q5.preg Q6.no Q8.work Q9.nhi Q21.visa Q23.lang",
        "Q1.self Q2.unknown Q3.a40 Q4.single Q7.tight Q9.dk Q18.talk Q23.phone Q24.none",
        "Q1.self Q2.mind Q3.a65 Q4.single Q12.loss Q13.none Q18.talk Q23.meet",
    ],
)
def test_most_people_are_asked_seven_to_twelve_questions(person: str) -> None:
    assert 6 <= len(asked_of(answers(person))) <= 13


def test_every_question_can_be_reached_by_somebody() -> None:
    everything = {q.code: frozenset(option.code for option in q.options) for q in QUESTIONS}
    everything["Q13"] = frozenset({"phys"})
    everything["Q2top"] = frozenset()
    everything["Q3"] = frozenset({"a18"})
    only_money = answers("Q2.money Q7.bill")
    in_order = [question.code for question in QUESTIONS]
    assert {code for person in (everything, only_money, {}) for code in asked_of(person)} == set(in_order)
    assert asked_of(everything) == [code for code in in_order if code in asked_of(everything)]


@pytest.mark.parametrize(
    ("code", "given", "reason"),
    [
        ("Q8", "Q2.child", "Q2.work"),
        ("Q10", "Q2.money", "Q2.home"),
        ("Q17", "Q3.a18", "Q2.school"),
        ("Q19", "Q2.money", "Q2.debt"),
    ],
)
def test_a_question_that_only_might_help_is_left_out_where_many_are_asked_and_no_other(
    code: str, given: str, reason: str
) -> None:
    many = "Q1 Q3 Q4 Q5 Q6 Q7 Q11 Q12 Q13 Q14 Q15"
    assert is_asked(BY_CODE[code], answers(given), QUESTIONS)
    assert not is_asked(BY_CODE[code], answers(f"{many} {given}"), QUESTIONS)
    assert is_asked(BY_CODE[code], answers(f"{many} {given} {reason}"), QUESTIONS)


@pytest.mark.parametrize("who", ["family", "other"])
def test_every_question_after_the_first_has_words_about_somebody_else(who: str) -> None:
    about_another = answers(f"Q1.{who}")
    alike = [q.code for q in QUESTIONS[1:] if q.text_for(about_another) == q.text_for(answers("Q1.self"))]
    assert alike == []
    assert all("その人" in question.text_for(about_another) for question in QUESTIONS[1:])


def test_the_question_about_fear_warns_in_the_chat_that_choices_stay_and_not_on_the_web() -> None:
    fear = BY_CODE["Q16"]
    assert fear.sensitive
    assert "トークの画面に のこります" in (fear.hint or "")
    assert fear.hint_web is not None
    assert "トーク" not in fear.hint_web
    assert "答えなくても" in fear.hint_web


def test_every_sensitive_question_says_first_that_it_needs_no_answer() -> None:
    sensitive = [question for question in QUESTIONS if question.sensitive]
    assert {question.code for question in sensitive} >= {"Q12", "Q13", "Q16", "Q20"}
    assert all((question.hint or "").startswith("答えなくても") for question in sensitive)
    assert all("トークの画面に のこります" in (question.hint or "") for question in sensitive)
    assert all("トーク" not in (question.hint_web or "トーク") for question in sensitive)


def test_about_the_family_the_words_speak_of_that_person() -> None:
    assert BY_CODE["Q3"].text_for(answers("Q1.family")).startswith("その人の")
    assert not BY_CODE["Q3"].text_for(answers("Q1.self")).startswith("その人の")


def test_an_empty_part_of_a_condition_is_no_reason_to_ask() -> None:
    assert not Condition().holds(answers("Q2.money"))


ONE = """
- code: Q1
  key: who
  text: "だれのことですか。"
  asked_when: {always: true}
  options: [{code: self, label: "自分"}, {code: family, label: "家族"}]
"""


def trouble_with(tmp_path: Path, text: str) -> str:
    path = tmp_path / "questions.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ContentError) as trouble:
        load_questions(path)
    return str(trouble.value)


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("code: Q1", "code: one", "Q10"),
        ("key: who", "key: Who!", "key"),
        ('text: "だれのことですか。"', 'text: ""', "text"),
        ("{always: true}", "{sometimes: true}", "asked_when: unknown sometimes"),
        ("{always: true}", "{any: [Q2.money]}", "asked_when: Q2 is no earlier question"),
        ("{always: true}", "{any: [money]}", "Q10.rent"),
        ("{always: true}", "{at_least: {Q2: none}}", "at_least"),
        ("code: self", "code: no", "code"),
        ("code: self", "code: skip", "skip"),
        ("code: self", "code: family", "twice"),
        ('"自分"', '"' + "あ" * 21 + '"', "short"),
        ('"自分"', '"' + "あ" * 41 + '"', "at most 40"),
        ('label: "自分"', 'label: "自分", leads_to: moon', "leads_to"),
        ("key: who", "key: who\n  multiple: maybe", "multiple"),
        ("key: who", "key: who\n  colour: red", "colour"),
    ],
)
def test_an_editor_is_told_the_file_the_question_and_the_field(
    tmp_path: Path, change: str, to: str, said: str
) -> None:
    message = trouble_with(tmp_path, ONE.replace(change, to))
    assert message.startswith("content/questions.yaml: ")
    assert said in message


def test_a_condition_that_names_an_option_which_does_not_exist_is_refused(tmp_path: Path) -> None:
    second = ONE.replace("Q1", "Q2").replace("who", "what")
    second = second.replace("{always: true}", "{any: [Q1.neighbour]}")
    assert "Q1 has no option 'neighbour'" in trouble_with(tmp_path, ONE + second)


def test_a_code_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    assert "Q1 is there twice" in trouble_with(tmp_path, ONE + ONE.replace("who", "what"))


def test_broken_yaml_is_told_by_file(tmp_path: Path) -> None:
    assert "questions.yaml" in trouble_with(tmp_path, "- code: [")


def test_a_condition_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_condition({})
