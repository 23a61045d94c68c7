// The curves of a time as columns, from the calls that are made for charts. Times in s, powers in W.

const MISSING = 0xffff; // these three as in broker/api/packed_curves.py
const FINE_W = 1000;
const COARSE_W = 10;

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
  const query = new URLSearchParams({ begin: beginS, resolution, format: "packed" });
  if (endS * 1000 <= Date.now()) query.set("end", endS);
  const answer = await fetch(`${path}?${query}`, {
    headers: { Accept: "application/json" }, credentials: "same-origin", signal,
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const isPacked = answer.headers.get("Content-Type").startsWith("application/octet-stream");
  return isPacked ? unpacked(await answer.arrayBuffer()) : parsed(await answer.json());
}

// Few bytes for many steps: see broker/api/packed_curves.py. Months, days and nothing at all come as JSON.
function unpacked(buffer) {
  const head = new DataView(buffer);
  const begin = head.getFloat64(0, true);
  const [step, count, series] = [8, 12, 16].map((at) => head.getUint32(at, true));
  const bytes = new Uint8Array(buffer, 20);
  const [from, until] = [new Array(count), new Array(count)];
  for (let place = 0; place < count; place += 1) {
    from[place] = begin + place * step;
    until[place] = from[place] + step;
  }
  const powers = Array.from({ length: series }, (_, one) => {
    const low = bytes.subarray(2 * one * count, (2 * one + 1) * count);
    const high = bytes.subarray((2 * one + 1) * count, 2 * (one + 1) * count);
    return Array.from(low, (byte, place) => {
      const code = byte + 256 * high[place];
      return code === MISSING ? null : code < FINE_W ? code : FINE_W + (code - FINE_W) * COARSE_W;
    });
  });
  return new Curve(from, until, powers);
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
