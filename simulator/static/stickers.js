// Stickers of our own: LINE's pictures are not ours, so every sticker id gets a friendly face that we draw.

import { el, svg } from "./dom.js";

const INK = "#3b3a36";
const FACES = [
  { name: "にこにこ", skin: "#ffd66b", eyes: "smile", mouth: "M36 60q12 12 24 0" },
  { name: "ありがとう", skin: "#ffb8a8", eyes: "closed", mouth: "M40 62q8 7 16 0", extra: "hearts" },
  { name: "わかりました", skin: "#a9dcb3", eyes: "dot", mouth: "M38 60q10 9 20 0", extra: "ring" },
  { name: "びっくり", skin: "#a8d4f2", eyes: "wide", mouth: "M48 57a5 6 0 1 0 .1 0z", extra: "burst" },
  { name: "ごめんなさい", skin: "#d9c8f0", eyes: "sorry", mouth: "M40 65q8 -7 16 0", extra: "drop" },
  { name: "おやすみ", skin: "#b9c6ea", eyes: "closed", mouth: "M42 62q6 4 12 0", extra: "zzz" },
];

/** What the picker offers: ids that LINE lets accounts send, each with a face. */
export const STICKERS = ["52002734", "52002735", "52002736", "52002738", "52002739", "52002752"].map(
  (stickerId, index) => ({ packageId: "11537", stickerId, name: FACES[index].name }),
);

const line = (d, more = {}) =>
  svg("path", {
    d, fill: "none", stroke: INK, "stroke-width": 3.6, "stroke-linecap": "round", "stroke-linejoin": "round", ...more,
  });
const disc = (cx, cy, r, fill) => svg("circle", { cx, cy, r, fill });

const EYES = {
  smile: () => [line("M30 45q5 -7 10 0"), line("M56 45q5 -7 10 0")],
  closed: () => [line("M30 44q5 5 10 0"), line("M56 44q5 5 10 0")],
  dot: () => [disc(35, 44, 4, INK), disc(61, 44, 4, INK)],
  wide: () => [disc(35, 43, 7, "#fff"), disc(61, 43, 7, "#fff"), disc(35, 43, 3.4, INK), disc(61, 43, 3.4, INK)],
  sorry: () => [line("M29 42l10 4"), line("M67 42l-10 4")],
};

const EXTRAS = {
  hearts: () => [[80, 20, 1], [13, 30, 0.7]].map(([x, y, s]) =>
    svg("path", { d: "M0 5C-9-3-4-9 0-4 4-9 9-3 0 5z", fill: "#d8506a", transform: `translate(${x} ${y}) scale(${s * 1.3})` })),
  ring: () => [svg("circle", { cx: 82, cy: 76, r: 10, fill: "#fff", stroke: "#1d7f56", "stroke-width": 4.5 })],
  burst: () => [line("M14 18l7 7"), line("M48 4v9"), line("M82 18l-7 7")],
  drop: () => [svg("path", { d: "M76 24c5 7 6 10 6 13a6 6 0 0 1-12 0c0-3 1-6 6-13z", fill: "#6fb4e0" })],
  zzz: () => [line("M72 26h10l-10 11h10", { "stroke-width": 3 }), line("M84 10h7l-7 8h7", { "stroke-width": 2.6 })],
};

/** The face of a sticker id: the picker's six are fixed, any other id always gets the same one. */
function faceOf(stickerId) {
  const known = STICKERS.findIndex((sticker) => sticker.stickerId === stickerId);
  if (known >= 0) return FACES[known];
  const sum = [...String(stickerId)].reduce((total, letter) => (total * 31 + letter.codePointAt(0)) % 9973, 7);
  return FACES[sum % FACES.length];
}

/** The drawing alone, for the picker. */
export function stickerFace(stickerId) {
  const face = faceOf(stickerId);
  const cheeks = [disc(27, 56, 5, "#f08a7a66"), disc(69, 56, 5, "#f08a7a66")];
  const head = svg("circle", { cx: 48, cy: 50, r: 36, fill: face.skin });
  const mouth = line(face.mouth);
  return svg("svg", { viewBox: "0 0 96 96", "aria-hidden": "true", focusable: "false" },
    head, ...cheeks, ...EYES[face.eyes](), mouth, ...(EXTRAS[face.extra]?.() ?? []));
}

/** A sticker in the chat: the drawing with its ids in small print. */
export function sticker(message) {
  const label = `スタンプ ${faceOf(message.stickerId).name}`;
  return el("div", { class: "sticker", role: "img", "aria-label": label },
    stickerFace(message.stickerId),
    el("small", { text: `${message.packageId} / ${message.stickerId}`, "aria-hidden": "true" }));
}
