// Reloads the page when the edition file has changed on disk.
const shown = document.querySelector("script[data-stamp]").dataset.stamp;

async function look() {
  try {
    const answer = await fetch("/stamp", { cache: "no-store" });
    if ((await answer.json()).stamp !== shown) location.reload();
  } catch {
    // The preview was stopped; it may come back.
  }
}

setInterval(look, 700);
