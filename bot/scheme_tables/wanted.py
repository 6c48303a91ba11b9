"""What each entry of a town's table says in the columns of content/schemes/<town>.csv, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bot.content.documents import Document
from bot.content.findings import Finding, Level
from bot.content.library import Content
from bot.content.links import wrong_with_link
from bot.content.places import Town
from bot.content.scheme_files import LONGEST
from bot.content.staff_notes import staff_note
from bot.programme.register_cells import days
from bot.scheme_tables import goals
from bot.scheme_tables.goals import Goals, Meaning
from bot.scheme_tables.headings import HEADINGS
from bot.scheme_tables.matching import Nation, National, find_desk
from bot.scheme_tables.phones import read_phone, split_phone
from bot.scheme_tables.reading import Entry, Table, folded, some

_COLUMN: Final = {"title": "plain_title", "official": "official_name", "desk": "window_kind"}
_PLAIN: Final = ("reading", "who_for", "what", "cost", "say", "words")
_DAYS: Final = ("valid_from", "valid_to", "verified_at")
_FORMULA: Final = re.compile(r"[=+@|%−-]")
_BETWEEN: Final = re.compile(r"[、,，;；\n]")
_BETWEEN_SHORT: Final = re.compile(r"[・/／ ]")


@dataclass(frozen=True)
class Wanted:
    """An entry in our columns. What the table does not say is not among the columns."""

    entry: Entry
    table_id: str
    identity: str
    """By which the entry is known again: the ID without the ways of writing it."""
    columns: Mapping[str, str] = field(default_factory=dict)
    national: National | None = None
    meaning: Meaning | None = None
    told: bool = False
    """The table itself names the theme; else it was concluded."""
    bad: bool = False

    @property
    def official(self) -> str:
        return self.columns.get("official_name", "")


class Understanding:
    """Reads entries one by one and keeps what is to be said about them."""

    def __init__(
        self, content: Content, town: Town, today: dt.date, table: Table, themes: Mapping[str, str]
    ) -> None:
        """`themes` are decided by whoever imports: a 連携目標 or the beginning of IDs, and its theme."""
        self.goals = Goals(content.questions)
        self.findings: list[Finding] = []
        self.concluded: dict[str, list[str]] = {}
        """「2=子育て・ひとり親」: the rows whose theme was concluded from the beginning of their ID."""
        self._errors = 0
        self._strange_desks: dict[str, list[Entry]] = {}
        self._content, self._town, self._today, self._table = content, town, today, table
        national = [s for s in content.catalogue.schemes if s.town is None and s.valid_on(today)]
        self._nation = Nation(national, town)
        self._themes = {folded(word): theme for word, theme in themes.items()}

    def all(self) -> list[Wanted]:
        """Every entry; the themes of those that do not say theirs are learned from the others."""
        read = [self._columns(entry) for entry in self._table.entries]
        known = [self._theme_of(each) for each in read]
        learned = goals.learned((each.table_id, each.meaning.theme) for each in known if each.meaning)
        guessed = goals.learned(
            (each.table_id, theme)
            for each in known
            if each.meaning is None and (theme := self.goals.about(each.entry.get("title"), each.official))
        )
        concluded = [self._concluded(each, {**guessed, **learned}) for each in known]
        self._tell_of_guesses(guessed.keys() - learned.keys())
        self._tell_of_desks()
        return concluded

    # ---- columns

    def _columns(self, entry: Entry) -> Wanted:
        columns: dict[str, str] = {}
        wrong = self._errors
        table_id = self._identity(entry)
        official, title = entry.get("official"), entry.get("title")
        if not official:
            self.say(
                "error", entry, "official", "掲載支援（正式名称）がありません。", "正式名称を書いてください。"
            )
        columns |= {"plain_title": title or official, "official_name": official}
        if not title and official and "title" in self._table.fields:
            self.say("warning", entry, "title", "解説記事タイトルがないので、正式名称を見出しにします。")
        self._desk(entry, columns)
        self._url(entry, columns)
        columns |= {name: entry.get(name) for name in _PLAIN if entry.get(name)}
        self._deadline(entry, columns)
        self._bring(entry, columns)
        self._days(entry, columns)
        self._lengths(entry, columns)
        return Wanted(
            entry,
            table_id,
            identity_of(table_id or official),
            columns,
            self._nation.find(official, title) if official else None,
            bad=self._errors > wrong,
        )

    def _identity(self, entry: Entry) -> str:
        table_id = entry.get("id")
        if not table_id and "id" in self._table.fields:
            self.say("error", entry, "id", "IDがありません。", "ほかの行とちがうIDを書いてください。")
        return table_id

    def _desk(self, entry: Entry, columns: dict[str, str]) -> None:
        name, beside = split_phone(entry.get("desk"))
        number = entry.get("phone") or beside
        try:
            phone, remark = read_phone(number)
        except ValueError as trouble:
            self.say("error", entry, "phone" if entry.get("phone") else "desk", str(trouble))
        else:
            if remark:
                self.say("warning", entry, "phone", remark)
            if phone:
                columns["phone"] = phone
        if not name:
            if "desk" in self._table.fields:
                self.say("warning", entry, "desk", "連絡先（窓口名称）がありません。")
            return
        desk, _ = find_desk(name, self._town, self._content.windows)
        columns["window_kind"] = desk.name if desk else name
        if desk is None and "phone" not in columns:
            self._strange_desks.setdefault(name, []).append(entry)

    def _tell_of_guesses(self, starts: Collection[str]) -> None:
        """Where no row said what a beginning of IDs means, and only their titles told it."""
        for said, places in self.concluded.items():
            start, _, theme = said.partition("=")
            if start in starts:
                entry = next(each for each in self._table.entries if each.place == places[0])
                words = f"IDが {start} で始まる {len(places)}行は、見出しの言葉から「{theme}」としました。"
                self.say(
                    "warning", entry, "goal", words, f"ちがうときは --theme {start}=テーマ を付けてください。"
                )

    def _tell_of_desks(self) -> None:
        """Each desk that windows.yaml does not have, once, with all its rows."""
        for name, entries in self._strange_desks.items():
            _, alike = find_desk(name, self._town, self._content.windows)
            near = f"近い名前: {'、'.join(each.name for each in alike)}。" if alike else ""
            rows = some([entry.place for entry in entries])
            self.say(
                "warning",
                entries[0],
                "desk",
                f"「{name}」は windows.yaml になく、電話番号の列もありません。名前だけを出します（{rows}行）。",
                f"{near}電話番号の列を足すか、windows.yaml に窓口を書いてください。",
            )

    def _url(self, entry: Entry, columns: dict[str, str]) -> None:
        url = entry.get("url")
        if not url:
            if "url" in self._table.fields:
                columns["url"] = ""
            return
        if trouble := wrong_with_link(url):
            better = f"{trouble.better} ですか？" if trouble.better else ""
            self.say("error", entry, "url", f"「{_short(url)}」: {trouble.words}", better)
        columns["url"] = url

    def _deadline(self, entry: Entry, columns: dict[str, str]) -> None:
        """A time limit, then the hours of a desk that we do not know, then the remark if it is for people."""
        said = [entry.get("deadline")]
        known = {window.name for window in self._content.windows if window.hours_text}
        if (hours := entry.get("hours")) and columns.get("window_kind") not in known:
            said.append(f"受付時間: {hours}")
        if note := entry.get("note"):
            if found := staff_note(note):
                self.say(
                    "warning",
                    entry,
                    "note",
                    f"「{_short(note)}」は職員のメモに見えるので（{found}）、住民に見せません。",
                    "住民に伝えることなら、その言葉を使わずに書いてください。",
                )
            else:
                said.append(note)
        if text := "。".join(part.rstrip("。") for part in said if part):
            columns["deadline"] = text

    def _bring(self, entry: Entry, columns: dict[str, str]) -> None:
        keys = []
        documents = tuple(self._content.documents.values())
        pieces = [piece for piece in _BETWEEN.split(entry.get("bring")) if piece.strip()]
        for word in (word for piece in pieces for word in _named(piece, documents)):
            key = _document(word, documents)
            if key is None:
                self.say("warning", entry, "bring", f"「{word}」は documents.yaml にないので、入れません。")
            else:
                keys.append(key)
        if keys:
            columns["bring"] = " ".join(dict.fromkeys(keys))

    def _days(self, entry: Entry, columns: dict[str, str]) -> None:
        for name in _DAYS:
            if not (said := entry.get(name)):
                continue
            if len(found := days(said)) != 1:
                hint = "2027-04-01 や 令和9年4月1日 のように書いてください。"
                self.say("error", entry, name, f"「{said}」は日として読めません。", hint)
                continue
            columns[name] = found[0].isoformat()
        if columns.get("verified_at", "") > self._today.isoformat():
            self.say("error", entry, "verified_at", "確認日が、まだ来ていない日です。")

    def _lengths(self, entry: Entry, columns: Mapping[str, str]) -> None:
        field_of = {column: name for name, column in _COLUMN.items()}
        for column, text in columns.items():
            name, most = field_of.get(column, column), LONGEST.get(column)
            if most is not None and len(text) > most:
                self.say(
                    "error", entry, name, f"{len(text)}字あります。{most}字までです。", "短くしてください。"
                )
            if name not in ("phone", "url") and _FORMULA.match(text):
                self.say(
                    "error",
                    entry,
                    name,
                    f"「{_short(text)}」は記号で始まっています。",
                    "記号を取ってください。",
                )

    # ---- themes

    def _theme_of(self, wanted: Wanted) -> Wanted:
        """The theme that was decided, that the table names, or that of the national scheme."""
        goal, start = wanted.entry.goal, goals.beginning(wanted.table_id)
        decided = self._themes.get(folded(goal)) or self._themes.get(start)
        if decided:
            return replace(wanted, meaning=self.goals.themes[decided], told=True)
        meanings, unknown = self.goals.read(goal)
        if meanings and not unknown:
            return replace(wanted, meaning=goals.together(meanings), told=True)
        if wanted.national is not None:
            scheme = wanted.national.scheme
            leads = tuple(dict.fromkeys(way[0] for way in scheme.show_if_any))
            return replace(wanted, meaning=Meaning(scheme.theme, leads))
        return wanted

    def _concluded(self, wanted: Wanted, learned: Mapping[str, str]) -> Wanted:
        entry = wanted.entry
        if wanted.meaning is not None:
            return wanted
        start = goals.beginning(wanted.table_id)
        if not entry.goal:
            by_section, unknown = self.goals.read(entry.section)
            if by_section and not unknown:
                return replace(wanted, meaning=goals.together(by_section), told=True)
            if theme := learned.get(start):
                self.concluded.setdefault(f"{start}={theme}", []).append(entry.place)
                return replace(wanted, meaning=self.goals.themes[theme])
        near = self.goals.nearest(entry.goal) or self.goals.about(entry.get("title"), wanted.official)
        meant = f"「{near}」ですか？ " if near else f"使えるもの: {'、'.join(self.goals.themes)}。"
        if entry.goal:
            words = f"「{entry.goal}」がどのテーマか、分かりません。"
            how = f"表を直すか、--theme {entry.goal}={near or 'テーマ'} を付けてください。"
        else:
            words = "どのテーマか、分かりません（連携目標に、テーマの名前がありません）。"
            how = "連携目標にテーマを書いてください。"
            if start:
                how = f"IDが {start} で始まる行をまとめて決めるには --theme {start}={near or 'テーマ'} 。"
        self.say("error", entry, "goal", words, f"{meant}{how}")
        return replace(wanted, bad=True)

    def like(self, wanted: Wanted) -> str:
        """Names of national schemes of the same family, for a hint."""
        return "、".join(scheme.official_name for scheme in self._nation.like(wanted.official))

    # ---- saying

    def say(self, level: Level, entry: Entry, name: str, words: str, hint: str = "") -> None:
        self._errors += level == "error"
        self.findings.append(
            Finding(level, self._table.name, f"{entry.place}行", HEADINGS[name], words, hint.strip())
        )


def identity_of(table_id: str) -> str:
    """001, 1 and １ are one ID: Excel takes zeros away."""
    plain = folded(table_id)
    return plain.lstrip("0") or "0" if plain.isdigit() else plain


def _named(piece: str, documents: Sequence[Document]) -> list[str]:
    """One thing to bring, or several with a point between them."""
    if _document(piece, documents):
        return [piece]
    return [word for word in _BETWEEN_SHORT.split(piece) if word]


def _document(word: str, documents: Sequence[Document]) -> str | None:
    plain = folded(word)
    for document in documents:
        if plain in (document.key, folded(document.label)):
            return document.key
    near = [one for one in documents if plain in folded(one.label) or folded(one.label) in plain]
    return near[0].key if len(near) == 1 else None


def _short(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:50]}…"
