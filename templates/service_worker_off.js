// This house keeps nothing on devices (BROKER_OFFLINE_PAGES=off): what was kept goes, and so do we.

const CACHES = {{ caches | tojson }};

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(leave()));

async function leave() {
  const ours = (await caches.keys()).filter((name) => name.startsWith(CACHES));
  await Promise.all(ours.map((name) => caches.delete(name)));
  await registration.unregister();
}
