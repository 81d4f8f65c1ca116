// The balancer in front of production: which side gets how many of the visitors, and the steps in its host's record.

import { h } from "./dom.js";

export function balancerCard() {
  const state = h("span", { className: "health" });
  const bar = h("div", { className: "sides", role: "img" });
  const told = h("p", { className: "line" });
  const element = h("section", { className: "host service", hidden: true, "aria-label": "The balancer" },
    h("p", { className: "line" }, h("strong", {}, "lb1"), h("small", {}, "in front of production"), state), bar, told);

  const update = (balancer) => {
    element.hidden = !balancer;
    if (!balancer) return;
    const { sides, failures } = balancer;
    const words = sides.length ? sides.map(({ colour, share, version }) => `${colour} ${share} % ${version}`).join(" · ") : "nobody is served";
    element.dataset.mood = failures ? "bad" : sides.length ? "good" : "idle";
    state.textContent = failures ? `${failures} failed` : sides.length ? "balancing" : "";
    told.textContent = words;
    bar.setAttribute("aria-label", `Visitors of the last seconds: ${words}`);
    bar.replaceChildren(...sides.map(({ colour, share }) => {
      const part = h("span", { className: `side is-${colour}` });
      part.style.flexGrow = share;
      return part;
    }));
  };
  return { element, update };
}
