"""「どこに相談すればいい？」: the windows of a town for one trouble, with their phones and hours."""

from __future__ import annotations

from bot.content.languages import JAPANESE
from bot.content.places import route
from bot.flows.context import Context
from bot.flows.effects import Effect, ShowWindows
from bot.flows.rules import ask_town_if_known
from bot.flows.talk import Option, Talk, pick


def whom_to_ask(ctx: Context) -> Talk[list[Effect]]:
    """Town, then trouble."""
    town = (yield from ask_town_if_known(ctx)) or ctx.central_town
    troubles = ctx.content.troubles
    key = yield from pick("trouble", *(Option(t.key, t.label) for t in troubles.values()))
    trouble = troubles[key]
    ways = [route(ctx.content.windows, town, kind) for kind in trouble.kinds]
    of_all = [window.key for way in ways for window in (way.window, *way.also, way.general)]
    japanese = ctx.content.said_in(JAPANESE).troubles[key].label  # it is said at a desk
    about = japanese.removesuffix("のこと")
    windows = tuple(dict.fromkeys(of_all))
    return [ShowWindows(windows, _lines(ctx, windows, trouble.hotlines), about)]


def _lines(ctx: Context, windows: tuple[str, ...], hotlines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines for this trouble; at an hour when nobody is there, also those that always are."""
    content, now = ctx.content, ctx.now
    hours = [content.windows_by_key[key].hours for key in windows]
    lines = [content.hotlines[key] for key in hotlines]
    if any(h is not None and h.open_at(now) for h in hours) or any(line.open_at(now) for line in lines):
        return hotlines
    always = [key for key in content.safety_net_lines if content.hotlines[key].open_at(now)]
    return tuple(dict.fromkeys((*hotlines, *always)))
