// One host: what it serves and how well, and the steps that ran there by its own records.

import { h, icon, keep, svg } from "./dom.js";
import { faultGroup } from "./faults.js";

const MOODS = { healthy: "good", empty: "idle", sick: "bad", gone: "bad", frozen: "bad" };
const EMPTY = "Nothing was deployed here yet.";
const WIDTH = 60;
const HEIGHT = 20;
const LATELY = 10; // seconds for which steps stay in sight

export function hostCard({ name, environment }) {
  const health = h("span", { className: "health" });
  const version = h("span", { className: "version" });
  const rate = h("span", { className: "rate" });
  const failed = h("span", { className: "failed" });
  const ok = svg("path", { class: "ok" });
  const bad = svg("path", { class: "bad" });
  const strip = svg("svg", { class: "strip", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, ok, bad);
  const steps = stepList();
  const faults = faultGroup(name);
  const element = h("section", { className: "host", "aria-label": `${name}, ${environment}` },
    h("p", { className: "line" }, h("strong", {}, name), h("small", {}, environment), health),
    h("p", { className: "line" }, version, rate, failed), strip, steps.element, faults.element);

  const update = (host, troubles) => {
    const empty = host.health === "empty";
    element.dataset.mood = MOODS[host.health] ?? "idle";
    health.textContent = empty ? "empty" : host.health;
    version.textContent = empty ? EMPTY : host.version ?? "no answer";
    version.classList.toggle("none", empty || !host.version);
    rate.textContent = empty ? "" : `${host.requests_per_second} req/s`;
    failed.textContent = empty || !host.failures ? "" : `${host.failures} failed`;
    strip.style.display = empty ? "none" : "";
    strip.setAttribute("aria-label", `The last minute: ${host.failures} of ${asked(host.history)} requests failed`);
    drawStrip(host.history, ok, bad);
    steps.update(host.steps);
    faults.update(troubles);
  };
  return { element, update };
}

const asked = (history) => history.reduce((sum, [ok, failed]) => sum + ok + failed, 0);

// A bar for each of the last seconds; what failed stands on top, in red.
function drawStrip(history, ok, bad) {
  const most = Math.max(1, ...history.map(([good, failed]) => good + failed));
  const bar = (at, from, count) => {
    const height = (HEIGHT * count) / most;
    return count ? `M${at + 0.1} ${HEIGHT - from - height}h.8v${height}h-.8z` : "";
  };
  ok.setAttribute("d", history.map(([good], at) => bar(at, 0, good)).join(""));
  bad.setAttribute("d", history.map(([good, failed], at) => bar(at, (HEIGHT * good) / most, failed)).join(""));
}

const SIGNS = { done: "done", failed: "failed", "cut off": "failed", running: "running", waiting: "waiting" };

function stepList() {
  const summary = h("summary", {});
  const list = h("ol", { className: "steps" });
  const element = h("details", { className: "fold", hidden: true }, summary, list);
  let byHand = false;
  summary.addEventListener("click", () => (byHand = true));
  const update = (steps) => {
    element.hidden = !steps.length;
    if (!steps.length) return;
    const last = steps.at(-1);
    const running = steps.some((step) => step.state === "running" || step.state === "waiting");
    const lately = running || Date.now() / 1000 - last.began - last.seconds < LATELY;
    if (!byHand) element.open = lately;
    if (!lately && !element.open) byHand = false;
    summary.textContent = running ? `Running: ${last.label}` : told(steps);
    keep(list, steps.map((step) => ({ key: step.id, content: JSON.stringify(step), make: () => stepNode(step) })));
  };
  return { element, update };
}

function told(steps) {
  const wrong = steps.filter((step) => step.state === "failed" || step.state === "cut off");
  if (wrong.length) return `${wrong.at(-1).label} ${wrong.at(-1).state === "failed" ? "failed" : "was cut off"}`;
  return steps.length === 1 ? "1 step done" : `${steps.length} steps done`;
}

function stepNode(step) {
  const ended = step.seconds === null ? "" : `${step.seconds.toFixed(1)} s`;
  const code = step.code ? `exit ${step.code}` : "";
  return h("li", { className: `step is-${step.state.replace(" ", "-")}`, title: step.id },
    icon(SIGNS[step.state]),
    h("span", { className: "spoken" }, `${step.state}: `),
    h("span", { className: "what" }, step.label, step.said && h("small", {}, step.said)),
    h("span", { className: "took" }, [code, ended].filter(Boolean).join(" · ")));
}
