"""Words of a town's table: themes, desks, numbers, names of schemes; and how large a catalogue may be."""

from __future__ import annotations

import csv
import shutil
import time
from pathlib import Path

import pytest
from town import ROOT, the_content

from bot.content.scheme_files import load_schemes
from bot.scheme_tables.goals import Goals, beginning, learned
from bot.scheme_tables.matching import Nation, find_desk
from bot.scheme_tables.phones import read_phone, split_phone
from bot.scheme_tables.wanted import identity_of

GOALS = Goals(the_content().questions)


@pytest.mark.parametrize(
    ("goal", "themes", "leads"),
    [
        ("お金", ["お金"], "Q2.money"),
        ("1_お金・くらし", ["お金"], "Q2.money"),
        ("①　生活困窮者支援", ["お金"], "Q2.money"),
        ("こころ・からだ", ["こころ・からだ"], "Q2.mind Q2.body"),
        ("こころの健康", ["こころ・からだ"], "Q2.mind"),
        ("障がい者福祉", ["障害"], "Q2.disability"),
        ("子供・子育て支援", ["子育て・ひとり親"], "Q2.child"),
        ("ＤＶ・虐待", ["家族・DV・虐待"], "Q2.family"),
        ("孤独・孤立対策", ["孤独・ひきこもり"], "Q2.alone"),
        ("お金、住まい", ["お金", "住まい"], "Q2.money Q2.home"),
        ("その他", ["その他"], "Q2.unknown"),
    ],
)
def test_a_goal_is_understood_as_departments_write_it(goal: str, themes: list[str], leads: str) -> None:
    meanings, unknown = GOALS.read(goal)
    assert ([each.theme for each in meanings], unknown) == (themes, "")
    assert " ".join(each.show_if_any for each in meanings) == leads


@pytest.mark.parametrize(("goal", "near"), [("住い", "住まい"), ("介護保険", "介護・高齢"), ("道路", None)])
def test_what_is_no_goal_of_ours_names_the_nearest(goal: str, near: str | None) -> None:
    assert GOALS.read(goal) == ((), goal)
    assert GOALS.nearest(goal) == near


def test_themes_are_learned_from_the_beginning_of_ids_only_where_nearly_all_agree() -> None:
    pairs = [
        ("10001", "お金"),
        ("10002", "お金"),
        ("20001", "仕事"),
        ("20002", "住まい"),
        ("30001", "障害"),
        ("7", "災害"),
    ]
    assert learned(pairs) == {"1": "お金"}
    assert [beginning(each) for each in ("10018", "A-003", "子育て-1", "12")] == ["1", "a", "子育て", ""]


def test_an_id_is_the_same_however_excel_writes_it() -> None:
    assert identity_of("００１") == identity_of("1") == identity_of("001")
    assert identity_of("A-003") == identity_of("ａ-００３") != identity_of("A-3")


@pytest.mark.parametrize(
    ("official", "title", "scheme"),
    [
        ("鳥取市生活保護", "", "生活保護"),
        ("就学援助制度", "", "就学援助"),
        ("生活困窮者自立相談支援", "", "生活困窮者自立相談支援事業"),
        ("緊急小口資金", "", "生活福祉資金貸付制度（緊急小口資金）"),
        ("住居確保給付金", "家賃を払えないとき", "住居確保給付金（家賃補助）"),
        ("住居確保給付金", "引っ越し費用の支援", "住居確保給付金（転居費用補助）"),
        ("生活福祉資金貸付制度", "", None),
        ("児童手当", "", "児童手当"),
        ("特別児童扶養手当", "", "特別児童扶養手当"),
        ("児童育成手当", "", None),
        ("鳥取市家賃応援金", "", None),
        ("見守り", "ひとり暮らしの急な体調の変化を知らせる", "緊急通報システム・高齢者の見守りサービス"),
    ],
)
def test_only_what_is_the_same_but_for_its_writing_is_the_national_scheme(
    official: str, title: str, scheme: str | None
) -> None:
    content = the_content()
    nation = Nation(
        [each for each in content.catalogue.schemes if each.town is None], content.towns["tottori"]
    )
    found = nation.find(official, title)
    assert (found.scheme.official_name if found else None) == scheme


@pytest.mark.parametrize(
    ("name", "desk"),
    [
        ("パーソナルサポートセンター", "tottori_personal_support"),
        ("鳥取市 福祉事務所", "tottori_fukushi"),
        ("とっとりひきこもり生活支援センター（委託）", "tottori_pref_hikikomori"),
        ("自立相談支援機関", "tottori_personal_support"),
        ("福祉課", None),
        ("岩美町福祉事務所", None),
    ],
)
def test_a_desk_is_found_only_in_its_town_and_under_its_own_name(name: str, desk: str | None) -> None:
    content = the_content()
    found, _ = find_desk(name, content.towns["tottori"], content.windows)
    assert (found.key if found else None) == desk


@pytest.mark.parametrize(
    ("cell", "name", "phone"),
    [
        ("福祉課（0857-22-8111）", "福祉課", "0857-22-8111"),
        ("福祉課 ℡0857-20-3472", "福祉課", "0857-20-3472"),
        ("生活福祉課 電話：０８５７－２２－８１１１（内線12）", "生活福祉課", "0857-22-8111"),
        ("こども家庭センター", "こども家庭センター", ""),
    ],
)
def test_a_number_behind_the_name_of_a_desk_is_taken_apart(cell: str, name: str, phone: str) -> None:
    assert split_phone(cell) == (name, phone)


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        ("857228111", "0857228111"),
        ("(0857)22-8111", "0857-22-8111"),
        ("0857(22)8111", "0857-22-8111"),
        ("0857-22-8111、090-1234-5678", "0857-22-8111"),
        ("0120-0-78310", "0120-0-78310"),
        ("188", "188"),
        ("#8008", "#8008"),
        ("なし", ""),
    ],
)
def test_a_telephone_number_is_read_as_offices_write_it(cell: str, phone: str) -> None:
    assert read_phone(cell)[0] == phone


def test_five_thousand_schemes_are_read_in_a_second(tmp_path: Path) -> None:
    """Measured by the processor, so that busy neighbours do not count."""
    content = the_content()
    shutil.copy(ROOT / "content" / "schemes" / "national.csv", tmp_path)
    with (tmp_path / "national.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    with (tmp_path / "tottori.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys([*rows[0], "url", "table_id"]))
        writer.writeheader()
        for number in range(5_000 - len(rows)):
            more = {
                "id": f"tottori-{number}",
                "url": f"https://www.city.tottori.lg.jp/{number}",
                "table_id": str(number),
            }
            writer.writerow({**rows[number % len(rows)], **more})
    began = time.process_time()
    schemes = load_schemes(tmp_path, content.questions, content.rules, content.documents)
    took = time.process_time() - began
    assert len(schemes) == 5_000
    assert took < 2, f"{took:.2f} s (about 0.45 s on a machine without neighbours)"
