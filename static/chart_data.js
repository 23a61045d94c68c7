// The curves of a time as columns, from the calls that are made for charts. Times in s, powers in W.

export class Curve {
  // `begins` and `ends` of the steps; `series` are their powers, null where nothing is known.
  constructor(begins, ends, series) {
    this.begins = begins;
    this.ends = ends;
    this.series = series;
  }

  get length() {
    return this.begins.length;
  }

  // Until when the first series is known; null before its first value.
  get knownUntil() {
    return this.ends[this.series[0].findLastIndex((w) => w !== null)] ?? null;
  }

  // kWh of each step instead of W.
  get energies() {
    return this.series.map((powers) =>
      powers.map((w, place) => (w === null ? null : (w * (this.ends[place] - this.begins[place])) / 3.6e6)),
    );
  }

  // What came before, laid over these steps, the first over the first.
  beside(earlier) {
    return earlier.series[0].slice(0, this.length);
  }
}

export async function fetchCurve(path, beginS, endS, resolution, signal) {
  const query = new URLSearchParams({ begin: beginS, resolution });
  if (endS * 1000 <= Date.now()) query.set("end", endS);
  const answer = await fetch(`${path}?${query}`, {
    headers: { Accept: "application/json" }, credentials: "same-origin", signal,
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return parsed(await answer.json());
}

function parsed({ begin, step, ends, consumption, production }) {
  const count = consumption.length;
  const from = new Array(count);
  const until = ends ?? new Array(count);
  for (let place = 0; place < count; place += 1) {
    from[place] = place ? until[place - 1] : begin;
    if (!ends) until[place] = from[place] + step;
  }
  return new Curve(from, until, production ? [consumption, production] : [consumption]);
}

// The energy of known steps together in kWh, and whether there are any.
export function total(curve, place) {
  const known = (curve.energies[place] ?? []).filter((kwh) => kwh !== null);
  return known.length ? known.reduce((sum, kwh) => sum + kwh, 0) : null;
}
