// Says when there is no network and how old what is shown is then; comes back by itself. And starts
// the service worker, by which pages open without a network: see templates/service_worker.js.

const LOOK_AGAIN_MS = 10_000;
const GRACE_MS = 3_000; // a phone that wakes up needs a moment
const AGE_EVERY_MS = 15_000;

const banner = document.getElementById("offline");
const manifest = document.querySelector("link[rel=manifest]");
const keptAtS = Number(document.documentElement.dataset.keptAtS) || null;
let grace = null;
let hasLiveView = false;

// Calls once Broker can be reached: now, or when the network is back or the page is looked at again.
export function whenBack(action) {
  let isOver = false;
  const look = async () => {
    if (isOver || document.visibilityState !== "visible") return;
    const answer = await fetch(manifest.href, { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (isOver || !answer?.ok) return;
    isOver = true;
    clearInterval(again);
    action();
  };
  const again = setInterval(look, LOOK_AGAIN_MS);
  addEventListener("online", look);
  document.addEventListener("visibilitychange", look);
  look();
}

// What a live view knows of its connection.
export function tell(isLost) {
  hasLiveView = true;
  clearTimeout(grace);
  if (isLost) grace = setTimeout(() => show(banner.dataset.lost), GRACE_MS);
  else if (!keptAtS) banner.hidden = true;
}

function show(text) {
  if (!banner.hidden) return;
  banner.hidden = false;
  banner.querySelector("[role=status]").textContent = text;
}

addEventListener("offline", () => show(banner.dataset.lost));
addEventListener("online", () => {
  if (!hasLiveView && !keptAtS) banner.hidden = true;
});

if (keptAtS) {
  const { age, clock } = await import("./formats.js");
  const showAge = () => {
    banner.querySelector(".age").textContent = age(Math.max(0, Date.now() / 1000 - keptAtS));
  };
  show(banner.dataset.kept.replace("{time}", clock(keptAtS, banner.dataset.zone)));
  showAge();
  setInterval(showAge, AGE_EVERY_MS);
  document.addEventListener("visibilitychange", showAge);
  whenBack(() => location.reload());
} else if (!navigator.onLine) {
  show(banner.dataset.lost);
}

const worker = manifest.dataset.worker;
if (worker && navigator.serviceWorker && document.body.classList.contains("signed-in")) {
  // A new one, or one of a new version, has nothing yet.
  const keep = () => {
    const { controller } = navigator.serviceWorker;
    if (controller?.state === "activated") controller.postMessage("keep");
    else controller?.addEventListener("statechange", keep, { once: true });
  };
  navigator.serviceWorker.addEventListener("controllerchange", keep);
  const start = () => navigator.serviceWorker.register(worker).catch(() => {}); // as in private windows
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
}
