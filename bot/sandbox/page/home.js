// The app's home tab: what the app published for the person who looks.

import { h } from "./dom.js";
import { post } from "./wire.js";
import { renderBlocks } from "./blocks.js";

export function drawHome(where, view, me, known) {
  const content = JSON.stringify([view?.id, view?.hash, me, new Date().toDateString()]);
  if (where.keptContent === content) return;
  where.keptContent = content;
  where.replaceChildren(h("div", { className: "sheet" }, view ? renderBlocks(view.blocks, placeOf(view, me, known)) : nothing()));
}

function nothing() {
  return h("div", { className: "empty" },
    h("p", { className: "lead" }, "Shipmate has not put anything here yet."),
    h("p", {}, "It draws this page when you open it; that takes a second."));
}

function placeOf(view, me, known) {
  const act = { as: me, view: view.id };
  return {
    known,
    answers: {},
    act: (block, one, raw) => post("/_page/act", { ...act, block: block.block_id, action: one.action_id, raw }),
    suggest: (block, one, typed) =>
      post("/_page/suggest", { ...act, block: block.block_id, action: one.action_id, typed }, { quiet: true }),
  };
}
