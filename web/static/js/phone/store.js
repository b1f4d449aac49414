// What this phone keeps: entries that wait, their photos, a few facts, and what is sealed. In IndexedDB, which survives
// closing, crash and update. One connection a page; it makes way for a newer edition, and is opened anew where the
// system took it away.

const NAME = "gisgrid-phone", EDITION = 1;
let opening = null;

function open() {
  opening ??= new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, EDITION);
    asked.onupgradeneeded = () => {
      const base = asked.result;
      base.createObjectStore("entries", { keyPath: "n", autoIncrement: true }).createIndex("key", "key", { unique: true });
      base.createObjectStore("photos", { keyPath: ["key", "n"] });
      base.createObjectStore("facts", { keyPath: "name" });
    };
    asked.onerror = () => fail(asked.error);
    asked.onblocked = () => fail(new Error("blocked"));
    asked.onsuccess = () => {
      const base = asked.result, gone = () => { opening = null; };
      base.onversionchange = () => { base.close(); gone(); };
      base.onclose = gone;
      done(base);
    };
  });
  opening.catch(() => { opening = null; });
  return opening;
}

// What `work` asks of the stores, in one transaction; comes back once all of it is on the phone's disk.
async function within(stores, mode, work) {
  let base = await open(), all;
  try {
    all = base.transaction(stores, mode, { durability: "strict" });
  } catch (_) {
    opening = null; // The system had closed it while the page slept.
    base = await open();
    all = base.transaction(stores, mode, { durability: "strict" });
  }
  return new Promise((done, fail) => {
    let found;
    all.oncomplete = () => done(typeof found === "function" ? found() : found);
    all.onabort = all.onerror = () => fail(all.error || new Error("aborted"));
    found = work(...stores.map((name) => all.objectStore(name)));
  });
}

const later = (asked) => () => asked.result;

export const put = (store, value) => within([store], "readwrite", (kept) => later(kept.put(value)));
export const get = (store, key) => within([store], "readonly", (kept) => later(kept.get(key)));
export const drop = (store, key) => within([store], "readwrite", (kept) => later(kept.delete(key)));
export const all = (store) => within([store], "readonly", (kept) => later(kept.getAll()));

export const fact = async (name) => (await get("facts", name))?.value ?? null;
export const keepFact = (name, value) => (value === null ? drop("facts", name) : put("facts", { name, value }));

// A fact made another in one step, which nobody comes between; comes back with what it is then, null for none.
export const changeFact = (name, change) => within(["facts"], "readwrite", (kept) => {
  const asked = kept.get(name);
  let made = null;
  asked.onsuccess = () => {
    made = change(asked.result?.value ?? null);
    if (made === null) kept.delete(name);
    else kept.put({ name, value: made });
  };
  return () => made;
});

// All of them go, or none.
export const dropFacts = (names) => within(["facts"], "readwrite", (kept) => { for (const name of names) kept.delete(name); });

const photosOf = (key) => IDBKeyRange.bound([key, 0], [key, Infinity]);

// An entry with its photos, in the place of another where it mends one: all of it or nothing.
export const keepEntry = (entry, photos, mended) => within(["entries", "photos"], "readwrite", (entries, kept) => {
  if (mended) {
    entries.delete(mended.n);
    kept.delete(photosOf(mended.key));
  }
  photos.forEach((photo, n) => kept.put({ ...photo, key: entry.key, n }));
  return later(entries.add(entry));
});

export const photosOfEntry = (key) => within(["photos"], "readonly", (kept) => later(kept.getAll(photosOf(key))));

// An entry and its photos as they are at one moment; null where it is gone.
export const wholeEntry = (n) => within(["entries", "photos"], "readonly", (entries, kept) => {
  const asked = entries.get(n);
  let photos = null;
  asked.onsuccess = () => { if (asked.result) photos = kept.getAll(photosOf(asked.result.key)); };
  return () => photos && { entry: asked.result, photos: photos.result };
});

// An entry as it is now, unless it was deleted meanwhile; with `bare` its photos go in the same transaction.
export const settleEntry = (entry, bare) => within(["entries", "photos"], "readwrite", (entries, kept) => {
  const asked = entries.getKey(entry.n);
  asked.onsuccess = () => {
    if (asked.result === undefined) return;
    entries.put(entry);
    if (bare) kept.delete(photosOf(entry.key));
  };
});

export const dropEntry = (entry) => within(["entries", "photos"], "readwrite", (entries, kept) => {
  entries.delete(entry.n);
  kept.delete(photosOf(entry.key));
});
