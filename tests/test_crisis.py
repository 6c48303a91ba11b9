"""Words of danger: the labelled sentences, what no guard may hide, and what no text may cost."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.crisis import Danger, Level, Lexicon, Who, detect, load_lexicon
from bot.crisis.normalise import normalise

HERE = Path(__file__).parent
LEXICON_FILE = HERE.parent / "content" / "crisis" / "lexicon.yaml"
LEXICON = load_lexicon(LEXICON_FILE)
with (HERE / "crisis_examples.csv").open(encoding="utf-8", newline="") as _file:
    EXAMPLES = list(csv.DictReader(_file))

CATEGORIES_OF_LETTER = {
    "A": {"suicide"},
    "B": {"self_harm"},
    "C": {"now", "self_harm"},
    "D": {"violence", "violence_by_self"},
    "E": {"harm_others"},
    "F": {"medical"},
    "G": {"child"},
    "H": {"livelihood"},
    "J": {"sos"},
    "安否": {"welfare_check"},
}


def found(text: str) -> tuple[str, str]:
    danger = detect(text, LEXICON)
    return ("none", "none") if danger is None else (danger.who.value, danger.code)


@pytest.mark.parametrize("row", EXAMPLES, ids=[row["text"].replace("\n", " ") for row in EXAMPLES])
def test_a_labelled_sentence_gets_its_person_level_and_category(row: dict[str, str]) -> None:
    danger = detect(row["text"], LEXICON)
    assert found(row["text"]) == (row["who"], row["level"]), danger
    if danger is not None:
        assert danger.category in CATEGORIES_OF_LETTER[row["category"]]


def test_the_labelled_sentences_are_many_and_none_stands_twice() -> None:
    assert len(EXAMPLES) >= 1_000
    assert max(Counter(row["text"] for row in EXAMPLES).values()) == 1
    assert {row["level"] for row in EXAMPLES} == {"S0", "S1", "S2", "O0", "O1", "O2", "L1", "none"}


@pytest.mark.parametrize(
    "spelled",
    [
        "死にたい",
        "シニタイ",
        "ｼﾆﾀｲ",
        "し に た い",
        "死・に・た・い",
        "し。に。た。い",
        "死\nに\nた\nい",
        "死\u200bに\u200bたい",
        "死○たい",
        "○にたい",
        "死*たい",
        "タヒにたい",
        "ﾀﾋにたい",
        "氏にたい",
        "４にたい",
        "4にたい",
        "死にたーーい",
        "しにたいいいい",
        "死に たい。。。",
        "【死にたい】",
        "死にたい💀",
        "死̶に̶た̶い̶",
        "シにたい",
        "死ニタイ",
        "死にたぁい",
        "死二タイ",
    ],
)
def test_every_spelling_of_the_same_words_is_understood(spelled: str) -> None:
    assert found(spelled) == ("self", "S1")
    assert found(f"もう毎日{spelled}")[0] == "self"


@pytest.mark.parametrize(
    "harmless",
    [
        "死ぬほど忙しい",
        "暑くて死にそう",
        "笑い死ぬかと思った",
        "スマホが死んだ",
        "わたしにたいして怒る",
        "試しにたい焼きを食べた",
        "死神のドラマを見た",
        "ニュースで自殺の話を見た",
        "殺虫剤をまく",
        "プールに飛び込む",
        "首を突っ込みすぎた",
        "ゲートキーパー研修を受けた",
        "昔は死にたかった",
    ],
)
@pytest.mark.parametrize("joint", ["。", "、", "けど、", "\n"])
def test_a_harmless_clause_never_hides_a_wish_to_die_in_the_next_one(harmless: str, joint: str) -> None:
    assert found(f"{harmless}{joint}もう消えたい") == ("self", "S1")
    assert found(f"もう消えたい{joint}{harmless}") == ("self", "S1")


@pytest.mark.parametrize(
    "person", ["母", "近所の人", "友だち", "隣のおじいさん", "息子", "利用者さん", "同僚", "クラスの子"]
)
@pytest.mark.parametrize(
    "saying",
    [
        "{}が死にたいと言っています",
        "{}が「消えたい」と言う",
        "{}は生きていたくないとつぶやいていました",
        "{}から死にたいと相談されました",
        "「もう死にたい」と{}に言われました",
        "死にたいと言う{}がいます",
        "{}が死にたいらしい",
        "死にたい、と{}が言うんです",
        "{}が死にたい言うとる",
        "{}が死にたい言うだが、どうしたら",
    ],
)
def test_another_persons_words_are_never_answered_as_the_writers_own(person: str, saying: str) -> None:
    assert found(saying.format(person)) == ("other", "O1")


@pytest.mark.parametrize("person", ["母", "友だち", "先生", "夫"])
@pytest.mark.parametrize(
    "saying",
    [
        "{}には言えないけど死にたい",
        "{}に死にたいと言ったら怒られた",
        "{}が亡くなって死にたい",
        "{}のせいで死にたい",
        "{}とけんかして、もう消えたい",
    ],
)
def test_a_person_who_is_only_mentioned_does_not_take_the_writers_words_away(
    person: str, saying: str
) -> None:
    assert found(saying.format(person)) == ("self", "S1")


@pytest.mark.parametrize(
    ("said", "who"),
    [
        ("孫が先輩に殴られています", Who.OTHER),
        ("同級生が夫に外へ出してもらえません", Who.OTHER),
        ("父が酔うと殴られます", Who.SELF),
        ("父が帰ってくると、また殴られる", Who.SELF),
    ],
)
def test_the_subject_of_what_is_suffered_is_who_suffers_it(said: str, who: Who) -> None:
    danger = detect(said, LEXICON)
    assert danger is not None
    assert danger.who is who


def test_quotation_marks_alone_do_not_make_words_somebody_elses() -> None:
    assert found("『死にたい』って毎日思う") == ("self", "S1")
    assert found("近所の人が『死にたい』と言っています") == ("other", "O1")


def test_both_persons_are_kept_with_their_own_levels_the_nearer_danger_first() -> None:
    danger = detect("母が倒れて動きません。わたしももう死にたい", LEXICON)
    assert danger is not None
    assert (danger.who, danger.level) == (Who.BOTH, Level.NOW)
    assert [side.code for side in danger.sides] == ["O0", "S1"]


def test_levels_are_ordered_so_that_the_nearest_danger_wins() -> None:
    assert Level.NOW > Level.STRONG > Level.SOFT > Level.LIVELIHOOD
    danger = detect("電気を止められました。もう死にたい。今から飛び降ります", LEXICON)
    assert danger is not None
    assert (danger.code, danger.category) == ("S0", "now")
    assert len(danger.reasons) >= 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("先月、納屋で首を吊ろうとして縄が切れました", "S1"),
        ("首を吊ることばかり毎晩考えとります", "S1"),
        ("孫の入学が済んだら首をくくる", "S1"),
        ("叔父が、首をくくりたいとこぼしておられました", "O1"),
        ("弟が社長を殺すと電話で言うんです", "O1"),
        ("おむつを替えながら、母を殺してしまいそうだと思う", "S1"),
        ("課長を刺すことばかり考えて、いつかやると思う", "S1"),
        ("二階の田中さん、中で倒れとるんじゃないかと心配です", "O1"),
        ("夫に首を絞められたことがあります", "S1"),
        ("友だちの机から遺書みたいな紙が出てきた", "O1"),
    ],
)
def test_what_was_is_thought_or_told_is_strong_and_not_acute(text: str, code: str) -> None:
    assert found(text) == ("other" if code.startswith("O") else "self", code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("先月も首を吊ろうとした。今夜こそやる、縄は持っとる", "S0"),
        ("毎晩考えてきた。いま橋の欄干の外におる。飛び降りる", "S0"),
        ("いつも殺したいと思っとった。包丁持って課長の家の前におる", "S0"),
        ("さっき手首を切りました", "S0"),
        ("手首きった、血がとまらん", "S0"),
        ("死ぬつもりで薬を全部飲みました", "S0"),
        ("今夜、命を絶ちます", "S0"),
        ("夫に殴られて風呂場に隠れています", "S0"),
        ("玄関のドアを蹴られてる。殴られる", "S0"),
        ("赤ちゃんを揺さぶってしまった。ぐったりして動かない", "O0"),
    ],
)
def test_what_happens_now_outweighs_habit_memory_and_thought(text: str, code: str) -> None:
    danger = detect(text, LEXICON)
    assert danger is not None
    assert danger.level is Level.NOW, (danger, code)


@pytest.mark.parametrize(
    "text", ["あいつを殺したい", "飛び降りたい", "遺書を書きました", "首をしめられました"]
)
def test_where_nothing_tells_how_near_it_is_the_acute_answer_stays(text: str) -> None:
    assert found(text) == ("self", "S0")


def test_the_reasons_name_the_shift_that_changed_the_level() -> None:
    danger = detect("さっき手首を切りました", LEXICON)
    assert danger is not None
    assert any(" > happening-now: " in reason for reason in danger.reasons)


def test_a_shift_never_makes_a_danger_vague_or_none() -> None:
    assert {shift.to for shift in LEXICON.shifts} == {Level.NOW, Level.STRONG}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("主人が、わしが死ねばええと言うて酒を飲みます", "other"),
        ("ママ友から、もう死にたいと電話がありました", "other"),
        ("おふくろが睡眠薬を全部飲んだ", "other"),
        ("母が怒るので、私は死にたいと思います", "self"),
    ],
)
def test_who_is_named_as_the_speaker_is_whose_danger_it_is(text: str, who: str) -> None:
    assert found(text)[0] == who


def test_the_reasons_name_the_rule_and_the_normalised_words() -> None:
    danger = detect("モウ シニタイ", LEXICON)
    assert danger is not None
    assert danger.reasons == ("wish-to-die: もうしにたい",)


def test_the_code_of_another_persons_hardship_leads_to_the_concern() -> None:
    assert Danger(Who.OTHER, Level.LIVELIHOOD, "livelihood", ()).code == "O2"
    assert Danger(Who.SELF, Level.LIVELIHOOD, "livelihood", ()).code == "L1"


def test_a_recovered_past_is_soft_and_a_present_wish_is_not() -> None:
    assert found("前は死にたかったけど今は大丈夫") == ("self", "S2")
    assert found("前は大丈夫だったけど今は死にたい") == ("self", "S1")
    assert found("昔から死にたいと思っていました")[1] == "S1"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n", "。", "\ud800", "\udfff死にたい\ud83d", "\x00\x01", "👨‍👩‍👧", "ﷺ" * 50, "゛゜" * 100],
)
def test_odd_strings_are_read_without_an_error(text: str) -> None:
    assert (detect(text, LEXICON) is not None) == ("死にたい" in text)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_any_text_around_them_leaves_unmistakable_words_found(noise: str) -> None:
    assert detect(f"{noise}。わたしはもう死にたいです。", LEXICON) is not None


def test_the_views_of_a_text_are_what_the_lexicon_is_written_in() -> None:
    assert normalise("ｼﾆﾀｲ！ モウ、ダメだ。").ja == "しにたい。もうだめだ。"
    assert [normalise(text).marks for text in ("え？！", "あ。", "あ" * 200 + "?")] == ["!?", "", ""]
    assert normalise("Tôi muốn chết. I'm").latin.split() == ["toi", "muon", "chet", ".", "im"]


@pytest.mark.parametrize(
    "piece",
    [
        "死にたい",
        "母が死にたいと言います。",
        "もう、",
        "あ。",
        "今から",
        "首を",
        "薬を",
        "死",
        "○",
        "夫が",
        "ﷺ",
        "i want to die ",
        "家の",
        "し、",
        "早くもう全部",
        "子どもを",
        "暑くて",
        "昔は",
        "隣の家から",
        "".join(row["text"] for row in EXAMPLES),
    ],
)
def test_five_thousand_letters_of_anything_are_read_to_their_end(piece: str) -> None:
    """What they cost is measured in benchmarks/crisis_time.py; a pattern that explodes would never end here."""
    assert detect((piece * 5_000)[:4_990] + "。もう死にたい", LEXICON) is not None


def test_a_text_far_beyond_lines_limit_is_still_read_at_its_end() -> None:
    assert detect("あいう。" * 100_000 + "もう死にたい", LEXICON) is not None


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ("やっと死ねます", "suicide"),
        ("死ぬ気でおります", "suicide"),
        ("死にたすぎて授業中ずっと泣いてた", "suicide"),
        ("稲刈りが済んだら死のう思うとる", "suicide"),
        ("母を看取ったら後を追うって決めてます", "suicide"),
        ("自殺という言葉が頭から離れない", "suicide"),
        ("もう生きとらんでもええ", "suicide"),
        ("飲んだ。全部。", "now"),
        ("また腕やってもうた、カッターで", "self_harm"),
        ("コンバインに指を巻かれた", "medical"),
        ("息を吸っても吸っても苦しい", "medical"),
        ("女房に手を上げとる", "violence_by_self"),
        ("飲むと手が出るんです、主人は", "violence"),
        ("おうちに入れてもらえん", "child"),
        ("三日ほど食ってない", "livelihood"),
        ("隣の爺さん、呼び鈴を鳴らしても返事がない", "welfare_check"),
        ("弟が死ぬ死ぬ言うて包丁を離さん", "suicide"),
        ("もう生きとうない", "suicide"),
        ("楽に4ねる薬はないか", "suicide"),
        ("次の汽車が来たら終わりにする、ホームの端におる", "now"),
        ("風呂場で練炭を焚いた", "now"),
        ("自分の足をライターで焼いてしまう", "self_harm"),
        ("課長の車のブレーキに細工してやる", "harm_others"),
        ("息子に杖を取り上げられて動けない", "violence"),
        ("たたいてしもうた、八十の母を", "violence_by_self"),
        ("山菜採りに行った兄が戻らん", "welfare_check"),
        ("ストーブの部屋で家族がぐったりしとる", "medical"),
    ],
)
def test_plain_words_are_heard_in_forms_that_no_list_has(said: str, category: str) -> None:
    danger = detect(said, replace(LEXICON, opinion=None))
    assert danger is not None
    assert category in {danger.category, *(side.category for side in danger.sides)}


@pytest.mark.parametrize(
    "said",
    [
        "父の後を追って同じ大学に入りました",
        "死ぬ気で頑張ります",
        "馬鹿は死ななきゃ治らないと言うけど",
        "テストが終わったら死ぬほど寝る",
        "市役所に電話しても出ません",
        "子どもを病院に連れて行かなきゃいけないので休みます",
        "弟をゲームでぼこぼこにした",
        "薬を飲み始めて血圧が下がりました",
        "エンジンを切ったら静かになった",
        "白髪を抜くのがやめられない",
        "将棋で孫に殺された、参った",
        "あと五分で終わります",
        "息が止まるほどきれいな夕焼け",
        "締め切りに首を絞められています",
        "孫の笑顔に殺される",
        "ぐったりしとる、庭の胡瓜が",
        "鹿を猟銃で撃つ人が減った",
        "飼っていた犬が天国に行きました",
        "上の階の足音が少し気になる",
    ],
)
def test_the_same_words_in_everyday_sentences_are_not(said: str) -> None:
    assert detect(said, replace(LEXICON, opinion=None)) is None


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return tmp_path / "lexicon.yaml"


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("category: now", "category: nowadays", "rule now-decision: unknown category"),
        ("    level: now", "    level: never", "rule now-decision: unknown level"),
        ("    who: wish", "    who: nobody", "rule now-decision"),
        ("    effect: drop", "    effect: vanish", "guard missing-you: unknown effect"),
        ("    to: strong", "    to: soft", "shift a-habit: unknown level"),
        (
            "    to: strong\n    categories: [now,",
            "    to: strong\n    categories: [then,",
            "shift a-habit: unknown category",
        ),
        ("{die}", "{dye}", "unknown fragment"),
        ("'^(好|很", "'^((好|很", "no valid pattern"),
        ("  heard:", "  herd:", "heard is missing"),
        ("masks:", "muscles:", "unknown muscles"),
    ],
)
def test_a_mistake_in_the_lexicon_is_named(broken: Path, before: str, after: str, complaint: str) -> None:
    source = LEXICON_FILE.read_text(encoding="utf-8")
    assert before in source
    broken.write_text(source.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^lexicon\.yaml: ") as refused:
        load_lexicon(broken)
    assert complaint in str(refused.value)


def test_the_lexicon_is_frozen_data() -> None:
    assert isinstance(LEXICON, Lexicon)
    with pytest.raises(AttributeError):
        LEXICON.rules = ()  # type: ignore[misc]
