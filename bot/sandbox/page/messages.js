// What was said in a channel: who, when, the blocks, files, and how many answered in the thread.

import { h, keep, post } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { EMOJI } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";
import { avatar } from "./people.js";

const filled = new Map(); // what is chosen in a message's menus, by channel and time

export function drawMessages(where, state, known, at, openThread) {
  const all = state.messages[at.channel] ?? [];
  const replies = new Map();
  for (const message of all) if (message.thread_ts) replies.set(message.thread_ts, [...(replies.get(message.thread_ts) ?? []), message]);
  const top = all.filter((message) => !message.thread_ts);
  const bottom = where.scrollHeight - where.scrollTop - where.clientHeight < 80;
  const moved = where.dataset.channel !== `${at.channel}/${state.me}`;
  where.dataset.channel = `${at.channel}/${state.me}`;
  const items = [];
  top.forEach((message, index) => {
    if (!index || day(message) !== day(top[index - 1])) items.push(separator(day(message)));
    const answers = replies.get(message.ts) ?? [];
    const follows = follow(top[index - 1], message);
    items.push({
      key: `${at.channel}/${message.ts}`,
      content: JSON.stringify([message, answers.length, follows, state.me]),
      make: () => messageNode(message, { known, at, answers, follows, openThread }),
    });
  });
  if (!top.length) {
    items.push({ key: "empty", content: at.channel, make: () => h("p", { className: "empty" }, "Nothing was said here yet. Type / to see what Shipmate can do.") });
  }
  keep(where, items);
  if (moved || bottom) where.scrollTop = where.scrollHeight;
}

const day = (message) => new Date(Number(message.ts) * 1000).toDateString();

function separator(date) {
  const today = new Date().toDateString() === date;
  const text = today ? "Today" : new Date(date).toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
  return { key: `day/${date}`, content: text, make: () => h("div", { className: "day", role: "separator" }, h("span", {}, text)) };
}

const follow = (before, message) =>
  Boolean(before) && before.user === message.user && !before.mine_only && !message.mine_only &&
  !message.blocks.length && Number(message.ts) - Number(before.ts) < 300;

export function messageNode(message, { known, at, answers = [], follows = false, openThread }) {
  const person = known.get(message.user);
  const name = message.user === "USLACKBOT" ? "Slackbot" : known.person(message.user);
  const when = new Date(Number(message.ts) * 1000);
  const time = h("time", { dateTime: when.toISOString(), title: when.toLocaleString() },
    when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  const face = follows ? h("span", { className: "gutter" }, time.cloneNode(true)) : avatar(person, message.user);
  return h("article", {
    className: `message${message.mine_only ? " private" : ""}${follows ? " follows" : ""}`,
    "aria-label": `${name}, ${time.textContent}${message.mine_only ? ", only visible to you" : ""}`,
  },
  face,
  h("div", { className: "said" },
    message.mine_only && h("p", { className: "only" }, h("span", { "aria-hidden": "true" }, "◉ "), "Only visible to you"),
    !follows && h("p", { className: "by" }, h("strong", {}, name),
      (person?.bot || message.user === "USLACKBOT") && h("span", { className: "app" }, "APP"), time),
    body(message, known, at),
    message.files.map(fileNode),
    reactions(message),
    openThread && threadLink(message, answers, openThread)));
}

function body(message, known, at) {
  const edited = message.edited && !message.blocks.length && h("span", { className: "edited" }, " (edited)");
  if (!message.blocks.length) return message.text && h("div", { className: "text" }, mrkdwn(message.text, known), edited);
  const where = { as: at.me, channel: at.channel, ts: message.ts };
  const id = `${at.me}/${at.channel}/${message.ts}`;
  if (!filled.has(id)) filled.set(id, {});
  const answers = filled.get(id);
  return h("div", { className: "blocks" }, renderBlocks(message.blocks, {
    known,
    answers,
    act: (block, one, raw) =>
      post("/_page/act", { ...where, block: block.block_id, action: one.action_id, raw, answers }),
    suggest: (block, one, typed) =>
      post("/_page/suggest", { ...where, block: block.block_id, action: one.action_id, typed }),
  }));
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`);

function fileNode(file) {
  const lines = file.preview.split("\n");
  return h("figure", { className: "file" },
    h("figcaption", {},
      h("a", { href: `/files/${encodeURIComponent(file.id)}`, target: "_blank" }, file.title || file.name),
      h("small", {}, ` ${size(file.size)}`)),
    h("pre", { tabIndex: 0 }, lines.slice(-12).join("\n").trimEnd()));
}

function reactions(message) {
  const names = Object.entries(message.reactions);
  return names.length > 0 && h("p", { className: "reactions" },
    names.map(([name, people]) => h("span", { title: `:${name}:` }, `${EMOJI.get(name) ?? `:${name}:`} ${people.length}`)));
}

function threadLink(message, answers, openThread) {
  if (message.mine_only) return null;
  const count = answers.length;
  const text = count ? `${count} ${count === 1 ? "reply" : "replies"}` : "Reply in thread";
  return h("button", { type: "button", className: count ? "replies" : "replies none", onclick: () => openThread(message.ts) },
    text);
}
