// What one can press, choose from and type into. Answers go to `place.answers[block][action]`, presses to `place.act`.

import { h, icon, menu } from "./dom.js";
import { combobox } from "./combobox.js";
import { confirmed } from "./dialogs.js";
import { asText, withEmoji } from "./emoji.js";
import { textObject } from "./mrkdwn.js";

function answer({ block, place }, one) {
  return place.answers?.[block.block_id]?.[one.action_id] ?? initial(one);
}

function remember({ block, place }, one, value) {
  if (!place.answers) return;
  (place.answers[block.block_id] ??= {})[one.action_id] = value;
  place.filled?.(block);
}

function initial(one) {
  const key = Object.keys(one).find((name) => name.startsWith("initial_"));
  const value = key ? one[key] : undefined;
  if (Array.isArray(value)) return value.map((each) => each.value ?? each);
  return value?.value ?? value;
}

const ids = ({ place }, one) => ({
  id: place.fieldId,
  "data-action": one.action_id,
  "aria-invalid": place.fault ? "true" : undefined,
  "aria-describedby": place.fault ? `${place.fieldId}-fault` : undefined,
  "aria-label": place.fieldId ? undefined : one.placeholder?.text ?? one.action_id,
});

// Something was chosen: remember it, and tell the app where it listens (outside inputs, or with dispatch_action).
async function chosen(where, one, value, control) {
  remember(where, one, value);
  if (where.block.type === "input" && !where.block.dispatch_action) return;
  if (await confirmed(one.confirm)) await busy(control, () => where.place.act(where.block, one, value));
}

const PRESSED = 500; // long enough to see that it was pressed

async function busy(control, work) {
  control.setAttribute("aria-busy", "true");
  await Promise.all([work(), new Promise((resolve) => setTimeout(resolve, PRESSED))]);
  control.removeAttribute("aria-busy");
}

function button(one, where) {
  const press = async () => {
    if (control.getAttribute("aria-busy") || !(await confirmed(one.confirm, one.style))) return;
    if (/^https?:/.test(one.url ?? "")) window.open(one.url, "_blank", "noreferrer");
    await busy(control, () => where.place.act(where.block, one, null));
  };
  const control = h("button", {
    type: "button",
    className: `kit ${one.style ?? ""}`,
    "data-action": one.action_id,
    "aria-label": one.accessibility_label,
    onclick: press,
  }, withEmoji(one.text.text));
  return control;
}

const optionNode = (one, value) =>
  h("option", { value: one.value, selected: one.value === value }, asText(one.text.text));

function nativeSelect(one, where, options) {
  const control = h("select", {
    ...ids(where, one),
    onchange: () => chosen(where, one, control.value || null, control),
  }, h("option", { value: "" }, one.placeholder?.text ?? "Choose…"), options);
  return control;
}

function staticSelect(one, where) {
  const value = answer(where, one);
  const groups = (one.option_groups ?? []).map((group) =>
    h("optgroup", { label: group.label.text }, group.options.map((each) => optionNode(each, value))));
  return nativeSelect(one, where, [...(one.options ?? []).map((each) => optionNode(each, value)), ...groups]);
}

const choiceSelect = (choices) => (one, where) => {
  const value = answer(where, one);
  return nativeSelect(one, where, choices(where.place.known).map(([id, name]) =>
    h("option", { value: id, selected: id === value }, name)));
};

function externalSelect(one, where) {
  return combobox({
    props: ids(where, one),
    placeholder: one.placeholder?.text ?? "Type to search…",
    chosen: where.place.answers?.[where.block.block_id]?.[one.action_id] ?? one.initial_option,
    fewest: one.min_query_length ?? 3,
    suggest: (typed) => where.place.suggest(where.block, one, typed),
    choose: (option, control) => (option ? chosen(where, one, option, control) : remember(where, one, null)),
  });
}

function choices(kind) {
  return (one, where) => {
    const many = kind === "checkbox";
    const value = answer(where, one);
    const on = new Set(many ? value ?? [] : [value]);
    const set = h("fieldset", { ...ids(where, one), className: "choices", "aria-label": undefined },
      one.options.map((option) => h("label", {},
        h("input", {
          type: kind,
          name: `${where.block.block_id}-${one.action_id}`,
          value: option.value,
          checked: on.has(option.value),
          onchange: () => {
            const picked = [...set.querySelectorAll("input:checked")].map((each) => each.value);
            chosen(where, one, many ? picked : picked[0], set);
          },
        }),
        h("span", {}, textObject(option.text, where.place.known),
          option.description && h("small", {}, textObject(option.description, where.place.known))))));
    return set;
  };
}

function overflow(one, where) {
  const anchor = h("button", {
    type: "button", className: "kit overflow", "aria-label": "More actions", "aria-haspopup": "menu",
    "aria-expanded": "false", "data-action": one.action_id,
    onclick: () => menu(anchor, one.options.map((option) =>
      h("button", { type: "button", role: "menuitem", onclick: () => chosen(where, one, option.value, anchor) },
        withEmoji(option.text.text))), "More actions"),
  }, "⋯");
  return h("span", { className: "anchor" }, anchor);
}

function typed(type) {
  return (one, where) => {
    const tag = one.multiline ? "textarea" : "input";
    const control = h(tag, {
      ...ids(where, one),
      type: one.multiline ? undefined : type,
      placeholder: one.placeholder?.text ?? "",
      maxLength: one.max_length ?? 3000,
      rows: one.multiline ? 3 : undefined,
      oninput: () => remember(where, one, control.value),
      onkeydown: (event) => {
        if (event.key !== "Enter" || one.multiline || !where.block.dispatch_action) return;
        event.preventDefault();
        where.place.act(where.block, one, control.value);
      },
    });
    control.value = answer(where, one) ?? "";
    return control;
  };
}

function picker(type) {
  return (one, where) => {
    const control = h("input", {
      ...ids(where, one),
      type,
      onchange: () => chosen(where, one, control.value || null, control),
    });
    control.value = answer(where, one) ?? "";
    return control;
  };
}

const people = choiceSelect((known) => known.everybody());
const channels = choiceSelect((known) => known.channels());

export const controls = {
  button,
  overflow,
  static_select: staticSelect,
  external_select: externalSelect,
  users_select: people,
  conversations_select: channels,
  channels_select: channels,
  multi_static_select: choices("checkbox"),
  checkboxes: choices("checkbox"),
  radio_buttons: choices("radio"),
  plain_text_input: typed("text"),
  number_input: typed("number"),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  datepicker: picker("date"),
  timepicker: picker("time"),
};
