// Small dialogs over the phone: calling, choosing a time, naming a person or a place, being sure.

import { byId, el } from "./dom.js";

/** Shows `content` in a dialog over the phone; resolves with the pressed button's value, "" when closed. */
function ask(title, content, buttons) {
  const heading = el("h2", { text: title });
  const footer = el("div", { class: "dialog-buttons" });
  const form = el("form", { method: "dialog" }, heading, ...content, footer);
  const dialog = el("dialog", { class: "phone-dialog", "aria-label": title }, form);
  for (const { label, value, primary } of buttons) {
    // Only the deed is a submit button: Enter must never mean "cancel".
    const button = el("button", { type: value ? "submit" : "button", value, class: primary ? "primary" : "plain", text: label });
    if (!value) button.addEventListener("click", () => dialog.close(""));
    footer.append(button);
  }
  document.body.append(dialog);
  overPhone(dialog);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close("");
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

/** Centres something over the phone, wherever that stands on the page. */
export function overPhone(node) {
  const phone = byId("phone").getBoundingClientRect();
  node.style.setProperty("--phone-middle", `${phone.left + phone.width / 2}px`);
}

const CANCEL = { label: "やめる", value: "" };

/** 「電話をかける: 0857…」 with a link that really calls on a phone. */
function call(number) {
  const href = `tel:${number.replace(/[^\d+#*]/g, "")}`;
  const dial = el("a", { class: "dial primary", href, text: `電話をかける: ${number}`, data: { dial: number } });
  return ask("電話", [dial], [CANCEL]);
}

const PICKERS = {
  date: { type: "date", title: "日付を選ぶ" },
  time: { type: "time", title: "時刻を選ぶ" },
  datetime: { type: "datetime-local", title: "日時を選ぶ" },
};

/** LINE takes `t` as well as `T` between date and time; inputs want `T`. */
const bound = (value) => value?.replace("t", "T");

/** The native picker for a datetimepicker action; resolves with its value or "". */
async function pickTime(action) {
  const picker = PICKERS[action.mode] ?? PICKERS.date;
  const input = el("input", {
    type: picker.type, id: "picker-input", required: true, "aria-label": picker.title,
    value: bound(action.initial), min: bound(action.min), max: bound(action.max),
  });
  const answer = await ask(picker.title, [input], [CANCEL, { label: "決定", value: "ok", primary: true }]);
  return answer === "ok" ? input.value : "";
}

const PLACE = { title: "鳥取市役所", address: "鳥取県鳥取市幸町71", latitude: 35.4945, longitude: 134.2221 };

/** A place to send; resolves with title, address, latitude and longitude, or null. */
async function place() {
  const title = el("input", { id: "place-title", value: PLACE.title, required: true, maxlength: 100 });
  const address = el("input", { id: "place-address", value: PLACE.address, required: true, maxlength: 100 });
  const degrees = (id, value, most) =>
    el("input", { id, type: "number", step: "any", min: -most, max: most, value, required: true });
  const latitude = degrees("place-latitude", PLACE.latitude, 90);
  const longitude = degrees("place-longitude", PLACE.longitude, 180);
  const field = (words, input) => el("label", {}, words, input);
  const content = [field("場所の名前", title), field("住所", address),
    el("div", { class: "pair" }, field("緯度", latitude), field("経度", longitude))];
  const answer = await ask("位置情報を送る", content, [CANCEL, { label: "送る", value: "ok", primary: true }]);
  if (answer !== "ok") return null;
  return { title: title.value, address: address.value, latitude: Number(latitude.value), longitude: Number(longitude.value) };
}

/** The name of a new person, or "". */
async function name() {
  const input = el("input", { id: "person-name", required: true, maxlength: 20, autocomplete: "off" });
  const answer = await ask("人を増やす", [el("label", {}, "名前", input)], [CANCEL, { label: "増やす", value: "ok", primary: true }]);
  return answer === "ok" ? input.value.trim() : "";
}

/** True when the person is sure. */
async function sure(title, words, yes) {
  return (await ask(title, [el("p", { text: words })], [CANCEL, { label: yes, value: "ok", primary: true }])) === "ok";
}

export const dialogs = { call, pickTime, place, name, sure };
