"""Broadcasts as files at the terminal: an example, a check with lines, a schedule, drafts, copies, links."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from terminal import Run
from time_machine import Traveller
from town import the_content

from bot.broadcasting.forms import Contents
from bot.broadcasting.making import press_of_test
from bot.broadcasting.pictures import templates
from bot.broadcasting.rendering import render
from storage import broadcast_drafts, broadcast_links, broadcasts, outbox, people
from storage.freezing import Variant
from storage.work import Database

pytestmark = pytest.mark.usefixtures("by_day", "three_supporters")

FILE = """
title: 冬の集い
to: town=鳥取市
at: 2026-12-02 10:00
late: 30
messages:
  - text: "{town}のみなさんへ {link:https://www.example.lg.jp/}"
  - cards:
      - title: 冬の集い
        picture: tsudoi.jpg
        buttons:
          - label: くわしく
            url: https://www.example.lg.jp/
          - label: 相談する
            say: どこに相談すればいい
  - picture:
      template: event
      title: 冬の集い
      when: 12月12日
      photo: tsudoi.jpg
languages:
  en:
    - text: Dear {town}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with everything in it, and its photo beside it."""
    Image.effect_noise((400, 300), 60).convert("RGB").save(tmp_path / "tsudoi.jpg")
    path = tmp_path / "tsudoi.yaml"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


# ---- a new file, and its check -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["new.yaml", "new.md"])
def test_the_example_is_made_and_passes_its_check_and_is_never_written_over(
    run: Run, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    assert run("broadcast", "new", str(path)).code == 0
    assert run("broadcast", "check", str(path)).code == 0
    before = path.read_bytes()
    again = run("broadcast", "new", str(path))
    assert (again.code, "もうあります" in again.err) == (1, True)
    assert path.read_bytes() == before


def test_new_refuses_another_kind_of_file(run: Run, tmp_path: Path) -> None:
    said = run("broadcast", "new", str(tmp_path / "a.docx"))
    assert (said.code, ".yaml" in said.err) == (1, True)


def test_check_names_every_mistake_with_file_and_line(run: Run, tmp_path: Path, file: str) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        "to: town=鳥鳥市\nat: 先週\nmessages:\n  - text: '{twon}'\n  - cards: [{title: 題, picture: tsudio.jpg}]\n"
        "languages: {fr: [Bonjour], ja: [a]}\n",
        encoding="utf-8",
    )
    said = run("broadcast", "check", file, str(wrong), "--json")
    assert said.code == 1
    found = [(Path(each["file"]).name, each["line"]) for each in said.json]
    assert found == [("wrong.yaml", line) for line in (1, 2, 4, 5, 6, 6)]
    hints = " ".join(str(each["hint"]) for each in said.json)
    assert all(meant in hints for meant in ("鳥取市", "town", "tsudoi.jpg"))
    shown = run("broadcast", "check", file, str(wrong))
    assert (shown.code, "送れます" in shown.out, f"{wrong}:4" in shown.err) == (1, True, True)


def test_check_looks_at_the_time_too(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("at: 25:00\nrepeat: 毎月 第9火曜\nlate: 一時間\nmessages: [a]\n", encoding="utf-8")
    found = {each["line"] for each in run("broadcast", "check", str(wrong), "--json").json}
    assert found == {2, 3}
    wrong.write_text("at: 10:00\nrepeat: 毎月 第2火曜\nholiday: 次の平日\nmessages: [a]\n", encoding="utf-8")
    assert run("broadcast", "check", str(wrong)).code == 0


def test_a_file_that_is_not_there_is_named_with_the_nearest(run: Run, file: str) -> None:
    said = run("broadcast", "check", file.replace("tsudoi.yaml", "tsudio.yaml"))
    assert (said.code, "tsudoi.yaml" in said.err) == (1, True)
    said = run("broadcast", "schedule", "--file", file.replace("tsudoi.yaml", "tsudio.yaml"))
    assert (said.code, "tsudoi.yaml" in said.err) == (1, True)


# ---- scheduling --------------------------------------------------------------------------------------------


def test_a_file_is_scheduled_as_it_says(run: Run, opened: Database, file: str) -> None:
    looked = run("broadcast", "schedule", "--file", file)
    assert (looked.code, "まだ実行していません" in looked.out) == (0, True)
    assert all(word in looked.out for word in ("カード1枚", "絵: もよおし", "英語 1通目", "2 人", "30 分"))
    one = run("broadcast", "schedule", "--file", file, "--yes").last_line
    with opened.look() as work:
        made = broadcasts.get(work, one)
    assert made is not None
    assert (made.status, len(made.messages), set(made.translations)) == ("scheduled", 3, {"en"})
    assert made.late_limit.total_seconds() == 1800
    assert f"{made.due_at:%d %H:%M}" == "02 01:00"
    shown = run("broadcast", "show", one)
    assert all(word in shown.out for word in ("カード1枚", "くわしく", "英語", "写真あり"))
    listed = run("broadcast", "calendar")
    assert "のみなさん" in listed.out


def test_what_is_typed_wins_over_the_file(run: Run, opened: Database, file: str) -> None:
    one = run(
        *("broadcast", "schedule", "--file", file, "--to", "town=岩美町", "--at", "2026-12-03 11:00"),
        *("--late", "0", "--yes"),
    ).last_line
    with opened.look() as work:
        made = broadcasts.get(work, one)
    assert made is not None
    assert (f"{made.due_at:%d %H:%M}", made.late_limit.total_seconds()) == ("03 02:00", 0)
    assert "岩美町" in run("broadcast", "show", one).out


def test_the_same_file_twice_is_noticed(run: Run, file: str) -> None:
    assert run("broadcast", "schedule", "--file", file, "--yes").code == 0
    again = run("broadcast", "schedule", "--file", file, "--yes")
    assert (again.code, "もうあります" in again.err) == (1, True)


def test_a_file_that_repeats_is_a_series_with_its_title(run: Run, tmp_path: Path, file: str) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(
        FILE.replace("at: 2026-12-02 10:00", "at: 10:00\nrepeat: 毎月 第2火曜\nholiday: 次の平日"), "utf-8"
    )
    one = run("broadcast", "schedule", "--file", str(path), "--yes").last_line
    shown = run("broadcast", "series", "show", one)
    assert all(word in shown.out for word in ("冬の集い", "カード1枚", "英語 1通目"))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("schedule", "--file", "FILE", "--text", "a"), 2, "どちらか一方"),
        (("schedule", "--at", "2026-12-02 10:00"), 2, "--file"),
        (("schedule", "--text", "a", "--to", "everyone"), 2, "--at"),
        (("send",), 2, "--file"),
        (("schedule", "--text", "{name}", "--to", "everyone", "--at", "2026-12-02 10:00"), 1, "人の名前"),
        (("schedule", "--text", "{course}", "--to", "everyone", "--at", "2026-12-02 10:00"), 1, "講座が"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, file: str, args: tuple[str, ...], code: int, said: str) -> None:
    refused = run("broadcast", *(file if each == "FILE" else each for each in args))
    assert (refused.code, said in refused.err) == (code, True)


@pytest.mark.parametrize("late", ["-1", "1441", "あとで", "1.5"])
def test_a_limit_that_is_none_is_refused(run: Run, tmp_path: Path, file: str, late: str) -> None:
    path = tmp_path / "late.yaml"
    path.write_text(FILE.replace("late: 30", f"late: {late}"), "utf-8")
    refused = run("broadcast", "schedule", "--file", str(path))
    assert (refused.code, late in refused.err) == (1, True)


def test_pictures_need_an_https_address_where_line_is_the_real_one(run: Run, file: str) -> None:
    refused = run("broadcast", "schedule", "--file", file, LINE_API_BASE="")
    assert (refused.code, "PUBLIC_URL" in refused.err) == (1, True)
    right = run("broadcast", "schedule", "--file", file, LINE_API_BASE="", PUBLIC_URL="https://t.example.jp")
    assert right.code == 0


# ---- how it looks ------------------------------------------------------------------------------------------


def test_the_preview_shows_each_variant_with_its_people(
    run: Run, opened: Database, tmp_path: Path, file: str
) -> None:
    with opened.work() as work:
        people.speak(work, people.lock(work, "default", f"U{1:032x}").id, "en")
    out = tmp_path / "preview.png"
    said = run("broadcast", "preview", "--file", file, "--to", "everyone", "--out", str(out))
    assert all(word in said.out for word in ("日本語・鳥取市", "英語・鳥取市", "日本語・岩美町"))
    with Image.open(out) as picture:
        assert picture.width > 2 * 700  # two phones, one for each language
    facts = run("broadcast", "preview", "--file", file, "--to", "everyone", "--json").json
    assert {each["name"]: each["recipients"] for each in facts["variants"]} == {
        "日本語・鳥取市": 1,
        "英語・鳥取市": 1,
        "日本語・岩美町": 1,
    }


def test_a_preview_draws_only_what_it_shows(
    run: Run, tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each town has a picture of its own: only the one on the phone that is shown is drawn."""
    drawn = []
    draw = templates.draw
    monkeypatch.setattr(templates, "draw", lambda words, photo: drawn.append(words) or draw(words, photo))
    path = tmp_path / "towns.yaml"
    path.write_text(
        FILE.replace("      title: 冬の集い\n      when", '      title: "{town}"\n      when'), "utf-8"
    )
    assert run("broadcast", "preview", "--file", str(path), "--to", "everyone").code == 0
    assert drawn == []
    out = str(tmp_path / "p.png")
    assert run("broadcast", "preview", "--file", str(path), "--to", "everyone", "--out", out).code == 0
    assert [each.get("title") for each in drawn if each["template"] == "event"] == ["鳥取市"]


