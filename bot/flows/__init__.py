"""One file per conversation; this room finds them: a new flow is one Python file and one YAML file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass

from bot.flows.engine import FlowFunction

_VOCABULARY = {"talk", "engine", "context", "effects", "rules", "sending"}


@dataclass(frozen=True)
class Flow:
    """A conversation: its name (file, function and texts are called alike) and its function."""

    name: str
    function: FlowFunction

    @property
    def purpose(self) -> str:
        """The first line of the file, for lists and drawings."""
        doc = inspect.getdoc(inspect.getmodule(self.function)) or ""
        return doc.splitlines()[0] if doc else self.name


def _find() -> dict[str, Flow]:
    flows = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name not in _VOCABULARY:
            function = getattr(importlib.import_module(f"{__name__}.{module.name}"), module.name)
            flows[module.name] = Flow(module.name, function)
    return flows


FLOWS: Mapping[str, Flow] = _find()
