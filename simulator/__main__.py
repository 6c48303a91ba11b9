"""`python -m simulator`: the stand-in for LINE alone.

python -m simulator --port 8090 --bot http://127.0.0.1:8000/callback --secret S --token T
python -m simulator --bots bots.json     (a list of objects: id, name, secret, token, webhook_url …)
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from simulator.app import PEOPLE, run
from simulator.platform import Bot


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A LINE platform on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--bots", type=Path, help="JSON file with several bots")
    parser.add_argument("--bot", default="http://127.0.0.1:8000/callback", help="webhook address of one bot")
    parser.add_argument("--name", default="つながり")
    parser.add_argument("--secret", default="simulated-secret", help="channel secret of that bot")
    parser.add_argument("--token", default="simulated-token", help="channel access token of that bot")
    parser.add_argument("--people", nargs="*", default=list(PEOPLE), help="names of the people to play")
    given = parser.parse_args()
    if given.bots:
        bots = [Bot(**each) for each in json.loads(given.bots.read_text(encoding="utf-8"))]
    else:
        bots = [Bot("default", given.name, given.secret, given.token, given.bot)]
    print(
        f"LINE stand-in: http://{given.host}:{given.port}/  (LINE_API_BASE=http://{given.host}:{given.port})"
    )
    run(given.port, bots, given.people, given.host)


if __name__ == "__main__":
    main()