def test_what_waits_is_previewed_with_its_photo(run: Run, tmp_path: Path, file: str) -> None:
    one = run("broadcast", "schedule", "--file", file, "--yes").last_line
    (tmp_path / "tsudoi.jpg").unlink()
    out = tmp_path / "preview.png"
    assert run("broadcast", "preview", one, "--out", str(out)).code == 0
    assert out.stat().st_size > 100_000  # the photo is in it


# ---- links -------------------------------------------------------------------------------------------------


def test_links_are_listed_with_their_taps(run: Run, opened: Database, file: str) -> None:
    one = run("broadcast", "send", "--file", file, "--yes")
    assert "使わず" in one.err
    with opened.work() as work:
        (link,) = broadcast_links.of(work, one.last_line)
        broadcast_links.count(work, link.token)
    assert run("broadcast", "links", one.last_line, "--json").json == [
        {"number": 1, "url": "https://www.example.lg.jp/", "clicks": 1}
    ]
    assert "https://www.example.lg.jp/" in run("broadcast", "links", one.last_line).out
    facts = run("broadcast", "show", one.last_line, "--json").json
    assert (facts["links"][0]["clicks"], facts["languages"]) == (1, ["en"])
    assert link.token not in json.dumps(facts)


def test_before_it_begins_nothing_is_counted(run: Run, file: str) -> None:
    one = run("broadcast", "schedule", "--file", file, "--yes").last_line
    assert "送り始めてから" in run("broadcast", "links", one).out


