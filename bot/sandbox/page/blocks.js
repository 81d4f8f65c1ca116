// Block Kit as elements. `place` says where the blocks are, what is filled in, and carries what people do there.

import { h, icon } from "./dom.js";
import { controls } from "./controls.js";
import { emoji, withEmoji } from "./emoji.js";
import { mrkdwn, plain, textObject } from "./mrkdwn.js";

export function renderBlocks(blocks, place) {
  return blocks.map((block) => (KINDS[block.type] ?? unknown)(block, place));
}

const KINDS = {
  section: (block, place) =>
    h("div", { className: "block section" },
      h("div", { className: "words" },
        block.text && h("div", { className: "text" }, textObject(block.text, place.known)),
        block.fields && h("div", { className: "fields" },
          block.fields.map((field) => h("div", {}, textObject(field, place.known))))),
      block.accessory && h("div", { className: "accessory" }, element(block, block.accessory, place))),
  header: (block) => h("h3", { className: "block header" }, withEmoji(block.text.text)),
  divider: () => h("hr", { className: "block" }),
  context: (block, place) =>
    h("div", { className: "block context" },
      block.elements.map((one) => (one.type === "image" ? image(one) : h("span", {}, textObject(one, place.known))))),
  actions: (block, place) =>
    h("div", { className: "block actions" }, block.elements.map((one) => element(block, one, place))),
  input: (block, place) => input(block, place),
  image: (block) => h("figure", { className: "block" }, block.title && h("figcaption", {}, block.title.text), image(block)),
  rich_text: (block, place) => h("div", { className: "block rich" }, block.elements.map((one) => rich(one, place.known))),
  markdown: (block, place) => h("div", { className: "block" }, mrkdwn(block.text.replaceAll("**", "*"), place.known)),
};

const unknown = (block) => h("p", { className: "block unknown" }, `(${block.type} blocks are not shown here)`);

// Nothing is fetched from outside: a picture from elsewhere is a link with what it shows.
function image(one) {
  const address = one.image_url ?? "";
  if (/^(data:image\/|\/)/.test(address)) return h("img", { alt: one.alt_text, src: address });
  const link = /^https?:/.test(address) && h("a", { href: address, target: "_blank", rel: "noreferrer" }, one.alt_text);
  return h("span", { className: "picture" }, icon("file"), link || one.alt_text);
}

function element(block, one, place) {
  return one.type === "image" ? image(one) : (controls[one.type] ?? unknown)(one, { block, place });
}

function input(block, place) {
  const fault = place.errors?.[block.block_id];
  const id = `field-${block.block_id}`;
  const control = element(block, block.element, { ...place, fieldId: id, fault: Boolean(fault) });
  const grouped = control.matches("fieldset");
  if (grouped) control.prepend(h("legend", {}, label(block)));
  return h("div", { className: fault ? "block input faulty" : "block input" },
    !grouped && h("label", { htmlFor: id }, label(block)),
    control,
    fault && h("p", { className: "fault", id: `${id}-fault`, role: "alert" }, fault),
    block.hint && h("p", { className: "hint" }, withEmoji(block.hint.text)));
}

const label = (block) => [
  withEmoji(block.label.text),
  block.optional && h("span", { className: "optional" }, " (optional)"),
];

function rich(one, known) {
  const inner = (one.elements ?? []).map((each) => (each.elements ? rich(each, known) : richText(each, known)));
  if (one.type === "rich_text_list") return h(one.style === "ordered" ? "ol" : "ul", {}, inner.map((each) => h("li", {}, each)));
  if (one.type === "rich_text_preformatted") return h("pre", {}, h("code", {}, inner));
  if (one.type === "rich_text_quote") return h("blockquote", {}, inner);
  return h("div", {}, inner);
}

function richText(one, known) {
  const text = {
    user: () => mrkdwn(`<@${one.user_id}>`, known),
    channel: () => mrkdwn(`<#${one.channel_id}>`, known),
    usergroup: () => mrkdwn(`<!subteam^${one.usergroup_id}>`, known),
    emoji: () => emoji(one.name),
    link: () => mrkdwn(`<${one.url}|${one.text ?? one.url}>`, known),
  }[one.type]?.() ?? plain(one.text ?? "");
  const style = one.style ?? {};
  const tag = style.code ? "code" : style.bold ? "strong" : style.italic ? "em" : style.strike ? "s" : "span";
  return h(tag, {}, text);
}
