"""Every command about concerns leaves its line in the audit; one that is not in this list fails."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer.main
from office import IWAMI, SUPPORT, report
from terminal import Run

from bot.cli import build, concern
from storage import audit, concerns, handons, retention
from storage.concerns import Concern
from storage.work import Database

AS = ("--as", "山田")
LEAVES: dict[str, tuple[tuple[str, ...], str]] = {  # command: what is typed after the number, and the deed
    "list": ((), "listed"),
    "show": ((), "looked"),
    "accept": (AS, "accept"),
    "close": (("--outcome", "none", "--yes", *AS), "close"),
    "note": (("--text", "x", *AS), "note"),
    "call": (AS, "call"),
    "level": (("--to", "0", "--text", "x", *AS), "raise_level"),
    "reopen": (("--text", "x", *AS), "reopen"),
    "merge": (("--into", "{other}", "--yes", *AS), "merge"),
    "who-reported": (("--reason", "x", *AS), "open_identity"),
    "hand-on": (("--to", SUPPORT, "--text", "x", *AS), "hand_on"),
    "accept-handon": (AS, "accept_handon"),
    "refuse-handon": (("--reason", "no_hands", "--propose", "wakasa_fukushi_hoken", "--text", "x", *AS), "refuse_handon"),
    "withdraw-handon": (AS, "withdraw_handon"),
    "purge": (("--yes", *AS), "purged"),
    "hold": (("--reason", "x", *AS), "held"),
    "release": (AS, "released"),
    "sheet": (("--out", "{folder}/s.pdf", *AS), "sheet"),
    "meeting": (("--out", "{folder}/m.pdf", *AS), "meeting_without"),
}  # fmt: skip
WITHOUT_NUMBER = ("list", "purge")
ALL = 10_000


def test_every_command_is_listed() -> None:
    group = typer.main.get_command(concern.app)
    assert set(group.commands) == set(LEAVES)  # type: ignore[attr-defined]


def test_other_groups_do_not_open_concerns() -> None:
    """What else reads of them gives figures only; a new group is looked at by whoever adds it here."""
    groups = {group.name for group in build().registered_groups}
    assert groups == {
        "broadcast", "channel", "course", "supporter", "partner", "concern", "crisis", "danger", "route", "staff", "content",
        "richmenu", "flow", "handbook", "report", "audit", "incident", "event", "key", "db", "news",
    }  # fmt: skip


@pytest.mark.parametrize("command", LEAVES)
def test_it_leaves_its_line(
    run: Run, opened: Database, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = report(opened, level=2), report(opened)
    _ready_for(opened, command, one, monkeypatch)
    typed, deed = LEAVES[command]
    number = () if command in WITHOUT_NUMBER else (one.number,)
    before = _lines(opened)
    said = run(
        "concern", command, *number, *(word.format(other=other.number, folder=tmp_path) for word in typed)
    )
    assert said.code == 0, said.err
    fresh = _lines(opened)[len(before) :]
    subject = IWAMI if command == "list" else one.id
    assert any(line.deed == deed and line.subject_id == subject for line in fresh)


@pytest.mark.parametrize(
    "name", ["", " ", "person", "system", "nightly", "staff:123", "cli:root", "a\x1fb\x00"]
)
@pytest.mark.parametrize("command", ["hold", "release", "purge", "sheet", "meeting", "note", "show"])
def test_nobody_signs_any_of_it_with_a_name_that_is_not_theirs(
    run: Run, opened: Database, tmp_path: Path, command: str, name: str
) -> None:
    one = report(opened)
    typed = [word.format(other="", folder=tmp_path) for word in LEAVES[command][0] if word not in AS]
    number = () if command in WITHOUT_NUMBER else (one.number,)
    more = ("--details",) if command == "show" else ()
    assert run("concern", command, *number, *typed, *more, "--as", name).code == 2
    assert _lines(opened) == []


def _ready_for(db: Database, command: str, one: Concern, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.work() as work:
        if command in ("reopen", "purge"):
            closed = concerns.close(work, one, "none")
            assert closed.closed_at is not None
            due = retention.Due(one.id, one.number, one.channel, "none", closed.closed_at)
            monkeypatch.setattr(retention, "due", lambda *_: (due,))
        if command.endswith("-handon"):
            handons.offer(work, one, SUPPORT, "山田", {})
        if command == "release":
            concerns.hold(work, one, True)


def _lines(db: Database) -> list[audit.Entry]:
    with db.look() as work:
        return list(reversed(audit.listed(work, limit=ALL)))
