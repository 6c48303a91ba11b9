// (e) The echo of Bottender's guide: it reads and writes a session for each event, and each request waits for its reply.
module.exports = async function App(context) {
  if (context.event.isText) await context.sendText(context.event.text);
};
