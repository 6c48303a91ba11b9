// (d) The echo of line-bot-sdk-nodejs for Express: one client for all, and each request waits for its reply.
"use strict";

const express = require("express");
const line = require("@line/bot-sdk");

const client = line.LineBotClient.fromChannelAccessToken({
  channelAccessToken: process.env.LINE_CHANNEL_ACCESS_TOKEN,
  apiBaseURL: process.env.LINE_API_BASE,
});
const app = express();

async function echo(event) {
  if (event.type !== "message" || event.message.type !== "text") return null;
  return client.replyMessage({
    replyToken: event.replyToken,
    messages: [{ type: "text", text: event.message.text }],
  });
}

app.post("/callback", line.middleware({ channelSecret: process.env.LINE_CHANNEL_SECRET }), (request, response) => {
  Promise.all(request.body.events.map(echo))
    .then((answers) => response.json(answers))
    .catch((trouble) => {
      console.error(trouble);
      response.status(500).end();
    });
});

app.listen(process.env.PORT, "127.0.0.1");
