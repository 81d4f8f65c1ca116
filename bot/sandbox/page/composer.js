// Where one types: messages, and slash commands with completion and a hint of what goes where.

import { h, icon } from "./dom.js";
import { listbox } from "./combobox.js";
import { lookupsOf } from "./known.js";

export function composer(id, say) {
  let commands = [];
  let handles = [];
  const sent = [];
  let back = 0;
  const field = h("textarea", { id, rows: 1, "aria-label": "Message", spellcheck: false, autocomplete: "off" });
  const hint = h("p", { className: "usage", role: "status", hidden: true });
  const button = h("button", { type: "submit", className: "send", "aria-label": "Send", disabled: true }, icon("send"));

  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 200)}px`;
    button.disabled = !field.value.trim();
  };
  const put = (text) => {
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    look();
  };
  const box = listbox(field, (entry) => put(entry.whole ?? field.value.replace(/\S*$/, `${entry.value} `)));
  const look = () => {
    fit();
    const text = field.value;
    const command = commands.find((each) => text === each.command || text.startsWith(`${each.command} `));
    hint.hidden = !command;
    if (command) hint.replaceChildren(h("strong", {}, command.command), ` — ${command.description ?? ""}`);
    const word = text.match(/(?:^|\s)(@[\w.-]*)$/)?.[1];
    if (command && command.command !== text) return box.show(usages(command, text), { chosen: -1 });
    if (/^\/\S*$/.test(text)) return box.show(completions(commands, text), { chosen: command ? -1 : 0 });
    if (word) return box.show(mentions(handles, word));
    return box.hide();
  };
  const send = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    sent.push(text);
    back = sent.length;
    put("");
    box.hide();
    say(text);
  };
  field.addEventListener("input", look);
  field.addEventListener("focus", () => field.value.startsWith("/") && look());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
    else if (event.key === "ArrowUp" && sent.length && (!field.value || field.value === sent[back])) {
      event.preventDefault();
      back = Math.max(back - 1, 0);
      put(sent[back]);
    }
  });
  const element = h("form", { className: "composer", onsubmit: send }, box.list, hint, h("div", { className: "line" }, field, button));
  const update = (state, placeholder) => {
    commands = state.commands;
    handles = lookupsOf(state).handles();
    field.placeholder = placeholder;
  };
  return { element, update, field, put, hide: box.hide };
}

const completions = (commands, text) =>
  commands.filter((each) => each.command.startsWith(text)).map((each) => ({
    whole: `${each.command} `, label: each.command, note: each.description,
  }));

// What the manifest says may follow a command, as far as it goes on with what is typed.
const usages = (command, text) =>
  (command.usage_hint ?? "").split(" | ").map((usage) => `${command.command} ${usage.trim()}`)
    .filter((usage) => usage.startsWith(text) && usage !== text.trimEnd())
    .map((usage) => ({ whole: usage, label: usage }));

const mentions = (handles, word) =>
  handles.filter((each) => each.name.startsWith(word.slice(1))).map((each) => ({
    value: `@${each.name}`, label: `@${each.name}`, note: each.note,
  }));
