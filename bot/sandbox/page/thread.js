// One message and its answers, beside the channel.

import { h, icon, keep } from "./dom.js";
import { composer } from "./composer.js";
import { messageNode } from "./messages.js";

let shown = null; // { id, list, write }

export function drawThread(where, state, known, at, { openThread, say }) {
  const root = at.thread && state.messages.find((message) => message.ts === at.thread);
  where.hidden = !root;
  document.body.classList.toggle("thread-open", Boolean(root));
  if (!root) {
    shown = null;
    return;
  }
  const id = `${at.channel}/${at.thread}/${at.me}`;
  if (shown?.id !== id) shown = frame(where, id, at.thread, { openThread, say });
  const { list, write } = shown;
  const replies = state.messages.filter((message) => message.thread_ts === at.thread);
  const bottom = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  keep(list, [root, ...replies].map((message, index) => ({
    key: `${id}/${message.ts}`,
    content: JSON.stringify([message, index === 0 && replies.length, new Date().toDateString()]),
    make: () => (index ? messageNode(message, { known, at }) : h("div", {},
      messageNode(message, { known, at }),
      h("p", { className: "day" }, h("span", {}, counted(replies.length))))),
  })));
  if (bottom) list.scrollTop = list.scrollHeight;
  write.update(state, "Reply…");
}

const counted = (count) => (count ? `${count} ${count === 1 ? "reply" : "replies"}` : "No replies yet");

function frame(where, id, thread, { openThread, say }) {
  const list = h("div", { className: "thread-messages", role: "log", "aria-label": "Messages in this thread", tabIndex: 0 });
  const write = composer("thread-text", (text) => say(text, thread));
  where.replaceChildren(
    h("header", {}, h("h2", {}, "Thread"),
      h("button", { type: "button", className: "plain", "aria-label": "Close the thread", onclick: () => openThread("") },
        icon("close"))),
    list,
    write.element);
  return { id, list, write };
}
