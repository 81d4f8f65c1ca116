// The first visit: what this is, what to type, and the tours; it can be had again from the top bar.

import { h, icon } from "./dom.js";
import { startTour } from "./tour.js";
import { STORIES } from "./stories.js";

const SEEN = "welcomed";
const TRY = "/deploy production v2.3";

export function startTours(page) {
  const { place, toggle, write, world } = page;
  let end = null;
  const show = (on) => {
    place.hidden = !on;
    toggle.setAttribute("aria-expanded", String(on));
  };
  const close = () => {
    localStorage.setItem(SEEN, "yes");
    show(false);
    write.field.focus({ preventScroll: true });
  };
  const tell = h("p", { className: "quiet" });
  const buttons = STORIES.map((story) => h("button", {
    type: "button", className: "story",
    onclick: () => {
      close();
      if (end) end();
      end = startTour(story, page);
    },
  }, h("strong", {}, story.title), h("span", {}, story.about)));
  toggle.replaceChildren(icon("tour"), h("span", {}, "Tours"));
  toggle.addEventListener("click", () => show(place.hidden));
  place.replaceChildren(
    h("header", {}, h("h2", {}, "Welcome aboard"),
      h("button", { type: "button", className: "plain", "aria-label": "Close the welcome", onclick: close }, icon("close"))),
    h("p", {}, "Shipmate ships releases from this chat to three hosts, two of them behind a balancer; you see them behind the scenes. ",
      "You are Ana, who may ask for a deployment; Ben may approve it, and you can be both. Try ",
      h("button", {
        type: "button", className: "try",
        onclick: () => {
          close();
          write.put(TRY);
          write.hide();
        },
      }, h("code", {}, TRY)), " or take a tour:"),
    h("div", { className: "stories" }, buttons),
    tell);
  world.watch((seen) => {
    const busy = Boolean(seen.making_history);
    buttons.forEach((button) => (button.disabled = busy));
    tell.hidden = !busy;
    tell.textContent = busy
      ? "Shipmate is shipping v2.1 and v2.2 just now, so that there is something to go back to. Tours start when that is done."
      : "";
  });
  show(localStorage.getItem(SEEN) !== "yes");
}
