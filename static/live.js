// Keeps the live page up to date. The page works without this; it only stands still then.

const page = document.getElementById("live");
const state = page.querySelector(".state");
const age = document.getElementById("age");
const language = document.documentElement.lang;

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60000;
const NOT_LOGGED_IN = 4401;
const FOREIGN_METER = 4403;
const NO_VALUE = "–";

const watts = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const kilowatts = new Intl.NumberFormat(language, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const ago = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "long" });

let socket = null;
let retry = null;
let waitMs = FIRST_WAIT_MS;
let newestS = Date.parse(age.dateTime) / 1000 || null;

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
  newestS = message.date;
  showAge();
}

function showAge() {
  if (!newestS) {
    age.textContent = page.dataset.none;
    return;
  }
  const passed = Math.max(0, Math.round(Date.now() / 1000 - newestS));
  const [size, unit] =
    passed < 90 ? [1, "second"] : passed < 5400 ? [60, "minute"] : passed < 129600 ? [3600, "hour"] : [86400, "day"];
  age.textContent = ago.format(-Math.round(passed / size), unit);
  age.dateTime = new Date(newestS * 1000).toISOString();
}

function say(name) {
  state.dataset.state = name;
  state.firstElementChild.textContent = page.dataset[name];
}

function connect() {
  clearTimeout(retry);
  forget();
  const address = new URL(page.dataset.socket, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("meter_id", page.dataset.meterId);
  socket = new WebSocket(address);
  socket.onmessage = (event) => {
    waitMs = FIRST_WAIT_MS;
    if (state.dataset.state !== "open") say("open");
    show(JSON.parse(event.data));
  };
  socket.onclose = (event) => {
    if (event.code === NOT_LOGGED_IN) location.reload();
    else if (event.code === FOREIGN_METER) say("foreign");
    else retryLater();
  };
}

function forget() {
  if (!socket) return;
  socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
}

// Waiting a random part longer each time keeps a whole house from coming back in the same second.
function retryLater() {
  say("lost");
  clearTimeout(retry);
  retry = setTimeout(connect, waitMs * (0.5 + Math.random()));
  waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
}

// A phone that wakes up has a socket that looks open and is dead: always take a new one.
function wake() {
  if (document.visibilityState !== "visible") return;
  waitMs = FIRST_WAIT_MS;
  connect();
}

if (page.dataset.meterId) {
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("offline", () => say("lost"));
  addEventListener("pageshow", (event) => event.persisted && wake());
  addEventListener("pagehide", forget);
  setInterval(showAge, 1000);
  connect();
}
