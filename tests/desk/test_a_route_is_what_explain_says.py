"""Over random tables of desks: the chat shows, the concern keeps and `route explain` names the same desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from desks import ALWAYS, OFFICE, desk, general
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surroundings import Clock
from town import PUBLIC_URL, TOKYO, context, the_content, town_on_sqlite

from bot.cli.route import _explained
from bot.content.hours import WeeklyHours, parse_hours
from bot.content.places import Window, route
from bot.desk import opening
from bot.flows import FLOWS
from bot.flows.engine import Asking, play
from bot.wording import words_of
from storage import concerns
from storage.crypto import Cipher

ODD: WeeklyHours = parse_hours({"spans": [{"days": ["wed"], "from": "13:00", "to": "13:30"}, {"month_days": [31],
    "from": "22:00", "to": "06:00"}], "closed_dates": ["2026-12-30"]})  # fmt: skip
KEYS = ("a", "b", "c", "d")
KINDS = ("safety", "dv", "poverty", "child_abuse")
SINCE = dt.datetime(2026, 12, 28, tzinfo=TOKYO)
hours = st.sampled_from([OFFICE, ALWAYS, ODD, None])


@st.composite
def desks_of_two_towns(draw: st.DrawFn) -> tuple[Window, ...]:
    """Own, shared, given up, replaced, for some levels, without recipients, relieved at night: all mixed."""
    drawn = []
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
        active = draw(st.booleans()) or draw(st.booleans())
        drawn.append(
            desk(
                key,
                draw(st.sampled_from(["iwami", "iwami wakasa", "wakasa"])),
                draw(st.sampled_from(["all", "", *KINDS, "safety dv"])),
                levels=draw(st.sampled_from([(), (), (0, 1), (2, 3)])),
                recipients=draw(st.sampled_from([(), (f"{key}@iwami.example",)])),
                hours=draw(hours),
                active=active,
                replaced_by=None if active else draw(st.sampled_from([None, *KEYS, "general"])),
                after_hours_desk=draw(st.sampled_from([None, *KEYS])),
            )
        )
    drawn.append(
        general("iwami wakasa", hours=draw(hours), after_hours_desk=draw(st.sampled_from([None, *KEYS])))
    )
    return tuple(drawn)


def test_the_chat_the_concern_and_explain_agree(
    migrated_sqlite: Path, tmp_path: Path, cipher: Cipher, clock: Clock
) -> None:
    house = town_on_sqlite(migrated_sqlite, tmp_path, cipher, clock)

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        windows=desks_of_two_towns(),
        town=st.sampled_from(["iwami", "wakasa"]),
        kind=st.sampled_from(KINDS),
        danger=st.sampled_from(["now", "no"]),
        minutes=st.integers(0, 9 * 24 * 60),
    )
    def agree(windows: tuple[Window, ...], town: str, kind: str, danger: str, minutes: int) -> None:
        others = tuple(w for w in the_content().windows if not {"iwami", "wakasa"} & set(w.serves))
        content = replace(the_content(), windows=(*windows, *others))
        now = SINCE + dt.timedelta(minutes=minutes)
        clock.now = now.astimezone(dt.UTC)
        ctx = replace(
            context(now=now), content=content, towns=(content.town("iwami"), content.town("wakasa"))
        )
        answers = {"danger": danger, "call": "called", "town": town, "kind": kind, "since": "days", "knows": "unaware",
                   "more_poverty": "no"}  # fmt: skip
        asked = play(FLOWS["concern"].function, ctx, answers)
        assert isinstance(asked, Asking)
        assert asked.question.key == "send", asked.question.key
        shown = words_of(asked.question, "concern", content.texts)
        level = 0 if danger == "now" else content.concern_kinds[kind].level
        with house.services.db.work() as work:
            kept = opening.open_concern(
                work, content, PUBLIC_URL, now, channel="default", person_id=None, town=town, district=None, kind=kind,
                level=level, since="days", subject_knows="unaware",
            )  # fmt: skip
        with house.services.db.look() as work:
            kept = concerns.get(work, kept.id) or kept
        way = route(content.windows, town, kind, level, now)
        explained = _explained(way, content, now)
        assert explained["window"]["key"] == explained["frozen"]["reader"] == kept.window == kept.routed_to
        assert kept.route == explained["frozen"]
        assert content.windows_by_key[kept.window].name in str(shown)
        assert content.windows_by_key[kept.window].active

    check: Callable[[], None] = agree
    check()
