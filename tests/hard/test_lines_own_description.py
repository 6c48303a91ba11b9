"""Bodies that schemathesis makes from LINE's own description of its webhook: none of them is answered with a 5xx.

The description lies outside of this repository (`TSUNAGARI_FACTS` or ../shared/facts). schemathesis is what the
issue names: it reads OpenAPI with its references and discriminators, which plain hypothesis would have to be taught.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from serving import Served

schemathesis = pytest.importorskip(
    "schemathesis", reason="SCHEMATHESIS IS NOT INSTALLED: LINE's description was NOT tried"
)
FACTS = Path(os.environ.get("TSUNAGARI_FACTS", Path(__file__).parents[2].parent / "shared" / "facts"))
FILE = FACTS / "webhook.yml"
pytestmark = pytest.mark.skipif(
    not FILE.is_file(),
    reason=f"LINE'S DESCRIPTION OF ITS WEBHOOK IS NOT AT {FILE}: nothing was made from it (set TSUNAGARI_FACTS)",
)


def cases(mode: Any) -> st.SearchStrategy[Any]:
    """Bodies as LINE describes them, or such that break the description."""
    described = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    operation = schemathesis.openapi.from_dict(described)["/callback"]["POST"]
    return operation.as_strategy(generation_mode=mode)


@pytest.mark.parametrize("many", [60, pytest.param(5_000, marks=pytest.mark.hard)])
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_no_body_after_lines_description_is_our_mistake(service: Served, mode: str, many: int) -> None:
    said: list[int] = []

    @settings(
        max_examples=many,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(schemathesis.GenerationMode[mode]))
    def post(case: Any) -> None:
        body = case.body if isinstance(case.body, bytes) else json.dumps(case.body, default=str).encode()
        said.append(service.posts(body))
        assert said[-1] in (200, 400, 413)

    post()
    print(f"{mode}: {len(said)} bodies, {said.count(200)} taken")
    assert len(said) >= many // 2
    assert service.figure("tsunagari_events_total", outcome="poisoned") == 0
    assert service.is_ready()
