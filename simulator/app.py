"""Puts the stand-in for LINE together: `create_app`, `run`, and `Simulator` for tests and the demo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType

from flask import Flask, Response, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from simulator import api_richmenu
from simulator.acts import Phone
from simulator.answers import say
from simulator.api import api
from simulator.control import control
from simulator.login import Desk, login
from simulator.mail import Mailbox, MailServer
from simulator.mail_pages import mail_pages
from simulator.platform import Bot, Platform
from simulator.server import Server
from simulator.webhooks import Postman

PEOPLE = ("はなこ", "たろう", "みちこ")
_ROUTES_OF = (api_richmenu,)  # imported for the routes that it adds to `api`


def create_app(bots: Iterable[Bot], people: Sequence[str] = PEOPLE, mailbox: Mailbox | None = None) -> Flask:
    """The WSGI application: LINE's Messaging API, the control interface, the phone, and the mails that came."""
    platform = Platform(bots, people)
    postman = Postman(platform)
    app = Flask("simulator", static_folder=None)
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False  # a message is shown as it was written
    app.extensions.update(platform=platform, postman=postman, phone=Phone(platform, postman))
    app.register_blueprint(api)
    app.register_blueprint(control)
    app.extensions["login_desk"] = Desk()
    app.register_blueprint(login)
    app.extensions["mailbox"] = mailbox or Mailbox()
    app.register_blueprint(mail_pages)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _http_error(error: HTTPException) -> Response:
    """Also what does not exist answers as LINE does."""
    response = jsonify(say(error.name if request.path.startswith("/v2/") else str(error.description)))
    response.status_code = error.code or 500
    return response


class Simulator:
    """A running stand-in: `with Simulator([bot]) as line: … line.url …`."""

    def __init__(
        self,
        bots: Iterable[Bot],
        people: Sequence[str] = PEOPLE,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        mail_port: int | None = None,
    ) -> None:
        """`mail_port`: also a mail server there (0: on any free port)."""
        self.post = MailServer(host, mail_port) if mail_port is not None else None
        self.app = create_app(bots, people, self.post.mailbox if self.post else None)
        self.platform: Platform = self.app.extensions["platform"]
        self._postman: Postman = self.app.extensions["postman"]
        self._server = Server(self.app, host, port)
        self.port = self._server.port
        self.url = f"http://{host}:{self.port}"

    def start(self) -> Simulator:
        self._server.start()
        if self.post is not None:
            self.post.start()
        return self

    def stop(self) -> None:
        """Ends everything, also what hangs; safe to call twice."""
        if self.platform.closing.is_set():
            return
        self.platform.closing.set()
        self.platform.faults.clear()
        if self.post is not None:
            self.post.stop()
        self._postman.close()
        self._server.stop()

    def wait(self) -> None:
        self._server.wait()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run(
    port: int,
    bots: Iterable[Bot],
    people: Sequence[str] = PEOPLE,
    host: str = "127.0.0.1",
    mail_port: int | None = None,
) -> None:
    """Serves until Ctrl-C."""
    with Simulator(bots, people, host=host, port=port, mail_port=mail_port) as line:
        try:
            line.wait()
        except KeyboardInterrupt:
            return
