// Turns the drawn charts of a page into ones that answer to fingers, mouse and keys and go on by
// themselves. Where uPlot is missing or anything fails, the drawing of the page stays.

import { Curve, fetchCurve, total } from "./chart_data.js";
import { handle } from "./chart_hands.js";
import { Plot } from "./chart_plot.js";
import { Clock } from "./chart_time.js";
import { tell } from "./connection.js";
import { age, energy, power } from "./formats.js";
import { LOGGED_OUT, LOST, follow } from "./live.js";
import { renew } from "./renewal.js";
import { addUp, powersOf } from "./sums.js";

const QUARTER_S = 900;
const LOOK_AGAIN_MS = 60_000;

class Chart {
  constructor(figure) {
    const { path, beginS, endS, zone, kind, meterId, earlierBeginS, earlierEndS } = figure.dataset;
    Object.assign(this, { figure, path, kind, meterId, texts: figure.dataset });
    this.clock = new Clock(zone);
    [this.beginS, this.endS] = [Number(beginS), Number(endS)];
    this.earlier = earlierBeginS ? [Number(earlierBeginS), Number(earlierEndS)] : null;
    this.resolution = figure.dataset.resolution;
    this.names = JSON.parse(figure.dataset.names);
    this.kinds = JSON.parse(figure.dataset.kinds);
    this.running = null;
    this.isRunning = this.endS * 1000 > Date.now();
  }

  get isCurve() {
    return this.resolution === "quarter_hour" || this.resolution === "hour";
  }

  async open() {
    await this.#load();
    this.#furnish();
    this.#draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot.recolour());
    new ResizeObserver(() => this.plot.fit(this.place.clientWidth)).observe(this.place);
    if (this.isRunning && this.meterId) this.#follow();
  }

  async #load() {
    const asked = [fetchCurve(this.path, this.beginS, this.endS, this.resolution)];
    if (this.earlier) asked.push(fetchCurve(this.path, ...this.earlier, this.resolution));
    if (this.isRunning && !this.isCurve) asked.push(this.#soFar());
    const [curve, second, third] = await Promise.all(asked);
    this.curve = curve;
    if (this.earlier) this.curve = new Curve(curve.begins, curve.ends, [curve.series[0], curve.beside(second)]);
    this.running = this.isRunning && !this.isCurve ? (this.earlier ? third : second) : null;
  }

