// Dialogs: the one that asks once more before a button works, and modals with their fields and errors.

import { h, post } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { textObject, withEmoji } from "./mrkdwn.js";

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

let open = null; // { id, content, answers, dialog }

// Show the person's topmost modal as it is now, or none; what is typed stays while the view changes.
export function showModal(view, me, known) {
  const content = view && JSON.stringify([view.id, view.hash, view.errors]);
  if (open?.content === content && open?.me === me) return;
  if (!view) {
    open?.dialog.remove();
    open = null;
    return;
  }
  const same = open?.id === view.id;
  const answers = same ? open.answers : structuredClone(view.answers ?? {});
  const focused = same ? document.activeElement?.dataset?.action : null;
  const dialog = same ? open.dialog : h("dialog", { className: "modal", "aria-labelledby": "modal-title" });
  open = { id: view.id, content, answers, dialog, me };
  dialog.replaceChildren(form(view, me, known, answers));
  if (same) {
    dialog.querySelector("[aria-invalid]")?.focus() ??
      (focused && dialog.querySelector(`[data-action="${CSS.escape(focused)}"]`)?.focus());
    return;
  }
  document.querySelectorAll("dialog.modal").forEach((old) => old.remove());
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    post("/_page/close", { as: me });
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".fields-of input, .fields-of select, .fields-of textarea")?.focus();
}

function form(view, me, known, answers) {
  const where = { as: me, view: view.id };
  const place = {
    known,
    answers,
    errors: view.errors,
    act: (block, one, raw) =>
      post("/_page/act", { ...where, block: block.block_id, action: one.action_id, raw, answers }),
    suggest: (block, one, typed) =>
      post("/_page/suggest", { ...where, block: block.block_id, action: one.action_id, typed, answers }),
  };
  const close = () => post("/_page/close", { as: me });
  const send = async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button[type=submit]");
    if (!button || button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    await post("/_page/submit", { ...where, answers });
    button.removeAttribute("aria-busy");
  };
  return h("form", { onsubmit: send, noValidate: true },
    h("header", {},
      h("img", { className: "avatar bot small", src: "/page/icon.svg", alt: "" }),
      h("h2", { id: "modal-title" }, withEmoji(view.title?.text ?? "")),
      h("button", { type: "button", className: "icon", "aria-label": "Close", onclick: close }, "✕")),
    h("div", { className: "fields-of" }, renderBlocks(view.blocks, place)),
    (view.submit || view.close) && h("footer", { className: "buttons" },
      h("button", { type: "button", className: "kit", onclick: close }, view.close?.text ?? "Cancel"),
      view.submit && h("button", { type: "submit", className: "kit primary" }, view.submit.text)));
}
