// What an item of the chat is: said, refused by LINE, or the platform's own word.

/** True for what LINE did not take: it never reached the phone, but the developer sees it. */
export const isRefused = (item) =>
  item.message?.kind === "refused" || (item.from === "bot" && (item.raw?.status ?? 200) >= 400);

/** True for lines of the platform that tell of trouble, e.g. a refusal or a bot that did not answer. */
export const isTrouble = (item) => isRefused(item) || (item.from === "system" && (item.problems ?? []).length > 0);

/** The message id that LINE uses for a person's message. */
export const messageIdOf = (item) => item.message?.id ?? item.id;

/** The heading over a trouble's reasons. */
export const troubleTitle = (item) =>
  isRefused(item) ? `LINE が断りました（${item.raw?.status ?? 400}）` : item.message.text;

/** What follows the reasons in the chat. */
export const troubleNote = (item) =>
  isRefused(item) ? "この表示は練習台だけのもので、相手には届いていません。" : "この表示は練習台だけのものです。";

/** Problems as words; the stand-in sends words, but an object shall not break the page. */
export const problemsOf = (item) =>
  (item?.problems ?? []).map((problem) => (typeof problem === "string" ? problem : JSON.stringify(problem)));
