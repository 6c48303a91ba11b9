"""A LINE platform on this machine: the Messaging API, as strict as LINE, and a phone in the browser.

`Simulator([Bot(...)])` runs it in a thread; `run(port, bots)` until Ctrl-C; `python -m simulator` alone.
"""

from simulator.app import Simulator, create_app, run
from simulator.platform import Bot

__all__ = ["Bot", "Simulator", "create_app", "run"]
