// How values become lines and areas: steps, bars, and a year of quarter hours in a hand's breadth.
// Each gives what uPlot calls a path builder. `ends` are the ends of the steps; null breaks a line.

const BAR_SHARE = 0.8; // as in broker/api/charts.py
const STEPS_PER_PIXEL = 2; // from which on single steps can't be seen

const isKnown = (value) => value !== null && value !== undefined;

export function steps(ends) {
  return (u, series, first, last) => {
    const [begins, values] = [u.data[0], u.data[series]];
    const from = Math.max(first - 1, 0);
    const to = Math.min(last + 1, ends.length - 1);
    const isDense = to - from > (STEPS_PER_PIXEL * u.bbox.width) / devicePixelRatio;
    const draw = isDense ? columns : outline;
    return draw(u, begins, ends, values, from, to);
  };
}

function outline(u, begins, ends, values, from, to) {
  const [stroke, fill] = [new Path2D(), new Path2D()];
  const floor = u.valToPos(0, "y", true);
  let isOn = false;
  for (let place = from; place <= to; place += 1) {
    if (!isKnown(values[place])) {
      isOn = false;
      continue;
    }
    const left = u.valToPos(begins[place], "x", true);
    const right = u.valToPos(ends[place], "x", true);
    const y = u.valToPos(values[place], "y", true);
    if (isOn) stroke.lineTo(left, y);
    else stroke.moveTo(left, y);
    stroke.lineTo(right, y);
    fill.rect(left, y, right - left, floor - y);
    isOn = true;
  }
  return { stroke, fill };
}

// One line from the lowest to the highest value for each column of pixels.
function columns(u, begins, ends, values, from, to) {
  const [stroke, fill] = [new Path2D(), new Path2D()];
  const floor = u.valToPos(0, "y", true);
  const x0 = u.valToPos(begins[from], "x", true);
  const perS = (u.valToPos(ends[to], "x", true) - x0) / (ends[to] - begins[from]);
  let [column, low, high] = [NaN, Infinity, -Infinity];
  const finish = () => {
    if (high < low) return;
    const [top, bottom] = [u.valToPos(high, "y", true), u.valToPos(low, "y", true)];
    stroke.moveTo(column + 0.5, Math.max(bottom, top + 1));
    stroke.lineTo(column + 0.5, top);
    fill.rect(column, bottom, 1, floor - bottom);
  };
  for (let place = from; place <= to; place += 1) {
    const value = values[place];
    if (!isKnown(value)) continue;
    const at = Math.floor(x0 + (begins[place] - begins[from]) * perS);
    if (at !== column) {
      finish();
      [column, low, high] = [at, Infinity, -Infinity];
    }
    if (value < low) low = value;
    if (value > high) high = value;
  }
  finish();
  return { stroke, fill };
}

export function bars(ends, place, count) {
  return (u, series, first, last) => {
    const fill = new Path2D();
    const floor = u.valToPos(0, "y", true);
    for (let step = first; step <= Math.min(last, ends.length - 1); step += 1) {
      const value = u.data[series][step];
      if (!isKnown(value)) continue;
      const [left, width] = bar(u, u.data[0][step], ends[step], place, count);
      const top = u.valToPos(value, "y", true);
      fill.rect(left, top, width, floor - top);
    }
    return { stroke: null, fill };
  };
}

// Where a bar stands and how wide it is: those of several series stand side by side.
export function bar(u, beginS, endS, place, count) {
  const begin = u.valToPos(beginS, "x", true);
  const end = u.valToPos(endS, "x", true);
  const width = (end - begin) * BAR_SHARE;
  return [begin + (end - begin - width) / 2 + (width * place) / count, width / count];
}
