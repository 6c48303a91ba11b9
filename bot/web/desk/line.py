"""/desk/me/line: joining one's own LINE, to hear of notices there when no mail can be sent."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING
from urllib.parse import quote

import qrcode
from flask import Blueprint, g, redirect, render_template, session
from flask.typing import ResponseReturnValue
from qrcode.constants import ERROR_CORRECT_M

from bot.desk import signing_in
from bot.settings import DEFAULT_CHANNEL
from bot.web.desk import gate
from storage import staff, staff_lines
from storage.staff import Staff

if TYPE_CHECKING:
    from bot.app import Services

PAGE = "/desk/me/line"
CODE = "desk_line_code"  # in the session, so that a reload shows the same code


def blueprint(services: Services) -> Blueprint:
    """A fresh code, its page, and the end of it; the gate has seen who it is."""
    pages = Blueprint("desk_line", __name__, url_prefix=PAGE)

    @pages.post("")
    def make() -> ResponseReturnValue:
        """A code to be said in the chat; an earlier one ends."""
        with services.db.work() as work:
            owner = gate.confirm(work)
            session[CODE] = staff_lines.make(work, owner.id)
        return redirect(PAGE, 303)

    @pages.get("")
    def page() -> ResponseReturnValue:
        code = session.get(CODE)
        if not code or g.staff.person_id:
            session.pop(CODE, None)
            return redirect("/desk/me#line", 303)
        basic_id = services.content.channels[_channel(services, g.staff)].basic_id
        link = f"https://line.me/R/oaMessage/{quote(basic_id, safe='')}/?{quote(str(code), safe='')}"
        return render_template("desk_line.html", code=code, basic_id=basic_id, link=link, picture=_qr(link))

    @pages.post("/off")
    def off() -> ResponseReturnValue:
        """From now on nothing goes to this LINE."""
        with services.db.work() as work:
            owner = gate.confirm(work)
            staff.join_person(work, owner.id, None)
            signing_in.note(work, owner.id, "left_line")
        session.pop(CODE, None)
        return redirect("/desk/me#line", 303)

    return pages


def _channel(services: Services, someone: Staff) -> str:
    """The account of a town where they work, or the default one."""
    towns = {town for each in services.content.windows if each.key in someone.windows for town in each.serves}
    for name in services.settings.channels:
        if name != DEFAULT_CHANNEL and towns & set(services.content.channels[name].towns):
            return name
    return (
        DEFAULT_CHANNEL
        if DEFAULT_CHANNEL in services.content.channels
        else next(iter(services.content.channels))
    )


def _qr(link: str) -> str:
    """The link as a picture, inside the page itself."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4, box_size=6)
    code.add_data(link)
    code.make(fit=True)
    out = io.BytesIO()
    code.make_image(fill_color="black", back_color="white").save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
