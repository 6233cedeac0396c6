// Keeps the page up to date: asks for it again, and takes over what changed. Without this script the page works by its forms.
"use strict";

const EVERY_MS = 1000;
const pause = document.getElementById("pause");
let paused = false;
let asking = false;

// Somebody who marks text wants to copy it.
const isMarked = (region) => {
  const marked = document.getSelection();
  return marked !== null && !marked.isCollapsed && region.contains(marked.anchorNode);
};

const take = (html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (next !== null && next.innerHTML !== region.innerHTML && !isMarked(region)) {
      region.replaceChildren(...next.childNodes);
    }
  }
};

const ask = async (url, options) => {
  const answer = await fetch(url, options);
  take(await answer.text());
  document.title = "Sandbox";
};

const refresh = async () => {
  if (paused || asking || document.hidden) {
    return;
  }
  asking = true;
  try {
    await ask("/");
  } catch {
    document.title = "Sandbox (gone)";
  } finally {
    asking = false;
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  event.preventDefault();
  ask(form.action, { method: "POST", body }).catch(() => form.submit());
});

pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
});

setInterval(refresh, EVERY_MS);
