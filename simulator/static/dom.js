// Builds elements without innerHTML: words from a bot can never become markup, and no inline style meets the CSP.

const SVG = "http://www.w3.org/2000/svg";

/** An element; `props` knows class, text, data (dataset), style (CSSOM), on (listeners); the rest are attributes. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "style") Object.assign(node.style, value);
    else if (name === "on") for (const [kind, listener] of Object.entries(value)) node.addEventListener(kind, listener);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An SVG element; attributes are presentation attributes, which the CSP allows. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  code: "M9 7l-5 5 5 5M15 7l5 5-5 5",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  send: "M4 12l16-7-6 15-3-6z",
  dots: "M6 12h.01M12 12h.01M18 12h.01",
  left: "M14.5 6l-6 6 6 6",
  right: "M9.5 6l6 6-6 6",
  pin: "M12 21s-6.5-6.4-6.5-11.2a6.5 6.5 0 0 1 13 0C18.5 14.6 12 21 12 21zM12 12.3a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  picture: "M4 6h16v12H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  phone: "M7 4l3 5-2 2c1 2.5 2.5 4 5 5l2-2 5 3c0 2-1.5 3-3 3C10 20 4 14 4 7c0-1.5 1-3 3-3z",
  play: "M8 5l11 7-11 7z",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
};

/** A line icon of our own; decorative, so hidden from screen readers. */
export function icon(name) {
  const path = svg("path", { d: ICONS[name] });
  return svg("svg", { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" }, path);
}

export const byId = (id) => document.getElementById(id);

/** Hours and minutes as a chat shows them, e.g. 「9:05」. */
export function clock(ms) {
  const when = new Date(ms);
  return `${when.getHours()}:${String(when.getMinutes()).padStart(2, "0")}`;
}

/** The day as a chat shows it, e.g. 「12月6日(日)」. */
export function day(ms) {
  const when = new Date(ms);
  return `${when.getMonth() + 1}月${when.getDate()}日(${"日月火水木金土"[when.getDay()]})`;
}

/** Only colours of the form that LINE accepts reach a style. */
export function colour(value) {
  return /^#([0-9a-f]{6}|[0-9a-f]{8})$/i.test(value ?? "") ? value : "";
}
