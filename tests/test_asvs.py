"""docs/asvs.md: every requirement once, nothing proved by what is not there; and what it says of the whole repository."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")
ANSWERS = {"yes", "partly", "operator", "n/a", "no"}
# Requirements of level 1 and of level 2 in each chapter of ASVS 5.0.0; 70 and 183 in all.
COUNTS = {
    "V1": (8, 19), "V2": (4, 7), "V3": (8, 11), "V4": (2, 8), "V5": (4, 5), "V6": (13, 22), "V7": (6, 12),
    "V8": (4, 3), "V9": (4, 3), "V10": (5, 24), "V11": (3, 11), "V12": (3, 6), "V13": (1, 12), "V14": (2, 7),
    "V15": (3, 10), "V16": (0, 16), "V17": (0, 7),
}  # fmt: skip
ROW = re.compile(r"^\| (V\S+) \| (\S+) \| (.+?) \| (\S+) \| (.+?) \|$", re.M)
ROWS = ROW.findall(PAGE)
CODE = re.compile(r"`([^`\n]+)`")
OUR_FILE = re.compile(r"[\w./-]+\.(?:py|md|yaml|txt|toml|html|js)|Makefile|\.ci/run")

OURS = [path for room in ("bot", "storage", "jobs", "simulator") for path in (ROOT / room).rglob("*.py")]
DANGEROUS = {  # what may not be called anywhere: evaluating, unpickling, starting programs, weak hashes, debug modes
    *("eval", "exec", "os.system", "os.popen", "pickle.load", "pickle.loads", "marshal.loads"),
    *("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_output"),
    *("hashlib.md5", "hashlib.sha1", "yaml.unsafe_load", "app.run"),
}
STARTS_ITSELF = {"bot/cli/demo.py"}  # starts our own commands, from a list and without a shell

KEY_LIKE = {  # what a key or a token looks like
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "a key of TSUNAGARI_KEYS": re.compile(r"\b[\w-]{1,32}:[A-Za-z0-9+/]{43}="),
    "a token of LINE, GitHub or AWS": re.compile(
        r"[A-Za-z0-9+/]{150,}={0,2}|\bgh[pousr]_\w{36}|\bAKIA[0-9A-Z]{16}\b"
    ),
    "a password in an address": re.compile(
        r"\b[a-z+]+://[^\s:/@'\"`{<]+:[^\s/@'\"`{<…*]{6,}@(?!127\.|localhost)"
    ),
}
NO_SECRETS = {  # invented passwords, to see that none is shown
    "tests/storage/test_opening_a_database.py",
    "tests/test_mailer.py",
}


def proofs(words: str) -> list[str]:
    """The files and tests that a row or a page names."""
    return [code for code in CODE.findall(words) if OUR_FILE.fullmatch(code.split("::")[0])]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def is_missing(proof: str) -> bool:
    file, _, name = proof.partition("::")
    return not (ROOT / file).is_file() or (name != "" and name not in names_in(file))


def test_every_requirement_of_levels_1_and_2_stands_there_once() -> None:
    ids = [row[0] for row in ROWS]
    assert len(ids) == len(re.findall(r"^\| V\d", PAGE, re.M)), "a row has another shape"
    assert [each for each, times in Counter(ids).items() if times > 1] == []
    assert [each for each in ids if not re.fullmatch(r"V([1-9]|1[0-7])\.[1-9]\.([1-9]|1\d)", each)] == []
    found = Counter((each.partition(".")[0], level) for each, level, *_ in ROWS)
    assert {chapter: (found[chapter, "1"], found[chapter, "2"]) for chapter in COUNTS} == COUNTS
    assert len(ids) == sum(map(sum, COUNTS.values())) == 253


def test_they_stand_in_their_order() -> None:
    numbers = [[int(part) for part in each[1:].split(".")] for each, *_ in ROWS]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_an_answer_is_proved_by_what_is_there(row: tuple[str, ...]) -> None:
    _, _, _, answer, where = row
    assert answer in ANSWERS
    if answer in ("yes", "operator"):
        assert proofs(where), "names no file"
    assert [proof for proof in proofs(where) if is_missing(proof)] == []


def test_the_summary_counts_right() -> None:
    said = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.M)
    found = Counter((answer, level) for _, level, _, answer, _ in ROWS)
    assert said == [
        (answer, str(one), str(two), str(one + two))
        for answer in ("yes", "partly", "operator", "n/a", "no")
        for one, two in [(found[answer, "1"], found[answer, "2"])]
    ]


@pytest.mark.parametrize("page", ["docs/asvs.md", "docs/threat-model.md", "docs/line-guideline.ja.md"])
def test_every_file_and_test_that_these_pages_name_is_there(page: str) -> None:
    named = proofs((ROOT / page).read_text("utf-8"))
    assert len(named) >= 5
    assert [each for each in named if "/" in each and is_missing(each)] == []


# ---- what the list says of the repository as a whole -----------------------------------------------------


def test_nothing_dangerous_is_called() -> None:
    found = [
        f"{name}: {ast.unparse(call.func)}"
        for path in OURS
        if (name := path.relative_to(ROOT).as_posix()) not in STARTS_ITSELF
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and (ast.unparse(call.func) in DANGEROUS or "shell=True" in map(ast.unparse, call.keywords))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["runtime", "dev", "tools"])
def test_every_dependency_is_pinned_by_hash(name: str) -> None:
    """pip's --require-hashes refuses what has none; here it is seen before anybody installs."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 20
    pin = re.compile(r"[\w.-]+==\S+( ;[^#]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line[:60] for line in lines if not pin.fullmatch(line)] == []


def files_of_the_repository() -> list[Path]:
    """What git has, or would take: nothing that .gitignore names."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git here")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_holds_something_like_a_key() -> None:
    """By pattern: it finds what was pasted by mistake, not what was hidden on purpose."""
    found = []
    for path in files_of_the_repository():
        name = path.relative_to(ROOT).as_posix()
        if name in NO_SECRETS or path.suffix in (".png", ".ttf", ".gz", ".pdf"):
            continue
        text = path.read_text("utf-8", "replace")
        found += [
            f"{name}: {what}: {hit[0][:12]}…" for what, sign in KEY_LIKE.items() if (hit := sign.search(text))
        ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "k2026:" + "A" * 43 + "=",
        "a1b2" * 43 + "/w1cDnyilFU=",
        "postgresql://tsunagari:" + "hunter2hunter2@db.example/x",
    ],
)
def test_the_search_would_find_one(planted: str) -> None:
    assert [what for what, sign in KEY_LIKE.items() if sign.search(planted)]
