// Dialogs: the one that asks once more before a button works, and modals with their fields and errors.

import { h, icon, refocus } from "./dom.js";
import { post } from "./wire.js";
import { renderBlocks } from "./blocks.js";
import { withEmoji } from "./emoji.js";
import { textObject } from "./mrkdwn.js";

const KEPT_AFTER = 300;

// Ask a button's own question; true at once where it has none.
export function confirmed(confirm, style) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const dialog = h("dialog", { className: "confirm", "aria-labelledby": "confirm-title" },
      h("h2", { id: "confirm-title" }, withEmoji(confirm.title.text)),
      h("p", {}, textObject(confirm.text, confirmed.known)),
      h("div", { className: "buttons" },
        h("button", { type: "button", className: "kit", onclick: () => dialog.close("no") }, confirm.deny.text),
        h("button", {
          type: "button", className: `kit ${confirm.style ?? style ?? "primary"}`, onclick: () => dialog.close("yes"),
        }, confirm.confirm.text)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

let open = null; // { id, me, content, errors, answers, dialog }

// Show the person's topmost modal as it is now, or none; what is typed stays while the view changes.
export function showModal(view, me, known) {
  if (!view || open?.me !== me) close();
  if (!view) return;
  const content = `${view.id} ${view.hash}`;
  const errors = view.errors ?? {};
  if (open?.content === content && fewer(errors, open.errors)) return;
  const same = open?.id === view.id;
  const answers = same ? open.answers : structuredClone(view.answers ?? {});
  const dialog = same ? open.dialog : h("dialog", { className: "modal", "aria-labelledby": "modal-title" });
  const focused = same && dialog.contains(document.activeElement) ? document.activeElement : null;
  const news = same && Object.keys(errors).length > 0;
  if (!same) close();
  open = { id: view.id, me, content, errors, answers, dialog };
  dialog.replaceChildren(form(view, me, known, answers));
  if (same) {
    if (news) dialog.querySelector("[aria-invalid]")?.focus();
    else if (focused) refocus(dialog, focused);
    return;
  }
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    post("/_page/close", { as: me });
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".fields-of input, .fields-of select, .fields-of textarea")?.focus();
}

function close() {
  open?.dialog.remove();
  open = null;
}

const fewer = (now, before) => Object.entries(now).every(([block, fault]) => before[block] === fault);

function form(view, me, known, answers) {
  const where = { as: me, view: view.id };
  let keeping = 0;
  const keepAnswers = () => {
    clearTimeout(keeping);
    keeping = 0;
    return post("/_page/fill", { ...where, answers }, { quiet: true });
  };
  const place = {
    known,
    answers,
    errors: view.errors,
    filled: (block) => {
      rightAgain(element, block);
      clearTimeout(keeping);
      keeping = setTimeout(keepAnswers, KEPT_AFTER);
    },
    act: (block, one, raw) =>
      post("/_page/act", { ...where, block: block.block_id, action: one.action_id, raw, answers }),
    suggest: (block, one, typed) =>
      post("/_page/suggest", { ...where, block: block.block_id, action: one.action_id, typed, answers }, { quiet: true }),
  };
  const cancel = () => post("/_page/close", { as: me });
  const send = async (event) => {
    event.preventDefault();
    clearTimeout(keeping);
    const button = element.querySelector("button[type=submit]");
    if (!button || button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    await post("/_page/submit", { ...where, answers });
    button.removeAttribute("aria-busy");
  };
  const element = h("form", { onsubmit: send, noValidate: true },
    h("header", {},
      h("img", { className: "avatar bot small", src: "/page/icon.svg", alt: "" }),
      h("h2", { id: "modal-title" }, withEmoji(view.title?.text ?? "")),
      h("button", { type: "button", className: "plain", "aria-label": "Close", onclick: cancel }, icon("close"))),
    h("div", { className: "fields-of" }, renderBlocks(view.blocks, place)),
    (view.submit || view.close) && h("footer", { className: "buttons" },
      h("button", { type: "button", className: "kit", onclick: cancel }, view.close?.text ?? "Cancel"),
      view.submit && h("button", { type: "submit", className: "kit primary" }, view.submit.text)));
  window.addEventListener("pagehide", () => keeping && keepAnswers(), { once: true });
  return element;
}

// Take a fault away as soon as somebody mends its field.
function rightAgain(within, block) {
  const fault = within.querySelector(`#${CSS.escape(`field-${block.block_id}-fault`)}`);
  if (!fault) return;
  const input = fault.closest(".input");
  input.classList.remove("faulty");
  input.querySelectorAll("[aria-invalid]").forEach((control) => {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  });
  fault.remove();
}
