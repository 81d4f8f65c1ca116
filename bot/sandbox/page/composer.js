// Where one types: messages, and slash commands with completion and a hint of what goes where.

import { h } from "./dom.js";
import { listbox } from "./combobox.js";
import { lookupsOf } from "./known.js";

export function composer(id, say, placeholder = "") {
  let commands = [];
  let handles = [];
  const sent = [];
  let back = 0;
  const field = h("textarea", { id, rows: 1, placeholder, "aria-label": "Message", spellcheck: false, autocomplete: "off" });
  const hint = h("p", { className: "usage", role: "status", hidden: true });
  const button = h("button", { type: "submit", className: "send", "aria-label": "Send", disabled: true }, "➤");

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
  const box = listbox(field, (entry) => put(field.value.replace(/\S*$/, `${entry.value} `)));
  const look = () => {
    fit();
    const text = field.value;
    const command = commands.find((each) => text === each.command || text.startsWith(`${each.command} `));
    hint.hidden = !command;
    if (command) hint.replaceChildren(h("strong", {}, command.command), ` ${command.usage_hint ?? ""}`);
    const word = text.match(/(?:^|\s)(@[\w.-]*)$/)?.[1];
    if (/^\/\S*$/.test(text) && !(command && text !== "/")) return box.show(completions(commands, text));
    if (word) return box.show(mentions(handles, word));
    return box.hide();
  };
  const send = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    sent.push(text);
    back = sent.length;
    box.hide();
    put("");
    say(text);
  };
  field.addEventListener("input", look);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
    else if (event.key === "ArrowUp" && sent.length && (!field.value || field.value === sent[back])) {
      event.preventDefault();
      back = Math.max(back - 1, 0);
      put(sent[back]);
    }
  });
  const element = h("form", { className: "composer", onsubmit: send }, box.list, hint, h("div", { className: "line" }, field, button));
  const update = (state, channel) => {
    commands = state.commands;
    handles = lookupsOf(state).handles();
    field.placeholder = channel.direct ? "Message Shipmate" : `Message #${channel.name}, or / for commands`;
  };
  return { element, update };
}

const completions = (commands, text) =>
  commands.filter((each) => each.command.startsWith(text)).map((each) => ({
    value: each.command,
    label: `${each.command} ${each.usage_hint ?? ""}`.trim(),
    note: each.description,
  }));

const mentions = (handles, word) =>
  handles.filter((each) => each.name.startsWith(word.slice(1))).map((each) => ({
    value: `@${each.name}`, label: `@${each.name}`, note: each.note,
  }));
