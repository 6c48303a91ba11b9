"""(c) The echo of line-bot-sdk-python for FastAPI: one asynchronous client for all, and each request waits for its reply."""

import os

from fastapi import FastAPI, HTTPException, Request
from linebot.v3 import WebhookParser
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging import (
    AsyncApiClient,
    AsyncMessagingApi,
    Configuration,
    ReplyMessageRequest,
    TextMessage,
)
from linebot.v3.webhooks import MessageEvent, TextMessageContent

configuration = Configuration(
    access_token=os.environ["LINE_CHANNEL_ACCESS_TOKEN"], host=os.environ["LINE_API_BASE"]
)
app = FastAPI()
line = AsyncMessagingApi(AsyncApiClient(configuration))
parser = WebhookParser(os.environ["LINE_CHANNEL_SECRET"])


@app.post("/callback")
async def callback(request: Request) -> str:
    try:
        events = parser.parse((await request.body()).decode(), request.headers["X-Line-Signature"])
    except InvalidSignatureError as wrong:
        raise HTTPException(400) from wrong
    for event in events:
        if isinstance(event, MessageEvent) and isinstance(event.message, TextMessageContent):
            await line.reply_message(
                ReplyMessageRequest(
                    reply_token=event.reply_token, messages=[TextMessage(text=event.message.text)]
                )
            )
    return "OK"