# ---- an earlier one as a file ------------------------------------------------------------------------------


def test_an_earlier_broadcast_is_a_file_again_and_says_the_same(
    run: Run, opened: Database, tmp_path: Path, file: str
) -> None:
    segment = "(town=鳥取市 または town=岩美町) かつ role=サポーター"
    one = run("broadcast", "schedule", "--file", file, "--to", segment, "--yes").last_line
    out = tmp_path / "next" / "kotoshi.yaml"
    out.parent.mkdir()
    assert run("broadcast", "copy", one, "--out", str(out)).code == 0
    assert (out.parent / "kotoshi-1.jpg").exists()
    two = run("broadcast", "schedule", "--file", str(out), "--at", "2026-12-20 10:00", "--yes").last_line
    with opened.look() as work:
        before, after = broadcasts.get(work, one), broadcasts.get(work, two)
    assert before is not None
    assert after is not None
    assert after.segment == before.segment
    assert [each.keys() for each in after.messages] == [each.keys() for each in before.messages]
    assert (after.messages[0], after.translations) == (before.messages[0], before.translations)
    again = run("broadcast", "copy", one, "--out", str(out))
    assert (again.code, "もうあります" in again.err) == (1, True)


def test_a_series_is_copied_too_and_a_wrong_kind_of_file_refused(run: Run, tmp_path: Path) -> None:
    one = run(
        *("broadcast", "schedule", "--text", "地域食堂です", "--title", "食堂", "--repeat", "毎月 第2火曜"),
        *("--at", "10:00", "--to", "everyone", "--yes"),
    ).last_line
    assert run("broadcast", "copy", one, "--out", str(tmp_path / "a.txt")).code == 1
    assert run("broadcast", "copy", one, "--out", str(tmp_path / "a.yaml")).code == 0
    text = (tmp_path / "a.yaml").read_text("utf-8")
    assert all(word in text for word in ("title: 食堂", "to: everyone", "text: 地域食堂です"))
    assert run("broadcast", "copy", "0199", "--out", str(tmp_path / "b.yaml")).code == 1


def test_the_course_is_named_where_there_is_exactly_one(run: Run, opened: Database) -> None:
    made = run(
        *("course", "create", "--title", "冬の養成講座", "--town", "鳥取市", "--on", "2026-12-06"),
        *("--place", "会館", "--capacity", "40", "--json"),
    ).json
    for_one = (
        "--text",
        "「{course}」のみなさんへ",
        "--to",
        f"course={made['id']}",
        "--at",
        "2026-12-03 10:00",
    )
    one = run("broadcast", "schedule", *for_one, "--yes")
    assert one.code == 0
    with opened.look() as work:
        found = broadcasts.get(work, one.last_line)
        assert found is not None
        press = press_of_test(work, the_content(), "https://t.example.jp", "default", found.segment)
        (said,) = render(Contents(found.messages), press)(Variant())
    assert said["text"].startswith("「冬の養成講座」のみなさんへ")


