"""Which of 400 schemes with 40 conditions each fit one household's answers: ours beside three rule engines.

Run it:

    .venv/bin/python benchmarks/handbook_rules.py                     # installs them into a throw-away folder
    .venv/bin/python benchmarks/handbook_rules.py --libraries FOLDER  # … or into a folder that is kept

The others are json-logic-qubit, business-rules and zen-engine from PyPI; the project does not need them. Each is given
the same rules in the form that suits it best, prepared beforehand: one truth value per answer for all three, and for
zen-engine one compiled expression for all schemes, so that the answers cross to Rust once. All four are asked in turn
about the same households; what fits must be the same or the run ends. Ours does more in its time: it also puts the
schemes in order, says which answers led to each and which conditions are still to confirm. "Only what fits" is the
part of it that the others do.

Printed: milliseconds of processor time per household (the best of the rounds: other work on the machine must not
decide), and the ratio to ours. First for the generated table, then for the schemes that are shipped.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

from bot.content.conditions import Answers, Token
from bot.content.library import peek_content
from bot.content.questions import HandbookQuestion
from bot.content.schemes import Scheme
from bot.handbook.fitting import NOT_KNOWING, Conditions
from bot.handbook.recommend import Catalogue

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("json-logic-qubit==0.9.1", "business-rules==1.1.1", "zen-engine==2.1.3")
TODAY = date(2026, 11, 22)
SCHEMES, LEADS, GROUPS, IN_GROUP, EXCLUDED = 400, 14, 3, 6, 8
"""14 answers that lead to a scheme, 3 groups of 6 that are needed, 8 that rule it out: 40 conditions."""
HOUSEHOLDS, ROUNDS = 20, 15

Facts = Mapping[str, bool]
Ask = Callable[[Facts], set[int]]


@dataclass(frozen=True)
class Household:
    """The same answers for us, and for the others as truth values: `Q7_bill`, and `Q9_open` for not known."""

    answers: Answers
    facts: Facts


def generated(examples: Sequence[Scheme], questions: Sequence[HandbookQuestion]) -> list[Scheme]:
    """400 schemes with the words and groups of the shipped ones and 40 conditions each, always the same."""
    dice = random.Random(20261122)  # noqa: S311  # no secret, a table
    tokens = [(q.code, o.code) for q in questions for o in q.options if o.code not in NOT_KNOWING]
    table = []
    for number in range(SCHEMES):
        drawn = dice.sample(tokens, LEADS + GROUPS * IN_GROUP + EXCLUDED)
        leads, needed, excluded = drawn[:LEADS], drawn[LEADS:-EXCLUDED], drawn[-EXCLUDED:]
        groups = [needed[place : place + IN_GROUP] for place in range(0, len(needed), IN_GROUP)]
        table.append(
            replace(
                examples[number % len(examples)],
                id=f"generated-{number:03}",
                show_if_any=tuple((token,) for token in leads),
                require=tuple(frozenset(group) for group in groups),
                perhaps=(),
                exclude=frozenset(excluded),
            )
        )
    return table


def households(questions: Sequence[HandbookQuestion]) -> list[Household]:
    """Ten to fourteen questions answered by each, with one to three choices where several are allowed."""
    dice = random.Random(5)  # noqa: S311
    conditions = Conditions((), questions)
    found = []
    for _ in range(HOUSEHOLDS):
        answers = {}
        for question in dice.sample([q for q in questions if q.options], dice.randint(10, 14)):
            codes = [option.code for option in question.options]
            count = dice.randint(1, 3) if question.multiple else 1
            answers[question.code] = frozenset(dice.sample(codes, count))
        facts = {
            f"{q.code}_{o.code}": o.code in answers.get(q.code, ()) for q in questions for o in q.options
        }
        facts |= {f"{q.code}_open": conditions.is_unknown(q.code, answers) for q in questions}
        found.append(Household(answers, facts))
    return found


# ---- the same rules for each engine --------------------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """A scheme as names of truth values: one way in, one of each group, none of the excluded."""

    ways: tuple[tuple[str, ...], ...]
    groups: tuple[tuple[str, ...], ...]
    excluded: tuple[str, ...]


def rules_of(scheme: Scheme) -> Rules:
    def name(token: Token) -> str:
        return f"{token[0]}_{token[1]}"

    groups = [
        (*sorted(map(name, group | perhaps)), *sorted({f"{question}_open" for question, _ in group}))
        for group, perhaps in scheme.needs
    ]
    ways = tuple(tuple(map(name, together)) for together in scheme.show_if_any)
    return Rules(ways, tuple(groups), tuple(sorted(map(name, scheme.exclude))))


def json_logic(table: Sequence[Rules]) -> Ask:
    from json_logic import jsonLogic  # type: ignore[import-not-found]

    def one_of(names: Sequence[str]) -> dict[str, Any]:
        return {"or": [{"var": name} for name in names]}

    def written(rules: Rules) -> dict[str, Any]:
        ways = [
            {"and": [{"var": name} for name in way]} if len(way) > 1 else {"var": way[0]}
            for way in rules.ways
        ]
        parts: list[dict[str, Any]] = [{"or": ways}, *map(one_of, rules.groups)]
        if rules.excluded:
            parts.append({"!": [one_of(rules.excluded)]})
        return {"and": parts}

    logics = [written(rules) for rules in table]
    return lambda facts: {place for place, logic in enumerate(logics) if jsonLogic(logic, facts)}


def business_rules(table: Sequence[Rules], names: Sequence[str]) -> Ask:
    from business_rules import run_all  # type: ignore[import-not-found]
    from business_rules.actions import BaseActions, rule_action  # type: ignore[import-not-found]
    from business_rules.fields import FIELD_NUMERIC  # type: ignore[import-not-found]
    from business_rules.variables import BaseVariables, boolean_rule_variable  # type: ignore[import-not-found]

    class Shown(BaseActions):  # type: ignore[misc]
        def __init__(self) -> None:
            self.places: set[int] = set()

        @rule_action(params={"place": FIELD_NUMERIC})  # type: ignore[untyped-decorator]
        def show(self, place: int) -> None:
            self.places.add(place)

    def reader(name: str) -> Any:
        def fact(self: Any) -> bool:
            return bool(self.facts[name])

        fact.__name__ = name
        return boolean_rule_variable()(fact)

    readers = {name: reader(name) for name in names}
    given = type(
        "Given", (BaseVariables,), {**readers, "__init__": lambda self, facts: setattr(self, "facts", facts)}
    )

    def is_(operator: str, name: str) -> dict[str, Any]:
        return {"name": name, "operator": operator, "value": True}

    def written(rules: Rules) -> dict[str, Any]:
        ways = [
            {"all": [is_("is_true", name) for name in way]} if len(way) > 1 else is_("is_true", way[0])
            for way in rules.ways
        ]
        groups = [{"any": [is_("is_true", name) for name in group]} for group in rules.groups]
        return {"all": [{"any": ways}, *groups, *(is_("is_false", name) for name in rules.excluded)]}

    listed = [
        {"conditions": written(rules), "actions": [{"name": "show", "params": {"place": place}}]}
        for place, rules in enumerate(table)
    ]

    def ask(facts: Facts) -> set[int]:
        shown = Shown()
        run_all(listed, given(facts), shown)
        return shown.places

    return ask


def zen_engine(table: Sequence[Rules]) -> Ask:
    import zen  # type: ignore[import-not-found]

    def written(rules: Rules) -> str:
        ways = " or ".join(f"({' and '.join(way)})" for way in rules.ways)
        groups = [f"({' or '.join(group)})" for group in rules.groups]
        excluded = [f"not ({' or '.join(rules.excluded)})"] if rules.excluded else []
        return " and ".join((f"({ways})", *groups, *excluded))

    expression = zen.compile_expression(f"[{', '.join(map(written, table))}]")
    return lambda facts: {place for place, fits in enumerate(expression.evaluate(facts)) if fits}


# ---- the race ------------------------------------------------------------------------------------------------


def race(title: str, schemes: Sequence[Scheme], questions: Sequence[HandbookQuestion]) -> None:
    catalogue, conditions = Catalogue(schemes, questions), Conditions(schemes, questions)
    people = households(questions)
    table = [rules_of(scheme) for scheme in schemes]
    place_of = {scheme.id: place for place, scheme in enumerate(schemes)}

    def ours(household: Household) -> set[int]:
        result = catalogue.recommend(household.answers, None, TODAY)
        shown = (*result.safety, *result.hubs, *result.chosen, *result.others)
        return {place_of[one.scheme.id] for one in shown}

    def theirs(ask: Ask) -> Callable[[Household], set[int]]:
        return lambda household: ask(household.facts)

    engines = {
        "tsunagari": ours,
        "  only what fits": lambda household: {fit.place for fit in conditions.fitting(household.answers)},
        "json-logic-qubit": theirs(json_logic(table)),
        "business-rules": theirs(business_rules(table, list(people[0].facts))),
        "zen-engine": theirs(zen_engine(table)),
    }
    expected = [ours(household) for household in people]
    for name, engine in engines.items():
        if [engine(household) for household in people] != expected:
            raise SystemExit(f"{title}: {name} finds other schemes than we do")
    best = dict.fromkeys(engines, float("inf"))
    for _ in range(ROUNDS):
        for name, engine in engines.items():
            best[name] = min(best[name], timed(engine, people))
    conditions = sum(1 for scheme in schemes for _ in scheme.tokens()) / len(schemes)
    shown = sum(map(len, expected)) / len(expected)
    print(f"{title}: {len(schemes)} schemes, {conditions:.0f} conditions each, {shown:.0f} of them fit")
    for name, milliseconds in best.items():
        print(f"  {name:<17}{milliseconds:8.3f} ms   {milliseconds / best['tsunagari']:7.1f} x")


def timed(engine: Callable[[Household], set[int]], people: Sequence[Household]) -> float:
    began = process_time()
    for household in people:
        engine(household)
    return (process_time() - began) * 1_000 / len(people)


@contextmanager
def libraries(folder: Path | None) -> Iterator[None]:
    """The other engines on the path, installed where they are not there yet."""
    with tempfile.TemporaryDirectory() as thrown_away:
        where = folder or Path(thrown_away)
        if not (where / "zen").is_dir():
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(where), *LIBRARIES]
            subprocess.run(install, check=True)  # noqa: S603  # our own list
        sys.path.append(str(where))
        yield


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--libraries", type=Path, help="a folder for the other engines that is kept")
    content = peek_content(ROOT / "content")
    shipped = [
        scheme for scheme in content.catalogue.schemes if scheme.town is None and scheme.valid_on(TODAY)
    ]
    with libraries(wanted.parse_args().libraries):
        race("generated", generated(shipped, content.questions), content.questions)
        race("shipped", shipped, content.questions)


if __name__ == "__main__":
    main()
