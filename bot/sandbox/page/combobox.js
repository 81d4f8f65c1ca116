// A field with suggestions while one types: for selects that ask the app, and for the composer's completions.

import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";

let serial = 0;

// Show a list of entries under a field and let arrow keys move through it; `accept` gets the chosen entry.
// A textarea may not be called a combobox; it keeps its own role.
export function listbox(field, accept) {
  const expanded = (on) => field.matches("input") && field.setAttribute("aria-expanded", String(on));
  const id = `list-${++serial}`;
  const list = h("ul", { id, role: "listbox", "aria-label": "Suggestions", className: "suggestions", hidden: true });
  let entries = [];
  let at = 0;

  const mark = () => {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    if (list.hidden || at < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", `${id}-${at}`);
    return list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const hide = () => {
    list.hidden = true;
    entries = [];
    expanded(false);
    field.removeAttribute("aria-activedescendant");
  };
  const show = (found, { empty = "", chosen = 0 } = {}) => {
    entries = found;
    at = chosen;
    list.replaceChildren(...found.map((entry, index) =>
      h("li", {
        id: `${id}-${index}`,
        role: "option",
        onpointerdown: (event) => {
          event.preventDefault();
          hide();
          accept(entry);
        },
      }, h("span", {}, withEmoji(entry.label)), entry.note && h("small", {}, entry.note))));
    if (!found.length && empty) list.append(h("li", { className: "empty", role: "option", "aria-disabled": "true" }, empty));
    list.hidden = !list.children.length;
    expanded(!list.hidden);
    mark();
  };
  if (field.matches("input")) field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", id);
  expanded(false);
  field.addEventListener("keydown", (event) => {
    if (list.hidden || !entries.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = at < 0 ? (step > 0 ? 0 : entries.length - 1) : (at + step + entries.length) % entries.length;
    else if (event.key === "Escape") hide();
    else if (event.key === "Tab" || (event.key === "Enter" && at >= 0)) {
      at = Math.max(at, 0);
      const entry = entries[at];
      hide();
      accept(entry);
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    mark();
  });
  field.addEventListener("blur", hide);
  return { list, show, hide };
}

export function combobox({ props, placeholder, chosen, fewest, suggest, choose }) {
  const field = h("input", { ...props, type: "text", placeholder, autocomplete: "off" });
  field.value = chosen?.text?.text ?? chosen ?? "";
  const box = listbox(field, ({ option }) => {
    field.value = option.text.text;
    choose(option, field);
  });
  let wait = 0;
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    const typed = field.value;
    if (typed.length < fewest) return box.hide();
    const told = await suggest(typed);
    if (mine !== asked || document.activeElement !== field) return undefined;
    if (told.error) return box.show([], { empty: "The app does not answer." });
    const groups = told.option_groups ?? [{ options: told.options ?? [] }];
    return box.show(groups.flatMap((group) => group.options.map((option) => ({
      option, label: option.text.text, note: option.description?.text ?? group.label?.text,
    }))), { empty: "Nothing found" });
  };
  field.addEventListener("input", () => {
    choose(null, field);
    clearTimeout(wait);
    wait = setTimeout(ask, 150);
  });
  field.addEventListener("focus", () => {
    field.select();
    ask();
  });
  return h("span", { className: "combobox" }, field, box.list);
}
