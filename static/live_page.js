// Keeps the live page up to date. The page works without this; it only stands still then.

import { FOREIGN_METER, LOGGED_OUT, LOST, OPEN, WAITING, follow } from "./live.js";

const page = document.getElementById("live");
const state = page.querySelector(".state");
const age = document.getElementById("age");
const language = document.documentElement.lang;

const NO_VALUE = "–";
const TEXTS = { [OPEN]: "open", [WAITING]: "open", [LOST]: "lost", [FOREIGN_METER]: "foreign" };

const watts = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const kilowatts = new Intl.NumberFormat(language, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const ago = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "long" });

function power(microwatts) {
  if (microwatts === null) return NO_VALUE;
  const value = microwatts / 1e6;
  return Math.abs(value) < 999.5
    ? `${watts.format(value)}\u00a0W`
    : `${kilowatts.format(value / 1000)}\u00a0kW`;
}

function radius(microwatts, most) {
  return most > 0 ? (48 * Math.sqrt(Math.max(microwatts ?? 0, 0) / most)).toFixed(1) : "0";
}

function sum(values) {
  const known = values.filter((value) => value !== null);
  return known.length ? known.reduce((total, value) => total + value, 0) : null;
}

function show(message) {
  const powers = new Map(message.group_users.map((user) => [String(user.id), user.power]));
  powers.set("house", sum([...powers.values()]));
  powers.set("production", message.group_production_power ?? null);
  const most = Math.max(...[...powers.values()].map((value) => value ?? 0));
  for (const tile of page.querySelectorAll("[data-of]")) {
    const value = powers.get(tile.dataset.of) ?? null;
    tile.querySelector(".value").textContent = power(value);
    tile.querySelector("circle").setAttribute("r", radius(value, most));
  }
}

function showAge(passed, newestS) {
  if (passed === null) {
    age.textContent = page.dataset.none;
    return;
  }
  const [size, unit] =
    passed < 90 ? [1, "second"] : passed < 5400 ? [60, "minute"] : passed < 129600 ? [3600, "hour"] : [86400, "day"];
  age.textContent = ago.format(-Math.round(passed / size), unit);
  age.dateTime = new Date(newestS * 1000).toISOString();
}

function say(name) {
  if (name === LOGGED_OUT) {
    location.reload();
    return;
  }
  state.dataset.state = TEXTS[name];
  state.firstElementChild.textContent = page.dataset[TEXTS[name]];
}

if (page.dataset.meterId) {
  follow({
    address: page.dataset.socket,
    meterId: page.dataset.meterId,
    deltas: true,
    newestS: Date.parse(age.dateTime) / 1000 || null,
    onSnapshot: show,
    onState: say,
    onAge: showAge,
  });
}
