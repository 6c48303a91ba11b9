// Wires the phone together: who plays, what arrives, what is tapped.

import { performer } from "./actions.js";
import { api, listen } from "./api.js";
import { Chat, accountAvatar } from "./chat.js";
import { Composer, QuickReplies, RichMenu } from "./composer.js";
import { dialogs, overPhone } from "./dialogs.js";
import { byId, el, icon } from "./dom.js";
import { isTrouble } from "./items.js";
import { Panel } from "./panel.js";

const LOG_EVERY_MS = 4000;
/** Who plays and what the stand-in last said; `turn` counts the chats that were opened. */
const now = {
  bot: "default", user: null, state: { bots: [], people: [] }, stop: () => {}, turn: 0, waiting: null, pinned: false,
};

const person = () => now.state.people.find((each) => each.userId === now.user);
const account = () => now.state.bots.find((each) => each.id === now.bot);
const accountName = () => account()?.name ?? "アカウント";

let toastTimer = 0;
function toast(words) {
  byId("toast").textContent = words;
  overPhone(byId("toast"));
  byId("toast").classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => byId("toast").classList.remove("shown"), 3500);
}

async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return false;
  }
}

/** Sends what the person did; true when the stand-in took it (whatever the bot then answered). */
async function act(action) {
  if (!now.user) return false;
  now.pinned = false;
  try {
    const result = await api.act(now.bot, now.user, action);
    if (result.status !== undefined && result.status !== null && (result.status < 200 || result.status > 299)) {
      toast(`ボットがうまく受け取れませんでした（${result.status || "応答なし"}）。`);
    }
    return true;
  } catch (error) {
    toast(`送れませんでした（${error.message}）。`);
    return false;
  } finally {
    refreshLog();
  }
}

const composer = new Composer({ act, place: dialogs.place, typing: () => richMenu.close() });
const parts = { act, dialogs, composer, toast, copy, richMenu: { open: () => richMenu.open(), close: () => richMenu.close() } };
const perform = performer(parts);
const quickReplies = new QuickReplies(perform);
const richMenu = new RichMenu(perform);
const panel = new Panel({ play, toast, copy: copyAndSay, changed: reload });
const chat = new Chat(byId("chat"), {
  perform, accountName,
  select: pick,
  inspect: (item) => { pick(item); if (window.matchMedia("(max-width: 699px)").matches) panel.open(); },
  unsend: (messageId) => act({ type: "unsend", messageId }),
  copy: copyAndSay,
});

async function copyAndSay(words) {
  toast((await copy(words)) ? "コピーしました。" : "コピーできませんでした。");
}

/** Keeps an item in the panel until the person does something or another item is picked. */
function pick(item) {
  now.pinned = true;
  shown(item);
}

function shown(item) {
  chat.select(item.id);
  panel.show(item);
}

function friendCard() {
  const known = person();
  if (!known || known.friend || known.blocked) return null;
  return el("div", { class: "friend-card" }, accountAvatar(), el("strong", { text: accountName() }),
    el("p", { text: "友だちに追加すると、お知らせや相談の案内が届きます。" }),
    el("button", {
      type: "button", id: "friend-card-follow", class: "primary", text: "友だち追加", on: { click: () => befriend("follow") },
    }));
}

async function befriend(type) {
  byId("header-menu").hidden = true;
  byId("menu-open").setAttribute("aria-expanded", "false");
  await act({ type });
  await refreshState();
}

function showState() {
  const known = person();
  byId("account-name").textContent = accountName();
  document.title = `${accountName()}｜トークの練習台`;
  byId("menu-follow").hidden = !known || known.friend || known.blocked;
  byId("menu-block").hidden = !known || known.blocked;
  byId("menu-unblock").hidden = !known?.blocked;
  byId("blocked-note").hidden = !known?.blocked;
  composer.allow(!known?.blocked);
  document.querySelector(".friend-card")?.remove();
  const card = friendCard();
  if (card) document.querySelector(".chat-items")?.append(card);
  if (card) chat.scrollToEnd();
  panel.state(now.state, now.bot, now.user);
}

async function refreshState() {
  now.state = await api.state(now.bot);
  if (!account() && now.state.bots.length > 0) now.bot = now.state.bots[0].id;
  if (!person()) now.user = now.state.people[0]?.userId ?? null;
  showState();
}

