// How a person looks: a coloured square with a letter, a name, and badges.

import { h } from "./dom.js";
import { hue } from "./known.js";

export function avatar(person, id, small = false) {
  const size = small ? " small" : "";
  if (id === "USLACKBOT") return h("span", { className: `avatar slackbot${size}`, "aria-hidden": "true" }, "S");
  if (person?.bot) return h("img", { className: `avatar bot${size}`, src: "/page/icon.svg", alt: "" });
  const letter = (person?.real_name || person?.name || id).slice(0, 1).toUpperCase();
  const face = h("span", { className: `avatar${size}`, "aria-hidden": "true" }, letter);
  face.style.setProperty("--hue", hue(id));
  return face;
}

export const firstName = (person) => person.real_name.split(" ")[0] || person.name;

export function described(person) {
  return h("span", { className: "whom" },
    h("strong", {}, person.real_name),
    h("span", {}, person.title),
    h("span", { className: "roles" }, person.groups.map((group) => h("span", { className: "role" }, `@${group}`))));
}
