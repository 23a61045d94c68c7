// The page that stands for all others while there is no network.

import { whenBack } from "./connection.js";

document.getElementById("offline").remove(); // the page itself says so

const { notSent } = document.documentElement.dataset;
const home = document.querySelector(".brand").pathname;
const isLogout = location.pathname === `${home}logout`;

document.querySelector(".logged-out").hidden = !isLogout;
document.querySelector(".not-sent").hidden = isLogout || notSent === undefined;

for (const way of document.querySelectorAll(".kept")) {
  const known = await caches.match(way.querySelector("a").href, { ignoreVary: true, ignoreSearch: true });
  way.hidden = !known;
}

// A form isn't sent twice by itself.
if (isLogout) whenBack(() => location.replace(home));
else if (notSent === undefined) whenBack(() => location.reload());
