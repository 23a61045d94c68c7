// The sums of today go on with each tick, beyond the last quarter hour that is over. What is added is
// power times time and not final: with the next quarter hour the server's own sums take its place.

import { flowsOf, watts } from "./flows.js";
import { energy } from "./formats.js";

const QUARTER_S = 900;
const sums = new WeakMap(); // what an element shows: { kwh, atS }

// Watts by what they are of: mine, used, made; null where nothing is known.
export function powersOf(house, isMine) {
  const flows = flowsOf(house);
  const mine = house.group_users.find(isMine);
  return { mine: watts(mine?.power), used: flows?.used ?? null, made: flows?.made ?? null };
}

export function addUp(house, powers) {
  for (const place of document.querySelectorAll("[data-sum]")) {
    const { sum: name, kwh, untilS } = place.dataset;
    const was = sums.get(place) ?? { kwh: Number(kwh), atS: Number(untilS) };
    const seconds = Math.min(Math.max(house.date - was.atS, 0), QUARTER_S);
    const now = { kwh: was.kwh + ((powers[name] ?? 0) * seconds) / 3.6e6, atS: Math.max(house.date, was.atS) };
    sums.set(place, now);
    const text = energy(now.kwh);
    if (place.textContent === text) continue;
    place.textContent = text;
    for (const note of document.querySelectorAll(".so-far")) note.hidden = false;
  }
}
