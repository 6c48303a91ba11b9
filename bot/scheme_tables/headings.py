"""The columns of a town's table of schemes, as municipalities call them."""

from __future__ import annotations

import re
from typing import Final

from bot.table_files import Sheet
from bot.table_headings import Layout, Vocabulary, layout

Form = Layout
"""A sheet whose heading was found."""

MAIN: Final = ("goal", "id", "title", "official", "desk", "url")
CARRIED: Final = ("goal", "title")
"""What is merged over several rows in such tables."""

HEADINGS: Final = {
    "goal": "連携目標",
    "id": "ID",
    "title": "解説記事タイトル",
    "official": "掲載支援（正式名称）",
    "desk": "連絡先（窓口名称）",
    "url": "遷移先URL",
    "phone": "電話番号",
    "hours": "受付時間",
    "note": "備考",
    "reading": "ふりがな",
    "who_for": "対象",
    "what": "内容",
    "cost": "費用",
    "deadline": "期限・注意",
    "bring": "持ち物",
    "say": "窓口での言い方",
    "words": "検索語",
    "valid_from": "開始日",
    "valid_to": "終了日",
    "verified_at": "確認日",
}
"""How each field is called when we write such a table, and when we speak of it."""

_WORDS: Final = tuple(
    (field, re.compile(words, re.IGNORECASE))
    for field, words in (
        ("url", r"URL|リンク|遷移先|ホームページ|ウェブ|^HP$|アドレス"),
        ("phone", r"電話|TEL|^連絡先番号$"),
        ("hours", r"(受付|開庁|相談|利用|対応|開設)(時間|日時)"),
        ("reading", r"ふりがな|フリガナ|よみ|ヨミ|読み"),
        ("say", r"言い方|伝え方"),
        ("words", r"検索|キーワード"),
        ("bring", r"持ち?物|必要(書類|なもの)|持参"),
        ("cost", r"費用|料金|自己負担|利用料"),
        ("deadline", r"期限|締め?切|〆切|注意"),
        ("valid_from", r"開始(年月)?日|適用開始|^開始$"),
        ("valid_to", r"(終了|廃止)(年月)?日|適用終了|^終了$"),
        ("verified_at", r"確認(年月)?日|更新(年月)?日|時点"),
        ("goal", r"連携目標|^目標|テーマ|分野|カテゴリ|大分類"),
        ("title", r"解説記事|記事(の)?(名|タイトル|題)|^タイトル|見出し"),
        ("official", r"掲載(支援|制度)|正式名|(支援|制度|事業|サービス)(の)?名|^(支援|制度|事業)$"),
        ("desk", r"窓口|連絡先|担当(課|部署|所属)|問い?合わ?せ先|所管"),
        ("who_for", r"対象"),
        ("what", r"内容|概要|説明"),
        ("note", r"^(?!.*(職員|内部|庁内)).*(備考|メモ|特記|摘要)"),
        ("id", r"^(管理|整理|支援|記事|掲載)?(ID|番号|No\.?|№)$|ID$"),
    )
)
_SCHEMES: Final = Vocabulary(_WORDS, MAIN, fewest=3)


def form_of(sheet: Sheet, told: dict[str, str] | None = None) -> Form | None:
    """Where the heading is; None where the sheet is no table of schemes. `told` gives headings for fields."""
    return layout(sheet, _SCHEMES, told)
