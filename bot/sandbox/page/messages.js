// What was said in a channel: who, when, the blocks, files, and how many answered in the thread.

import { h, icon, keep } from "./dom.js";
import { post } from "./wire.js";
import { renderBlocks } from "./blocks.js";
import { clock, dayName } from "./dates.js";
import { emoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";
import { avatar } from "./people.js";

const NEAR = 80; // pixels from the end that still count as being there
const filled = new Map(); // what is chosen in a message's menus, by who, channel, time and edit

export function drawMessages(where, state, known, at, { openThread, showEarlier }) {
  const top = state.messages.filter((message) => !message.thread_ts);
  const answers = grouped(state.messages);
  const place = `${at.channel}/${state.me}`;
  const moved = where.dataset.place !== place;
  const atEnd = moved || isAtEnd(where);
  where.dataset.place = place;
  keep(where, [
    ...earlier(state, at, showEarlier),
    ...top.flatMap((message, index) => [
      ...lines(top[index - 1], message, at),
      item(message, top[index - 1], answers.get(message.ts) ?? [], { state, known, at, openThread }),
    ]),
    ...(top.length ? [] : [nothing(state, at)]),
  ]);
  if (atEnd) where.scrollTop = where.scrollHeight;
}

const isAtEnd = (where) => where.scrollHeight - where.scrollTop - where.clientHeight < NEAR;

// Whoever reads the newest message goes on seeing it when there is less room: a window made smaller, a phone's keyboard.
export function staysAtEnd(where) {
  let atEnd = true;
  where.addEventListener("scroll", () => (atEnd = isAtEnd(where)), { passive: true });
  new ResizeObserver(() => atEnd && (where.scrollTop = where.scrollHeight)).observe(where);
}

function grouped(messages) {
  const found = new Map();
  for (const message of messages) found.set(message.thread_ts, [...(found.get(message.thread_ts) ?? []), message]);
  return found;
}

function item(message, before, answers, { state, known, at, openThread }) {
  const follows = follow(before, message);
  return {
    key: `${at.channel}/${message.ts}`,
    content: JSON.stringify([message, answers.length, follows, state.me, new Date().toDateString()]),
    make: () => messageNode(message, { known, at, answers, follows, openThread }),
  };
}

const nothing = (state, at) => ({
  key: "empty",
  content: at.channel,
  make: () => h("div", { className: "empty" },
    h("p", { className: "lead" }, "Nothing was said here yet."),
    h("p", {}, "Type ", h("kbd", {}, "/"), " to see what Shipmate can do.")),
});

const earlier = (state, at, showEarlier) => (!state.earlier ? [] : [{
  key: "earlier",
  content: `${at.channel} ${state.earlier}`,
  make: () => h("p", { className: "earlier" },
    h("button", { type: "button", className: "kit", onclick: showEarlier },
      `Show earlier messages (${state.earlier.toLocaleString()})`)),
}]);

const dayOf = (message) => new Date(Number(message.ts) * 1000).toDateString();

// The lines before a message: a new day, and where the unread ones begin.
function lines(before, message, at) {
  const found = [];
  if (!before || dayOf(message) !== dayOf(before)) {
    const name = dayName(new Date(dayOf(message)));
    found.push({
      key: `day/${dayOf(message)}`, content: name,
      make: () => h("div", { className: "day", role: "separator", "aria-label": name }, h("span", {}, name)),
    });
  }
  if (at.unreadFrom && before && before.ts <= at.unreadFrom && message.ts > at.unreadFrom) {
    found.push({
      key: "news", content: at.channel,
      make: () => h("div", { className: "day news", role: "separator", "aria-label": "New" }, h("span", {}, "New")),
    });
  }
  return found;
}

const follow = (before, message) =>
  Boolean(before) && before.user === message.user && !before.mine_only && !message.mine_only &&
  !message.blocks.length && Number(message.ts) - Number(before.ts) < 300;

export function messageNode(message, { known, at, answers = [], follows = false, openThread }) {
  const person = known.get(message.user);
  const name = message.user === "USLACKBOT" ? "Slackbot" : known.person(message.user);
  const when = new Date(Number(message.ts) * 1000);
  const time = h("time", { dateTime: when.toISOString(), title: when.toLocaleString() }, clock(when));
  const face = follows ? h("span", { className: "gutter" }, time.cloneNode(true)) : avatar(person, message.user);
  return h("article", {
    className: `message${message.mine_only ? " private" : ""}${follows ? " follows" : ""}`,
    "data-ts": message.ts,
    "aria-label": `${name}, ${time.textContent}${message.mine_only ? ", only visible to you" : ""}`,
  },
  face,
  h("div", { className: "said" },
    message.mine_only && h("p", { className: "only" }, icon("eye"), "Only visible to you"),
    !follows && h("p", { className: "by" }, h("strong", {}, name),
      (person?.bot || message.user === "USLACKBOT") && h("span", { className: "app" }, "APP"), time),
    body(message, known, at),
    message.files.map(fileNode),
    reactions(message, known),
    openThread && threadLink(message, answers, openThread)));
}

function body(message, known, at) {
  const edited = message.edited && !message.blocks.length && h("span", { className: "edited" }, " (edited)");
  if (!message.blocks.length) return message.text && h("div", { className: "text" }, mrkdwn(message.text, known), edited);
  const where = { as: at.me, channel: at.channel, ts: message.ts };
  const id = `${at.me}/${at.channel}/${message.ts}/${message.edited}`;
  if (!filled.has(id)) filled.set(id, {});
  const answers = filled.get(id);
  return h("div", { className: "blocks" }, renderBlocks(message.blocks, {
    known,
    answers,
    act: (block, one, raw) =>
      post("/_page/act", { ...where, block: block.block_id, action: one.action_id, raw, answers }),
    suggest: (block, one, typed) =>
      post("/_page/suggest", { ...where, block: block.block_id, action: one.action_id, typed }, { quiet: true }),
  }));
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`);

function fileNode(file) {
  const address = `/files/${encodeURIComponent(file.id)}`;
  const name = file.title || file.name;
  return h("figure", { className: "file" },
    h("figcaption", {}, icon("file"),
      h("a", { href: address, target: "_blank", rel: "noreferrer" }, name), h("small", {}, size(file.size))),
    file.image
      ? h("img", { src: address, alt: name, loading: "lazy" })
      : h("pre", { tabIndex: 0, "aria-label": `The end of ${name}` }, file.preview.split("\n").slice(-12).join("\n").trimEnd()));
}

function reactions(message, known) {
  const names = Object.entries(message.reactions);
  return names.length > 0 && h("p", { className: "reactions" },
    names.map(([name, people]) =>
      h("span", { title: people.map((each) => known.person(each)).join(", ") }, emoji(name), ` ${people.length}`)));
}

function threadLink(message, answers, openThread) {
  if (message.mine_only) return null;
  const count = answers.length;
  const text = count ? `${count} ${count === 1 ? "reply" : "replies"}` : "Reply in thread";
  return h("button", {
    type: "button", className: count ? "replies" : "replies none", "data-action": "thread",
    onclick: () => openThread(message.ts),
  }, icon("reply"), text);
}
