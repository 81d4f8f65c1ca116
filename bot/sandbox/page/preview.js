// Draws any message or view from its JSON, as the chat would; nothing here reaches an app.

import { $ } from "./dom.js";
import { confirmed, showModal } from "./dialogs.js";
import { drawHome } from "./home.js";
import { lookupsOf } from "./known.js";
import { messageNode } from "./messages.js";
import { get } from "./wire.js";

const BOT = "U0SHIP";
const state = await get("/_page/state?as=U0ANA");
const known = lookupsOf(state);
confirmed.known = known;

const messageOf = (view) => {
  if (typeof view === "string") return { text: view, blocks: [] };
  return Array.isArray(view) ? { text: "", blocks: view.map(named) } : { text: view.text ?? "", blocks: (view.blocks ?? []).map(named) };
};

// A list of blocks, a text, or an object with either is a message; what calls itself a home or a modal is one.
export function draw(view) {
  const where = $("drawn");
  where.replaceChildren();
  where.keptContent = "";
  showModal(null, state.me, known);
  const hash = String(Date.now());
  if (view.type === "home") {
    drawHome(where, { id: "home", hash, blocks: view.blocks.map(named) }, state.me, known);
  } else if (view.type === "modal") {
    showModal({ answers: {}, ...view, id: "preview", hash, blocks: view.blocks.map(named) }, state.me, known);
  } else {
    const message = { ts: String(Date.now() / 1000), user: BOT, edited: "", reactions: {}, files: [], ...messageOf(view) };
    where.append(messageNode(message, { known, at: { me: state.me, channel: "preview" } }));
  }
}

const named = (block, index) => ({ block_id: `b${index}`, ...block });

$("json").addEventListener("input", () => {
  try {
    $("fault").textContent = "";
    draw(JSON.parse($("json").value));
  } catch (error) {
    $("fault").textContent = error.message;
  }
});
document.documentElement.dataset.ready = "yes";
