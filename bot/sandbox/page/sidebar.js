// Who one is, and where one can go; unread marks are kept per person in this browser.

import { h, menu } from "./dom.js";
import { avatar, roles } from "./people.js";

export function drawWho(where, state, known, become) {
  const content = JSON.stringify([state.me, state.people]);
  if (where.dataset.content === content) return;
  where.dataset.content = content;
  const me = known.get(state.me);
  const face = (person) => [
    avatar(person, person.id),
    h("span", { className: "whom" },
      h("strong", {}, person.real_name),
      h("span", {}, person.title),
      h("span", { className: "roles" }, roles(person))),
  ];
  const everybody = () => state.people.filter((person) => !person.bot && !person.deleted).map((person) =>
    h("button", {
      type: "button", role: "menuitemradio", "aria-checked": String(person.id === state.me),
      onclick: () => become(person.id),
    }, face(person)));
  const button = h("button", {
    type: "button", className: "me", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": `You are ${me.real_name}, ${me.title}. Be somebody else`,
    onclick: () => menu(button, everybody(), "Be somebody else"),
  }, face(me), h("span", { className: "caret", "aria-hidden": "true" }, "⌄"));
  where.replaceChildren(h("p", { className: "over" }, "You are"), button);
}

export function drawPlaces(where, state, at, open) {
  const place = (channel) => {
    const here = channel.id === at.channel;
    if (here && at.tab === "messages") read(state, channel.id);
    const news = here ? 0 : unread(state, channel.id);
    return h("li", {}, h("button", {
      type: "button", className: news ? "place unread" : "place", "aria-current": here ? "page" : undefined,
      onclick: () => open(channel.id),
    },
    channel.direct
      ? h("img", { className: "sign", src: "/page/icon.svg", alt: "" })
      : h("span", { className: "sign", "aria-hidden": "true" }, "#"),
    h("span", { className: "name" }, channel.direct ? "Shipmate" : channel.name),
    news ? h("span", { className: "count", "aria-label": `${news} unread` }, news > 99 ? "99+" : String(news)) : null));
  };
  const channels = state.channels.filter((channel) => !channel.direct);
  const direct = state.channels.filter((channel) => channel.direct);
  const focused = where.contains(document.activeElement)
    ? [...where.querySelectorAll("button")].indexOf(document.activeElement) : -1;
  where.replaceChildren(
    h("h2", {}, "Channels"), h("ul", {}, channels.map(place)), h("h2", {}, "Apps"), h("ul", {}, direct.map(place)));
  if (focused >= 0) where.querySelectorAll("button")[focused]?.focus();
}

const key = (state, channel) => `read:${state.me}:${channel}`;
const newest = (state, channel) => state.messages[channel]?.at(-1)?.ts ?? "0";

function read(state, channel) {
  localStorage.setItem(key(state, channel), newest(state, channel));
}

function unread(state, channel) {
  const seen = localStorage.getItem(key(state, channel)) ?? "0";
  return state.messages[channel].filter((message) => message.ts > seen && message.user !== state.me).length;
}
