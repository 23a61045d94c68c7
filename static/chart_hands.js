// Fingers, mouse and keys on a plot. One finger reads values and leaves scrolling to the page; two
// zoom and move; arrows walk from step to step, + and - zoom, Escape shows everything again.

export function handle(plot, { over, onStep, onZoom }) {
  const fingers = new Map();
  let before = null;

  const places = () => [...fingers.values()].sort((a, b) => a - b);
  const left = (event) => event.clientX - over.getBoundingClientRect().left;

  const pinch = () => {
    const [first, second] = places();
    if (before) {
      const width = over.clientWidth;
      const [from, to] = before.range;
      const scale = (before.second - before.first) / Math.max(second - first, 12);
      const anchor = from + ((to - from) * before.first) / width;
      const begin = anchor - (first / width) * (to - from) * scale;
      plot.zoom([begin, begin + (to - from) * scale]);
      onZoom();
    } else {
      before = { first, second, range: plot.range };
    }
  };

  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, left(event));
    before = null;
    if (fingers.size === 1) plot.u.setCursor({ left: left(event), top: 1 });
  });
  over.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, left(event));
    if (fingers.size === 2) pinch();
    else plot.u.setCursor({ left: left(event), top: 1 });
  });
  const lift = (event) => {
    fingers.delete(event.pointerId);
    before = null;
  };
  over.addEventListener("pointerup", lift);
  over.addEventListener("pointercancel", lift);
  over.addEventListener("dblclick", () => showAll(plot, onZoom));
  over.addEventListener("mouseup", () => setTimeout(onZoom));

  return (event) => key(event, plot, onStep, onZoom);
}

function showAll(plot, onZoom) {
  plot.zoom([plot.beginS, plot.endS]);
  onZoom();
}

function key(event, plot, onStep, onZoom) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };
  if (event.key in steps) {
    onStep(steps[event.key]);
  } else if (event.key === "+" || event.key === "-") {
    const [from, to] = plot.range;
    const around = plot.at ?? (from + to) / 2;
    const scale = event.key === "+" ? 0.5 : 2;
    plot.zoom([around - (around - from) * scale, around + (to - around) * scale]);
    onZoom();
  } else if (event.key === "Escape" && plot.zoomed) {
    showAll(plot, onZoom);
  } else {
    return;
  }
  event.preventDefault();
}
