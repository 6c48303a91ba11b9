"""Words of danger: found by rules, in every state of every conversation, before anything else is said.

A safety net, not a diagnosis. Two axes: about whom (the writer, somebody else, both) and how near. Pure: the same
text and lexicon always give the same answer, and the answer says which rule and which words decided.
"""

from __future__ import annotations

from bot.crisis.detection import Danger, Who, detect
from bot.crisis.lexicon import CATEGORIES, Level, Lexicon, load_lexicon

__all__ = ["CATEGORIES", "Danger", "Level", "Lexicon", "Who", "detect", "load_lexicon"]
