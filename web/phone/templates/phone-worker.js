// Keeps the pages and scripts of whoever works outside, and sends what waits once the browser says that there is a line.
import { drain } from {{ queue|tojson }};

const KEEP = {{ ("gisgrid-phone-" ~ digest)|tojson }};
const FILES = {{ files|tojson }}, PAGES = {{ pages|tojson }}, QUERY = {{ query|tojson }}, FALLBACK = {{ fallback|tojson }};
const PATIENCE_MS = 6000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEEP).then(keep).then(() => self.skipWaiting()));
});

async function keep(kept) {
  await kept.addAll(FILES);
  await Promise.all(PAGES.map((page) => keepPage(kept, page)));
}

// As everybody sees it: what is kept on a phone names nobody who had logged in there.
async function keepPage(kept, page) {
  const answer = await fetch(page + QUERY, { credentials: "omit" });
  if (!answer.ok) throw new Error(String(answer.status));
  await kept.put(page, answer);
}

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names
      .filter((name) => name.startsWith("gisgrid-phone-") && name !== KEEP)
      .map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(page(event.request, url.pathname));
  else if (FILES.includes(url.pathname + url.search)) event.respondWith(file(event.request));
});

// A slow network is no network where the phone has the page itself; of all others it waits for the answer.
async function page(request, path) {
  const kept = await caches.open(KEEP), own = await kept.match(path);
  try {
    const answer = await fetch(request, own && PAGES.includes(path) ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {});
    if (answer.ok && PAGES.includes(path)) keepPage(kept, path).catch(() => undefined);
    return answer;
  } catch (error) {
    const before = own || await kept.match(FALLBACK);
    if (before) return before;
    throw error;
  }
}

async function file(request) {
  return (await caches.match(request)) || fetch(request);
}

self.addEventListener("sync", (event) => {
  // A sync that fails is tried again by the browser, later and later.
  if (event.tag === "gisgrid-queue") event.waitUntil(drain().then((problem) => { if (problem) throw new Error(problem); }));
});
