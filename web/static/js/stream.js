// News for all open pages of this browser by one connection: a browser has six to a host, and each page would take
// one. The page that holds the lock hears and tells the others; when it closes, another one takes its place.

const KINDS = ["hello", "cases", "reload", "told"];
const AGAIN_MS = 5000;
// A page in the background may be woken once a minute only: its turn lasts longer than that.
const TURN_MS = 150000, LOOK_MS = 10000;
const { stream: url, whose } = document.documentElement.dataset;
const name = `gisgrid-${whose}`;
const here = new EventTarget();
const others = new BroadcastChannel(name);
let source = null, knocking = 0, heardOthers = false;

const put = (kind, data) => here.dispatchEvent(new CustomEvent(kind, { detail: data }));

function say(kind, data) {
  put(kind, data);
  others.postMessage({ kind, data });
}

function open() {
  close();
  source = new EventSource(url);
  for (const kind of KINDS) source.addEventListener(kind, (event) => say(kind, JSON.parse(event.data)));
  source.onerror = () => {
    say("lost");
    // A refusal (logged out, a restart) ends it for the browser; then we knock again.
    if (source.readyState === EventSource.CLOSED) knocking = setTimeout(open, AGAIN_MS * (1 + Math.random()));
  };
}

function close() {
  clearTimeout(knocking);
  if (source) source.close();
  source = null;
}

function begin() {
  open();
  // Between the page that closed and this one something may have been missed.
  if (heardOthers) source.addEventListener("hello", () => say("reload"), { once: true });
}

others.addEventListener("message", ({ data: { kind, data } }) => {
  if (kind === "who") {
    if (source && source.readyState === EventSource.OPEN) others.postMessage({ kind: "hello" });
    return;
  }
  heardOthers = true;
  put(kind, data);
});
others.postMessage({ kind: "who" });

if ("locks" in navigator) {
  navigator.locks.request(name, () => {
    begin();
    return new Promise(() => undefined);
  });
} else {
  // An intranet without https has no locks: the pages take turns by a note that all of them read.
  const me = `${Date.now()}-${Math.random()}`;
  const noted = () => JSON.parse(localStorage.getItem(name) || "null");
  const turn = () => {
    const note = noted();
    if (note && note.who !== me && note.until > Date.now()) {
      if (source) close();
      return;
    }
    localStorage.setItem(name, JSON.stringify({ who: me, until: Date.now() + TURN_MS }));
    if (!source) begin();
  };
  const leave = () => {
    close();
    if (noted()?.who === me) localStorage.removeItem(name);
  };
  addEventListener("storage", (event) => event.key === name && turn());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && turn());
  setInterval(turn, LOOK_MS);
  turn();
}

// What this page hears: `hello`, `cases`, `reload`, `told`, `lost`.
export const news = {
  on: (kind, work) => here.addEventListener(kind, (event) => work(event.detail)),
  get holds() { return source !== null; },
  // Says hello again to who begins to listen later.
  ask() {
    if (source && source.readyState === EventSource.OPEN) put("hello");
    else others.postMessage({ kind: "who" });
  },
};
