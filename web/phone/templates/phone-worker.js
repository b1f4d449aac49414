// Keeps the pages and scripts of whoever works outside, and sends what waits once the browser says that there is a line.
import { drain } from {{ queue|tojson }};
import { fact } from {{ store|tojson }};

const KEEP = {{ ("gisgrid-phone-" ~ digest)|tojson }};
const FILES = {{ files|tojson }}, PAGES = {{ pages|tojson }}, LANGUAGES = {{ languages|tojson }}, TOWN = {{ town|tojson }}, FALLBACK = {{ fallback|tojson }};
const PATIENCE_MS = 6000, DAY_MS = 86400000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEEP).then(keep).then(() => self.skipWaiting()));
});

async function keep(kept) {
  await kept.addAll(FILES);
  await Promise.all(PAGES.flatMap((page) => LANGUAGES.map((language) => keepPage(kept, page, language))));
}

// Which language this phone reads stands with what it keeps: the worker sees no cookies.
async function spoken() {
  const said = await fact("language").catch(() => null);
  return LANGUAGES.find((each) => each.split("_")[0] === said) || LANGUAGES[0];
}

const named = (page, language) => `${page}?lang=${language}${TOWN}`;

// As everybody sees it: what is kept on a phone names nobody who had logged in there.
async function keepPage(kept, page, language) {
  const answer = await fetch(named(page, language), { credentials: "omit" });
  if (!answer.ok) throw new Error(String(answer.status));
  await kept.put(named(page, language), answer);
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
  const own = PAGES.includes(path);
  try {
    const answer = await fetch(request, own ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {});
    if (answer.ok && own) renew(path).catch(() => undefined);
    return answer;
  } catch (error) {
    const kept = await caches.open(KEEP), before = await kept.match(named(own ? path : FALLBACK, await spoken()));
    if (before) return before;
    throw error;
  }
}

// Fetched once more at most once a day: an edition of the program brings its own.
async function renew(path) {
  const kept = await caches.open(KEEP), language = await spoken();
  const before = await kept.match(named(path, language));
  if (!(Date.now() - Date.parse(before?.headers.get("Date")) < DAY_MS)) await keepPage(kept, path, language);
}

async function file(request) {
  return (await caches.match(request)) || fetch(request);
}

self.addEventListener("sync", (event) => {
  // A sync that fails is tried again by the browser, later and later.
  if (event.tag === "gisgrid-queue") event.waitUntil(drain().then((problem) => { if (problem) throw new Error(problem); }));
});
