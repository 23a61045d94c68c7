// Follows a house: its newest snapshot, from now on, whatever the network does. See docs/live.md.
//
//   import { follow } from "./live.js";
//   const live = follow({ meterId, onSnapshot: (house) => …, onState: (state) => …, onAge: (s) => … });
//   live.close();

export const OPEN = "open"; // news come by themselves, by WebSocket
export const WAITING = "waiting"; // the same by HTTP, because WebSockets are blocked
export const LOST = "lost"; // we try again by ourselves; what is shown grows old
export const LOGGED_OUT = "logged out"; // nothing more comes
export const FOREIGN_METER = "foreign meter"; // nothing more comes: the meter was exchanged

const CLOSED_LOGGED_OUT = 4401;
const CLOSED_FOREIGN_METER = 4403;
const CLOSED_RESTART = 1012;

const OPENS_WITHIN_MS = 10_000;
const FIRST_WAIT_MS = 2_000;
const RESTART_WAIT_MS = 5_000; // everybody comes back from a restart at once: they spread over this
const LONGEST_WAIT_MS = 60_000;
const SILENCE_MS = 30_000; // a house may be silent, and so may a dead connection: then we ask
const POLL_S = 25;
const POLL_ENDS_WITHIN_MS = (POLL_S + 10) * 1000;
const BLOCKED_AFTER = 2; // sockets in a row that never said a word
const TRY_SOCKETS_AGAIN_MS = 300_000;

export function follow(options) {
  return new LiveView(options);
}

class LiveView {
  #address;
  #meterId;
  #token;
  #tell;
  #state = "";
  #socket = null;
  #asking = null; // the AbortController of a request that is on its way
  #timers = new Map();
  #waitMs = FIRST_WAIT_MS;
  #hasSpoken = false; // the present socket
  #silentSockets = 0;
  #newestS = null;
  #tag = null;
  #takesDeltas;
  #house = null;
  #isOver = false;

