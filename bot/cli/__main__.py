"""`python -m bot.cli`: the command `tsunagari` without its script."""

from bot.cli import main

main()
