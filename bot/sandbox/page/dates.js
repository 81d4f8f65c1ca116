// Slack's date tokens, said in this browser's language and zone.

const DAY = 86400000;

// Hard spaces, so that "9:00 AM" is never torn apart at the end of a line.
export const clock = (when, options = {}) =>
  when.toLocaleTimeString([], { hour: "numeric", minute: "2-digit", ...options }).replace(/\s/g, "\u00a0");

const written = {
  date: { month: "long", day: "numeric", year: "numeric" },
  date_short: { month: "short", day: "numeric", year: "numeric" },
  date_long: { weekday: "long", month: "long", day: "numeric", year: "numeric" },
};

// Fill a format such as "{date_short_pretty} at {time}".
export function dated(format, when, now = new Date()) {
  return format.replace(/\{(\w+)\}/g, (whole, token) => {
    if (token === "time") return clock(when);
    if (token === "time_secs") return clock(when, { second: "2-digit" });
    if (token === "date_num") return numbers(when);
    if (token === "ago") return ago(when, now);
    const name = token.replace(/_pretty$/, "");
    if (!written[name]) return whole;
    return (name !== token && near(when, now)) || when.toLocaleDateString([], written[name]);
  });
}

const numbers = (when) =>
  [when.getFullYear(), when.getMonth() + 1, when.getDate()].map((part) => String(part).padStart(2, "0")).join("-");

const midnight = (when) => new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();

export const daysFromNow = (when, now = new Date()) => Math.round((midnight(when) - midnight(now)) / DAY);

const near = (when, now) => ({ "-1": "yesterday", 0: "today", 1: "tomorrow" })[daysFromNow(when, now)];

function ago(when, now) {
  const seconds = (when.getTime() - now.getTime()) / 1000;
  const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]].find(
    ([name, length]) => Math.abs(seconds) >= length || name === "second",
  );
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

// Name a day as the line between two days does.
export function dayName(when, now = new Date()) {
  const word = near(when, now);
  return word && word !== "tomorrow"
    ? word[0].toUpperCase() + word.slice(1)
    : when.toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
}
