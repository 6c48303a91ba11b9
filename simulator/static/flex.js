// Flex Messages as LINE lays them out: https://developers.line.biz/en/docs/messaging-api/flex-message-elements/

import { actionButton, tappable } from "./actions.js";
import { colour, el, icon } from "./dom.js";

const TEXT = { xxs: 11, xs: 13, sm: 14, md: 16, lg: 19, xl: 22, xxl: 29, "3xl": 35, "4xl": 48, "5xl": 74 };
const GAP = { none: 0, xs: 2, sm: 4, md: 8, lg: 12, xl: 16, xxl: 20 };
const BORDER = { none: 0, light: 0.5, normal: 1, "semi-bold": 2, medium: 3, bold: 4 };
const PICTURE = {
  xxs: 40, xs: 60, sm: 80, md: 100, lg: 120, xl: 140, xxl: 160, "3xl": 180, "4xl": 200, "5xl": 220, full: "100%",
};
const SIDE = { Top: "Top", Bottom: "Bottom", Start: "InlineStart", End: "InlineEnd" };
const ALIGN = { start: "start", center: "center", end: "end" };
const CROSS = { "flex-start": "flex-start", center: "center", "flex-end": "flex-end", top: "flex-start", bottom: "flex-end" };
const SPREAD = ["space-between", "space-around", "space-evenly"];
const MAIN = { ...CROSS, ...Object.fromEntries(SPREAD.map((word) => [word, word])) };

/** A CSS length from a keyword of `words`, pixels or per cent; "" when there is none. */
function size(value, words) {
  if (value === undefined || value === null) return "";
  if (Object.hasOwn(words, value)) return typeof words[value] === "number" ? `${words[value]}px` : words[value];
  return /^-?\d+(\.\d+)?(px|%)$/.test(value) ? value : "";
}

function padding(node, box) {
  const all = size(box.paddingAll, GAP);
  if (all) node.style.padding = all;
  for (const [ours, css] of Object.entries(SIDE)) {
    const value = size(box[`padding${ours}`], GAP);
    if (value) node.style[`padding${css}`] = value;
  }
}

function place(node, part) {
  if (part.position === "absolute") node.style.position = "absolute";
  for (const [ours, css] of Object.entries(SIDE)) {
    const value = size(part[`offset${ours}`], GAP);
    if (!value) continue;
    node.style.position ||= "relative";
    const inset = css.startsWith("Inline") ? `inset${css}` : css.toLowerCase();
    node.style[inset] = value;
  }
}

const DEFAULT_RIGID = new Set(["icon", "separator", "spacer"]);

/** How much room a part takes along its parent's direction: 1 in a row, its own height in a column. */
function share(node, part, layout) {
  const isRow = layout !== "vertical";
  const isRigid = DEFAULT_RIGID.has(part.type) || (part.type === "box" && part.width !== undefined);
  const flex = part.flex ?? (part.type === "filler" ? 1 : isRow && !isRigid ? 1 : 0);
  if (flex > 0) node.style.flex = isRow ? `${flex} ${flex} 0%` : `${flex} 0 auto`;
  else node.style.flex = isRow && part.type === "text" ? "0 1 auto" : "0 0 auto";
}

/** The gap before a part: its own margin, else the parent's spacing; a filler has none. */
function gap(node, part, parent, isFirst) {
  if (isFirst || part.type === "filler" || part.position === "absolute") return;
  const value = size(part.margin ?? parent.spacing, GAP);
  if (value) node.style[parent.layout === "vertical" ? "marginTop" : "marginInlineStart"] = value;
}

function box(part, perform) {
  const node = el("div", { class: `flex-box flex-${part.layout}` });
  padding(node, part);
  paint(node, part);
  for (const name of ["width", "height", "maxWidth", "maxHeight"]) node.style[name] = size(part[name], {});
  node.style.justifyContent = MAIN[part.justifyContent] ?? "";
  node.style.alignItems = part.layout === "baseline" ? "" : CROSS[part.alignItems] ?? "";
  let isFirst = true;
  for (const child of part.contents ?? []) {
    const made = component(child, perform, part.layout);
    share(made, child, part.layout);
    gap(made, child, part, isFirst);
    place(made, child);
    gravity(made, child, part.layout);
    node.append(made);
    if (child.position !== "absolute") isFirst = false;
  }
  return tappable(node, part.action, perform);
}

function paint(node, part) {
  node.style.backgroundColor = colour(part.backgroundColor);
  if (part.background?.type === "linearGradient") {
    const { angle, startColor, centerColor, centerPosition, endColor } = part.background;
    const middle = colour(centerColor) ? `, ${colour(centerColor)} ${size(centerPosition, {}) || "50%"}` : "";
    if (/^\d+(\.\d+)?deg$/.test(angle ?? "")) {
      node.style.backgroundImage = `linear-gradient(${angle}, ${colour(startColor)}${middle}, ${colour(endColor)})`;
    }
  }
  const radius = size(part.cornerRadius, GAP);
  if (radius) {
    node.style.borderRadius = radius;
    node.style.overflow = "hidden";
  }
  const width = size(part.borderWidth, BORDER);
  if (width) node.style.border = `${width} solid ${colour(part.borderColor) || "#d5d5d5"}`;
}

function gravity(node, part, layout) {
  if (layout === "horizontal" && part.gravity) node.style.alignSelf = CROSS[part.gravity] ?? "";
}

