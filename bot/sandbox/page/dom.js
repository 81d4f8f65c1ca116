// Make elements; every text goes in as text, never as HTML.

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

export const $ = (id) => document.getElementById(id);

export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

// Replace a keyed list of children, keeping every child whose content is the same.
export function keep(parent, items) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = null;
  for (const { key, content, make } of items) {
    let child = old.get(key);
    if (!child || child.dataset.content !== content) {
      const fresh = make();
      fresh.dataset.key = key;
      fresh.dataset.content = content;
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
  if (focused) fresh.querySelector(`[data-action="${CSS.escape(focused.dataset.action || "")}"]`)?.focus();
}

let popup = null;

export function closePopup() {
  if (popup) popup.close();
}

// Show a small menu under its button; Escape, a click elsewhere or a choice closes it.
export function menu(anchor, items, label) {
  closePopup();
  const list = h("div", { className: "menu", role: "menu", "aria-label": label }, items);
  const close = (refocus) => {
    list.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside);
    popup = null;
    if (refocus) anchor.focus();
  };
  const outside = (event) => {
    if (!list.contains(event.target) && !anchor.contains(event.target)) close(false);
  };
  list.addEventListener("click", (event) => event.target.closest("button") && close(true));
  list.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close(true);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...list.querySelectorAll("button")];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  anchor.after(list);
  anchor.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside);
  popup = { close: () => close(false) };
  list.querySelector("button")?.focus();
}
