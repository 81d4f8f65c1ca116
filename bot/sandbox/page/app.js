// The page: fetch what one person sees, draw it, and fetch again whenever something moved.

import { $, closePopup, h, post } from "./dom.js";
import { composer } from "./composer.js";
import { confirmed, showModal } from "./dialogs.js";
import { drawMessages } from "./messages.js";
import { renderBlocks } from "./blocks.js";
import { drawPlaces, drawWho } from "./sidebar.js";
import { toast, toastNews } from "./toasts.js";
import { drawThread } from "./thread.js";
import { startWorld } from "./world.js";
import { lookupsOf } from "./known.js";

export const at = {
  me: new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem("me") ?? "U0ANA",
  channel: decodeURIComponent(location.hash.slice(1)) || "C0DEPLOY",
  tab: "messages",
  thread: "",
};
let state = null;
let known = null;
let fetching = false;
let again = false;

export async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const response = await fetch(`/_page/state?as=${encodeURIComponent(at.me)}`);
    const before = state?.me === at.me ? state : null;
    state = await response.json();
    at.me = state.me;
    $("offline").hidden = true;
    draw();
    if (before) toastNews(before, state, known, at, open);
  } catch {
    $("offline").hidden = false;
  } finally {
    fetching = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

function draw() {
  known = lookupsOf(state);
  confirmed.known = known;
  if (!state.channels.some((channel) => channel.id === at.channel)) at.channel = state.channels[0].id;
  const channel = state.channels.find((each) => each.id === at.channel);
  drawWho($("who"), state, known, become);
  drawPlaces($("places"), state, at, open);
  drawTop(channel);
  const home = channel.direct && at.tab === "home";
  $("messages").hidden = home;
  $("composer").hidden = home;
  $("home").hidden = !home;
  if (home) drawHome();
  else drawMessages($("messages"), state, known, at, openThread);
  drawThread($("thread"), state, known, at, openThread);
  showModal(state.modal, state.me, known);
  write.update(state, channel);
}

function drawTop(channel) {
  $("title").textContent = channel.direct ? "Shipmate" : `# ${channel.name}`;
  $("topic").textContent = channel.direct ? "" : channel.topic;
  document.title = `${channel.direct ? "Shipmate" : `#${channel.name}`} · Sandbox`;
  const tab = (name, text) =>
    h("button", {
      role: "tab", className: "tab", "aria-selected": String(at.tab === name),
      onclick: () => (name === "home" ? openHome() : open(at.channel)),
    }, text);
  $("tabs").replaceChildren(...(channel.direct ? [tab("home", "Home"), tab("messages", "Messages")] : []));
}

function drawHome() {
  const view = state.home;
  const content = JSON.stringify([view?.id, view?.hash, state.me]);
  if ($("home").dataset.content === content) return;
  $("home").dataset.content = content;
  const place = {
    known,
    answers: {},
    act: (block, one, raw) =>
      post("/_page/act", { as: at.me, view: view.id, block: block.block_id, action: one.action_id, raw }),
    suggest: (block, one, typed) =>
      post("/_page/suggest", { as: at.me, view: view.id, block: block.block_id, action: one.action_id, typed }),
  };
  $("home").replaceChildren(
    h("div", { className: "sheet" },
      view ? renderBlocks(view.blocks, place) : h("p", { className: "empty" }, "Shipmate has not put anything here yet.")));
}

export function open(channel, tab = "messages") {
  at.channel = channel;
  at.tab = tab;
  at.thread = "";
  location.hash = channel;
  document.body.classList.remove("places-open", "world-open");
  $("menu").setAttribute("aria-expanded", "false");
  closePopup();
  if (state) draw();
}

function openHome() {
  open(at.channel, "home");
  post("/_page/home", { as: at.me });
}

function openThread(ts) {
  at.thread = ts;
  draw();
  if (ts) $("thread").querySelector("textarea")?.focus();
}

function become(person) {
  at.me = person;
  at.thread = "";
  sessionStorage.setItem("me", person);
  if (location.search) history.replaceState(null, "", `${location.pathname}${location.hash}`);
  refresh();
}

async function say(text, thread = "") {
  const told = await post("/_page/say", { as: at.me, channel: at.channel, text, thread });
  if (told.error) toast("Slack", `That could not be said: ${told.error}`);
}

const write = composer("composer-text", (text) => say(text));
$("composer").append(write.element);
at.say = say;

$("menu").addEventListener("click", () => {
  const shown = document.body.classList.toggle("places-open");
  $("menu").setAttribute("aria-expanded", String(shown));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  document.body.classList.remove("places-open", "world-open");
  if (at.thread) openThread("");
});
window.addEventListener("hashchange", () => {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (wanted && wanted !== at.channel) open(wanted);
});

const events = new EventSource("/_page/events");
events.addEventListener("message", refresh);
events.addEventListener("error", () => ($("offline").hidden = false));
startWorld($("world"), $("world-toggle"));
refresh();
