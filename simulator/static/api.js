// The one place that talks to the stand-in's own JSON interface under /_sim/.

async function call(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(`_sim/${path}`, options);
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    answer = { message: text.slice(0, 200) };
  }
  if (!response.ok) throw new Error(answer.message ?? answer.error ?? `${response.status}`);
  return answer;
}

const LOG_SHOWN = 200; // entries of each kind that the panel has room for

const query = (values) => new URLSearchParams(values).toString();

export const api = {
  state: (bot) => call("GET", bot ? `state?${query({ bot })}` : "state"),
  chat: (bot, user) => call("GET", `chat?${query({ bot, user })}`),
  log: (bot) => call("GET", `log?${query({ bot, limit: LOG_SHOWN })}`),
  webhooks: (bot) => call("GET", `webhooks?${query({ bot, limit: LOG_SHOWN })}`),
  addPerson: (name) => call("POST", "people", { name }),
  act: (bot, user, action) => call("POST", "act", { bot, user, action }),
  setFaults: (faults) => call("POST", "faults", faults),
  clearFaults: () => call("DELETE", "faults"),
  setQuota: (bot, limit) => call("POST", "quota", { bot, limit }),
  reset: () => call("POST", "reset", { keepMenus: true }),
};

/**
 * Listens to one chat. `heard` maps an event's name to a function of its data; `opened(again)` runs at each
 * (re)connection, so that the caller can fetch what it missed; `lost` when the line is down. Returns a stop function.
 */
export function listen(bot, user, heard, opened, lost) {
  const source = new EventSource(`_sim/events?${query({ bot, user })}`);
  let before = false;
  source.addEventListener("open", () => {
    opened(before);
    before = true;
  });
  source.addEventListener("error", () => lost());
  for (const [name, react] of Object.entries(heard)) {
    source.addEventListener(name, (event) => react(event.data ? JSON.parse(event.data) : null));
  }
  return () => source.close();
}