  // What the day or month that isn't over has used until now.
  async #soFar() {
    const { year, month, day } = this.clock.wall(Date.now() / 1000);
    const isMonth = this.resolution === "month";
    const beginS = this.clock.at(year, month, isMonth ? 1 : day);
    const endS = isMonth ? this.clock.at(year, month + 1, 1) : this.clock.at(year, month, day + 1);
    const curve = await fetchCurve(this.path, beginS, endS, "quarter_hour");
    return { beginS, endS, values: curve.series.map((_, place) => total(curve, place)) };
  }

  #furnish() {
    const drawing = this.figure.querySelector("svg.chart");
    this.height = Math.round(drawing.getBoundingClientRect().height) || 240;
    this.place = Object.assign(document.createElement("div"), { className: "plot", tabIndex: 0 });
    this.place.setAttribute("role", "group");
    this.place.setAttribute("aria-roledescription", this.texts.role);
    this.place.setAttribute("aria-label", `${drawing.getAttribute("aria-label")}. ${this.texts.keys}`);
    this.tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    this.told = Object.assign(document.createElement("p"), { className: "unseen" });
    this.told.setAttribute("aria-live", "polite");
    drawing.replaceWith(this.place);
    this.figure.append(this.told);
    this.#addChoices();
    this.place.addEventListener("keydown", (event) => this.press?.(event));
    this.place.addEventListener("blur", () => this.#point(null));
  }

  #addChoices() {
    const bar = Object.assign(document.createElement("div"), { className: "ways" });
    this.whole = button(this.texts.whole, () => {
      this.plot.zoom([this.beginS, this.endS]);
      this.#zoomed();
    });
    this.whole.hidden = true;
    if (this.resolution !== "quarter_hour" && !this.earlier) {
      const coarse = this.resolution;
      this.fine = button(this.texts.fine, () => this.#choose(this.resolution === coarse ? "quarter_hour" : coarse));
      this.fine.setAttribute("aria-pressed", "false");
      bar.append(this.fine);
    }
    bar.append(this.whole);
    this.figure.prepend(bar);
  }

  async #choose(resolution) {
    const before = this.resolution;
    this.figure.setAttribute("aria-busy", "true");
    try {
      this.resolution = resolution;
      await this.#load().catch(() => (this.resolution = before)); // without a network nothing changes
      this.plot.destroy();
      this.#draw();
      this.fine.setAttribute("aria-pressed", String(this.resolution === "quarter_hour"));
    } finally {
      this.figure.removeAttribute("aria-busy");
    }
  }

  #draw() {
    const { curve, kinds, isCurve, beginS, endS, clock, running, height } = this;
    const shown = kinds.slice(0, curve.series.length);
    const onCursor = (step) => this.#show(step);
    this.place.replaceChildren(this.tip);
    this.plot = new Plot(this.place, { curve, kinds: shown, isCurve, beginS, endS, clock, running, height, onCursor });
    this.press = handle(this.plot, {
      over: this.plot.u.over,
      onStep: (by) => this.#walk(by),
      onZoom: () => this.#zoomed(),
    });
    this.#zoomed();
  }

  #zoomed() {
    this.whole.hidden = !this.plot.zoomed;
  }

  #walk(by) {
    const last = this.curve.length - (this.running && !this.isCurve ? 0 : 1);
    const from = this.step ?? (by > 0 ? -1 : last + 1);
    this.#point(Math.min(Math.max(from + by, 0), last));
    this.told.textContent = this.#words(this.step);
  }

  #point(step) {
    if (step === null) return this.plot?.u.setCursor({ left: -10, top: -10 });
    const begin = this.curve.begins[step] ?? this.running.beginS;
    const end = this.curve.ends[step] ?? this.running.endS;
    const middle = (begin + end) / 2;
    const [from, to] = this.plot.range;
    if (middle < from || middle > to) this.plot.zoom([middle - (to - from) / 2, middle + (to - from) / 2]);
    this.plot.u.setCursor({ left: this.plot.u.valToPos(middle, "x"), top: 1 });
  }

  #show(step) {
    const isThere = step !== null && step !== undefined && (this.curve.begins[step] !== undefined || this.running);
    this.step = isThere ? step : null;
    this.tip.hidden = !isThere;
    if (!isThere) return;
    const begin = this.curve.begins[step] ?? this.running.beginS;
    const end = this.curve.ends[step] ?? this.running.endS;
    this.plot.at = (begin + end) / 2;
    this.tip.replaceChildren(...this.#lines(step).map(line));
    const width = this.place.clientWidth;
    const left = this.plot.u.valToPos(begin, "x") + this.plot.u.over.offsetLeft;
    this.tip.style.left = `${Math.min(Math.max(left - this.tip.offsetWidth / 2, 0), width - this.tip.offsetWidth)}px`;
  }

  // What a step says: its time, then each series' name and value.
  #lines(step) {
    const isOver = step < this.curve.length;
    const begin = isOver ? this.curve.begins[step] : this.running.beginS;
    const end = isOver ? this.curve.ends[step] : this.running.endS;
    const write = this.isCurve ? power : energy;
    const values = this.plot.kinds.map((kind, place) => {
      const value = isOver ? this.plot.values[place]?.[step] : this.running.values[place];
      return [kind, this.names[place], (value ?? null) === null ? this.texts.missing : write(value)];
    });
    const time = this.clock.step(begin, end);
    return [["", "", isOver ? time : `${time} · ${this.texts.running}`], ...values];
  }

  #words(step) {
    return this.#lines(step).map(([, name, value]) => (name ? `${name} ${value}` : value)).join(", ");
  }

  // The newest power is drawn pale until its quarter hour is over; then the curve is asked for anew.
  #follow() {
    let lookedMs = this.isCurve ? 0 : Date.now(); // what bars lack has just been asked for
    follow({
      meterId: this.meterId,
      address: this.texts.socket,
      onState: (state) => (state === LOGGED_OUT ? location.reload() : tell(state === LOST)),
      onAge: (seconds) => this.#showAge(seconds),
      onSnapshot: async (house) => {
        if (document.visibilityState !== "visible") return; // coming back asks anew
        const knownS = this.curve.knownUntil ?? this.beginS;
        const isDue = house.date >= knownS + QUARTER_S && Date.now() - lookedMs > LOOK_AGAIN_MS;
        if (isDue) {
          lookedMs = Date.now();
          await Promise.all([this.#load(), renew()]).catch(() => {}); // no network; later news try again
        }
        if (this.resolution === "quarter_hour") this.running = this.#present(house);
        if (isDue || this.isCurve) this.#refresh();
        addUp(house, powersOf(house, (user) => user.meter_id === this.meterId));
      },
    });
  }

  #showAge(seconds) {
    const place = this.figure.querySelector(".newest");
    place.hidden = seconds === null;
    if (seconds !== null) place.lastElementChild.textContent = age(seconds);
  }

  #present(house) {
    const nowS = house.date ?? 0;
    const lastS = this.curve.ends.at(-1) ?? this.beginS;
    if (nowS < lastS || nowS >= lastS + 2 * QUARTER_S || this.kind !== "day") return null;
    const users = house.group_users.filter((user) => this.texts.of !== "mine" || user.meter_id === this.meterId);
    const known = [...users.map((user) => user.power), this.texts.of === "mine" ? null : house.group_common_power];
    const used = known.filter((value) => (value ?? null) !== null);
    const values = [used.length ? used.reduce((sum, value) => sum + value, 0) / 1e6 : null];
    if (this.kinds[1] === "production") values.push((house.group_production_power ?? 0) / 1e6);
    return { beginS: lastS, endS: lastS + QUARTER_S, values };
  }

  #refresh() {
    const { zoomed, u } = this.plot;
    const left = u.cursor.left;
    this.plot.update(this.curve, this.running);
    if (zoomed) this.plot.zoom(zoomed);
    if (left >= 0) u.setCursor({ left, top: 1 });
  }
}

function button(text, action) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  made.addEventListener("click", action);
  return made;
}

function line([kind, name, value]) {
  const made = document.createElement("p");
  if (name) {
    const key = Object.assign(document.createElement("i"), { className: `key ${kind}` });
    made.append(key, `${name} `, Object.assign(document.createElement("b"), { textContent: value }));
  } else {
    made.textContent = value;
  }
  return made;
}

function load(name, made) {
  return new Promise((resolve, reject) => {
    made.onload = resolve;
    made.onerror = reject;
    const address = new URL(`./vendor/${name}`, import.meta.url).href;
    if (made.rel) made.href = address;
    else made.src = address;
    document.head.append(made);
  });
}

const figures = document.querySelectorAll("figure[data-path]");
// A page that was kept shows its drawing: without a network there are no curves to ask for.
if (figures.length && !document.documentElement.dataset.keptAtS) {
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet" });
  const library = [load("uPlot.min.css", sheet), load("uPlot.iife.min.js", document.createElement("script"))];
  await Promise.all(library);
  await Promise.all([...figures].map((figure) => new Chart(figure).open()));
}
