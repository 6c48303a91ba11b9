// Beside the phone: who plays, what a message holds and what was wrong with it, what went over the wire.

import { api } from "./api.js";
import { byId, el, icon } from "./dom.js";
import { dialogs } from "./dialogs.js";
import { isTrouble, problemsOf, troubleTitle } from "./items.js";

/** Pretty JSON with colours, built from elements. */
function pretty(value) {
  const text = JSON.stringify(value, null, 2) ?? "";
  const pieces = text.split(/("(?:\\.|[^"\\])*"(?:\s*:)?|-?\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b|\b(?:true|false|null)\b)/i);
  return pieces.map((piece, index) => {
    if (index % 2 === 0) return piece;
    const kind = piece.endsWith(":") ? "key" : piece.startsWith('"') ? "string" : "other";
    return el("span", { class: `json-${kind}`, text: piece });
  });
}

const seconds = (at) => new Date(at).toLocaleTimeString("ja-JP", { hour12: false });

export class Panel {
  /** `deeds`: play(bot, user), toast(words), copy(words), changed() after faults or a reset. */
  constructor(deeds) {
    this.deeds = deeds;
    this.item = null;
    this.side = "message";
    byId("panel-open").append(icon("code"));
    byId("panel-close").append(icon("close"));
    byId("panel-open").addEventListener("click", () => this.open());
    byId("panel-close").addEventListener("click", () => this.close());
    byId("json-message").addEventListener("click", () => this.turn("message"));
    byId("json-raw").addEventListener("click", () => this.turn("raw"));
    byId("json-copy").addEventListener("click", () => deeds.copy(byId("panel-json").textContent));
    byId("bot-select").addEventListener("change", (event) => deeds.play(event.target.value, null));
    byId("person-select").addEventListener("change", (event) => deeds.play(null, event.target.value));
    byId("person-add").addEventListener("click", () => this.addPerson());
    this.wireFaults();
    this.show(null);
  }

  open() {
    document.body.classList.add("panel-shown");
    byId("panel-open").setAttribute("aria-expanded", "true");
    byId("panel-close").focus();
  }

  close() {
    document.body.classList.remove("panel-shown");
    byId("panel-open").setAttribute("aria-expanded", "false");
    byId("panel-open").focus();
  }

  async addPerson() {
    const name = await dialogs.name();
    if (!name) return;
    const person = await api.addPerson(name);
    await this.deeds.play(null, person.userId ?? person.person?.userId);
    this.deeds.toast(`「${name}」さんになりました。`);
  }

  /** Fills the two selects and the facts about the account. */
  state(state, bot, user) {
    byId("bot-select").replaceChildren(...state.bots.map((each) =>
      el("option", { value: each.id, text: each.name, selected: each.id === bot })));
    byId("person-select").replaceChildren(...state.people.map((each) => el("option", {
      value: each.userId, selected: each.userId === user,
      text: each.name + (each.blocked ? "（ブロック中）" : each.friend ? "" : "（まだ友だちでない）"),
    })));
    const own = state.bots.find((each) => each.id === bot);
    const facts = [own?.basicId, own?.webhook && `Webhook ${own.webhook}`, quotaWords(state.quota)];
    byId("panel-facts").textContent = facts.filter(Boolean).join("　");
    this.faults(state.faults);
  }

  /** Shows an item's JSON and what was wrong with it. */
  show(item) {
    this.item = item;
    const list = problemsOf(item).map((problem) => el("li", { text: problem }));
    const isBad = item !== null && (isTrouble(item) || list.length > 0);
    const title = el("strong", { text: isBad && isTrouble(item) ? troubleTitle(item) : "気になる点があります" });
    const box = byId("panel-problems");
    box.className = isBad ? "bad" : "good";
    if (isBad) box.replaceChildren(title, el("ul", {}, ...list));
    else box.replaceChildren(item ? callWords(item) : "メッセージを選ぶと、ここに中身が出ます。");
    this.draw();
  }

  turn(side) {
    this.side = side;
    byId("json-message").setAttribute("aria-pressed", String(side === "message"));
    byId("json-raw").setAttribute("aria-pressed", String(side === "raw"));
    this.draw();
  }

  draw() {
    const value = this.item && (this.side === "raw" || isTrouble(this.item) ? this.item.raw ?? this.item : this.item.message);
    byId("panel-json").replaceChildren(...(value ? pretty(value) : [""]));
  }

