// Keeps the look-up page and its files; the page itself keeps the data and answers from it.
"use strict";

const KEEP = {{ ("gisgrid-lookup-" ~ digest)|tojson }};
const PAGE = {{ page|tojson }}, HOME = PAGE + {{ home|tojson }};
const FILES = {{ files|tojson }}, STATIC = {{ static|tojson }};
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEEP).then(keep).then(() => self.skipWaiting()));
});

async function keep(kept) {
  await kept.addAll(FILES);
  await keepPage(kept);
}

async function keepPage(kept) {
  // As everybody sees it: what is kept on a phone names nobody who had logged in there.
  const answer = await fetch(HOME, { credentials: "omit" });
  if (!answer.ok) throw new Error(String(answer.status));
  await kept.put(PAGE, answer);
}

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names
      .filter((name) => name.startsWith("gisgrid-lookup-") && name !== KEEP)
      .map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(event.request));
  // Whoever works outside has more of the page's scripts in what their phone keeps; addresses name the edition of a file.
  else if (FILES.includes(url.pathname + url.search) || url.pathname.startsWith(STATIC)) event.respondWith(file(event.request));
});

// A slow network is no network: who stands at a door waits no longer than this.
async function page(request) {
  const kept = await caches.open(KEEP);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.ok) keepPage(kept).catch(() => undefined);
    return answer;
  } catch (error) {
    const before = await kept.match(PAGE);
    if (before) return before;
    throw error;
  }
}

async function file(request) {
  return (await caches.match(request)) || fetch(request);
}
