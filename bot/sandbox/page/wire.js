// What the page asks of the sandbox.

import { toast } from "./toasts.js";

const TOLD = {
  offline: "The sandbox does not answer. Is `make sandbox` still running?",
  message_not_found: "That message is gone.",
  not_found: "That dialog is gone.",
  no_such_element: "The card has changed meanwhile. Look again, then press.",
  not_in_channel: "This person is not in that channel.",
};

export async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

// Do something as somebody; what went wrong is told in words, and returned.
export async function post(path, body, { quiet = false } = {}) {
  const told = await answered(path, body);
  if (told.error && !quiet) toast("That did not work", TOLD[told.error] ?? `Slack says: ${told.error}`);
  return told;
}

async function answered(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      keepalive: path === "/_page/fill",
    });
    return await response.json();
  } catch {
    return { error: "offline" };
  }
}
