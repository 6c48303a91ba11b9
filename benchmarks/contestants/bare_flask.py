"""(a) The least that a webhook can do with Flask: it verifies the signature and answers 200."""

import base64
import hashlib
import hmac
import os

from flask import Flask, abort, request

app = Flask(__name__)
SECRET = os.environ["LINE_CHANNEL_SECRET"].encode()


@app.post("/callback")
def callback() -> str:
    expected = base64.b64encode(hmac.new(SECRET, request.get_data(), hashlib.sha256).digest())
    if not hmac.compare_digest(expected, request.headers.get("X-Line-Signature", "").encode()):
        abort(400)
    return "OK"
