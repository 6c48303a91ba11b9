// Template messages and imagemaps: the fixed forms with buttons that LINE had before Flex.

import { actionButton, tappable } from "./actions.js";
import { colour, el } from "./dom.js";
import { photo } from "./flex.js";

const row = (action, perform) => actionButton(action, "template-action", perform);

/** The picture over a card; rectangle is 1.51:1, as LINE says. */
function thumbnail(url, template, part) {
  if (!url) return null;
  const frame = el("div", { class: "template-picture" }, photo(url));
  if (template.imageAspectRatio === "square") frame.classList.add("square");
  if (template.imageSize === "contain") frame.classList.add("contain");
  frame.style.backgroundColor = colour(part.imageBackgroundColor);
  return frame;
}

/** One card: picture, title, text and its buttons; `look` holds what the whole template decides for its pictures. */
function card(part, look, perform) {
  const words = el("div", { class: "template-words" },
    part.title ? el("strong", { text: part.title }) : null,
    el("p", { text: part.text ?? "" }));
  const face = tappable(
    el("div", { class: "template-face" }, thumbnail(part.thumbnailImageUrl, look, part), words), part.defaultAction, perform);
  const actions = el("div", { class: "template-actions" }, ...(part.actions ?? []).map((action) => row(action, perform)));
  return el("div", { class: "template-card" }, face, actions);
}

function confirm(part, perform) {
  const node = card(part, {}, perform);
  node.classList.add("confirm");
  return node;
}

function imageColumn(column, perform) {
  const label = column.action?.label;
  return actionButton(column.action, "image-column", perform, photo(column.imageUrl),
    label ? el("span", { class: "action-label", text: label }) : el("span"));
}

/** A row that is swiped; on a laptop, arrows do it, and the arrow keys. */
export function swipe(children, label) {
  const strip = el("div", { class: "swipe-strip", tabindex: "0", role: "group", "aria-label": label }, ...children);
  const step = (direction) => strip.scrollBy({ left: direction * (children[0].offsetWidth + 8), behavior: "smooth" });
  const arrow = (side, direction) => el("button", {
    type: "button", class: `swipe-arrow ${side}`, tabindex: "-1", "aria-hidden": "true",
    text: direction < 0 ? "‹" : "›", on: { click: () => step(direction) },
  });
  const back = arrow("back", -1);
  const on = arrow("on", 1);
  const dim = () => {
    back.hidden = strip.scrollLeft < 4;
    on.hidden = strip.scrollLeft + strip.clientWidth > strip.scrollWidth - 4;
  };
  strip.addEventListener("scroll", dim, { passive: true });
  new ResizeObserver(dim).observe(strip);
  return el("div", { class: "swipe" }, strip, back, on);
}

export function template(message, perform) {
  const part = message.template ?? {};
  switch (part.type) {
    case "buttons": return card(part, part, perform);
    case "confirm": return confirm(part, perform);
    case "carousel": return swipe(part.columns.map((column) => card(column, part, perform)), message.altText);
    case "image_carousel": return swipe(part.columns.map((column) => imageColumn(column, perform)), message.altText);
    default: return el("div", { class: "bubble unknown", text: message.altText ?? `（${part.type}）` });
  }
}

/** A picture with tappable areas; baseSize gives the unit of the areas (its width is always 1040). */
export function imagemap(message, perform) {
  const { width, height } = message.baseSize ?? { width: 1040, height: 1040 };
  const node = el("div", { class: "imagemap" }, photo(`${message.baseUrl}/1040`, message.altText));
  node.style.aspectRatio = `${width} / ${height}`;
  for (const action of message.actions ?? []) {
    const label = el("span", { class: "visually-hidden", text: action.label ?? action.text ?? "" });
    const area = actionButton(action, "area", perform, label);
    placeArea(area, action.area, { width, height });
    node.append(area);
  }
  return node;
}

/** Puts a tappable area where LINE would, in per cent of the picture. */
export function placeArea(node, bounds, whole) {
  const percent = (value, of) => `${(100 * value) / of}%`;
  node.style.left = percent(bounds.x, whole.width);
  node.style.top = percent(bounds.y, whole.height);
  node.style.width = percent(bounds.width, whole.width);
  node.style.height = percent(bounds.height, whole.height);
}
