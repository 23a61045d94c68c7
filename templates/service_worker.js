// Keeps what Broker needs to show something without a network: the frame of its pages, and the last
// values that a resident saw on this device, until somebody logs out. See docs/offline.md.

const SHELL = {{ shell | tojson }};
const SHELL_CACHE = `${SHELL.caches}shell-${SHELL.version}`;
const KEPT_CACHE = `${SHELL.caches}kept-`; // and whose session it is
const FOR_EVER = /\/static\/v[0-9a-f]{12}\//;
const PATIENCE_MS = 6_000; // a network that takes longer for a page that we have counts as none
const AWAY = [502, 503, 504]; // said by a proxy while Broker starts

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("message", (event) => event.data === "keep" && event.waitUntil(keepMissing()));
addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event, address));
  else if (request.method !== "GET") return;
  else if (FOR_EVER.test(address.pathname)) event.respondWith(file(request));
  else if (request.headers.get("accept") === "text/html") event.respondWith(renewal(event, address));
});

async function install() {
  const cache = await caches.open(SHELL_CACHE);
  // As a stranger: the page is the same for all, and fetching it changes nobody's session.
  const stranger = { credentials: "omit", cache: "no-cache" };
  await cache.addAll([...SHELL.files, new Request(SHELL.offlinePage, stranger)]);
  await skipWaiting();
}

async function activate() {
  // Pages of an older version need files that go with it; whoever has a page open asks us to keep anew.
  await forget((name) => name !== SHELL_CACHE);
  await registration.navigationPreload?.enable();
  await clients.claim();
}

// Of our own caches those that are no longer wanted. Other apps may live beside us at the same host.
async function forget(isUnwanted) {
  const ours = (await caches.keys()).filter((name) => name.startsWith(SHELL.caches));
  await Promise.all(ours.filter(isUnwanted).map((name) => caches.delete(name)));
}

const forgetValues = (but) => forget((name) => name.startsWith(KEPT_CACHE) && name !== but);

async function file(request) {
  const known = await caches.match(request, { ignoreVary: true });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.headers.get("Cache-Control")?.includes("immutable")) {
    const copy = answer.clone();
    caches.open(SHELL_CACHE).then((cache) => cache.put(request, copy));
  }
  return answer;
}

async function page(event, address) {
  const isGet = event.request.method === "GET";
  if (address.pathname === SHELL.logout) await forgetValues();
  const known = isGet ? await keptPage(address) : undefined;
  const asked = ask(event);
  const heeded = asked.then((answer) => heed(address, answer));
  event.waitUntil(heeded.then((isSignedIn) => isSignedIn && keepMissing()).catch(() => {}));
  try {
    const answer = await (known ? inTime(asked) : asked);
    return known && AWAY.includes(answer.status) ? known : answer;
  } catch {
    return known ?? offlinePage(isGet);
  }
}

// A page that is open has asked for itself anew: see static/renewal.js.
async function renewal(event, address) {
  const answer = await fetch(event.request);
  event.waitUntil(heed(address, answer));
  return answer;
}

async function ask(event) {
  return (await event.preloadResponse) ?? fetch(event.request);
}

function inTime(asked) {
  return Promise.race([asked, new Promise((_, reject) => setTimeout(reject, PATIENCE_MS))]);
}

// Every page says whose session it shows, if any. Values of any other one have to go.
async function heed(address, answer) {
  const session = answer.ok && answer.headers.get("Broker-Session");
  if (!session) return false;
  const [owner, endS] = session.split(" ");
  const name = owner === "none" ? undefined : KEPT_CACHE + owner;
  const copy = name && SHELL.keptPaths.includes(address.pathname) ? answer.clone() : null;
  await forgetValues(name);
  if (!copy) return Boolean(name);
  const headers = new Headers(answer.headers);
  headers.delete("Content-Encoding");
  headers.set("Broker-Session-End", endS);
  const html = (await copy.text()).replace("<html", `<html data-kept-at-s="${Math.floor(Date.now() / 1000)}"`);
  const cache = await caches.open(name);
  await cache.delete(address.pathname, { ignoreSearch: true });
  await cache.put(address, new Response(html, { headers }));
  return true;
}

async function keptPage(address) {
  const name = (await caches.keys()).find((one) => one.startsWith(KEPT_CACHE));
  if (!name) return undefined;
  const cache = await caches.open(name);
  const found = await cache.match(address, { ignoreVary: true, ignoreSearch: !address.search });
  if (!found || Number(found.headers.get("Broker-Session-End")) * 1000 > Date.now()) return found;
  await forgetValues();
  return undefined;
}

async function keepMissing() {
  for (const path of SHELL.keptPaths) {
    if (await caches.match(path, { ignoreVary: true, ignoreSearch: true })) continue;
    const answer = await fetch(path, { headers: { Accept: "text/html" }, redirect: "manual" });
    await heed(new URL(path, location.origin), answer);
  }
}

async function offlinePage(isGet) {
  const found = await caches.match(SHELL.offlinePage, { ignoreVary: true });
  if (!found) return Response.error();
  const html = await found.text();
  const body = isGet ? html : html.replace("<html", "<html data-not-sent");
  return new Response(body, { status: 503, headers: found.headers });
}