# ---- drafts ------------------------------------------------------------------------------------------------


def test_a_draft_is_saved_shown_listed_scheduled_and_gone(
    run: Run, opened: Database, tmp_path: Path, file: str
) -> None:
    assert run("broadcast", "draft", "save", file).code == 0
    assert run("broadcast", "draft", "save", file).code == 1
    assert run("broadcast", "draft", "save", file, "--replace").code == 0
    (listed,) = run("broadcast", "draft", "list", "--json").json
    assert listed["name"] == "冬の集い"
    assert "のみなさん" in run("broadcast", "draft", "list").out
    assert run("broadcast", "draft", "show", "冬の集い").out.strip() == FILE.strip()
    away = tmp_path / "away"
    away.mkdir()
    assert run("broadcast", "draft", "show", "冬の集い", "--out", str(away / "t.yaml")).code == 0
    assert (away / "tsudoi.jpg").exists()
    (tmp_path / "tsudoi.jpg").unlink()
    assert run("broadcast", "draft", "schedule", "冬の集い").code == 0
    assert run("broadcast", "draft", "list", "--json").json != []
    done = run("broadcast", "draft", "schedule", "冬の集い", "--at", "2026-12-04 10:00", "--yes")
    with opened.look() as work:
        made = broadcasts.get(work, done.last_line)
        assert broadcast_drafts.listed(work) == ()
    assert made is not None
    assert len(made.messages) == 3


def test_a_draft_may_still_have_mistakes_but_is_not_scheduled(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "kaki.md"
    path.write_text("---\ntitle: 書きかけ\n---\n{nam}さん\n", "utf-8")
    saved = run("broadcast", "draft", "save", str(path))
    assert (saved.code, "直すところが 1" in saved.err) == (0, True)
    assert "1 か所" in run("broadcast", "draft", "list").out
    refused = run(
        *("broadcast", "draft", "schedule", "書きかけ", "--at", "2026-12-04 10:00"),
        *("--to", "everyone", "--yes"),
    )
    assert (refused.code, "下書き「書きかけ」:4" in refused.err) == (1, True)


def test_a_draft_is_deleted_only_with_yes_and_a_wrong_name_has_the_nearest(run: Run, file: str) -> None:
    run("broadcast", "draft", "save", file)
    wrong = run("broadcast", "draft", "delete", "冬の集")
    assert (wrong.code, "冬の集い" in wrong.err) == (1, True)
    assert run("broadcast", "draft", "delete", "冬の集い").code == 0
    assert len(run("broadcast", "draft", "list", "--json").json) == 1
    assert run("broadcast", "draft", "delete", "冬の集い", "--yes").code == 0
    assert run("broadcast", "draft", "list", "--json").json == []


# ---- care --------------------------------------------------------------------------------------------------


def test_whoever_approves_sees_every_form(run: Run, by_day: Traveller, file: str) -> None:
    one = run(
        *("broadcast", "schedule", "--file", file, "--as", "山田", "--yes"), BROADCAST_APPROVAL_ABOVE="1"
    )
    approving = ("broadcast", "approve", one.out.split("broadcast approve ")[1].split()[0], "--as", "佐藤")
    said = run(*approving, BROADCAST_APPROVAL_ABOVE="1")
    assert all(word in said.out for word in ("カード1枚", "絵: もよおし", "英語 1通目"))


def test_a_test_shows_the_pictures_and_counts_nothing(run: Run, opened: Database, file: str) -> None:
    from storage import staff

    with opened.work() as work:
        made = staff.add(work, login="yamada", name="山田", windows=("tottori_chuo_jinken",))
        staff.join_person(work, made.id, people.lock(work, "default", f"U{0:032x}").id)
    assert run("broadcast", "test", "--file", file, "--as", "yamada").code == 0
    with opened.work() as work:
        (row,) = outbox.claim(work, 10)
        outbox.settle(work, row.id, "accepted")
    mark, text, cards, picture, stop = row.body["messages"]
    assert "https://www.example.lg.jp/" in text["text"]
    assert text["text"].startswith("鳥取市")
    assert "/b/" in cards["contents"]["hero"]["url"]
    assert picture["type"] == "image"
    assert (mark["type"], stop["type"]) == ("text", "text")
    assert run("broadcast", "test", "--file", file, "--language", "英語", "--as", "yamada").code == 0
