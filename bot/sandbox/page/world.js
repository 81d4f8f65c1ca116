// Behind the scenes: the hosts, what they serve, the inboxes, and switches to break things.

import { h, keep, post } from "./dom.js";

const EVERY = 1000;
const GOOD = new Set(["ok", "up", "healthy", "good", "serving"]);
const POOR = new Set(["maintenance", "draining", "starting", "unknown", "busy"]);

export function startWorld(where, toggle) {
  const hosts = h("div", { className: "hosts" });
  const inbox = h("div", { className: "inbox" });
  const faults = h("div", { className: "faults" });
  const note = h("p", { className: "quiet" });
  const narrow = matchMedia("(max-width: 1180px)");
  const flip = () => {
    const shown = document.body.classList.toggle(narrow.matches ? "world-open" : "world-closed") === narrow.matches;
    toggle.setAttribute("aria-expanded", String(shown));
  };
  toggle.setAttribute("aria-expanded", String(!narrow.matches));
  toggle.addEventListener("click", flip);
  where.replaceChildren(
    h("header", {}, h("h2", {}, "Behind the scenes"),
      h("button", { type: "button", className: "icon", "aria-label": "Close", onclick: flip }, "✕")),
    note, hosts, inbox,
    h("h3", {}, "Break something"), faults);

  const look = async () => {
    if (!document.hidden) {
      try {
        const world = await (await fetch("/_world")).json();
        draw(world, { hosts, inbox, faults, note });
      } catch {
        note.textContent = "The sandbox does not answer.";
      }
    }
    setTimeout(look, EVERY);
  };
  look();
}

function draw(world, at) {
  const hosts = world.hosts ?? [];
  at.note.textContent = hosts.length ? summary(world) : "No hosts run here.";
  keep(at.hosts, hosts.map((host) => ({ key: host.name, content: JSON.stringify(host), make: () => hostNode(host) })));
  const letters = [...(world.pages ?? []), ...(world.mails ?? [])];
  keep(at.inbox, letters.slice(-5).map((letter, index) => ({
    key: `${index}`, content: JSON.stringify(letter),
    make: () => h("p", { className: "letter" }, letter.subject ?? letter.text ?? String(letter)),
  })));
  keep(at.faults, (world.faults ?? []).map((fault) => ({
    key: fault.name, content: JSON.stringify(fault), make: () => faultNode(fault),
  })));
}

function summary(world) {
  const { requests, failures } = world.traffic ?? {};
  if (requests === undefined) return "";
  return `${requests.toLocaleString()} requests since the start, ${failures ? `${failures.toLocaleString()} failed` : "none failed"}.`;
}

function hostNode(host) {
  const health = String(host.health ?? "unknown").toLowerCase();
  const mood = GOOD.has(health) ? "good" : POOR.has(health) ? "poor" : "bad";
  const rate = host.requests_per_second ?? host.rps ?? 0;
  const failed = host.failures ?? host.failed ?? 0;
  return h("section", { className: `host ${mood}`, "aria-label": host.name },
    h("p", {}, h("strong", {}, host.name), host.environment && h("small", {}, ` ${host.environment}`),
      h("span", { className: "health" }, health)),
    h("p", {}, h("span", { className: "version" }, host.version ?? host.serving ?? "nothing yet"),
      h("span", { className: "rate" }, `${Number(rate).toFixed(rate < 10 ? 1 : 0)}/s`),
      h("span", { className: failed ? "failed some" : "failed" }, `${failed} failed`)),
    strip(host.history ?? []));
}

// A bar for each of the last seconds; what failed is red.
function strip(history) {
  const most = Math.max(1, ...history.map((row) => row.ok + row.failed));
  return h("div", { className: "strip", "aria-hidden": "true" }, history.map((row) =>
    h("i", {
      className: row.failed ? "some" : "",
      style: `height: ${Math.round((100 * (row.ok + row.failed)) / most)}%`,
    })));
}

function faultNode(fault) {
  const id = `fault-${fault.name}`;
  const box = h("input", {
    type: "checkbox", role: "switch", id, checked: Boolean(fault.on),
    onchange: () => post("/_control/fault", { name: fault.name, on: box.checked }),
  });
  return h("label", { className: "switch", htmlFor: id }, box, h("span", {}, fault.label ?? fault.name));
}