async function refreshLog() {
  try {
    const [{ calls }, { webhooks }] = await Promise.all([api.log(now.bot), api.webhooks(now.bot)]);
    panel.log(calls, webhooks);
  } catch {
    // The line is down; the phone says so itself.
  }
}

let loadingTimer = 0;
function showLoading(seconds) {
  clearTimeout(loadingTimer);
  byId("loading").hidden = !(seconds > 0);
  if (seconds > 0) loadingTimer = setTimeout(() => showLoading(0), seconds * 1000);
}

function arrived(item) {
  chat.add(item);
  document.querySelector(".friend-card") && chat.list.append(document.querySelector(".friend-card"));
  if (!now.pinned && (item.from !== "system" || isTrouble(item))) shown(item);
  if (item.from === "bot") showLoading(0);
  if (item.from !== "system") quickReplies.show(item.from === "bot" ? item.message.quickReply : null);
  if (item.from === "system") refreshState();
  refreshLog();
}

/** Shows the chat as the stand-in knows it, from the beginning. */
async function load(turn) {
  now.waiting ??= [];
  const { items, richMenu: menu, quickReply } = await api.chat(now.bot, now.user);
  if (turn !== now.turn) return;
  chat.show(items);
  showState();
  richMenu.show(menu);
  quickReplies.show(quickReply);
  now.pinned = false;
  const last = chat.last();
  if (last) shown(last);
  else panel.show(null);
  byId("phone").dataset.ready = `${now.bot} ${now.user}`;
  const late = now.waiting ?? [];
  now.waiting = null;
  for (const item of late) if (!chat.items.has(String(item.id))) arrived(item);
  refreshLog();
}

function remember() {
  const address = new URL(location.href);
  address.searchParams.set("bot", now.bot);
  address.searchParams.set("user", now.user);
  address.searchParams.delete("text");
  history.replaceState(null, "", address);
}

/** Plays another person or talks to another account; null keeps what it is. */
async function play(bot, user) {
  now.bot = bot ?? now.bot;
  now.user = user ?? now.user;
  now.stop();
  const turn = ++now.turn;
  showLoading(0);
  delete byId("phone").dataset.ready;
  await refreshState();
  if (turn !== now.turn) return;
  if (!now.user) {
    toast("「人を増やす」で、話す人を決めてください。");
    return;
  }
  remember();
  // What arrives while the chat is being fetched waits, so that the fetched chat cannot wipe it away.
  now.waiting = [];
  now.stop = listen(now.bot, now.user, {
    item: (item) => (now.waiting ? now.waiting.push(item) : arrived(item)),
    update: (patch) => { chat.change(patch); refreshLog(); },
    richmenu: (data) => richMenu.show(data && "richMenu" in data ? data.richMenu : data),
    loading: ({ seconds }) => showLoading(seconds),
    reset: () => reload(),
  }, () => {
    byId("connection").hidden = true;
    load(turn).catch((error) => toast(`読み込めませんでした（${error.message}）。`));
  }, () => { byId("connection").hidden = false; });
}

/** After a reset the person who played may be gone; then another one plays. */
async function reload() {
  const { bot, user } = now;
  await refreshState();
  if (now.user !== user || now.bot !== bot) await play(null, null);
  else if (now.user) await load(now.turn);
}

function wireHeader() {
  byId("account-avatar").append(accountAvatar());
  const button = byId("menu-open");
  const menu = byId("header-menu");
  const set = (isOpen) => {
    menu.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
  };
  button.append(icon("menu"));
  button.addEventListener("click", () => set(menu.hidden));
  document.addEventListener("pointerdown", (event) => event.target.closest("#header-menu, #menu-open") ?? set(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    set(false);
    button.focus();
  });
  const deeds = { "menu-follow": "follow", "menu-block": "block", "menu-unblock": "unblock", "blocked-unblock": "unblock" };
  for (const [id, type] of Object.entries(deeds)) {
    byId(id).addEventListener("click", () => befriend(type));
  }
}

async function start() {
  wireHeader();
  const wanted = new URLSearchParams(location.search);
  try {
    const { bots } = await api.state();
    const known = bots.find((each) => each.id === wanted.get("bot")) ?? bots[0];
    await play(known.id, wanted.get("user"));
  } catch (error) {
    toast(`練習台につながりません（${error.message}）。`);
  }
  if (wanted.get("text")) composer.fill(wanted.get("text"));
  setInterval(() => document.hidden || refreshLog(), LOG_EVERY_MS);
}

start();
