// What one can break about one thing, with a word on what each switch does.

import { h } from "./dom.js";
import { post } from "./wire.js";

export function faultGroup(name) {
  const count = h("span", { className: "on" });
  const list = h("div", { className: "faults" });
  const element = h("details", { className: "fold" }, h("summary", {}, `Break ${name === "The bot" ? "the bot" : name}`, count), list);
  const rows = new Map();
  const update = (faults) => {
    element.hidden = !faults.length;
    const on = faults.filter((fault) => fault.on).length;
    count.textContent = on ? `${on} on` : "";
    for (const fault of faults) {
      if (!rows.has(fault.name)) {
        const row = fault.once ? onceRow(fault) : switchRow(fault);
        rows.set(fault.name, row);
        list.append(row.element);
      }
      rows.get(fault.name).update(fault);
    }
  };
  return { element, update };
}

const control = (fault, on) => post("/_control/fault", { name: fault.name, on });

function words(fault, id) {
  return h("span", { className: "words" },
    h("span", { className: "what" }, fault.label), h("small", { id: `${id}-note` }, fault.note));
}

function switchRow(fault) {
  const id = `fault-${fault.name}`;
  let moving = false;
  const box = h("input", {
    type: "checkbox", role: "switch", id, "aria-describedby": `${id}-note`, "aria-label": `${fault.where}: ${fault.label}`,
    onchange: async () => {
      moving = true;
      await control(fault, box.checked);
      moving = false;
    },
  });
  const element = h("label", { className: "switch", htmlFor: id }, box, words(fault, id));
  return { element, update: (now) => moving || (box.checked = Boolean(now.on)) };
}

function onceRow(fault) {
  const id = `fault-${fault.name}`;
  const button = h("button", {
    type: "button", className: "kit little", "aria-describedby": `${id}-note`, "aria-label": `${fault.where}: ${fault.label}`,
    onclick: async () => {
      button.setAttribute("aria-busy", "true");
      await control(fault, true);
      button.removeAttribute("aria-busy");
    },
  }, "Cut");
  return { element: h("div", { className: "switch" }, button, words(fault, id)), update: () => {} };
}
