"""A town's table of schemes as its departments keep it: a title above, merged cells, notes below."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

HEADS = (
    "連携　目標",
    "Ｉ　Ｄ",
    "解説記事\nタイトル",
    "掲載支援（正式名称）",
    "連絡先（窓口名称）",
    "遷移先ＵＲＬ",
)
MORE = ("電話番号", "受付時間", "備　考", "予算額")
PAGE = "https://www.city.tottori.lg.jp/page"

RENT = ("お金", 10001, "家賃が払えないとき", "住居確保給付金", "パーソナルサポートセンター", f"{PAGE}/1.html")
RENT_TOO = ("", 10002, "", "鳥取市家賃応援金", "建築住宅課（0857-30-8371）", f"{PAGE}/2.html")
WELFARE = ("", 10003, "生活費が足りないとき", "生活保護", "鳥取市福祉事務所", f"{PAGE}/3.html", 857203472)
TOYS = (
    "子育て支援",
    20001,
    "おもちゃを借りる",
    "おもちゃ図書館",
    "こども家庭課",
    f"{PAGE}/4.html",
    "",
    "平日 9時〜17時",
)
SCHOOL = (
    "子育て支援",
    20002,
    "学校に必要なお金",
    "就学援助制度",
    "学校教育課",
    f"{PAGE}/5.html",
    "0857-30-8410",
    "",
    "申請は4月末まで",
)
ROWS = (RENT, RENT_TOO, WELFARE, TOYS, SCHOOL)

Rows = Sequence[Sequence[Any]]


def as_csv(path: Path, rows: Rows = ROWS, encoding: str = "cp932", between: str = ",") -> Path:
    """The export of such a table: what was merged stands in its first row only."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=between)
    writer.writerows(
        [
            ("鳥取市　掲載支援一覧", *[""] * 9),
            ("令和8年11月1日現在", *[""] * 9),
            [],
            (*(head.replace("\n", " ") for head in HEADS), *MORE),
            *((*row, *[""] * (10 - len(row))) for row in rows),
            [],
            ("合計", f"{len(rows)}件", *[""] * 8),
            ("※ 窓口の時間は変わることがあります。", *[""] * 9),
        ]
    )
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def as_book(path: Path, rows: Rows = ROWS) -> Path:
    """The book itself: empty cells of the first and third column are merged with those above."""
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("掲載支援一覧")
    sheet.merge_range("A1:J1", "鳥取市　掲載支援一覧")
    sheet.write("J2", "令和8年11月1日現在")
    sheet.write_row("A4", (*HEADS, *MORE))
    for at, row in enumerate(rows, 4):
        sheet.write_row(at, 0, row)
    for column in (0, 2):
        first = 0
        for at, row in enumerate((*rows, ("end",) * 6)):
            if row[column]:
                if at - first > 1:
                    sheet.merge_range(4 + first, column, 3 + at, column, rows[first][column])
                first = at
    sheet.write(len(rows) + 5, 0, "合計")
    sheet.write(len(rows) + 5, 1, f"{len(rows)}件")
    sheet.write(len(rows) + 6, 0, "※ 窓口の時間は変わることがあります。")
    book.add_worksheet("メモ").write("A1", "庁内用")
    book.close()
    return path


def changed(row: Sequence[Any], **cells: Any) -> tuple[Any, ...]:
    """The row with other cells: goal, id, title, official, desk, url, phone, hours, note."""
    names = ("goal", "id", "title", "official", "desk", "url", "phone", "hours", "note")
    filled = [*row, *[""] * (len(names) - len(row))]
    return tuple(cells.get(name, cell) for name, cell in zip(names, filled, strict=True))
