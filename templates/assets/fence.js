// Keeps what the panel says about fences true: asks for each one again every second, and puts in what has changed.
// Without this script the page says how it was when it was loaded.
"use strict";

const EVERY = 1000; // milliseconds
const LIMIT = 5000;

function put(box, fresh) {
  box.className = fresh.className;
  for (const part of box.querySelectorAll("[data-part]")) {
    const news = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    // Not under the hands of who is about to press a button in it.
    if (part.innerHTML === news.innerHTML || part.contains(document.activeElement)) continue;
    const wasOpen = part.querySelector("details")?.open;
    part.innerHTML = news.innerHTML;
    const details = part.querySelector("details");
    if (details && wasOpen !== undefined) details.open = wasOpen;
  }
}

async function ask(box) {
  const answer = await fetch(box.dataset.fence, { signal: AbortSignal.timeout(LIMIT), redirect: "error" });
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  put(box, page.querySelector("[data-fence]"));
}

async function follow(box) {
  const lost = box.querySelector("[data-lost]");
  for (;;) {
    await new Promise((resume) => setTimeout(resume, EVERY));
    if (document.hidden) continue;
    try {
      await ask(box);
      lost.hidden = true;
      delete box.dataset.old;
    } catch {
      lost.hidden = false;
      box.dataset.old = "";
    }
  }
}

document.querySelectorAll("[data-fence]").forEach(follow);