  constructor({ address = "/live", meterId, token = null, newestS = null, deltas = false, onSnapshot, onState, onAge }) {
    this.#address = new URL(address, location.href);
    this.#meterId = meterId;
    this.#token = token;
    this.#newestS = newestS;
    this.#takesDeltas = deltas;
    this.#tell = { snapshot: onSnapshot, state: onState ?? (() => {}), age: onAge ?? (() => {}) };
    document.addEventListener("visibilitychange", this.#wake);
    addEventListener("pageshow", this.#cameBack);
    addEventListener("online", this.#wake);
    addEventListener("offline", this.#wentOffline);
    addEventListener("pagehide", this.#rest);
    this.#timers.set("age", setInterval(() => this.#tellAge(), 1000));
    this.#connect();
  }

  close() {
    this.#isOver = true;
    this.#rest();
    clearInterval(this.#timers.get("age"));
    document.removeEventListener("visibilitychange", this.#wake);
    removeEventListener("pageshow", this.#cameBack);
    removeEventListener("online", this.#wake);
    removeEventListener("offline", this.#wentOffline);
    removeEventListener("pagehide", this.#rest);
  }

  // A phone that wakes up has a socket that looks open and is dead: always take a new one.
  #wake = () => {
    if (document.visibilityState !== "visible" || this.#isOver) return;
    this.#waitMs = FIRST_WAIT_MS;
    this.#silentSockets = 0;
    this.#connect();
  };

  #cameBack = (event) => event.persisted && this.#wake();

  #wentOffline = () => this.#say(LOST);

  #rest = () => {
    for (const name of ["retry", "open", "silence", "again", "asking"]) clearTimeout(this.#timers.get(name));
    this.#asking?.abort();
    this.#asking = null;
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  };

  #after(name, ms, action) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(action, ms));
  }

  #connect() {
    this.#rest();
    const address = new URL(this.#address);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("meter_id", this.#meterId);
    if (this.#takesDeltas) address.searchParams.set("deltas", "1");
    const socket = new WebSocket(address, this.#token ? ["broker.v1", `bearer.${this.#token}`] : []);
    this.#socket = socket;
    this.#hasSpoken = false;
    this.#after("open", OPENS_WITHIN_MS, () => this.#gone());
    socket.onmessage = (event) => {
      clearTimeout(this.#timers.get("open"));
      this.#hasSpoken = true;
      this.#silentSockets = 0;
      this.#waitMs = FIRST_WAIT_MS;
      this.#show(JSON.parse(event.data), OPEN);
      this.#after("silence", SILENCE_MS, () => this.#askWhetherSilent());
    };
    socket.onclose = (event) => this.#gone(event.code);
  }

  #gone(code) {
    this.#rest();
    if (code === CLOSED_LOGGED_OUT) return this.#end(LOGGED_OUT);
    if (code === CLOSED_FOREIGN_METER) return this.#end(FOREIGN_METER);
    this.#silentSockets += this.#hasSpoken ? 0 : 1;
    if (this.#silentSockets >= BLOCKED_AFTER) return this.#poll();
    this.#say(LOST);
    if (code === CLOSED_RESTART) return this.#after("retry", RESTART_WAIT_MS * Math.random(), () => this.#connect());
    return this.#retry(() => this.#connect());
  }

  // Waiting a random part of a time that grows keeps a whole city from coming back in one second.
  #retry(action) {
    this.#after("retry", this.#waitMs * (0.1 + 0.9 * Math.random()), action);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }

  #end(state) {
    this.#say(state);
    this.close();
  }

  // What a socket would have told, by requests that are answered when there are news.
  async #poll() {
    this.#after("again", TRY_SOCKETS_AGAIN_MS, () => this.#wake());
    const answer = await this.#ask(`wait=${POLL_S}`, POLL_ENDS_WITHIN_MS);
    if (answer === "superseded" || this.#isOver) return;
    if (answer === "failed") {
      this.#say(LOST);
      // Perhaps it was the whole network, and sockets work again: they have their turn as well.
      this.#silentSockets = BLOCKED_AFTER - 1;
      this.#retry(() => this.#connect());
      return;
    }
    this.#waitMs = FIRST_WAIT_MS;
    if (answer) this.#show(answer, WAITING);
    else this.#say(WAITING);
    this.#after("retry", 1000, () => this.#poll());
  }

  async #askWhetherSilent() {
    const answer = await this.#ask("", OPENS_WITHIN_MS);
    if (answer === "superseded" || this.#isOver) return;
    if (answer === "failed") return this.#connect();
    if (answer && (answer.date ?? 0) > (this.#newestS ?? 0)) {
      this.#show(answer, OPEN);
      this.#connect(); // the socket should have told us
    } else {
      this.#after("silence", SILENCE_MS, () => this.#askWhetherSilent());
    }
  }

  // The snapshot if it is new, null if it isn't, or why there is none.
  async #ask(query, endsWithinMs) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.#after("asking", endsWithinMs, () => asking.abort("late"));
    const headers = { Accept: "application/json" };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (this.#tag) headers["If-None-Match"] = this.#tag;
    try {
      const answer = await fetch(`${this.#address}?${query}`, {
        headers, signal: asking.signal, cache: "no-store", credentials: "same-origin",
      });
      if (answer.status === 401) this.#end(LOGGED_OUT);
      if (answer.status === 304) return null;
      if (!answer.ok) return "failed";
      const snapshot = await answer.json();
      this.#tag = answer.headers.get("ETag");
      return snapshot;
    } catch {
      return this.#asking === asking ? "failed" : "superseded";
    } finally {
      clearTimeout(this.#timers.get("asking"));
    }
  }

  #show(message, state) {
    const snapshot = (this.#house = message.delta ? this.#merged(message) : message);
    this.#newestS = snapshot.date;
    this.#say(state);
    this.#tell.snapshot(snapshot);
    this.#tellAge();
  }

  #merged({ delta, ...message }) {
    const changed = new Map(message.group_users.map((user) => [user.id, user]));
    return { ...message, group_users: this.#house.group_users.map((user) => changed.get(user.id) ?? user) };
  }

  #say(state) {
    if (this.#isOver || state === this.#state) return;
    this.#state = state;
    this.#tell.state(state);
  }

  // Seconds since the newest reading, or null while there is none.
  #tellAge() {
    const ageS = this.#newestS ? Math.max(0, Math.round(Date.now() / 1000 - this.#newestS)) : null;
    this.#tell.age(ageS, this.#newestS);
  }
}
