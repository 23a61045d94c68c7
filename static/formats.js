// Numbers as the pages write them, in the language of the page: see broker/api/formats.py.

const language = document.documentElement.lang;
const NO_BREAK = "\u00a0";

export const NO_VALUE = "–";

// The server rounds halves to even; where a browser can't, the last digit may differ for a half.
const numbers = (options) => new Intl.NumberFormat(language, { roundingMode: "halfEven", ...options });
const digits = (least, most) => numbers({ minimumFractionDigits: least, maximumFractionDigits: most });
const WHOLE = digits(0, 0);
const ONE = digits(1, 1);
const TWO = digits(2, 2);
const SHORT = digits(0, 2);
const PERCENT = numbers({ style: "percent" });

// Watts; in kW from 1000 W on.
export function power(watts, isShort = false) {
  if (watts === null || watts === undefined) return NO_VALUE;
  if (Math.abs(watts) < 999.5) return `${WHOLE.format(watts)}${NO_BREAK}W`;
  return `${(isShort ? SHORT : TWO).format(watts / 1000)}${NO_BREAK}kW`;
}

// Two decimals below 10 kWh, one below 1000, then none.
export function energy(kwh, isShort = false) {
  if (kwh === null || kwh === undefined) return NO_VALUE;
  const size = Math.abs(kwh);
  const format = isShort ? SHORT : size < 9.995 ? TWO : size < 999.95 ? ONE : WHOLE;
  return `${format.format(kwh)}${NO_BREAK}kWh`;
}

// What isn't quite all never looks as if it were.
export function percent(ratio) {
  const shown = ratio > 0.99 && ratio < 1 ? 0.99 : ratio;
  return PERCENT.format(shown);
}

const AGES = [
  [90, 1, "second"],
  [5400, 60, "minute"],
  [129600, 3600, "hour"],
  [Infinity, 86400, "day"],
];
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "long" });

export function age(seconds) {
  const [, size, unit] = AGES.find(([below]) => seconds < below);
  return ago.format(-Math.round(seconds / size), unit);
}

const HALF_A_DAY_S = 43_200;
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY = { day: "numeric", month: "short", year: "numeric" };

// The time of the house's clock, with the day if that isn't clear.
export function clock(timeS, timeZone) {
  const isRecent = Date.now() / 1000 - timeS < HALF_A_DAY_S;
  return new Intl.DateTimeFormat(language, { ...(isRecent ? {} : DAY), ...TIME, timeZone }).format(timeS * 1000);
}
