// Slack's mrkdwn as elements: bold, italics, code, links, mentions, dates, quotes and emoji names.

import { h } from "./dom.js";
import { dated } from "./dates.js";
import { SIGNS, sign, withEmoji } from "./emoji.js";

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<entity>[^<>\\n]+)>",
    "(?<![\\w*])\\*(?<bold>[^\\s*](?:[^*\\n]*[^\\s*])?)\\*(?![\\w*])",
    "(?<![\\w_])_(?<italic>[^\\s_](?:[^_\\n]*[^\\s_])?)_(?![\\w_])",
    "(?<![\\w~])~(?<strike>[^\\s~](?:[^~\\n]*[^\\s~])?)~(?![\\w~])",
    `(?<picture>${SIGNS})`,
  ].join("|"),
  "gu",
);

export const plain = (text) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export function textObject(object, known) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text, known) : withEmoji(object.text);
}

export function mrkdwn(text, known) {
  return text.split(/```\n?/).flatMap((part, at) =>
    at % 2 ? [h("pre", {}, h("code", {}, plain(part.replace(/\n$/, ""))))] : paragraphs(part, known),
  );
}

function paragraphs(text, known) {
  const out = [];
  let quote = null;
  const lines = text.split("\n");
  lines.forEach((line, at) => {
    const quoted = line.match(/^(?:>|&gt;) ?(.*)$/);
    if (quoted) {
      if (!quote) out.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1], known));
      return;
    }
    if (at && !quote) out.push(h("br"));
    quote = null;
    out.push(...inline(line, known));
  });
  return out;
}

function inline(text, known) {
  const out = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > end) out.push(plain(text.slice(end, found.index)));
    out.push(piece(found, known));
    end = found.index + found[0].length;
  }
  if (end < text.length) out.push(plain(text.slice(end)));
  return out;
}

function piece(found, known) {
  const { code, entity, bold, italic, strike, picture } = found.groups;
  if (code) return h("code", {}, plain(code));
  if (entity) return entityNode(entity, known, found[0]);
  if (bold) return h("strong", {}, inline(bold, known));
  if (italic) return h("em", {}, inline(italic, known));
  if (strike) return h("s", {}, inline(strike, known));
  return sign(picture);
}

function entityNode(entity, known, whole) {
  const [what, label] = split(entity);
  if (what.startsWith("@")) return mention(`@${label || known.person(what.slice(1))}`, what.slice(1) === known.me);
  if (what.startsWith("#")) return mention(`#${label || known.channel(what.slice(1))}`);
  if (what.startsWith("!subteam^")) return mention(label || `@${known.group(what.slice(9))}`, known.inGroup(what.slice(9)));
  if (what.startsWith("!date^")) return dateNode(what.slice(6).split("^"), label);
  if (what.startsWith("!")) return mention(`@${label || what.slice(1)}`, true);
  if (/^(https?:|mailto:)/.test(what)) {
    return h("a", { href: plain(what), target: "_blank", rel: "noreferrer" }, plain(label || what.replace("mailto:", "")));
  }
  return plain(whole);
}

function split(entity) {
  const bar = entity.indexOf("|");
  return bar < 0 ? [entity, ""] : [entity.slice(0, bar), entity.slice(bar + 1)];
}

const mention = (text, mine = false) => h("span", { className: mine ? "mention mine" : "mention" }, plain(text));

function dateNode([seconds, format, link], fallback) {
  const when = new Date(Number(seconds) * 1000);
  if (Number.isNaN(when.getTime())) return plain(fallback);
  const text = dated(format, when);
  const time = h("time", { dateTime: when.toISOString(), title: when.toLocaleString() }, plain(text));
  return link && /^https?:/.test(link) ? h("a", { href: link, target: "_blank", rel: "noreferrer" }, time) : time;
}
