"""Which column of a list of people is what: guessed from headings as offices write them, or told by whoever imports it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot.table_files import Sheet
from bot.table_headings import Layout, NoSuchColumn, Vocabulary
from bot.table_headings import layout as find_layout

__all__ = ["FIELDS", "Layout", "NoSuchColumn", "guess", "layout"]

FIELDS: Final = (
    *("name", "family", "given", "kana", "family_kana", "given_kana", "mobile", "phone", "mail"),
    *("town", "district", "address", "age", "birth", "attended_on", "refreshed_on", "registered_on"),
    *("number", "group", "state", "motive", "note"),
)
NAMES: Final = ("name", "family", "kana")  # one of them makes a list one of people

_WORDS: Final = tuple(
    (field, re.compile(words, re.IGNORECASE))
    for field, words in (
        ("family_kana", r"^(せい|セイ)$|^(姓|氏|苗字|名字)[(（]?(ふりがな|フリガナ|カナ|かな|ヨミ|よみ)"),
        ("given_kana", r"^(めい|メイ)$|^名[(（]?(ふりがな|フリガナ|カナ|かな|ヨミ|よみ)"),
        ("kana", r"ふりがな|フリガナ|ひらがな|カタカナ|カナ|かな|よみ|ヨミ|読み"),
        ("mail", r"メール|e-?mail|mail"),
        ("mobile", r"携帯|スマホ|スマートフォン|モバイル"),
        ("refreshed_on", r"(更新|フォロー|フォローアップ|再).*(研修|講習|講座|受講).*|^更新(年月)?日$"),
        ("number", r"(修了|受講|登録|証|会員|サポーター).*(番号|No\.?|№|ナンバー)$"),
        ("registered_on", r"^(名簿)?登録(年月)?(日|日付|日時)$"),
        ("birth", r"生年月日|誕生日"),
        (
            "attended_on",
            r"(受講|修了|参加|講座|講習|研修|開催|実施|認定|交付).*(日|日付|日時|年月)$|^(日付|年月日)$",
        ),
        (
            "state",
            r"^(名簿)?登録(の|を)?(有無|希望|可否|状況|区分|意向|する)?$|^(登録)?(状態|ステータス)$|^現況$",
        ),
        ("note", r"備考|メモ|特記|摘要|コメント|連絡事項"),
        ("motive", r"動機|きっかけ|理由"),
        ("district", r"中学校?区|校区|地区|学区"),
        ("address", r"住所|所在地"),
        ("town", r"^市町村?名?$|市区町村|自治体|お住まい|居住地|居住市町|^(市|町)$"),
        ("age", r"年代|年齢|年令|世代|^歳$"),
        ("group", r"所属|団体|勤務先|職場|会社|企業|学校|組織|グループ|事業所"),
        ("phone", r"^(?!.*(緊急|家族|勤務先|会社)).*(電話|TEL|連絡先)|^(固定|自宅)$"),
        ("family", r"^(姓|氏|苗字|名字)$"),
        ("given", r"^(名|下の名前)$"),
        ("name", r"氏名|姓名|名前|^(受講者|参加者|修了者|サポーター|登録者|会員)名?$"),
    )
)
_PEOPLE: Final = Vocabulary(_WORDS, NAMES)


def layout(sheet: Sheet, told: Mapping[str, str] | None = None) -> Layout | None:
    """The heading of a list of people, as `bot.table_headings.layout` finds it."""
    return find_layout(sheet, _PEOPLE, told)


def guess(heading: str) -> str | None:
    """The field that a heading means."""
    return _PEOPLE.guess(heading)
