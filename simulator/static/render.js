// One LINE message (its JSON) → what a phone shows for it.

import { el, icon, svg } from "./dom.js";
import { bubble, photo } from "./flex.js";
import { sticker } from "./stickers.js";
import { imagemap, swipe, template } from "./templates.js";

const LINK = /(https?:\/\/[^\s<>「」『』（）、。]+|tel:[0-9+-]+|(?<![\d-])0\d{1,4}-\d{1,4}-\d{3,4}(?![\d-]))/g;

/** Words with their line breaks; web addresses and phone numbers become links, as on a phone. */
export function linked(words, perform) {
  const pieces = words.split(LINK).map((piece, index) => (index % 2 === 1 ? link(piece, perform) : piece));
  return pieces.filter((piece) => piece !== "");
}

function link(piece, perform) {
  if (/^https?:/.test(piece)) {
    return el("a", { href: piece, target: "_blank", rel: "noopener noreferrer", text: piece, data: { actionType: "uri" } });
  }
  const uri = `tel:${piece.replace(/^tel:/, "")}`;
  const call = (event) => {
    event.preventDefault();
    perform({ type: "uri", uri });
  };
  return el("a", { href: uri, text: piece.replace(/^tel:/, ""), data: { actionType: "uri" }, on: { click: call } });
}

const emoji = () => el("span", { class: "line-emoji", role: "img", "aria-label": "絵文字", text: "☺" });

/** LINE's own emoji stand in the text as `$` at an index in UTF-16 units. */
function text(message, perform) {
  const node = el("div", { class: "bubble text" });
  let from = 0;
  for (const { index, length } of [...(message.emojis ?? [])].sort((a, b) => a.index - b.index)) {
    node.append(...linked(message.text.slice(from, index), perform), emoji());
    from = index + (length ?? 1);
  }
  node.append(...linked(message.text.slice(from), perform));
  return node;
}

/** Text (v2): `{name}` stands for a mention or an emoji; doubled braces are braces. */
function textV2(message, perform) {
  const node = el("div", { class: "bubble text" });
  for (const [index, piece] of message.text.split(/(?<!\{)\{(\w+)\}(?!\})/).entries()) {
    const part = index % 2 === 1 ? message.substitution?.[piece] : null;
    if (part?.type === "emoji") node.append(emoji());
    else if (part?.type === "mention") node.append(el("b", { text: part.mentionee?.type === "all" ? "@All" : "@あなた" }));
    else node.append(...linked(piece.replaceAll("{{", "{").replaceAll("}}", "}"), perform));
  }
  return node;
}

/** A picture; one without an address (sent from this phone) is drawn. */
function image(message) {
  const url = message.previewImageUrl ?? message.originalContentUrl ?? message.contentProvider?.previewImageUrl
    ?? message.contentProvider?.originalContentUrl;
  return el("div", { class: "picture" }, url ? photo(url, "写真") : drawnPhoto());
}

function drawnPhoto() {
  return svg("svg", { viewBox: "0 0 200 140", role: "img", "aria-label": "写真" },
    svg("rect", { width: 200, height: 140, fill: "#cfe6ef" }), svg("circle", { cx: 155, cy: 36, r: 14, fill: "#f7d774" }),
    svg("path", { d: "M0 112L55 60l38 36 30-24 77 50v18H0z", fill: "#8fb99a" }),
    svg("path", { d: "M0 126q50-22 100-6t100-6v26H0z", fill: "#5f9a78" }));
}

function location(message) {
  const { latitude, longitude } = message;
  const place = `${latitude}, ${longitude}`;
  const map = svg("svg", { viewBox: "0 0 240 104", "aria-hidden": "true" },
    svg("rect", { width: 240, height: 104, fill: "#e3ecd9" }),
    svg("path", {
      d: "M-5 76L90 48l70 26 90-30M70-5l36 58-20 60M180-5l-22 80 16 40", fill: "none", stroke: "#fff", "stroke-width": 8,
    }),
    svg("path", { d: "M-5 22q60 18 120 0t130 6", fill: "none", stroke: "#a9cfe0", "stroke-width": 10 }),
    svg("path", { d: "M120 72s-15-15-15-26a15 15 0 0 1 30 0c0 11-15 26-15 26z", fill: "#c8434f" }),
    svg("circle", { cx: 120, cy: 46, r: 5.5, fill: "#fff" }));
  return el("a", {
    class: "location", target: "_blank", rel: "noopener noreferrer",
    href: `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`,
    "aria-label": `位置情報 ${message.title ?? ""} ${message.address ?? place}`,
  }, map, el("strong", { text: message.title ?? "位置情報" }), el("span", { text: message.address ?? place }));
}

function video(message) {
  return el("a", {
    class: "picture video", href: message.originalContentUrl, target: "_blank", rel: "noopener noreferrer", "aria-label": "動画を見る",
  }, photo(message.previewImageUrl), el("span", { class: "play" }, icon("play")));
}

function audio(message) {
  const seconds = Math.round((message.duration ?? 0) / 1000);
  const length = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return el("div", { class: "bubble text audio" }, icon("play"), `音声 ${length}`);
}

const file = (message) => el("div", { class: "bubble text audio" }, icon("file"), message.fileName ?? "ファイル");

function flex(message, perform) {
  const contents = message.contents ?? {};
  if (contents.type !== "carousel") return bubble(contents, perform);
  return swipe(contents.contents.map((part) => bubble(part, perform)), message.altText);
}

const KINDS = { text, textV2, sticker, image, location, video, audio, file, template, flex, imagemap };
const WIDE = new Set(["template", "flex", "imagemap"]);

/** True for messages beside which there is no room for the time. */
export const isWide = (message) => WIDE.has(message.type);

/** True for messages that scroll sideways and may use the whole width. */
export const isCarousel = (message) =>
  message.contents?.type === "carousel" || ["carousel", "image_carousel"].includes(message.template?.type);

/** The element for a message; a message that cannot be drawn shows its altText rather than breaking the chat. */
export function render(message, perform) {
  const kind = KINDS[message.type];
  try {
    if (kind) return kind(message, perform);
  } catch (error) {
    console.error("could not draw a message", error);
  }
  return el("div", { class: "bubble text unknown", text: message.altText ?? `（${message.type}）` });
}