function inkOf(node, part) {
  node.style.fontSize = size(part.size, TEXT);
  node.style.color = colour(part.color);
  if (part.weight === "bold") node.style.fontWeight = "700";
  if (part.weight === "regular") node.style.fontWeight = "400";
  if (part.style === "italic") node.style.fontStyle = "italic";
  if (["underline", "line-through"].includes(part.decoration)) node.style.textDecoration = part.decoration;
}

function text(part, perform) {
  const node = el("div", { class: part.wrap ? "flex-text wrap" : "flex-text" });
  inkOf(node, { size: "md", ...part });
  node.style.textAlign = ALIGN[part.align] ?? "";
  const spans = part.contents ?? [];
  if (spans.length === 0) node.textContent = part.text ?? "";
  for (const span of spans) {
    const inner = el("span", { text: span.text ?? "" });
    inkOf(inner, span);
    node.append(inner);
  }
  if (part.wrap && part.maxLines > 0) {
    node.classList.add("clamp");
    node.style.webkitLineClamp = part.maxLines;
  }
  const extra = /^(\d+(\.\d+)?)px$/.exec(part.lineSpacing ?? "");
  if (extra) node.style.lineHeight = `calc(1.4em + ${extra[1]}px)`;
  if (part.adjustMode === "shrink-to-fit") node.dataset.shrink = "";
  return tappable(node, part.action, perform);
}

function button(part, perform) {
  const node = actionButton(part.action, `flex-button ${part.style ?? "link"} ${part.height ?? "md"}`, perform);
  const ink = colour(part.color);
  if (ink && (part.style ?? "link") === "link") node.style.color = ink;
  else node.style.backgroundColor = ink;
  if (part.adjustMode === "shrink-to-fit") node.querySelector(".action-label").dataset.shrink = "";
  return node;
}

function ratio(value, otherwise) {
  const [wide, high] = (value ?? otherwise).split(":").map(Number);
  return wide > 0 && high > 0 ? `${wide} / ${high}` : "1 / 1";
}

/** A picture that says so when it cannot be loaded, instead of leaving a hole. */
export function photo(url, alt = "") {
  const image = el("img", { src: url, alt, loading: "lazy", draggable: "false" });
  image.addEventListener("error", () => {
    image.replaceWith(el("span", { class: "no-picture", role: "img", "aria-label": "画像を表示できません" }, icon("picture")));
  });
  return image;
}

function image(part, perform) {
  const frame = el("div", { class: "flex-frame" }, photo(part.url, part.action?.label ?? ""));
  frame.style.width = size(part.size ?? "md", PICTURE);
  frame.style.aspectRatio = ratio(part.aspectRatio, "1:1");
  frame.style.backgroundColor = colour(part.backgroundColor);
  frame.classList.toggle("cover", part.aspectMode === "cover");
  const node = el("div", { class: "flex-image" }, frame);
  node.style.justifyContent = part.align ?? "center";
  return tappable(node, part.action, perform);
}

function video(part, perform) {
  const frame = el("div", { class: "flex-frame cover" }, photo(part.previewUrl), el("span", { class: "play" }, icon("play")));
  frame.style.width = "100%";
  frame.style.aspectRatio = ratio(part.aspectRatio, "1:1");
  return tappable(el("div", { class: "flex-image" }, frame), part.action, perform);
}

function mark(part) {
  const pixels = size(part.size ?? "md", TEXT);
  const node = el("span", { class: "flex-icon" }, photo(part.url));
  const [wide, high] = (part.aspectRatio ?? "1:1").split(":").map(Number);
  node.style.height = pixels;
  node.style.width = `calc(${pixels} * ${wide / high || 1})`;
  return node;
}

function separator(part) {
  const node = el("div", { class: "flex-separator", role: "presentation" });
  node.style.backgroundColor = colour(part.color);
  return node;
}

function component(part, perform) {
  switch (part.type) {
    case "box": return box(part, perform);
    case "text": return text(part, perform);
    case "button": return button(part, perform);
    case "image": return image(part, perform);
    case "video": return video(part, perform);
    case "icon": return mark(part);
    case "separator": return separator(part);
    case "filler":
    case "spacer": return el("div", { class: `flex-${part.type}` });
    default: return el("div", { class: "flex-unknown", text: `（${part.type}）` });
  }
}

const SIZES = new Set(["nano", "micro", "deca", "hecto", "kilo", "mega", "giga"]);

/** One bubble: header, hero, body, footer, each with its block style. */
export function bubble(part, perform) {
  const width = SIZES.has(part.size) ? part.size : "mega";
  const node = el("div", { class: `flex-bubble ${width}`, dir: part.direction === "rtl" ? "rtl" : null });
  for (const name of ["header", "hero", "body", "footer"]) {
    if (!part[name]) continue;
    const style = part.styles?.[name] ?? {};
    if (style.separator) node.append(separator({ color: style.separatorColor }));
    const section = component(part[name], perform);
    section.classList.add(`flex-${name}`);
    section.style.backgroundColor ||= colour(style.backgroundColor);
    node.append(section);
  }
  return tappable(node, part.action, perform);
}

/** Makes texts with adjustMode shrink-to-fit smaller until they fit; to be called once they are on the page. */
export function shrinkToFit(root) {
  for (const node of root.querySelectorAll("[data-shrink]")) {
    let pixels = parseFloat(getComputedStyle(node).fontSize);
    while (node.scrollWidth > node.clientWidth && pixels > 8) {
      pixels -= 0.5;
      node.style.fontSize = `${pixels}px`;
    }
  }
}
