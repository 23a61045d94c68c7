// What all pages share. Without it everything works: "More" is then closed by its own button only.

import "./connection.js";

const more = document.querySelector("details.more");

if (more) {
  const close = (event) => {
    if (more.open && !more.contains(event.target)) more.open = false;
  };
  document.addEventListener("click", close);
  document.addEventListener("focusin", close);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !more.open) return;
    more.open = false;
    more.querySelector("summary").focus();
  });
}
