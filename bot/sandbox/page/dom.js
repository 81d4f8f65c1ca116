// Make elements; every text goes in as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function svg(tag, props = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// One of the page's own signs, which only decorates.
export const icon = (name) =>
  svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `/page/icons.svg#${name}` }));

// Replace a keyed list of children, keeping every child whose content is the same.
export function keep(parent, items) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const { key, content, make } of items) {
    let child = old.get(key);
    if (!child || child.keptContent !== content) {
      const fresh = make();
      fresh.dataset.key = key;
      fresh.keptContent = content;
      if (child) swap(child, fresh);
      child = fresh;
    }
    old.delete(key);
    const next = before ? before.nextSibling : parent.firstChild;
    if (child !== next) parent.insertBefore(child, next);
    before = child;
  }
  for (const gone of old.values()) gone.remove();
}

function swap(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  fresh.classList.add("changed");
  old.replaceWith(fresh);
  if (focused) refocus(fresh, focused);
}

// Focus what takes the place of the element that had the focus, with the caret where it was.
export function refocus(within, before) {
  const action = before.closest?.("[data-action]")?.dataset.action;
  const place = action && within.querySelector(`[data-action="${CSS.escape(action)}"]`);
  if (!place) return;
  const ticked = [...place.querySelectorAll("input")].find((each) => each.value === before.value);
  const now = place.matches("fieldset") ? ticked : place;
  now?.focus({ preventScroll: true });
  if (now?.matches("textarea, input[type=text]")) now.setSelectionRange(before.selectionStart, before.selectionEnd);
}

let popup = null;

export function closePopup() {
  if (popup) popup();
}

// Show a small menu under its button; Escape, a click elsewhere or a choice closes it.
export function menu(anchor, items, label) {
  const again = anchor.getAttribute("aria-expanded") === "true";
  closePopup();
  if (again) return;
  const list = h("div", { className: "menu", role: "menu", "aria-label": label }, items);
  const close = (refocusing) => {
    list.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside);
    popup = null;
    if (refocusing) anchor.focus();
  };
  const outside = (event) => {
    if (!list.contains(event.target) && !anchor.contains(event.target)) close(false);
  };
  list.addEventListener("click", (event) => event.target.closest("button") && close(true));
  list.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Tab") close(true);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return;
    const all = [...list.querySelectorAll("button")];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  anchor.after(list);
  anchor.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside);
  popup = () => close(false);
  (list.querySelector("[aria-checked=true]") ?? list.querySelector("button"))?.focus();
}
