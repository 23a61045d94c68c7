// Times as the community's clock shows them, whatever clock the reader's device has. All in s.

const language = document.documentElement.lang;

const DAY_S = 86_400;
const HOURS = [1, 2, 3, 6, 12];

export class Clock {
  #parts;
  #formats = new Map();

  constructor(zone) {
    this.zone = zone;
    this.#parts = new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    });
  }

  // What the clock on the wall shows.
  wall(timeS) {
    const of = {};
    for (const { type, value } of this.#parts.formatToParts(timeS * 1000)) of[type] = Number(value);
    return of;
  }

  // When it shows this; where it shows it twice the first time, where never the time after.
  at(year, month, day, hour = 0) {
    const wanted = Date.UTC(year, month - 1, day, hour) / 1000;
    let timeS = wanted - this.#offset(wanted - DAY_S);
    if (this.#offset(timeS) !== this.#offset(wanted - DAY_S)) timeS = wanted - this.#offset(timeS);
    return timeS;
  }

  #offset(timeS) {
    const { year, month, day, hour, minute, second } = this.wall(timeS);
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(timeS);
  }

  written(timeS, style) {
    if (!this.#formats.has(style)) {
      this.#formats.set(style, new Intl.DateTimeFormat(language, { timeZone: this.zone, ...STYLES[style] }));
    }
    return this.#formats.get(style).format(timeS * 1000);
  }

  // Lines of an axis: whole hours, days, months or years, some three to nine of them.
  ticks(beginS, endS, most) {
    const span = endS - beginS;
    const every = HOURS.find((hours) => span / (hours * 3600) <= most);
    if (every) return this.#hours(beginS, endS, every);
    const days = [1, 2, 7, 14].find((count) => span / (count * DAY_S) <= most);
    if (days) return this.#days(beginS, endS, days);
    const months = [1, 2, 3, 6, 12].find((count) => span / (count * 30.5 * DAY_S) <= most) ?? 24;
    return this.#months(beginS, endS, months);
  }

  #hours(beginS, endS, every) {
    return this.#days(beginS, endS, 1, true).flatMap((dayS) => {
      const { year, month, day } = this.wall(dayS);
      const hours = Array.from({ length: 24 / every }, (_, place) => this.at(year, month, day, place * every));
      return hours.filter((timeS) => timeS >= beginS && timeS <= endS);
    });
  }

  #days(beginS, endS, every, isFromBefore = false) {
    const { year, month, day } = this.wall(beginS);
    const found = [];
    for (let count = 0; ; count += every) {
      const timeS = this.at(year, month, day + count);
      if (timeS > endS) return found;
      if (isFromBefore || timeS >= beginS) found.push(timeS);
    }
  }

  #months(beginS, endS, every) {
    const { year, month } = this.wall(beginS);
    const found = [];
    for (let count = 0; ; count += every) {
      const timeS = this.at(year, month + count, 1);
      if (timeS > endS) return found;
      if (timeS >= beginS) found.push(timeS);
    }
  }

  label(timeS, span) {
    if (span > 62 * DAY_S) return this.written(timeS, "month");
    const { hour, minute } = this.wall(timeS);
    if (hour || minute) return this.written(timeS, "time");
    if (span <= 1.05 * DAY_S) return this.written(timeS, "time");
    return this.written(timeS, span <= 8 * DAY_S ? "weekday" : "day");
  }

  // The time of a step in words.
  step(beginS, endS) {
    if (endS - beginS > 20 * DAY_S) return this.written(beginS, "wholeMonth");
    if (endS - beginS > 20 * 3600) return this.written(beginS, "wholeDay");
    const times = `${this.written(beginS, "time")}–${this.written(endS, "time")}`;
    return `${this.written(beginS, "wholeDay")}, ${times}`;
  }
}

const STYLES = {
  time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  weekday: { weekday: "short" },
  day: { day: "numeric", month: "numeric" },
  dayOfMonth: { day: "numeric" },
  month: { month: "short" },
  wholeDay: { weekday: "short", day: "numeric", month: "short" },
  wholeMonth: { month: "long", year: "numeric" },
};
