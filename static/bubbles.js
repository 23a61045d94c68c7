// The house as bubbles, moved on from what the page drew: see broker/api/bubbles.py. A finger, a mouse or
// arrow keys read them.

import { percent, power } from "./formats.js";

const FILLING_W = 300; // these three as in broker/api/bubbles.py
const THINNEST = 1.5;
const PER_REACH = 0.25;

export class Bubbles {
  constructor(place) {
    this.place = place;
    this.svg = place.querySelector("svg");
    this.bubbles = [...place.querySelectorAll("[data-bubble]")].map((element) => ({
      element,
      of: element.dataset.bubble,
      limit: Number(element.dataset.limit),
      core: Number(element.dataset.core),
      area: element.querySelector(".area"),
      roof: place.querySelector(`.flow.roof[data-flow-to="${element.dataset.bubble}"]`),
      grid: place.querySelector(`.flow.grid[data-flow-to="${element.dataset.bubble}"]`),
      words: element.getAttribute("aria-label"),
    }));
    this.tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    this.place.append(this.tip);
    this.#listen();
  }

  // `powers` in W by what each bubble is of; `flows` from flows.js; `names` of those whose name changes.
  show(powers, flows, names) {
    const consumers = this.bubbles.filter(({ of }) => of !== "production" && of !== "grid");
    const consumed = ({ of }) => Math.max(powers.get(of) ?? 0, 0);
    const used = consumers.reduce((sum, bubble) => sum + consumed(bubble), 0);
    const share = used ? Math.min(flows.made, used) / used : 0;
    const scale = this.#scale(consumed);
    for (const bubble of this.bubbles) {
      const watts = consumed(bubble);
      bubble.area.setAttribute("r", Math.sqrt(bubble.core ** 2 + watts * scale).toFixed(1));
      if (bubble.of === "grid") stream(bubble.roof, flows.toGrid, scale);
      else if (bubble.roof) {
        stream(bubble.roof, watts * share, scale);
        stream(bubble.grid, watts * (1 - share), scale);
      }
      this.#say(bubble, powers.get(bubble.of), names.get(bubble.of), flows.used);
    }
    if (this.told) this.#tell(this.told);
  }

  #scale(consumed) {
    const room = ({ limit, core }) => limit ** 2 - core ** 2;
    const flat = this.bubbles.at(-1);
    const most = this.bubbles.filter((bubble) => consumed(bubble) > 0).map((bubble) => room(bubble) / consumed(bubble));
    return Math.min(room(flat) / FILLING_W, ...most);
  }

  #say(bubble, watts, name, used) {
    const { element } = bubble;
    if (name) {
      element.dataset.name = name;
      element.querySelector(".name").textContent = name;
    }
    const label = element.querySelector(".power");
    const text = power(watts);
    if (label && label.textContent !== text) label.textContent = text;
    bubble.words = `${element.dataset.name}: ${text}`;
    element.setAttribute("aria-label", bubble.words);
    bubble.part = bubble.roof && bubble.of !== "grid" && watts > 0 && used > 0 ? watts / used : null;
  }

  #listen() {
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", `${this.svg.getAttribute("aria-label")} ${this.place.dataset.keys}`);
    for (const bubble of this.bubbles) {
      bubble.element.setAttribute("role", "img");
      bubble.element.setAttribute("tabindex", bubble === this.bubbles[0] ? "0" : "-1");
      bubble.element.addEventListener("focus", () => this.#tell(bubble));
      bubble.element.addEventListener("pointerenter", () => this.#tell(bubble));
      bubble.element.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#hush());
      bubble.element.addEventListener("click", () => this.#tell(bubble));
    }
    this.svg.addEventListener("focusout", () => this.#hush());
    this.svg.addEventListener("keydown", (event) => this.#walk(event));
    document.addEventListener("pointerdown", (event) => this.svg.contains(event.target) || this.#hush());
  }

  #walk(event) {
    const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    if (event.key === "Escape") return this.#hush();
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const at = this.bubbles.findIndex(({ element }) => element === document.activeElement);
    const to = this.bubbles[Math.min(Math.max(at + steps[event.key], 0), this.bubbles.length - 1)];
    this.bubbles[at]?.element.setAttribute("tabindex", "-1");
    to.element.setAttribute("tabindex", "0");
    to.element.focus();
  }

  #tell(bubble) {
    this.told = bubble;
    const lines = [bubble.words];
    if ((bubble.part ?? null) !== null) lines.push(this.place.dataset.part.replace("{share}", percent(bubble.part)));
    this.tip.replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
    this.tip.hidden = false;
    const [box, around] = [bubble.area.getBoundingClientRect(), this.place.getBoundingClientRect()];
    const left = box.left + box.width / 2 - around.left - this.tip.offsetWidth / 2;
    const above = box.top - around.top - this.tip.offsetHeight - 6;
    this.tip.style.left = `${Math.min(Math.max(left, 0), around.width - this.tip.offsetWidth)}px`;
    this.tip.style.top = `${above < 0 ? box.bottom - around.top + 6 : above}px`;
  }

  #hush() {
    this.told = null;
    this.tip.hidden = true;
  }
}

function stream(line, watts, scale) {
  if (watts < 0.001) return line.setAttribute("display", "none");
  line.removeAttribute("display");
  line.setAttribute("stroke-width", Math.max(THINNEST, PER_REACH * Math.sqrt(watts * scale)).toFixed(1));
}
