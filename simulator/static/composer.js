// The bottom of the phone: the input box, the ＋ sheet, the quick replies, the rich menu.

import { actionButton } from "./actions.js";
import { byId, el, icon } from "./dom.js";
import { photo } from "./flex.js";
import { STICKERS, stickerFace } from "./stickers.js";
import { placeArea } from "./templates.js";

export class Composer {
  /** `deeds`: act(action) → true when it was taken, place() → a place or null, typing(). */
  constructor(deeds) {
    this.deeds = deeds;
    this.input = byId("composer-input");
    this.sheet = byId("attach-sheet");
    byId("attach-open").append(icon("plus"));
    byId("composer-send").append(icon("send"));
    byId("attach-location").prepend(icon("pin"));
    byId("attach-image").prepend(icon("picture"));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("input", () => this.grow());
    this.input.addEventListener("focus", () => this.deeds.typing()); // a keyboard takes the menu's place
    byId("attach-open").addEventListener("click", () => this.toggleSheet());
    this.sheet.addEventListener("keydown", (event) => event.key === "Escape" && this.toggleSheet(false));
    byId("attach-location").addEventListener("click", () => this.attach(() => this.askLocation()));
    byId("attach-image").addEventListener("click", () => this.attach(() => this.deeds.act({ type: "image" })));
    byId("sticker-picker").append(...STICKERS.map((sticker, index) => this.stickerButton(sticker, index + 1)));
  }

  stickerButton({ packageId, stickerId, name }, number) {
    const send = () => this.attach(() => this.deeds.act({ type: "sticker", packageId, stickerId }));
    const props = { type: "button", id: `sticker-${number}`, "aria-label": `スタンプ ${name}`, on: { click: send } };
    return el("button", props, stickerFace(stickerId));
  }

  /** Enter sends; with Shift, or while a Japanese word is still being chosen (key code 229), it does not. */
  pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.send();
  }

  async send() {
    const text = this.input.value;
    if (!text.trim()) return;
    this.fill("", false);
    if (!(await this.deeds.act({ type: "text", text })) && !this.input.value) this.fill(text, false);
  }

  /** Puts words into the box without sending them. */
  fill(text, focus = true) {
    this.input.value = text;
    this.grow();
    if (focus) this.input.focus();
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
    byId("composer-send").classList.toggle("ready", this.input.value.trim() !== "");
  }

  toggleSheet(open = this.sheet.hidden) {
    this.sheet.hidden = !open;
    const button = byId("attach-open");
    button.setAttribute("aria-expanded", String(open));
    if (open) byId("sticker-1").focus({ preventScroll: true });
    else if (this.sheet.contains(document.activeElement) || document.activeElement === document.body) button.focus();
  }

  attach(deed) {
    byId("attach-open").focus({ preventScroll: true });
    this.toggleSheet(false);
    return deed();
  }

  async askLocation() {
    const place = await this.deeds.place();
    if (place) await this.deeds.act({ type: "location", ...place });
  }

  allow(isAllowed) {
    byId("composer").hidden = !isAllowed;
    if (!isAllowed) this.toggleSheet(false);
  }
}

export class QuickReplies {
  constructor(perform) {
    this.node = byId("quick-replies");
    this.perform = perform;
  }

  /** Shows the quick replies of the newest message, or none. */
  show(quickReply) {
    const hadFocus = this.node.contains(document.activeElement);
    const items = quickReply?.items ?? [];
    this.node.replaceChildren(...items.map((item, index) => this.button(item, index)));
    this.node.hidden = items.length === 0;
    this.node.scrollLeft = 0;
    if (hadFocus) byId("chat").focus({ preventScroll: true });
  }

  button({ action, imageUrl }, index) {
    const label = el("span", { class: "action-label", text: action.label ?? "" });
    const tap = (tapped) => {
      if (tapped.type === "postback" || tapped.type === "message") this.show(null);
      return this.perform(tapped);
    };
    const button = actionButton(action, "quick-reply", tap, ...(imageUrl ? [photo(imageUrl), label] : [label]));
    button.dataset.quickReply = index;
    return button;
  }
}

export class RichMenu {
  constructor(perform) {
    this.node = byId("rich-menu");
    this.bar = byId("rich-menu-bar");
    this.body = byId("rich-menu-body");
    this.perform = perform;
    this.bar.addEventListener("click", () => this.set(this.body.hidden));
  }

  /** Shows a person's menu, or none; a menu that replaces an open one is open, too. */
  show(menu) {
    const wasOpen = !this.node.hidden && !this.body.hidden;
    const isSame = menu && this.node.dataset.richMenuId === menu.richMenuId;
    const stayShut = isSame && !wasOpen && !this.node.hidden;
    this.node.hidden = !menu;
    this.body.replaceChildren();
    if (!menu) {
      delete this.node.dataset.richMenuId;
      return;
    }
    this.node.dataset.richMenuId = menu.richMenuId;
    this.bar.replaceChildren(icon("menu"), el("span", { text: menu.chatBarText || "メニュー" }), el("i", { class: "caret" }));
    this.body.style.aspectRatio = `${menu.size.width} / ${menu.size.height}`;
    this.body.append(photo(menu.imageUrl), ...menu.areas.map((area, index) => this.area(area, index, menu)));
    this.set(!stayShut && (wasOpen || menu.selected !== false));
  }

  area({ bounds, action }, index, menu) {
    const button = actionButton(action, "area", this.perform, el("span"));
    button.dataset.richMenuArea = index;
    placeArea(button, bounds, menu.size);
    return button;
  }

  set(isOpen) {
    this.body.hidden = !isOpen;
    this.bar.setAttribute("aria-expanded", String(isOpen));
  }

  open() {
    this.set(true);
  }

  close() {
    this.set(false);
  }
}
