// LINE's actions: what a button looks like to a keyboard or a screen reader, and what happens when it is tapped.

import { el } from "./dom.js";

const labelOf = (action) => action.label ?? action.text ?? action.displayText ?? action.uri ?? "選ぶ";

/** The only schemes that LINE opens; anything else (javascript: above all) is refused. */
export const isOpenable = (uri) => /^(https?|tel|line):/i.test(uri ?? "");
const isWeb = (uri) => /^https?:/i.test(uri ?? "") && !isLineLink(uri);
const isLineLink = (uri) => /^(line:\/\/|https:\/\/line\.me\/R\/)/i.test(uri ?? "");
const addressOf = (action) => action.uri ?? action.linkUri;

/** A tap belongs to the innermost thing tapped, e.g. to a button and not to the box around it. */
function onTap(node, action, perform) {
  node.addEventListener("click", (event) => {
    event.stopPropagation();
    if (isWeb(addressOf(action)) && node.tagName === "A") return;
    event.preventDefault();
    perform(action, node);
  });
}

/** A real button, or a real link where the action opens a web page or a phone call. */
export function actionButton(action, className, perform, ...children) {
  const uri = addressOf(action);
  const content = children.length > 0 ? children : [el("span", { class: "action-label", text: labelOf(action) })];
  const data = { actionType: action.type };
  const label = children.length > 0 ? labelOf(action) : undefined;
  const isLink = isWeb(uri) || /^tel:/i.test(uri ?? "");
  const node = isLink
    ? el("a", {
      class: className, href: uri, target: isWeb(uri) ? "_blank" : null, rel: "noopener noreferrer", data, "aria-label": label,
    }, ...content)
    : el("button", { class: className, type: "button", data, "aria-label": label }, ...content);
  onTap(node, action, perform);
  return node;
}

/** Makes something that is no button (a Flex box, a picture, a whole bubble) tappable by finger and keyboard. */
export function tappable(node, action, perform) {
  if (!action) return node;
  node.classList.add("tappable");
  node.tabIndex = 0;
  node.dataset.actionType = action.type;
  node.setAttribute("role", addressOf(action) ? "link" : "button");
  if (action.label) node.setAttribute("aria-label", action.label);
  onTap(node, action, perform);
  node.addEventListener("keydown", (event) => {
    if (event.target !== node || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    perform(action, node);
  });
  return node;
}

/** The chosen value in the shape of LINE's postback params, and without seconds. */
function pickedParams(mode, value) {
  return { [mode]: mode === "datetime" ? value.slice(0, 16) : value };
}

/** `https://line.me/R/oaMessage/@id/?text` puts words into the input box; other LINE links have no meaning here. */
function openLineLink(uri, parts) {
  const written = /\/R\/oaMessage\/[^/]*\/?\?(.*)$/i.exec(uri);
  if (written) return parts.composer.fill(decodeURIComponent(written[1].replace(/\+/g, " ")));
  if (/nv\/location/i.test(uri)) return parts.composer.askLocation();
  return parts.toast("この練習台では開けない LINE のリンクです。");
}

async function openUri(uri, parts) {
  if (!isOpenable(uri)) return parts.toast("このリンクは開けません。");
  if (/^tel:/i.test(uri)) return parts.dialogs.call(decodeURIComponent(uri.slice(4)));
  if (isLineLink(uri)) return openLineLink(uri, parts);
  window.open(uri, "_blank", "noopener");
}

function applyInputOption(action, parts) {
  if (action.inputOption === "openRichMenu") parts.richMenu.open();
  if (action.inputOption === "closeRichMenu") parts.richMenu.close();
  if (action.inputOption === "openKeyboard") parts.composer.fill(action.fillInText ?? "");
}

/**
 * What a tap does. `parts` holds act (sends to the stand-in), dialogs, composer, richMenu and toast;
 * the result takes an action and returns when the stand-in has answered.
 */
export function performer(parts) {
  const { act } = parts;
  const deeds = {
    async postback(action) {
      applyInputOption(action, parts);
      await act({ type: "postback", data: action.data, displayText: action.displayText ?? action.text });
    },
    message: (action) => act({ type: "message", text: action.text }),
    uri: (action) => openUri(addressOf(action), parts),
    async datetimepicker(action) {
      const value = await parts.dialogs.pickTime(action);
      if (value) await act({ type: "postback", data: action.data, params: pickedParams(action.mode, value) });
    },
    async clipboard(action) {
      const copied = await parts.copy(action.clipboardText);
      parts.toast(copied ? "コピーしました。" : "コピーできませんでした。");
    },
    richmenuswitch: (action) =>
      act({ type: "richmenuswitch", richMenuAliasId: action.richMenuAliasId, data: action.data }),
    camera: () => act({ type: "image" }),
    cameraRoll: () => act({ type: "image" }),
    location: () => parts.composer.askLocation(),
  };
  return async (action) => {
    const deed = deeds[action.type];
    if (deed) await deed(action);
    else parts.toast(`この練習台が知らない動作です（${action.type}）。`);
  };
}
