"""`db backup` and `db restore` at the terminal: one file out, one file in, and one clear line where not."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import Run, Said

from bot.cli import db_backup
from storage import audit, people, staff, switches
from storage.crypto import cipher_from, new_key
from storage.database import open_database
from storage.work import Database

BACKUP = new_key("b1")


@pytest.fixture
def env(env: dict[str, str]) -> dict[str, str]:
    return {**env, "TSUNAGARI_BACKUP_KEY": BACKUP}


@pytest.fixture
def file(run: Run, opened: Database, tmp_path: Path) -> Path:
    """A backup of a database with one person in it."""
    with opened.work() as work:
        people.lock(work, "default", "U" + "1" * 32)
    made = tmp_path / "one.backup"
    assert run("db", "backup", str(made)).code == 0
    return made


def rows_of(env: dict[str, str], path: Path) -> int:
    db = open_database(f"sqlite:///{path}", cipher_from(env["TSUNAGARI_KEYS"]))
    with db.look() as work:
        count = len(work.conn.execute(people.people.select()).all())
    db.close()
    return count


def refused(said: Said) -> str:
    assert said.code == 1
    assert "Traceback" not in said.err
    return said.err


def test_a_backup_is_for_its_owner_alone_and_tells_what_is_in_it(
    run: Run, file: Path, opened: Database
) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    told = run("db", "backup", str(file), "--check", "--json").json
    assert told["tables"]["people"]["rows"] == 1
    assert told["keys"].keys() == {"t1"}
    assert [each.name for each in file.parent.iterdir() if ".part" in each.name] == []
    with opened.work() as work:
        newest = audit.listed(work)[0]
        assert (newest.deed, newest.subject_id) == ("backed_up", told["id"])


def test_an_existing_file_is_only_replaced_when_that_is_said(run: Run, file: Path) -> None:
    before = file.read_bytes()
    assert "もうあります" in refused(run("db", "backup", str(file)))
    assert file.read_bytes() == before
    assert run("db", "backup", str(file), "--force").code == 0
    assert file.read_bytes() != before


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(file.parent.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(db_backup, "write", full)
    assert "No space left" in refused(run("db", "backup", str(file.with_name("two.backup"))))
    assert sorted(file.parent.iterdir()) == before
    assert "フォルダー" in refused(run("db", "backup", str(file.parent / "nowhere" / "a.backup")))


def test_the_backup_s_key_is_another_one_than_that_of_the_data(run: Run, tmp_path: Path) -> None:
    assert run("key", "new", "--backup").out.startswith("b")
    to = str(tmp_path / "a.backup")
    for wrong, why in (
        (None, "tsunagari key new --backup"),
        ("b1:short", "TSUNAGARI_BACKUP_KEY"),
        (run("key", "new").out.strip(), None),
    ):
        more = {"TSUNAGARI_BACKUP_KEY": wrong}
        if why is None:
            more |= {"TSUNAGARI_KEYS": wrong, "DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.db'}"}
        assert (why or "holds a key of TSUNAGARI_KEYS") in refused(run("db", "backup", to, **more))
        assert not Path(to).exists()


def test_restoring_is_a_dry_run_until_it_is_meant(
    run: Run, file: Path, tmp_path: Path, env: dict[str, str]
) -> None:
    fresh = tmp_path / "fresh.db"
    to = {"DATABASE_URL": f"sqlite:///{fresh}"}
    said = run("db", "restore", str(file), **to)
    assert "下見" in said.out
    assert "まだありません" in said.out
    assert not fresh.exists()
    assert "送信は止めています" in run("db", "restore", str(file), "--yes", **to).out
    assert rows_of(env, fresh) == 1
    assert run("db", "sending", "--json", **to).json["paused"].startswith("控えから復元しました")
    assert "変えられていません" in run("audit", "verify", **to).out


def test_a_database_with_data_is_replaced_only_when_that_is_said_and_then_kept_beside(
    run: Run, file: Path, opened: Database, env: dict[str, str]
) -> None:
    with opened.work() as work:
        people.lock(work, "default", "U" + "2" * 32)
    opened.close()
    assert "データがあります" in run("db", "restore", str(file)).out
    assert "--replace" in refused(run("db", "restore", str(file), "--yes"))
    told = run("db", "restore", str(file), "--replace", "--yes", "--json").json
    here = Path(env["DATABASE_URL"].removeprefix("sqlite:///"))
    assert (rows_of(env, here), rows_of(env, Path(told["kept"]))) == (1, 2)
    assert not list(here.parent.glob("*.restoring*"))


def test_a_database_in_use_is_not_replaced(
    run: Run, file: Path, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.restore.PATIENCE", 0)
    with opened.look() as work:
        staff.listed(work)
        assert "止めてから" in refused(run("db", "restore", str(file), "--replace", "--yes"))
    with opened.look() as work:
        assert switches.sending_paused(work) is None


def test_a_replacement_that_fails_leaves_the_old_database(
    run: Run, file: Path, opened: Database, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.close()

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("storage.restore._settle", fails)
        run("db", "restore", str(file), "--replace", "--yes")
    here = Path(env["DATABASE_URL"].removeprefix("sqlite:///"))
    assert rows_of(env, here) == 1
    assert [each.name for each in here.parent.iterdir() if "before" in each.name] == []
    assert "送信しています" in run("db", "sending").out


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        (lambda raw: raw[:5000], "こわれています"),
        (lambda raw: raw[:60], "途中で切れています"),
        (lambda raw: raw[:200] + bytes([raw[200] ^ 1]) + raw[201:], "こわれています"),
        (lambda _: b"PK\x03\x04 something else", "tsunagari の控えではありません"),
    ],
)
@pytest.mark.parametrize("command", [("restore", "--yes"), ("backup", "--check")])
def test_a_spoilt_file_is_told_in_one_line_and_touches_nothing(
    run: Run, file: Path, tmp_path: Path, spoilt: object, why: str, command: tuple[str, ...]
) -> None:
    assert callable(spoilt)
    bad, fresh = tmp_path / "bad.backup", tmp_path / "fresh.db"
    bad.write_bytes(spoilt(file.read_bytes()))
    noun, option = command
    said = run("db", noun, str(bad), option, DATABASE_URL=f"sqlite:///{fresh}")
    assert why in refused(said)
    assert not fresh.exists()


def test_wrong_keys_are_told_apart_and_touch_nothing(run: Run, file: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.db"
    for more, why in (
        ({"TSUNAGARI_BACKUP_KEY": new_key("b1")}, "鍵「b1」では開けません"),
        ({"TSUNAGARI_BACKUP_KEY": new_key("b2")}, "ここにない鍵「b1」"),
        ({"TSUNAGARI_KEYS": new_key("t2")}, "この控えの個人情報を開けません"),
        ({"TSUNAGARI_KEYS": new_key("t1")}, "この控えの個人情報を開けません"),
    ):
        said = run("db", "restore", str(file), "--yes", DATABASE_URL=f"sqlite:///{fresh}", **more)
        assert why in refused(said)
        assert not fresh.exists()
