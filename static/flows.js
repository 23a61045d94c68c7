// What a snapshot of a house says about roof, house and grid; in W. See broker/api/flows.py.

import { percent } from "./formats.js";

export const watts = (microwatts) => ((microwatts ?? null) === null ? null : microwatts / 1e6);

// Null while no flat and no common meter is known.
export function flowsOf(house) {
  const all = [...house.group_users.map((user) => user.power), house.group_common_power].map(watts);
  const known = all.filter((value) => value !== null);
  if (!known.length) return null;
  const used = Math.max(known.reduce((sum, value) => sum + value, 0), 0);
  const made = Math.max(watts(house.group_production_power) ?? 0, 0);
  const direct = Math.min(made, used);
  return { used, made, direct, toGrid: made - direct, fromGrid: used - direct, grid: Math.max(made, used) - direct };
}

// The sentence about it; `texts` are the data of the page.
export function covered({ made, used }, texts) {
  if (made < 0.001 || used <= 0) return texts.night;
  return made >= used ? texts.all : texts.part.replace("{share}", percent(made / used));
}
