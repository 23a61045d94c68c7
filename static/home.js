// Keeps the picture of the house up to date. The page works without this; it only stands still then.

import { tell } from "./connection.js";
import { covered, flowsOf, watts } from "./flows.js";
import { age, power } from "./formats.js";
import { FOREIGN_METER, LOGGED_OUT, LOST, OPEN, WAITING, follow } from "./live.js";
import { renew } from "./renewal.js";
import { drawRunning } from "./running_bars.js";
import { addUp, powersOf } from "./sums.js";

const page = document.querySelector(".now");
const state = page.querySelector(".state");
const texts = page.dataset;
const TEXTS = { [OPEN]: "open", [WAITING]: "open", [LOST]: "lost", [FOREIGN_METER]: "foreign" };

const QUARTER_S = 900;
const SPREAD_MS = 20_000; // not all phones of a house ask in the same second
let quarter = null; // the newest one that the page has heard of
let renewal = null;

const THINNEST = 3; // as in broker/api/flows.py
const THICKEST = 12;

const place = (name) => page.querySelector(`[data-of="${name}"]`);

function say(name, text) {
  const at = place(name);
  if (at && at.textContent !== text) at.textContent = text;
}

function draw(name, watts, most) {
  const flow = page.querySelector(`[data-flow="${name}"]`);
  if (watts < 0.001) return flow.setAttribute("display", "none");
  flow.removeAttribute("display");
  flow.setAttribute("stroke-width", (THINNEST + (THICKEST - THINNEST) * Math.sqrt(watts / most)).toFixed(1));
}

function show(house) {
  if (document.visibilityState !== "visible") return; // coming back asks anew
  showToday(house);
  const mine = house.group_users.find((user) => user.id === texts.userId);
  say("mine", power(watts(mine?.power)));
  const flows = flowsOf(house);
  const picture = page.querySelector(".house");
  if (!flows || !picture) return;
  const { made, used, direct } = flows;
  const most = Math.max(made, used);
  draw("roof-house", direct, most);
  draw("roof-grid", flows.toGrid, most);
  draw("grid-house", flows.fromGrid, most);
  picture.classList.toggle("dark", made < 0.001);
  say("made", power(made));
  say("used", power(used));
  say("grid", power(flows.grid));
  say("way", made > used ? texts.toGrid : texts.fromGrid);
  say("covered", covered(flows, texts));
}

function showToday(house) {
  const powers = powersOf(house, (user) => user.id === texts.userId);
  addUp(house, powers);
  for (const figure of document.querySelectorAll("figure[data-goes-on]")) drawRunning(figure, house.date, powers);
  const heard = Math.floor(house.date / QUARTER_S);
  quarter ??= Math.floor(Number(place("age").dataset.newestS) / QUARTER_S);
  if (heard <= quarter || document.documentElement.dataset.keptAtS) return;
  quarter = heard;
  clearTimeout(renewal);
  renewal = setTimeout(() => renew().catch(() => {}), SPREAD_MS * Math.random()); // no network: next time
}

function showState(name) {
  if (name === LOGGED_OUT) return location.reload();
  tell(name === LOST);
  state.dataset.state = TEXTS[name];
  state.firstElementChild.textContent = texts[TEXTS[name]];
}

if (texts.meterId && state) {
  follow({
    address: texts.socket,
    meterId: texts.meterId,
    newestS: Number(place("age").dataset.newestS),
    onSnapshot: show,
    onState: showState,
    onAge: (seconds) => seconds === null || say("age", age(seconds)),
  });
}
