// The quarter hour that isn't over yet in a drawing of the server: pale and with a dashed edge, as
// chart_plot.js draws it where uPlot is. Powers in W.

const QUARTER_S = 900;
const PLOT = 88; // percent of the drawing's height, as in templates/charts.html

export function drawRunning(figure, nowS, powers) {
  const { beginS, endS, topW, goesOn } = figure.dataset;
  const drawing = figure.querySelector("svg.chart");
  drawing.querySelectorAll(".running").forEach((old) => old.remove());
  const length = endS - beginS;
  const fromS = Math.floor(nowS / QUARTER_S) * QUARTER_S;
  if (fromS < beginS || fromS >= endS) return;
  for (const pair of goesOn.split(" ")) {
    const [name, kind] = pair.split(":");
    if (powers[name] === null) continue;
    const height = Math.min(Math.max(powers[name] / topW, 0), 1) * PLOT;
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    bar.setAttribute("class", `running ${kind}`);
    bar.setAttribute("x", `${(100 * (fromS - beginS)) / length}%`);
    bar.setAttribute("width", `${(100 * QUARTER_S) / length}%`);
    bar.setAttribute("y", `${PLOT - height}%`);
    bar.setAttribute("height", `${height}%`);
    drawing.append(bar);
  }
  figure.querySelector(".unfinished").hidden = false;
}
