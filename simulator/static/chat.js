// The list of what was said: rows with avatar, bubble and time, and the small menu of each message.

import { clock, day, el, icon, svg } from "./dom.js";
import { photo, shrinkToFit } from "./flex.js";
import { isTrouble, messageIdOf, problemsOf, troubleNote, troubleTitle } from "./items.js";
import { isCarousel, isWide, render } from "./render.js";

const LONG_PRESS_MS = 550;

/** The account's face: two linked rings of our own. */
export function accountAvatar() {
  const ring = (cx) => svg("circle", { cx, cy: 20, r: 7.5, fill: "none", stroke: "#fff", "stroke-width": 3.2 });
  return svg("svg", { viewBox: "0 0 40 40", class: "avatar", "aria-hidden": "true" },
    svg("circle", { cx: 20, cy: 20, r: 20, fill: "#1d7f56" }), ring(15.6), ring(24.4));
}

export class Chat {
  /** `deeds`: perform(action), select(item), inspect(item), unsend(messageId), copy(text), accountName(). */
  constructor(node, deeds) {
    this.node = node;
    this.deeds = deeds;
    this.items = new Map();
    this.list = el("div", { class: "chat-items" });
    this.node.replaceChildren(this.list);
    this.isAtEnd = true;
    this.top = 0;
    this.node.addEventListener("scroll", () => this.scrolled(), { passive: true });
    const follow = new ResizeObserver(() => this.isAtEnd && this.scrollToEnd());
    follow.observe(this.list);
    follow.observe(this.node);
    document.addEventListener("pointerdown", (event) => event.target.closest(".item-menu, .item-more") ?? this.closeMenu());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.closeMenu());
  }

  /** Shows a whole conversation; screen readers are not read the past again. */
  show(items, opening) {
    this.node.setAttribute("aria-live", "off");
    this.items.clear();
    this.list.replaceChildren(...(opening ? [opening] : []));
    for (const item of items) this.append(item);
    this.scrollToEnd();
    requestAnimationFrame(() => this.node.setAttribute("aria-live", "polite"));
  }

  add(item) {
    if (this.items.has(String(item.id))) return this.change(item);
    this.append(item);
    this.scrollToEnd();
  }

  /** Takes over what changed of an item, e.g. {id, unsent: true}. */
  change(patch) {
    const id = String(patch.id);
    const before = this.items.get(id);
    if (!before) return;
    const item = { ...before, ...patch };
    this.items.set(id, item);
    const all = [...this.items.values()];
    this.rowOf(id)?.replaceWith(this.row(item, all[all.indexOf(item) - 1]));
  }

  last() {
    return [...this.items.values()].filter((item) => item.from !== "system" || isTrouble(item)).at(-1) ?? null;
  }

  select(id) {
    this.list.querySelector(".selected")?.classList.remove("selected");
    this.rowOf(id)?.classList.add("selected");
  }

  /** Only a scroll upwards leaves the end; pictures that load late or a menu that opens do not. */
  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.node;
    if (scrollHeight - scrollTop - clientHeight < 60) this.isAtEnd = true;
    else if (scrollTop < this.top - 2) this.isAtEnd = false;
    this.top = scrollTop;
  }

  scrollToEnd() {
    this.isAtEnd = true;
    this.node.scrollTop = this.node.scrollHeight;
  }

  rowOf(id) {
    return this.list.querySelector(`[data-item-id="${CSS.escape(String(id))}"]`);
  }

  append(item) {
    const before = [...this.items.values()].at(-1);
    if (!before || day(before.at) !== day(item.at)) this.list.append(el("p", { class: "day", text: day(item.at) }));
    this.items.set(String(item.id), item);
    const row = this.row(item, before);
    this.list.append(row);
    shrinkToFit(row);
  }

  row(item, before) {
    const data = { itemId: item.id, from: item.from };
    if (item.message.kind === "unsend") return el("span", { class: "visually-hidden", data }); // said in its place
    if (item.unsent || (item.from === "system" && !isTrouble(item))) {
      const words = item.unsent ? "メッセージの送信を取り消しました" : item.message.text;
      return el("p", { class: "system", data, text: words });
    }
    const isBot = item.from === "bot";
    const startsSeries = isBot && before?.from !== "bot";
    const body = isTrouble(item) ? this.trouble(item) : render(item.message, this.deeds.perform);
    const content = el("div", { class: "content" },
      startsSeries ? el("span", { class: "sender", text: item.message.sender?.name ?? this.deeds.accountName() }) : null,
      el("div", { class: "said" }, body, this.aside(item)));
    const classes = ["row", `from-${item.from}`, isWide(item.message) && "wide", isCarousel(item.message) && "carousel",
      startsSeries && "first"];
    const who = { bot: this.deeds.accountName(), person: "自分", system: "練習台" }[item.from];
    const row = el("article", { class: classes.filter(Boolean).join(" "), data, "aria-label": who },
      item.from !== "person" ? el("span", { class: "avatar-place" }, startsSeries ? this.face(item) : "") : null, content);
    this.listenTo(row, item);
    return row;
  }

  /** A message may bring a sender's own face. */
  face(item) {
    const url = item.message.sender?.iconUrl;
    return url ? el("span", { class: "avatar" }, photo(url)) : accountAvatar();
  }

  /** What LINE refused never reached the phone; the developer sees it all the same. */
  trouble(item) {
    const reasons = problemsOf(item).filter((problem) => !troubleTitle(item).includes(problem));
    return el("div", { class: "bubble refused" },
      el("strong", { text: troubleTitle(item) }),
      ...reasons.slice(0, 3).map((problem) => el("p", { text: problem })),
      el("p", { text: troubleNote(item) }));
  }

  /** Time and the small … button beside a message. */
  aside(item) {
    const more = el("button", {
      type: "button", class: "item-more", "aria-label": "このメッセージのメニュー", "aria-expanded": "false",
      data: { itemMenu: item.id }, on: { click: (event) => { event.stopPropagation(); this.toggleMenu(item, more); } },
    }, icon("dots"));
    const warning = problemsOf(item).length > 0 && !isTrouble(item)
      ? el("button", {
        type: "button", class: "item-warning", "aria-label": "気になる点があります", text: "!",
        on: { click: () => this.deeds.inspect(item) },
      })
      : null;
    return el("span", { class: "aside" }, more, warning,
      item.read && item.from === "person" ? el("span", { class: "read", text: "既読" }) : null,
      el("time", { datetime: new Date(item.at).toISOString(), text: clock(item.at) }));
  }

  listenTo(row, item) {
    row.addEventListener("click", () => {
      if (!getSelection()?.toString()) this.deeds.select(item);
    });
    const said = row.querySelector(".said");
    const open = () => this.openMenu(item, row.querySelector(".item-more"));
    said.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      open();
    });
    let timer = 0;
    const stop = () => clearTimeout(timer);
    said.addEventListener("touchstart", () => { timer = setTimeout(open, LONG_PRESS_MS); }, { passive: true });
    for (const kind of ["touchend", "touchmove", "touchcancel"]) said.addEventListener(kind, stop, { passive: true });
  }

  toggleMenu(item, more) {
    if (more.getAttribute("aria-expanded") === "true") this.closeMenu();
    else this.openMenu(item, more);
  }

  openMenu(item, more) {
    this.closeMenu();
    const entry = (words, deed, data = {}) => el("button", {
      type: "button", text: words, data,
      on: { click: (event) => { event.stopPropagation(); this.closeMenu(); deed(); } },
    });
    const words = item.message.text ?? item.message.altText;
    const menu = el("div", { class: "item-menu popover" },
      words ? entry("コピー", () => this.deeds.copy(words)) : null,
      entry("中身（JSON）を見る", () => this.deeds.inspect(item)),
      item.from === "person"
        ? entry("送信取消", () => this.deeds.unsend(messageIdOf(item)), { unsend: messageIdOf(item) })
        : null);
    more.setAttribute("aria-expanded", "true");
    more.after(menu);
    this.keepInside(menu, more);
    menu.firstElementChild.focus({ preventScroll: true });
  }

  /** A menu opens upwards where there is room, and never over the edge of the screen. */
  keepInside(menu, more) {
    const screen = this.node.getBoundingClientRect();
    menu.classList.toggle("below", more.getBoundingClientRect().top - screen.top < menu.offsetHeight + 8);
    const { left, right } = menu.getBoundingClientRect();
    const shift = Math.max(0, screen.left + 8 - left) || Math.min(0, screen.right - 8 - right);
    menu.style.translate = `${shift}px 0`;
  }

  closeMenu() {
    const menu = this.list.querySelector(".item-menu");
    if (!menu) return;
    const more = menu.parentElement.querySelector(".item-more");
    more.setAttribute("aria-expanded", "false");
    if (menu.contains(document.activeElement)) more.focus({ preventScroll: true });
    menu.remove();
  }
}
