// Plays a story on the page as a person would: types and presses where one can watch, and says what happens.

import { $, h, icon } from "./dom.js";

const LETTER = 34; // milliseconds
const LOOK = 200;
const PATIENCE = 120_000;

class Stopped extends Error {}
class Otherwise extends Error {}

// Begin a story; returns how to stop it.
export function startTour(story, page) {
  const player = new Player(page);
  const steps = story.steps(player);
  player.show(story.title, "", () => player.stop(), `0 of ${steps.length}`);
  play(story, steps, player);
  return () => player.stop();
}

async function play(story, steps, player) {
  try {
    for (const [index, [text, act]] of steps.entries()) {
      const say = typeof text === "function" ? text() : text;
      player.show(story.title, say, () => player.stop(), `${index + 1} of ${steps.length}`);
      await act();
    }
    player.end(story.title, story.ending);
  } catch (error) {
    if (error instanceof Stopped) player.hide();
    else player.end(story.title, error instanceof Otherwise ? error.message : `The tour lost its way: ${error.message}`);
  }
}

class Player {
  constructor(page) {
    this.page = page;
    this.stopped = false;
    this.since = "0";
    this.before = this.served();
  }

  // What is shown

  show(title, text, stop, count) {
    $("tour").hidden = false;
    document.body.classList.add("touring");
    $("tour").replaceChildren(
      h("p", { className: "line" }, h("strong", {}, title), count && h("small", {}, count),
        h("button", { type: "button", className: "kit little", onclick: stop }, count ? [icon("stop"), "Stop"] : "Close")),
      h("p", { role: "status" }, text));
  }

  end(title, text) {
    this.point(null);
    this.show(title, text, () => this.hide(), "");
  }

  hide() {
    this.point(null);
    $("tour").hidden = true;
    document.body.classList.remove("touring");
  }

  stop() {
    this.stopped = true;
    this.hide();
  }

  point(element) {
    document.querySelectorAll(".pointed").forEach((each) => each.classList.remove("pointed"));
    element?.classList.add("pointed");
  }

  // What a person does

  async be(person) {
    const faces = [...document.querySelectorAll(`#who [data-person="${person}"], #face button`)];
    const face = faces.find((each) => each.checkVisibility({ visibilityProperty: true }));
    this.point(face);
    await this.linger(500);
    this.page.become(person);
    await this.until(() => this.page.look().state?.me === person);
    this.point(null);
  }

  async go(channel) {
    await this.page.open(channel);
    await this.until(() => this.page.look().state?.here === channel);
  }

  async type(text) {
    this.since = this.page.look().state.briefs[this.page.look().at.channel].at(-1)?.ts ?? "0";
    const { field, put, hide, element } = this.page.write;
    field.focus({ preventScroll: true });
    for (let length = 1; length <= text.length; length += 1) {
      put(text.slice(0, length));
      await this.linger(LETTER);
    }
    hide();
    await this.linger(600);
    element.requestSubmit();
  }

  async press(label) {
    const button = await this.until(() => this.button(label));
    button.scrollIntoView({ block: "center" });
    this.point(button);
    await this.linger(900);
    this.point(null);
    (this.button(label) ?? button).click();
    await this.linger(300);
    const yes = document.querySelector("dialog.confirm .kit:last-child");
    if (!yes) return;
    this.point(yes);
    await this.linger(1400);
    yes.click();
  }

  // What a person sees

  served() {
    const hosts = (this.page.world.seen().hosts ?? []).filter((host) => host.environment === "production");
    return Object.fromEntries(hosts.map((host) => [host.name, host]));
  }

  serves(version) {
    const hosts = Object.values(this.served());
    return hosts.length > 0 && hosts.every((host) => host.version === version && host.health === "healthy");
  }

  fresh() {
    return [...document.querySelectorAll("#messages article")].filter((each) => each.dataset.ts > this.since);
  }

  button(label) {
    return this.fresh().flatMap((each) => [...each.querySelectorAll("button.kit")])
      .filter((each) => label.test(each.textContent)).at(-1);
  }

  says(words) {
    return this.fresh().some((each) => words.test(each.textContent));
  }

  rests() {
    return !this.button(/^(Abort|Approve)/);
  }

  async asked(label) {
    const began = Date.now();
    return this.until(() => {
      const refused = this.fresh().some((each) => each.matches(".private"));
      if (refused && Date.now() - began > 8000 && !this.button(label)) {
        throw new Otherwise("Shipmate answered otherwise than this tour expects: read what it says, it is about what was done before.");
      }
      return this.button(label);
    });
  }

  async until(holds) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      if (this.stopped) throw new Stopped();
      const found = holds();
      if (found) return found;
      if (Date.now() > end) throw new Otherwise("This takes longer than it should. Look around; the tour ends here.");
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  async linger(milliseconds) {
    const end = Date.now() + milliseconds;
    do {
      if (this.stopped) throw new Stopped();
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK, milliseconds)));
    } while (Date.now() < end);
  }
}
