// Brings a page up to date in place: its parts marked with data-renewed are taken from the page as
// the server writes it now, so that numbers and drawings are made at one place only.

export async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-renewed]")) {
    const made = page.querySelector(`[data-renewed="${part.dataset.renewed}"]`);
    // Nobody loses the place where they are.
    if (made && !part.contains(document.activeElement)) part.replaceWith(document.adoptNode(made));
  }
}
