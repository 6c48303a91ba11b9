"""LINE's ID token: one good kind is believed, and every other one is refused, whatever is wrong with it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from bot.line.id_token import LEEWAY, LONGEST, NotBelieved, user_of

NOW = dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC)
AT = int(NOW.timestamp())
SECRET, CHANNEL, NONCE, USER = "c" * 32, "2001234567", "n0nce" * 6, "U" + "0123456789abcdef" * 2
HEADER: dict[str, Any] = {"typ": "JWT", "alg": "HS256"}
CLAIMS: dict[str, Any] = {
    "iss": "https://access.line.me",
    "sub": USER,
    "aud": CHANNEL,
    "exp": AT + 3600,
    "iat": AT,
    "nonce": NONCE,
    "amr": ["linesso"],
}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(header: bytes | str, payload: bytes | str, secret: str | bytes = SECRET) -> str:
    """These very bytes, truly signed: only what they say can be wrong."""
    parts = [b64(each.encode() if isinstance(each, str) else each) for each in (header, payload)]
    key = secret.encode() if isinstance(secret, str) else secret
    return ".".join([*parts, b64(hmac.digest(key, ".".join(parts).encode(), "sha256"))])


def token(header: dict[str, Any] = HEADER, secret: str | bytes = SECRET, **claims: Any) -> str:
    """A token as LINE makes it, with these claims changed; `...` leaves one out."""
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not ...}
    return sealed(json.dumps(header), json.dumps(said), secret)


def believed(given: object, **changed: Any) -> str:
    known: dict[str, Any] = {"channel_id": CHANNEL, "secret": SECRET, "nonce": NONCE, "now": NOW} | changed
    return user_of(given, **known)


def parts(**claims: Any) -> list[str]:
    return token(**claims).split(".")


def with_seal(alg: str, seal: Callable[[bytes], bytes]) -> str:
    signed = f"{b64(json.dumps(HEADER | {'alg': alg}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    return f"{signed}.{b64(seal(signed.encode()))}"


def by_es256(signed: bytes) -> bytes:
    r, s = decode_dss_signature(EC_KEY.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = EC_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
UNSIGNED = f"{b64(json.dumps(HEADER | {'alg': 'none'}).encode())}.{b64(json.dumps(CLAIMS).encode())}."
GOOD = token()
HEAD, BODY, SEAL = GOOD.split(".")

NO_TOKEN: dict[str, object] = {
    "nothing": None,
    "empty": "",
    "bytes": GOOD.encode(),
    "a number": 7,
    "a list": [GOOD],
    "the claims themselves, as a body would send them": {"sub": USER, "userId": USER},
    "a user id": USER,
    "claims as JSON": json.dumps(CLAIMS),
    "an access token": "eyJhbGciOiJIUzI1NiJ9" + "k3" * 60,
    "an opaque access token with points": "a.b.c",
}
NO_SHAPE: dict[str, object] = {
    "a space before": f" {GOOD}",
    "a line end behind": f"{GOOD}\n",
    "a space inside": f"{HEAD}. {BODY}.{SEAL}",
    "a tab in the seal": f"{HEAD}.{BODY}.{SEAL[:9]}\t{SEAL[9:]}",
    "two points more": f"{GOOD}..",
    "a part more": f"{GOOD}.{SEAL}",
    "five parts, as an encrypted one": f"{GOOD}.{SEAL}.{SEAL}",
    "two parts": f"{HEAD}.{BODY}",
    "no header": f".{BODY}.{SEAL}",
    "no payload": f"{HEAD}..{SEAL}",
    "with padding": f"{HEAD}.{BODY}.{SEAL}=",
    "ordinary base64": "+/".join(GOOD.split("_", 1)) + "+/",
    "full-width signs": GOOD.translate({ord("e"): "ｅ"}),
    "an invisible sign": GOOD[:20] + "\u200b" + GOOD[20:],
    "NUL": f"{GOOD}\x00",
    "a lone surrogate": f"{GOOD}\ud800",
    "huge": f"{HEAD}.{'A' * 5_000_000}.{SEAL}",
    "one sign too long": token(name="x" * LONGEST),
    "a part of an impossible length": sealed(json.dumps(HEADER), json.dumps(CLAIMS)).replace(SEAL, SEAL[:-2]),
}
NO_SEAL: dict[str, object] = {
    "alg none, no seal": UNSIGNED,
    "alg none, our seal": token({"typ": "JWT", "alg": "none"}),
    "alg None": token({"typ": "JWT", "alg": "None"}),
    "alg NONE": token({"typ": "JWT", "alg": "NONE"}),
    "alg nOnE": token({"typ": "JWT", "alg": "nOnE"}),
    "alg empty": token({"typ": "JWT", "alg": ""}),
    "alg null": token({"typ": "JWT", "alg": None}),
    "alg missing": token({"typ": "JWT"}),
    "alg as a list": token({"typ": "JWT", "alg": ["HS256"]}),
    "alg in small letters": token({"typ": "JWT", "alg": "hs256"}),
    "alg HS512 in the header": token({"typ": "JWT", "alg": "HS512"}),
    "HS512": with_seal("HS512", lambda signed: hmac.digest(SECRET.encode(), signed, "sha512")),
    "HS384 cut to 32 bytes": with_seal("HS256", lambda s: hmac.digest(SECRET.encode(), s, "sha384")[:32]),
    "ES256 in the header, our seal": token({"typ": "JWT", "alg": "ES256", "kid": "k"}),
    "RS256 in the header, our seal": token({"typ": "JWT", "alg": "RS256"}),
    "truly ES256, of somebody's key": with_seal("ES256", by_es256),
    "truly RS256, of somebody's key": with_seal(
        "RS256", lambda signed: RSA_KEY.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    ),
    "a public key as the secret": token(secret=PEM),
    "a key of its own in the header": token({**HEADER, "jwk": {"kty": "oct", "k": b64(b"x" * 32)}}, "x" * 32),
    "another secret": token(secret="d" * 32),
    "an empty secret": token(secret=""),
    "the channel's id as the secret": token(secret=CHANNEL),
    "no seal": f"{HEAD}.{BODY}.",
    "a cut seal": f"{HEAD}.{BODY}.{SEAL[:-4]}",
    "a seal of one byte": f"{HEAD}.{BODY}.{SEAL[:2]}",
    "a seal with a byte more": f"{HEAD}.{BODY}.{b64(base64.urlsafe_b64decode(SEAL + '=') + b'0')}",
    "a plain hash as seal": f"{HEAD}.{BODY}.{b64(hashlib.sha256(f'{HEAD}.{BODY}'.encode()).digest())}",
    "another spelling of the same seal": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "another payload under this seal": ".".join([HEAD, parts(sub="U" + "f" * 32)[1], SEAL]),
    "another header under this seal": ".".join([b64(json.dumps(HEADER | {"kid": "1"}).encode()), BODY, SEAL]),
}
NO_HEADER: dict[str, object] = {
    "crit": token({**HEADER, "crit": ["b64"], "b64": False}),
    "an empty crit": token({**HEADER, "crit": []}),
    "another type": token({**HEADER, "typ": "at+jwt"}),
    "alg twice": sealed('{"alg":"none","alg":"HS256"}', json.dumps(CLAIMS)),
    "a header that is a list": sealed('["HS256"]', json.dumps(CLAIMS)),
}
NO_JSON: dict[str, object] = {
    "no JSON": sealed(json.dumps(HEADER), "sub=1"),
    "a payload that is a list": sealed(json.dumps(HEADER), json.dumps([CLAIMS])),
    "a payload that is a text": sealed(json.dumps(HEADER), json.dumps(json.dumps(CLAIMS))),
    "sub twice": sealed(json.dumps(HEADER), json.dumps(CLAIMS)[:-1] + f', "sub": "{USER}"}}'),
    "a name twice, deep inside": sealed(
        json.dumps(HEADER), json.dumps(CLAIMS)[:-1] + ', "x": {"a": 1, "a": 2}}'
    ),
    "deep JSON": sealed(json.dumps(HEADER), json.dumps(CLAIMS)[:-1] + f', "x": {"[" * 1100 + "]" * 1100}}}'),
    "UTF-16": sealed(json.dumps(HEADER), json.dumps(CLAIMS).encode("utf-16")),
    "a byte that is no UTF-8": sealed(json.dumps(HEADER), json.dumps(CLAIMS).encode() + b"\xff"),
    "a BOM": sealed(json.dumps(HEADER), b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode()),
    "something behind the JSON": sealed(json.dumps(HEADER), json.dumps(CLAIMS) + "{}"),
    "NaN": sealed(json.dumps(HEADER), json.dumps(CLAIMS | {"exp": float("nan")})),
    "Infinity": sealed(json.dumps(HEADER), json.dumps(CLAIMS | {"exp": float("inf")})),
}
NO_CLAIM: dict[str, object] = {
    **{f"without {name}": token(**{name: ...}) for name in ("iss", "sub", "aud", "exp", "iat", "nonce")},
    **{f"{name} null": token(**{name: None}) for name in ("iss", "sub", "aud", "exp", "iat", "nonce")},
    "another issuer": token(iss="https://access.line.example"),
    "an issuer with a stroke": token(iss="https://access.line.me/"),
    "an issuer without TLS": token(iss="http://access.line.me"),
    "for another channel": token(aud="2009999999"),
    "for us and others": token(aud=[CHANNEL, "2009999999"]),
    "for us, as a list": token(aud=[CHANNEL]),
    "for us, as a number": token(aud=int(CHANNEL)),
    "for us, and more": token(aud=f"{CHANNEL} "),
    "expired": token(iat=AT - 7200, exp=AT - LEEWAY),
    "expired long ago": token(iat=1, exp=2),
    "not yet made": token(iat=AT + LEEWAY + 1),
    "not yet valid": token(nbf=AT + LEEWAY + 1),
    "valid, but not yet made": token(iat=AT + LEEWAY + 1, nbf=AT),
    "nbf as a text": token(nbf="0"),
    "it ends before it begins": token(iat=AT + 10, exp=AT + 5),
    "it ends as it begins": token(iat=AT, exp=AT),
    "exp as a fraction": token(exp=AT + 0.5),
    "exp as a whole fraction": token(exp=float(AT + 3600)),
    "exp in powers of ten": sealed(json.dumps(HEADER), json.dumps(CLAIMS).replace(str(AT + 3600), "1e11")),
    "exp as a text": token(exp=str(AT + 3600)),
    "exp true": token(exp=True),
    "exp negative": token(exp=-1),
    "exp as a list": token(exp=[AT + 3600]),
    "exp beyond all time": token(exp=10**400),
    "exp in milliseconds": token(iat=AT * 1000, exp=AT * 1000 + 1),
    "iat negative": token(iat=-AT),
    "iat as a text": token(iat=str(AT)),
    "another nonce": token(nonce="m" * 30),
    "an empty nonce": token(nonce=""),
    "a nonce as a list": token(nonce=[NONCE]),
    "a nonce with more behind": token(nonce=NONCE + "x"),
    "a nonce of other letters": token(nonce="のんす"),
    "a nonce with half a sign": sealed(json.dumps(HEADER), json.dumps(CLAIMS | {"nonce": "\ud800"})),
    "an empty sub": token(sub=""),
    "sub of another shape": token(sub="1234567890"),
    "sub in capitals": token(sub=USER.upper()),
    "sub with a line end": token(sub=USER + "\n"),
    "sub of a group": token(sub="C" + USER[1:]),
    "sub as a list": token(sub=[USER]),
    "sub as an object": token(sub={"$ne": ""}),
    "only userId instead of sub": token(sub=..., userId=USER),
}
BAD = {  # what is wrong, and the reasons for which it may be refused
    "no token": (NO_TOKEN, {"shape", "base64"}),
    "shape": (NO_SHAPE, {"shape", "base64"}),
    "seal": (NO_SEAL, {"shape", "seal", "alg", "base64"}),
    "header": (NO_HEADER, {"header", "json"}),
    "json": (NO_JSON, {"json"}),
    "claim": (NO_CLAIM, {"iss", "aud", "exp", "iat", "nbf", "not yet", "expired", "nonce", "sub"}),
}


def test_a_token_as_line_makes_it_says_who_it_is() -> None:
    assert believed(GOOD) == USER


@pytest.mark.parametrize(
    "extra", [{"name": "鳥取花子🌸", "picture": "https://x.example/1"}, {"nbf": AT}, {"azp": "1"}]
)
def test_what_else_line_says_does_not_matter(extra: dict[str, Any]) -> None:
    assert believed(token(**extra)) == USER


@pytest.mark.parametrize("header", [{"alg": "HS256"}, {"alg": "HS256", "typ": "JWT", "kid": "1"}])
def test_a_header_may_say_less_or_more(header: dict[str, Any]) -> None:
    assert believed(token(header)) == USER


def test_clocks_may_differ_a_little() -> None:
    assert believed(token(iat=AT + LEEWAY, exp=AT + 3600)) == USER
    assert believed(token(iat=AT - 3600, exp=AT - LEEWAY + 1)) == USER


@pytest.mark.parametrize(
    ("given", "reasons"),
    [
        pytest.param(given, reasons, id=f"{kind}: {name}")
        for kind, (each, reasons) in BAD.items()
        for name, given in each.items()
    ],
)
def test_a_bad_one_is_refused_for_what_is_wrong_with_it(given: object, reasons: set[str]) -> None:
    with pytest.raises(NotBelieved) as refused:
        believed(given)
    assert refused.value.reason in reasons


def test_there_are_enough_bad_ones_and_they_differ() -> None:
    given = [repr(each) for kind, _ in BAD.values() for each in kind.values()]
    assert len(set(given)) == len(given) >= 120


def test_the_nonce_of_an_earlier_login_does_not_count_again() -> None:
    with pytest.raises(NotBelieved, match="nonce"):
        believed(GOOD, nonce="another" * 5)


@pytest.mark.parametrize("lacking", ["channel_id", "secret", "nonce"])
def test_with_nothing_to_compare_with_nobody_is_believed(lacking: str) -> None:
    with pytest.raises(NotBelieved, match="nothing to compare"):
        believed(token(secret="", aud="", nonce=""), **{lacking: ""})


def test_each_single_flipped_bit_is_noticed() -> None:
    for at in range(len(GOOD)):
        for bit in range(7):
            changed = GOOD[:at] + chr(ord(GOOD[at]) ^ 1 << bit) + GOOD[at + 1 :]
            with pytest.raises(NotBelieved):
                believed(changed)


def test_what_is_refused_is_not_quoted() -> None:
    with pytest.raises(NotBelieved) as refused:
        believed(token(sub="geheim"))
    assert "geheim" not in str(refused.value)
