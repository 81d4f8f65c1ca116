// One message and its answers, beside the channel.

import { h, keep } from "./dom.js";
import { composer } from "./composer.js";
import { messageNode } from "./messages.js";

let shown = "";
let list = null;

export function drawThread(where, state, known, at, openThread) {
  const all = state.messages[at.channel] ?? [];
  const root = at.thread && all.find((message) => message.ts === at.thread);
  where.hidden = !root;
  document.body.classList.toggle("thread-open", Boolean(root));
  if (!root) {
    shown = "";
    return;
  }
  const id = `${at.channel}/${at.thread}/${at.me}`;
  if (shown !== id) frame(where, at, openThread);
  shown = id;
  const replies = all.filter((message) => message.thread_ts === at.thread);
  const bottom = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  keep(list, [root, ...replies].map((message) => ({
    key: `${id}/${message.ts}`,
    content: JSON.stringify(message),
    make: () => messageNode(message, { known, at }),
  })));
  if (bottom) list.scrollTop = list.scrollHeight;
}

function frame(where, at, openThread) {
  list = h("div", { className: "thread-messages", role: "log", "aria-label": "Messages in this thread", tabIndex: 0 });
  const thread = at.thread;
  const write = composer("thread-text", (text) => at.say(text, thread), "Reply…");
  where.replaceChildren(
    h("header", {}, h("h2", {}, "Thread"),
      h("button", { type: "button", className: "icon", "aria-label": "Close the thread", onclick: () => openThread("") }, "✕")),
    list,
    write.element);
}
