// Short notes about what happened elsewhere.

import { $, h } from "./dom.js";
import { withoutEmoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";

const SECONDS = 7;
const MOST = 3;

export function toast(from, text, act) {
  const note = h(act ? "button" : "div", { className: "toast", type: act ? "button" : undefined },
    h("strong", {}, from), h("span", {}, text));
  if (act) {
    note.addEventListener("click", () => {
      note.remove();
      act();
    });
  }
  $("toasts").append(note);
  while ($("toasts").children.length > MOST) $("toasts").firstChild.remove();
  setTimeout(() => note.remove(), SECONDS * 1000);
}

// Tell about every message that is new somewhere else, and every note of Slack's own.
export function toastNews(before, now, known, at, open) {
  for (const channel of now.channels) {
    if (channel.id === at.channel && at.tab === "messages") continue;
    const seen = before.briefs[channel.id]?.at(-1)?.ts ?? "0";
    const news = now.briefs[channel.id].filter((message) => message.ts > seen && message.user !== now.me);
    if (!news.length) continue;
    const name = channel.direct ? "Shipmate" : `#${channel.name}`;
    const by = channel.direct ? "" : `${known.person(news.at(-1).user)}: `;
    toast(name, `${by}${gist(news.at(-1).text, known)}`, () => open(channel.id, "messages"));
  }
  const old = new Set(before.notices.map((notice) => notice.id));
  for (const notice of now.notices) if (!old.has(notice.id)) toast("Slack", notice.text);
}

const CUT = /(?:(?:^|\s):[a-z0-9_+-]*|<[^>]*)$/; // what comes shortened may end in half a sign or half a name

function gist(text, known) {
  const read = mrkdwn(withoutEmoji(text.replace(CUT, "")).replace(/\s+/g, " "), known);
  const said = h("span", {}, read).textContent.trim();
  return said.length > 90 ? `${said.slice(0, 90)}…` : said || "sent something";
}
