// One plot with uPlot: step curves of power or bars of energy. It knows nothing of pages and servers.

import { bar, bars, steps } from "./chart_paths.js";
import { energy, power } from "./formats.js";

const LEAST_TOP = { curve: 100, bars: 0.1 }; // W, kWh: a standby load doesn't look like a storm
const FINE = 4000; // steps: thin lines from here on

const COLOURS = ["consumption", "production", "earlier", "line", "muted", "gap", "ink"];

export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...of, earlier: of.muted };
}

const PALE = "26"; // appended to #rrggbb: 15 %
const HALF_PALE = "55";

// `kinds` names the colour of each series. `running` is the step that isn't over: { beginS, endS, values }.
export class Plot {
  constructor(place, { curve, kinds, isCurve, beginS, endS, clock, running, height, onCursor }) {
    Object.assign(this, { curve, kinds, isCurve, clock, running, beginS, endS });
    this.colours = colours();
    this.values = isCurve ? curve.series : curve.energies;
    this.u = new uPlot(this.#options(place, height, onCursor), this.#data(), place);
  }

  // uPlot forgets where a step ends; the running one of bars is there to be pointed at.
  #data() {
    const { begins } = this.curve;
    if (this.isCurve || !this.running) return [begins, ...this.values];
    const blank = (values) => [...values, null];
    return [[...begins, this.running.beginS], ...this.values.map(blank)];
  }

