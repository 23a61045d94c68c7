// Keeps the live page up to date. The page works without this; it only stands still then.

import { Bubbles } from "./bubbles.js";
import { tell } from "./connection.js";
import { covered, flowsOf, watts } from "./flows.js";
import { age as written, percent, power } from "./formats.js";
import { FOREIGN_METER, LOGGED_OUT, LOST, OPEN, WAITING, follow } from "./live.js";

const page = document.getElementById("live");
const texts = page.dataset;
const state = page.querySelector(".state");
const age = document.getElementById("age");
const bubbles = new Bubbles(page.querySelector(".bubbles"));

const TEXTS = { [OPEN]: "open", [WAITING]: "open", [LOST]: "lost", [FOREIGN_METER]: "foreign" };

function say(name, text) {
  const place = page.querySelector(`[data-of="${name}"]`);
  if (place && place.textContent !== text) place.textContent = text;
}

function show(house) {
  const powers = new Map(house.group_users.map((user) => [user.id, watts(user.power)]));
  powers.set("common", watts(house.group_common_power));
  for (const [of, value] of powers) say(of, power(value));
  const flows = flowsOf(house);
  if (!flows) return;
  const way = flows.toGrid > flows.fromGrid ? texts.toGrid : texts.fromGrid;
  powers.set("production", flows.made).set("grid", flows.grid);
  bubbles.show(powers, flows, new Map([["grid", way]]));
  say("production", power(flows.made));
  say("house", power(flows.used));
  say("grid", power(flows.grid));
  say("way", way);
  say("share", flows.used ? percent(flows.direct / flows.used) : "–");
  say("covered", covered(flows, texts));
}

function showAge(passed, newestS) {
  if (passed === null) {
    age.textContent = texts.none;
    return;
  }
  age.textContent = written(passed);
  age.dateTime = new Date(newestS * 1000).toISOString();
}

function showState(name) {
  if (name === LOGGED_OUT) {
    location.reload();
    return;
  }
  tell(name === LOST);
  state.dataset.state = TEXTS[name];
  state.firstElementChild.textContent = texts[TEXTS[name]];
}

if (texts.meterId) {
  follow({
    address: texts.socket,
    meterId: texts.meterId,
    deltas: true,
    newestS: Date.parse(age.dateTime) / 1000 || null,
    onSnapshot: show,
    onState: showState,
    onAge: showAge,
  });
}
