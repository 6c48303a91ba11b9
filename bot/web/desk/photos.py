"""A concern's photos, one by one, for the staff whose concern it is; each look is audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, g
from flask.typing import ResponseReturnValue

from bot.web.desk.asking import DESK_PAGES, of_desk
from storage import audit, photos
from storage.staff import Staff

if TYPE_CHECKING:
    from bot.app import Services

POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"  # a picture needs nothing at all


def blueprint(services: Services) -> Blueprint:
    """GET of one picture; 404 alike for no such photo and for somebody else's concern."""
    pages = Blueprint("desk_photos", __name__, url_prefix=f"{DESK_PAGES}/concerns")

    @pages.get("/<number>/photos/<photo_id>.jpg")
    def photo(number: str, photo_id: str) -> ResponseReturnValue:
        me: Staff = g.staff
        with services.db.work() as work:
            concern = of_desk(work, number, me)
            jpeg = photos.picture(work, concern, photo_id) if concern is not None else None
            if concern is None or jpeg is None:
                abort(404)
            audit.note(work, f"staff:{me.id}", "saw_photo", "concern", concern.id, concern.channel)
        answer = Response(jpeg, mimetype="image/jpeg")
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Content-Disposition"] = "inline"
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return answer

    return pages