  #options(place, height, onCursor) {
    const now = () => this.colours;
    return {
      width: place.clientWidth,
      height,
      ms: 1e-3,
      legend: { show: false },
      padding: [10, 20, 0, 0],
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => null },
        points: { show: this.isCurve, size: 9, width: 2 },
        dataIdx: (u, _series, place) => this.#containing(place, u.cursor.left),
      },
      scales: {
        x: { time: false, range: (_u, min, max) => this.zoomed ?? [this.beginS, this.endS] },
        y: { range: (_u, _min, max) => [0, this.#top(max ?? 0) * 1.08] },
      },
      axes: [this.#timeAxis(now), this.#valueAxis(now)],
      series: [{}, ...this.kinds.map((kind, place) => this.#series(kind, place, now))],
      hooks: {
        drawClear: [(u) => this.#drawGaps(u)],
        draw: [(u) => this.#drawRunning(u)],
        setCursor: [(u) => onCursor(u.cursor.idx)],
        setSelect: [(u) => this.#zoomToSelected(u)],
      },
    };
  }

  #top(most) {
    const running = this.running?.values.map((value) => value ?? 0) ?? [];
    return Math.max(most, ...running, LEAST_TOP[this.isCurve ? "curve" : "bars"]);
  }

  #zoomToSelected(u) {
    const { left, width } = u.select;
    if (width < 8) return;
    this.zoom([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  }

  // The step in which a finger stands, not the one whose beginning is nearest.
  #containing(place, left) {
    const x = this.u?.data[0];
    if (!x || left < 0) return place;
    const timeS = this.u.posToVal(left, "x");
    while (place > 0 && x[place] > timeS) place -= 1;
    return Math.min(place, this.curve.length - (this.running && !this.isCurve ? 0 : 1));
  }

  #timeAxis(now) {
    const line = { show: this.isCurve, stroke: () => now().line, width: 1 };
    return {
      stroke: () => now().muted,
      font: "12.5px system-ui, sans-serif",
      size: 34,
      grid: line,
      ticks: { show: false },
      splits: (u, _axis, min, max) => this.#places(min, max, u.bbox.width / devicePixelRatio),
      values: (_u, splits) => splits.map((timeS) => this.#label(timeS)),
    };
  }

  #places(min, max, width) {
    if (this.isCurve) return this.clock.ticks(min, max, Math.max(3, Math.floor(width / 50)));
    const middles = this.curve.begins.map((begin, place) => (begin + this.curve.ends[place]) / 2);
    if (this.running) middles.push((this.running.beginS + this.running.endS) / 2);
    const [first, second = first + (max - min)] = middles; // a year has just begun: labels keep their distance
    const every = Math.max(1, Math.ceil((36 * (max - min)) / width / (second - first)));
    return middles.filter((timeS, place) => place % every === 0 && timeS >= min && timeS <= max);
  }

  #label(timeS) {
    const [min, max] = this.zoomed ?? [this.beginS, this.endS];
    if (this.isCurve) return this.clock.label(timeS, max - min);
    return this.clock.written(timeS, max - min > 40 * 86_400 ? "month" : "dayOfMonth");
  }

  #valueAxis(now) {
    const write = this.isCurve ? power : energy;
    return {
      stroke: () => now().muted,
      font: "12.5px system-ui, sans-serif",
      size: 62,
      space: 40,
      grid: { stroke: () => now().line, width: 1 },
      ticks: { show: false },
      values: (_u, splits) => splits.map((value) => (value ? write(value, true) : "")),
    };
  }

  #series(kind, place, now) {
    const shared = { points: { show: false }, fill: () => now()[kind] };
    const count = this.kinds.length;
    if (!this.isCurve) return { ...shared, paths: (...of) => bars(this.curve.ends, place, count)(...of) };
    return {
      ...shared,
      stroke: () => now()[kind],
      width: this.curve.length > FINE ? 1 : 2,
      // Dashed, thousands of strokes would take longer to draw than to fetch, and nobody would see it.
      dash: this.curve.length > FINE ? undefined : kind === "production" ? [6, 3] : kind === "earlier" ? [2, 4] : undefined,
      fill: () => (kind === "earlier" ? undefined : now()[kind] + PALE),
      paths: (...of) => steps(this.curve.ends)(...of),
    };
  }

  // Hatched, as in the drawing of the page: nobody takes silence for nothing used.
  #drawGaps(u) {
    const { begins, ends } = this.curve;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.clip();
    u.ctx.fillStyle = this.#hatch(u.ctx);
    for (let place = 0; place < begins.length; place += 1) {
      if (this.values[0][place] !== null) continue;
      const first = place;
      while (place + 1 < begins.length && this.values[0][place + 1] === null) place += 1;
      const left = u.valToPos(begins[first], "x", true);
      u.ctx.fillRect(left, u.bbox.top, u.valToPos(ends[place], "x", true) - left, u.bbox.height);
    }
    u.ctx.restore();
  }

  #hatch(ctx) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8 * devicePixelRatio;
    const pen = tile.getContext("2d");
    pen.strokeStyle = this.colours.gap;
    pen.lineWidth = 1.3 * devicePixelRatio;
    const size = tile.width;
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift - 2, size + 2);
      pen.lineTo(shift + size + 2, -2);
    }
    pen.stroke();
    return ctx.createPattern(tile, "repeat");
  }

  // What isn't final is pale and has a dashed edge.
  #drawRunning(u) {
    if (!this.running) return;
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    this.kinds.forEach((kind, series) => {
      const value = this.running.values[series] ?? null;
      if (value !== null) this.#drawOneRunning(u, kind, series, value);
    });
    ctx.restore();
  }

  #drawOneRunning(u, kind, series, value) {
    const floor = u.valToPos(0, "y", true);
    const top = u.valToPos(value, "y", true);
    let [left, width] = [u.valToPos(this.running.beginS, "x", true), 0];
    if (this.isCurve) width = u.valToPos(this.running.endS, "x", true) - left;
    else [left, width] = bar(u, this.running.beginS, this.running.endS, series, this.kinds.length);
    u.ctx.fillStyle = this.colours[kind] + HALF_PALE;
    u.ctx.fillRect(left, top, width, floor - top);
    u.ctx.strokeStyle = this.colours[kind];
    u.ctx.strokeRect(left, top, width, floor - top);
  }

  // New values and the step that is running, on the same axes.
  update(curve, running) {
    Object.assign(this, { curve, running });
    this.values = this.isCurve ? curve.series : curve.energies;
    this.u.setData(this.#data());
  }

  zoom(range) {
    const length = this.endS - this.beginS;
    const span = Math.min(Math.max(range[1] - range[0], Math.min(3600, length)), length);
    const from = Math.min(Math.max(range[0], this.beginS), this.endS - span);
    this.zoomed = span >= length ? null : [from, from + span];
    this.u.setScale("x", { min: from, max: from + span });
  }

  get range() {
    return this.zoomed ?? [this.beginS, this.endS];
  }

  recolour() {
    this.colours = colours();
    this.u.redraw(false, true);
  }

  fit(width) {
    if (width && width !== this.u.width) this.u.setSize({ width, height: this.u.height });
  }

  destroy() {
    this.u.destroy();
  }
}
