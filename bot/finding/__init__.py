"""Finding schemes by words that people type: 「家賃が払えない」. Pure; nothing of what was typed is kept."""

from bot.finding.finder import Finder, Finding, Found, Sought
from bot.finding.synonyms import Synonyms, load_synonyms

__all__ = ["Finder", "Finding", "Found", "Sought", "Synonyms", "load_synonyms"]
