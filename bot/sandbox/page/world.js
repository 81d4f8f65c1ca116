// Behind the scenes: the hosts and what runs on them, GitHub, the bot, Slack, and switches to break each of them.

import { balancerCard } from "./balancer.js";
import { h, icon } from "./dom.js";
import { faultGroup } from "./faults.js";
import { gitHub } from "./github.js";
import { hostCard } from "./hosts.js";
import { get } from "./wire.js";

const EVERY = 1000;
const BOT = {
  connected: ["good", "connected"],
  starting: ["poor", "starting"],
  stopped: ["bad", "not running"],
};

export function startWorld(where, toggle) {
  const note = h("p", { className: "quiet", hidden: true });
  const hosts = h("div", { className: "hosts" });
  const balancer = balancerCard();
  const github = gitHub();
  const bot = service("The bot");
  const slack = service("Slack");
  const cards = new Map();
  const watchers = new Set();
  let seen = {};

  const draw = (world) => {
    seen = world;
    const faults = world.faults ?? [];
    for (const host of world.hosts ?? []) {
      if (!cards.has(host.name)) {
        const card = hostCard(host);
        cards.set(host.name, card);
        hosts.append(card.element);
      }
      cards.get(host.name).update(host, faults.filter((fault) => fault.where === host.name));
    }
    balancer.update(world.balancer);
    note.hidden = cards.size > 0;
    note.textContent = "No hosts run here yet.";
    github.update(world.github, faults.filter((fault) => fault.where === "github"));
    bot.update(...(BOT[world.bot] ?? ["poor", ""]), faults.filter((fault) => fault.where === "bot"));
    const ofSlack = faults.filter((fault) => fault.where === "slack");
    const wrong = ofSlack.filter((fault) => fault.on).length;
    slack.update(wrong ? "bad" : "good", wrong ? "in trouble" : "fine", ofSlack);
    watchers.forEach((watcher) => watcher(world));
  };
  where.replaceChildren(
    h("header", {}, h("h2", {}, "Behind the scenes"),
      h("button", { type: "button", className: "plain", "aria-label": "Close", onclick: () => flip(toggle) }, icon("close"))),
    h("div", { className: "panels" }, note, balancer.element, hosts, github.element, bot.element, slack.element));
  dress(toggle);
  poll(draw, note);
  return {
    seen: () => seen,
    watch: (watcher) => watchers.add(watcher),
    close: () => document.body.classList.contains("world-open") && flip(toggle),
  };
}

async function poll(draw, note) {
  if (!document.hidden) {
    try {
      draw(await get("/_world"));
    } catch {
      note.hidden = false;
      note.textContent = "The sandbox does not answer.";
    }
  }
  setTimeout(() => poll(draw, note), EVERY);
}

const narrow = matchMedia("(max-width: 1180px)");

function flip(toggle) {
  const shown = document.body.classList.toggle(narrow.matches ? "world-open" : "world-closed") === narrow.matches;
  toggle.setAttribute("aria-expanded", String(shown));
}

function dress(toggle) {
  toggle.replaceChildren(icon("pulse"), h("span", {}, "Behind the scenes"));
  toggle.setAttribute("aria-expanded", String(!narrow.matches));
  toggle.addEventListener("click", () => flip(toggle));
}

function service(name) {
  const state = h("span", { className: "health" });
  const group = faultGroup(name);
  const element = h("section", { className: "host service", "aria-label": name },
    h("p", { className: "line" }, h("strong", {}, name), state), group.element);
  const update = (mood, told, faults) => {
    element.dataset.mood = mood;
    state.textContent = told;
    group.update(faults);
  };
  return { element, update };
}
