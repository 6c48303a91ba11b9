"""docs/scale.md says what benchmarks/sizes.py computes; the soak notices what grows; the picture of growth is drawn."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = str(ROOT / "benchmarks")


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Benchmark]]:
    """Modules of benchmarks/, which is no package."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield _Benchmark
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(BENCHMARKS):
            del sys.modules[name]


class _Benchmark:
    def __class_getitem__(cls, name: str) -> ModuleType:
        return importlib.import_module(name)


def test_the_table_in_the_docs_is_the_one_that_is_computed(benchmark: type[_Benchmark]) -> None:
    sizes = benchmark["sizes"]
    computed = sizes.table(
        [sizes.Installation(count, sizes.Town(), sizes.Costs()) for count in (1, 100, 1_700)]
    )
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    said = page.split("<!-- benchmarks/sizes.py -->\n")[1].split("\n<!-- end -->")[0]
    assert said == computed


def test_sizes_follow_from_what_is_assumed(benchmark: type[_Benchmark]) -> None:
    sizes = benchmark["sizes"]
    town = sizes.Town(
        supporters=300, residents=700, events_a_month=30, burst=0.1, burst_events=6, burst_seconds=60
    )
    one = sizes.Installation(1, town, sizes.Costs(event_sqlite_ms=5.0))
    assert (one.people, one.events_a_day, one.peak) == (1_000, 1_000, 10)
    assert one.cores() == pytest.approx(10 * 0.005 * sizes.HEADROOM)
    assert (one.connections, one.web_processes) == (0, 1)
    many = sizes.Installation(100, town, sizes.Costs(event_postgresql_ms=10.0, of_it_postgresql=0.3))
    assert many.peak == 100
    assert many.web_processes == 4  # two machines with two each, though 1.4 cores would do
    assert many.connections == 8 * 30 + 2 * 4 + 20
    assert many.rows["answers"] == 100_000 * 90


def test_the_limits_in_the_computation_are_those_of_the_code(benchmark: type[_Benchmark]) -> None:
    """Pool sizes and days of keeping stand elsewhere; the computation follows them."""
    from storage.data_register import the_register
    from storage.database import new_engine

    sizes = benchmark["sizes"]
    engine = new_engine("postgresql://nobody@127.0.0.1:1/none")
    assert engine.pool.size() + engine.pool._max_overflow == sizes.POOL  # type: ignore[attr-defined]
    kept = the_register().kept
    found = {
        "events": kept["seen_event"].days,
        "answers": kept["sent"].days,
        "recipients": kept["broadcast"].days,
    }
    assert found == sizes.KEPT


# ---- the soak --------------------------------------------------------------------------------------------


def looks(soak: ModuleType, megabytes: list[float], **rows: list[int]) -> list[object]:
    """One look each ten days."""
    return [
        soak.Look(
            number + 1, 10.0 * (number + 1), held, {name: counts[number] for name, counts in rows.items()}
        )
        for number, held in enumerate(megabytes)
    ]


def test_a_soak_with_flat_memory_and_tables_within_their_time_finds_nothing(
    benchmark: type[_Benchmark],
) -> None:
    soak = benchmark["soak"]
    steady = [1_000] * 20
    assert soak.judge(looks(soak, [300.0] * 20, seen_events=steady, outbox=steady)) == []


def test_a_soak_notices_memory_that_grows_after_the_warm_up(benchmark: type[_Benchmark]) -> None:
    soak = benchmark["soak"]
    at_first = [100.0, 200.0, 290.0] + [300.0] * 17
    assert soak.judge(looks(soak, at_first)) == []
    creeping = [300.0 + 3 * number for number in range(20)]
    assert soak.judge(looks(soak, creeping)) == ["memory grew from 309 to 357 MB after the warm-up"]


def test_a_soak_notices_a_table_that_grows_beyond_its_time(benchmark: type[_Benchmark]) -> None:
    soak = benchmark["soak"]
    growing = [1_000 * number for number in range(20)]
    wrong = soak.judge(looks(soak, [300.0] * 20, seen_events=growing))
    assert len(wrong) == 1
    assert wrong[0].startswith("seen_events still grows after 31 days")


def test_a_soak_does_not_judge_what_may_stay_or_has_not_reached_its_time(benchmark: type[_Benchmark]) -> None:
    soak = benchmark["soak"]
    growing = [1_000 * number for number in range(20)]
    assert soak.judge(looks(soak, [300.0] * 20, handbook_months=growing, audit=growing)) == []
    assert soak.kept_for("handbook_months") is None
    assert soak.kept_for("audit") == 3_650
    assert soak.kept_for("broadcast_variants") == soak.kept_for("broadcasts") == 365


def test_every_table_is_pruned_follows_another_or_stays_as_the_register_says(
    benchmark: type[_Benchmark],
) -> None:
    """No table is without a rule for its rows: then the soak would let it grow."""
    from storage.data_register import the_register
    from storage.tables import metadata

    soak = benchmark["soak"]
    for table in metadata.sorted_tables:
        by = {column.kept.by.partition(" ")[0] for column in the_register().of_table(table.name)}
        if soak.kept_for(table.name) is None:
            assert by & {"stays", "erased"}, table.name
        else:
            assert by & {"night", "programme", "parent", "overwritten"}, table.name


# ---- the picture -----------------------------------------------------------------------------------------


def test_the_picture_shows_every_series_and_suits_both_themes(
    benchmark: type[_Benchmark], tmp_path: Path
) -> None:
    picture = benchmark["growth_picture"]
    curves = [picture.Curve("SQLite", {0: 5.0, 100: 6.0, 10_000: 7.5})]
    curves.append(picture.Curve("PostgreSQL", {0: 10.0, 100: 10.0, 10_000: 9.0}))
    panels = [picture.Panel("One event, by events kept", "events", "ms", curves)]
    for name in ("growth.svg", "growth.png"):
        picture.draw(panels, tmp_path / name)
    drawn = (tmp_path / "growth.svg").read_text("utf-8")
    for colour in picture.COLOURS.values():
        assert colour in drawn
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_sizes_without_anything_stand_before_the_first(benchmark: type[_Benchmark]) -> None:
    picture = benchmark["growth_picture"]
    assert picture._places([1_000, 10_000, 100_000]) == [3, 4, 5]
    assert picture._places([0, 1_000, 100_000]) == [1, 3, 5]
