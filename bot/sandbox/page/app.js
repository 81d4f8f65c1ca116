// The page: fetch what one person sees, draw it, and fetch again whenever something moved.

import { $, closePopup, h, icon } from "./dom.js";
import { composer } from "./composer.js";
import { confirmed, showModal } from "./dialogs.js";
import { drawHome } from "./home.js";
import { lookupsOf } from "./known.js";
import { drawMessages, staysAtEnd } from "./messages.js";
import { drawFace, drawPlaces, drawWho, readUntil, unread, unreadCount } from "./sidebar.js";
import { drawThread } from "./thread.js";
import { toastNews } from "./toasts.js";
import { listenForNews } from "./news.js";
import { startTours } from "./welcome.js";
import { get, post } from "./wire.js";
import { startWorld } from "./world.js";

const NEWEST = 80;
const phone = matchMedia("(max-width: 760px)");

const at = {
  me: new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem("me") ?? "U0ANA",
  channel: decodeURIComponent(location.hash.slice(1)) || "C0DEPLOY",
  tab: "messages",
  thread: "",
  most: NEWEST,
  unreadFrom: "",
};
let state = null;
let known = null;
let fetching = false;
let again = false;
let drawnOn = "";

async function refresh() {
  again = fetching;
  if (fetching) return;
  fetching = true;
  try {
    const asked = { as: at.me, channel: at.channel, most: at.most, thread: at.thread };
    const told = await get(`/_page/state?${new URLSearchParams(asked)}`);
    $("offline").hidden = true;
    take(told, asked);
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

function take(told, asked) {
  if (asked.as !== at.me || asked.channel !== at.channel) {
    again = true;
    return;
  }
  const before = state?.me === told.me ? state : null;
  state = told;
  at.me = told.me;
  at.channel = told.here;
  draw();
  if (before) toastNews(before, state, known, at, open);
}

function draw() {
  known = lookupsOf(state);
  confirmed.known = known;
  drawnOn = new Date().toDateString();
  const channel = state.channels.find((each) => each.id === at.channel);
  const home = channel.direct && at.tab === "home";
  drawWho($("who"), state, known, become);
  drawFace($("face"), state, known, become);
  drawPlaces($("places"), state, at, open);
  drawTop(channel);
  $("messages").hidden = home;
  $("composer").hidden = home;
  $("home").hidden = !home;
  if (home) drawHome($("home"), state.home, state.me, known);
  else drawMessages($("messages"), state, known, at, { openThread, showEarlier });
  drawThread($("thread"), state, known, at, { openThread, say });
  showModal(state.modal, state.me, known);
  write.update(state, `Message ${channel.direct ? "Shipmate" : `#${channel.name}`}${phone.matches ? "" : ", or / for commands"}`);
  showWayDown();
}

function drawTop(channel) {
  const name = channel.direct ? "Shipmate" : channel.name;
  $("title").replaceChildren(channel.direct ? "" : h("span", { "aria-hidden": "true" }, "# "), name);
  $("topic").textContent = channel.direct ? "" : channel.topic;
  const waiting = state.channels.reduce((sum, each) => sum + (each.id === at.channel ? 0 : unread(state, each.id)), 0);
  document.title = `${waiting ? `(${waiting}) ` : ""}${channel.direct ? "" : "#"}${name} · Sandbox`;
  const tabs = channel.direct ? [["home", "Home"], ["messages", "Messages"]] : [];
  const news = channel.direct && at.tab === "home" ? unread(state, channel.id) : 0;
  const content = `${at.channel} ${at.tab} ${news}`;
  if ($("tabs").keptContent === content) return;
  $("tabs").keptContent = content;
  $("tabs").hidden = !tabs.length;
  $("tabs").replaceChildren(...tabs.map(([tab, text]) => h("button", {
    type: "button", role: "tab", className: "tab", "aria-selected": String(at.tab === tab),
    "aria-controls": tab, onclick: () => open(at.channel, tab),
  }, text, tab === "messages" && unreadCount(news))));
}

// Without a tab: the app opens at its home, a channel at what is said there.
function open(channel, tab = "") {
  const other = channel !== at.channel;
  if (other) Object.assign(at, { channel, most: NEWEST, thread: "", unreadFrom: readUntil(at.me, channel) });
  const direct = state?.channels.find((each) => each.id === channel)?.direct;
  at.tab = tab || (direct && other ? "home" : "messages");
  if (direct && at.tab === "home") post("/_page/home", { as: at.me });
  history.replaceState(null, "", `${location.pathname}${location.search}#${channel}`);
  closeDrawers();
  if (!other && state) draw();
  return refresh();
}

async function openThread(ts) {
  at.thread = ts;
  draw();
  if (ts) $("thread").querySelector("textarea")?.focus();
  else write.field.focus({ preventScroll: true });
}

function showEarlier() {
  const where = $("messages");
  const fromEnd = where.scrollHeight - where.scrollTop;
  at.most *= 5;
  refresh().then(() => (where.scrollTop = where.scrollHeight - fromEnd));
}

function become(person) {
  if (person === at.me) return undefined;
  Object.assign(at, { me: person, thread: "", unreadFrom: readUntil(person, at.channel) });
  sessionStorage.setItem("me", person);
  if (location.search) history.replaceState(null, "", `${location.pathname}${location.hash}`);
  closeDrawers();
  return refresh();
}

const say = (text, thread = "") => post("/_page/say", { as: at.me, channel: at.channel, text, thread });

const write = composer("composer-text", (text) => {
  const where = $("messages");
  where.scrollTop = where.scrollHeight;
  return say(text);
});
$("composer").append(write.element);

function showWayDown() {
  const where = $("messages");
  $("down").hidden = where.hidden || where.scrollHeight - where.scrollTop - where.clientHeight < 400;
}
$("down").append(icon("down"));
$("down").addEventListener("click", () => ($("messages").scrollTop = $("messages").scrollHeight));
$("messages").addEventListener("scroll", showWayDown, { passive: true });
staysAtEnd($("messages"));

function closeDrawers() {
  closePopup();
  document.body.classList.remove("places-open");
  $("menu").setAttribute("aria-expanded", "false");
  world.close();
}

$("menu").append(icon("menu"));
$("menu").addEventListener("click", () => {
  const shown = document.body.classList.toggle("places-open");
  $("menu").setAttribute("aria-expanded", String(shown));
  if (shown) $("who").querySelector("button")?.focus();
});
$("shade").addEventListener("click", closeDrawers);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (document.body.matches(".places-open, .world-open")) closeDrawers();
  else if (at.thread) openThread("");
});
window.addEventListener("hashchange", () => {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (wanted && wanted !== at.channel) open(wanted);
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());
// A page that stays open over night says "yesterday" in the morning.
setInterval(() => state && drawnOn !== new Date().toDateString() && draw(), 30_000);

listenForNews({
  moved: (version) => version !== state?.version && refresh(),
  found: () => $("offline").hidden || refresh(),
  lost: () => ($("offline").hidden = false),
});
const world = startWorld($("world"), $("world-toggle"));
startTours({
  place: $("welcome"), toggle: $("tours-toggle"), world, write, become, open,
  look: () => ({ at, state, known }),
});
refresh();
