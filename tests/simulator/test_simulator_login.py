"""LINE Login as it is played here: strict with whoever asks carelessly."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3

from simulator import Bot, Simulator

BACK = "https://ours.example/line-login/back"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "response_type": "code", "client_id": "2001", "redirect_uri": BACK, "state": "abc123", "scope": "openid",
    "nonce": "n1", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip
FORM = {
    "grant_type": "authorization_code", "redirect_uri": BACK, "client_id": "2001", "client_secret": "geheim",
    "code_verifier": VERIFIER,
}  # fmt: skip


@pytest.fixture
def line() -> Iterator[Simulator]:
    bots = [
        Bot("default", "つながり", "s", "t", login_id="2001", login_secret="geheim", login_callback=BACK),
        Bot("iwami", "いわみ", "s2", "t2", login_id="2002", login_secret="other", login_callback=BACK),
        Bot("plain", "なし", "s3", "t3"),
    ]
    with Simulator(bots) as running:
        yield running


def page(line: Simulator, **changed: str) -> urllib3.BaseHTTPResponse:
    query = urlencode({name: value for name, value in (ASKED | changed).items() if value})
    return urllib3.request("GET", f"{line.url}/oauth2/v2.1/authorize?{query}", retries=False)


def told(line: Simulator, user: str, **changed: str) -> dict[str, str]:
    """What the callback is told when this person agrees (nobody: cancels)."""
    url = f"{line.url}/oauth2/v2.1/authorize?{urlencode(ASKED | changed)}"
    answer = urllib3.request("POST", url, fields={"user": user}, redirect=False, retries=False)
    where = urlsplit(answer.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == BACK
    return {name: value[0] for name, value in parse_qs(where.query).items()}


def changed_for(line: Simulator, code: str, **changed: str) -> tuple[int, Any]:
    form = {name: value for name, value in (FORM | {"code": code} | changed).items() if value}
    answer = urllib3.request(
        "POST",
        f"{line.url}/oauth2/v2.1/token",
        body=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        retries=False,
    )
    return answer.status, answer.json()


def hanako(line: Simulator) -> str:
    return next(iter(line.platform.people))


def test_whoever_agrees_comes_back_with_a_code_for_an_id_token(line: Simulator) -> None:
    assert "はなことして許可する" in page(line).data.decode()
    back = told(line, hanako(line))
    assert back["state"] == "abc123"
    status, answer = changed_for(line, back["code"])
    assert status == 200
    payload = answer["id_token"].split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (said["iss"], said["aud"], said["sub"]) == ("https://access.line.me", "2001", hanako(line))
    assert (said["nonce"], said["exp"] - said["iat"]) == ("n1", 3600)
    assert list(line.platform.violations) == []


def test_whoever_cancels_comes_back_with_an_error(line: Simulator) -> None:
    assert told(line, "") == {
        "error": "access_denied",
        "error_description": "The resource owner denied the request.",
        "state": "abc123",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "9"},
        {"client_id": ""},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": BACK + "?x=1"},
        {"response_type": "token"},
        {"state": ""},
        {"state": "a b"},
        {"scope": "profile"},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
    ],
    ids=str,
)
def test_a_careless_question_is_refused_and_remembered(line: Simulator, changed: dict[str, str]) -> None:
    assert page(line, **changed).status == 400
    assert [each["kind"] for each in line.platform.violations] == ["login"]


@pytest.mark.parametrize(
    "changed",
    [
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_id": "2002", "client_secret": "other"},
        {"client_id": "9"},
        {"code_verifier": ""},
        {"code_verifier": "w" * 43},
        {"redirect_uri": "https://ours.example/"},
        {"grant_type": "password"},
        {"code": "none"},
    ],
    ids=str,
)
def test_a_code_is_changed_for_its_own_channel_callback_and_verifier_only(
    line: Simulator, changed: dict[str, str]
) -> None:
    code = told(line, hanako(line))["code"]
    status, answer = changed_for(line, **({"code": code} | changed))
    assert status == 400
    assert "id_token" not in answer


def test_a_code_works_once(line: Simulator) -> None:
    code = told(line, hanako(line))["code"]
    assert [changed_for(line, code)[0] for _ in range(2)] == [200, 400]
