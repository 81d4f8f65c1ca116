// Who one is, and where one can go; what was read is kept per person in this browser.

import { h, icon, keep, menu } from "./dom.js";
import { avatar, described, firstName } from "./people.js";

const everybody = (state) => state.people.filter((person) => !person.bot && !person.deleted);

function choose(anchor, state, become) {
  menu(anchor, everybody(state).map((person) =>
    h("button", {
      type: "button", role: "menuitemradio", "aria-checked": String(person.id === state.me),
      onclick: () => become(person.id),
    }, avatar(person, person.id), described(person))), "Be somebody else");
}

export function drawWho(where, state, known, become) {
  const content = JSON.stringify([state.me, state.people]);
  if (where.keptContent === content) return;
  where.keptContent = content;
  const me = known.get(state.me);
  const button = h("button", {
    type: "button", className: "me", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": `You are ${me.real_name}, ${me.title}. Be somebody else`,
    onclick: () => choose(button, state, become),
  }, avatar(me, me.id), described(me), icon("caret"));
  const quick = h("div", { className: "quick", role: "group", "aria-label": "Be somebody else at once" },
    everybody(state).map((person) => h("button", {
      type: "button", title: `${person.real_name}, ${person.title}`, "aria-label": `Be ${firstName(person)}`,
      "aria-pressed": String(person.id === state.me), "data-person": person.id,
      onclick: () => become(person.id),
    }, avatar(person, person.id, true))));
  where.replaceChildren(h("h2", {}, "You are"), button, quick);
}

// The same choice in the top bar, where the sidebar is hidden.
export function drawFace(where, state, known, become) {
  if (where.keptContent === state.me) return;
  where.keptContent = state.me;
  const me = known.get(state.me);
  const button = h("button", {
    type: "button", className: "face", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": `You are ${me.real_name}. Be somebody else`,
    onclick: () => choose(button, state, become),
  }, avatar(me, me.id, true));
  where.replaceChildren(button);
}

export function drawPlaces(where, state, at, open) {
  const place = (channel) => {
    const here = channel.id === at.channel;
    if (here && at.tab === "messages" && !document.hidden) read(state, channel.id);
    const news = here && at.tab === "messages" ? 0 : unread(state, channel.id);
    const name = channel.direct ? "Shipmate" : channel.name;
    return {
      key: channel.id,
      content: `${here} ${news} ${name} ${state.me}`,
      make: () => h("li", {}, h("button", {
        type: "button", className: news ? "place unread" : "place", "aria-current": here ? "page" : undefined,
        "data-action": channel.id, onclick: () => open(channel.id),
      },
      channel.direct
        ? h("img", { className: "sign", src: "/page/icon.svg", alt: "" })
        : h("span", { className: "sign", "aria-hidden": "true" }, "#"),
      h("span", { className: "name" }, name),
      unreadCount(news))),
    };
  };
  if (!where.children.length) {
    where.replaceChildren(h("h2", {}, "Channels"), h("ul", {}), h("h2", {}, "Apps"), h("ul", {}));
  }
  const [channels, apps] = where.querySelectorAll("ul");
  keep(channels, state.channels.filter((channel) => !channel.direct).map(place));
  keep(apps, state.channels.filter((channel) => channel.direct).map(place));
}

export const unreadCount = (news) =>
  news > 0 && h("span", { className: "count" }, String(news), h("span", { className: "spoken" }, " unread"));

const key = (state, channel) => `read:${state.me}:${channel}`;

export const readUntil = (me, channel) => localStorage.getItem(`read:${me}:${channel}`) ?? "0";

function read(state, channel) {
  localStorage.setItem(key(state, channel), state.briefs[channel]?.at(-1)?.ts ?? "0");
}

export function unread(state, channel) {
  const seen = readUntil(state.me, channel);
  return state.briefs[channel].filter((message) => message.ts > seen && message.user !== state.me).length;
}