  /** Calls to LINE and webhooks to the bot, the newest first; drawn again only when something is new. */
  log(calls, webhooks) {
    const all = [...calls.slice(-200).map(callRow), ...webhooks.slice(-200).map(webhookRow)].sort((a, b) => b.at - a.at);
    const stamp = `${calls.length} ${webhooks.length} ${all[0]?.at} ${byId("bot-select").value}`;
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    const rows = all.map(({ draw }) => draw());
    byId("panel-log").replaceChildren(...(rows.length > 0 ? rows : [el("li", { class: "empty", text: "まだ何もありません。" })]));
  }

  wireFaults() {
    const deeds = {
      "fault-error": () => onlyFault({ status: 500 }),
      "fault-hang": () => onlyFault({ delay: 10 }),
      "fault-quota": () => api.setQuota(byId("bot-select").value, 0),
      "fault-recover": async () => {
        await api.clearFaults();
        await api.setQuota(byId("bot-select").value, null);
      },
    };
    for (const [id, deed] of Object.entries(deeds)) {
      byId(id).addEventListener("click", async () => {
        await this.attempt(deed);
        await this.deeds.changed();
      });
    }
    byId("reset").addEventListener("click", async () => {
      const words = "この練習台のトークと記録がすべて消えます。";
      if (!(await dialogs.sure("すべて消しますか", words, "消す"))) return;
      await this.attempt(() => api.reset());
      await this.deeds.changed();
    });
  }

  async attempt(deed) {
    try {
      await deed();
    } catch (error) {
      this.deeds.toast(`できませんでした（${error.message}）。`);
    }
  }

  faults(faults) {
    const words = faultWords(faults);
    byId("fault-state").textContent = words ? `いま: ${words}` : "いまは、ふつうに動いています。";
    byId("fault-state").classList.toggle("on", Boolean(words));
  }
}

function quotaWords(quota) {
  if (!quota) return "";
  const limit = quota.limit ?? quota.value;
  const used = quota.used ?? quota.totalUsage ?? 0;
  return limit === null || limit === undefined ? `配信 ${used} 通（上限なし）` : `配信 ${used} / ${limit} 通`;
}

/** From now on every call meets this fault, and no earlier one. */
async function onlyFault(fault) {
  await api.clearFaults();
  await api.setFaults({ endpoint: "*", times: null, ...fault });
}

/** What the stand-in does wrong on purpose, e.g. 「すべての呼び出し: 500 を返す」. */
function faultWords(faults) {
  return (Array.isArray(faults) ? faults : []).map((fault) => {
    const where = fault.endpoint === "*" ? "すべての呼び出し" : fault.endpoint;
    const what = [fault.delay > 0 && `${fault.delay} 秒だまる`, fault.hang && "ずっとだまる", fault.drop && "接続を切る",
      fault.status && `${fault.status} を返す`].filter(Boolean).join("、");
    return `${where}: ${what}${fault.times ? `（あと ${fault.times} 回）` : ""}`;
  }).join(" ／ ");
}

function callWords(item) {
  if (item.from !== "bot") return "話す人から届いたものです。";
  const words = { reply: "返信（reply）", push: "個別に送信（push）", multicast: "一斉に送信（multicast）" };
  const via = words[item.raw?.via] ?? item.raw?.via ?? "";
  return `問題なく届きました。${via}${item.raw?.status ? `・${item.raw.status}` : ""}`;
}

const callRow = (entry) => ({
  at: entry.at,
  draw: () => {
    const reached = Number.isInteger(entry.delivered) ? `${entry.delivered} 人に` : "";
    return logRow(entry, "call", `← ボット ${entry.method} ${entry.path}`, reached);
  },
});

const webhookRow = (entry) => ({
  at: entry.at,
  draw: () => logRow(entry, "webhook", `→ ボット ${eventWords(entry.events)}`, `${Math.round(entry.ms)} ms`),
});

const eventWords = (events) => (events ?? []).map((event) => event?.message?.type ?? event?.type).join("・") || "（確認）";

function logRow(entry, kind, what, remark) {
  const isBad = !(entry.status >= 200 && entry.status < 300);
  const reasons = [entry.reason, entry.fault, ...(entry.problems ?? [])].filter(Boolean);
  return el("li", { class: isBad ? `${kind} bad` : kind },
    el("time", { text: seconds(entry.at) }),
    el("b", { text: entry.status || "×" }),
    el("span", { class: "log-what", text: what }),
    el("small", { text: remark }),
    ...reasons.map((reason) => el("span", { class: "log-problem", text: String(reason) })));
}
