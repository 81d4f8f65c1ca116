// GitHub: the newest workflow runs with their jobs and logs, what people do to them there, and switches to break it.

import { h, icon } from "./dom.js";
import { faultGroup } from "./faults.js";
import { post } from "./wire.js";

const LOOKS = {
  success: ["done", "done"], failure: ["failed", "failed"], cancelled: ["failed", "stop"], running: ["running", "running"],
};
const lookOf = (state) => LOOKS[state] ?? ["waiting", "waiting"];
const OVER = new Set(["success", "failure", "cancelled"]);
const LATELY = 15; // seconds for which a run that is over stays open

export function gitHub() {
  const repository = h("small", {});
  const health = h("span", { className: "health" });
  const none = h("p", { className: "quiet" }, "No workflow ran yet. Type /deploy staging v2.3 to see one.");
  const runs = h("div", { className: "runs" });
  const faults = faultGroup("GitHub");
  const element = h("section", { className: "host service", "aria-label": "GitHub", hidden: true },
    h("p", { className: "line" }, h("strong", {}, "GitHub"), repository, health), none, runs, faults.element);
  const rows = new Map();

  const update = (told, troubles) => {
    element.hidden = !told;
    if (!told) return;
    const wrong = troubles.filter((fault) => fault.on).length;
    element.dataset.mood = wrong ? "bad" : "good";
    repository.textContent = told.repository;
    health.textContent = wrong ? "in trouble" : "fine";
    none.hidden = told.runs.length > 0;
    for (const [id, row] of rows) {
      if (told.runs.some((run) => run.id === id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    for (const run of [...told.runs].reverse()) {
      if (!rows.has(run.id)) {
        rows.set(run.id, runRow());
        runs.prepend(rows.get(run.id).element);
      }
      rows.get(run.id).update(run);
    }
    faults.update(troubles);
  };
  return { element, update };
}

function runRow() {
  const summary = h("summary", {});
  const jobs = h("ol", { className: "steps" });
  const acts = h("p", { className: "acts" });
  const element = h("details", { className: "fold run" }, summary, jobs, acts);
  let byHand = false;
  let drawn = "";
  summary.addEventListener("click", () => (byHand = true));
  const update = (run) => {
    if (!byHand) element.open = !OVER.has(run.state) || Date.now() / 1000 - run.began - run.seconds < LATELY;
    const content = JSON.stringify(run);
    if (content === drawn) return;
    drawn = content;
    const [look, sign] = lookOf(run.state);
    const again = run.attempt > 1 ? `, attempt ${run.attempt}` : "";
    summary.replaceChildren(
      h("span", { className: `step is-${look}` }, icon(sign)),
      h("span", { className: "what" },
        h("span", { className: "line" }, h("span", {}, run.environment ? `${run.ref} to ${run.environment}` : run.workflow),
          h("span", { className: "took" }, run.waits ? "waits" : run.state)),
        h("small", {}, `#${run.number} by ${run.actor}, ${run.sha}${again}`)));
    jobs.replaceChildren(...run.jobs.map(jobNode));
    drawActs(acts, run);
  };
  return { element, update };
}

function jobNode(job) {
  const [look, sign] = lookOf(job.state);
  const now = job.steps.find((step) => step.state === "failure") ?? job.steps.find((step) => step.state === "running");
  const took = job.took === null ? "" : `${job.took.toFixed(1)} s`;
  return h("li", { className: `step is-${look}` },
    icon(sign),
    h("span", { className: "spoken" }, `${job.state}: `),
    h("span", { className: "what" }, job.name, job.state === "waiting" && h("small", {}, "waits for an approval"),
      now && h("small", {}, now.name), job.log.length > 0 && logOf(job)),
    h("span", { className: "took" }, job.state === "skipped" ? "skipped" : took));
}

function logOf(job) {
  return h("pre", { className: "log", tabIndex: 0, role: "region", "aria-label": `The end of the log of ${job.name}` },
    job.log.join("\n"));
}

const ACTS = {
  waits: [["approve", "Approve as Ben"], ["reject", "Reject"]],
  runs: [["cancel", "Cancel"]],
  over: [["again", "Run again"], ["delete", "Delete"]],
};

function drawActs(where, run) {
  const offered = OVER.has(run.state) ? ACTS.over : [...(run.waits ? ACTS.waits : []), ...ACTS.runs];
  const content = offered.map(([act]) => act).join();
  if (where.dataset.offered === content) return;
  where.dataset.offered = content;
  where.replaceChildren(...offered.map(([act, label]) => h("button", {
    type: "button", className: "kit little", "aria-label": `${label}: run ${run.number}`,
    onclick: () => post("/_control/run", { run: run.id, act }),
  }, label)));
}
