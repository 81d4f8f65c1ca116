// How a person looks: a coloured square with a letter, a name, and badges.

import { h } from "./dom.js";
import { hue } from "./known.js";

export function avatar(person, id, small = false) {
  const size = small ? " small" : "";
  if (id === "USLACKBOT") return h("span", { className: `avatar slackbot${size}`, "aria-hidden": "true" }, "♥");
  if (person?.bot) return h("img", { className: `avatar bot${size}`, src: "/page/icon.svg", alt: "" });
  const letter = (person?.real_name || person?.name || id).slice(0, 1).toUpperCase();
  const face = h("span", { className: `avatar${size}`, "aria-hidden": "true" }, letter);
  face.style.setProperty("--hue", hue(id));
  return face;
}

export function roles(person) {
  return person.groups.length ? person.groups.map((group) => h("span", { className: "role" }, `@${group}`)) : [];
}
