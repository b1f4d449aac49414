// News for all open pages of this browser by one connection: a browser has six to a host, and each page would take
// one. The page that holds the lock hears and tells the others; when it closes, another one takes its place.
"use strict";

window.gisgridNews = (function () {
  const KINDS = ["hello", "cases", "reload", "told"];
  const AGAIN_MS = 5000;
  const { stream: url, whose } = document.documentElement.dataset;
  const here = new EventTarget();
  const shared = "locks" in navigator && "BroadcastChannel" in window;
  const others = shared ? new BroadcastChannel(`gisgrid-${whose}`) : null;
  let source = null, heardOthers = false;

  const put = (kind, data) => here.dispatchEvent(new CustomEvent(kind, { detail: data }));

  function say(kind, data) {
    put(kind, data);
    if (others) others.postMessage({ kind, data });
  }

  function open() {
    source = new EventSource(url);
    for (const kind of KINDS) source.addEventListener(kind, (event) => say(kind, JSON.parse(event.data)));
    source.onerror = () => {
      say("lost");
      // A refusal (logged out, a restart) ends it for the browser; then we knock again.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_MS * (1 + Math.random()));
    };
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  if (others) {
    others.addEventListener("message", ({ data: { kind, data } }) => {
      if (kind === "who") {
        if (source && source.readyState === EventSource.OPEN) others.postMessage({ kind: "hello" });
        return;
      }
      heardOthers = true;
      put(kind, data);
    });
    others.postMessage({ kind: "who" });
    navigator.locks.request(`gisgrid-${whose}`, () => {
      open();
      // Between the page that closed and this one something may have been missed.
      if (heardOthers) source.addEventListener("hello", () => say("reload"), { once: true });
      return new Promise(() => undefined);
    });
  } else {
    // Without locks (an intranet without https) only what is looked at listens.
    const turn = () => (document.hidden ? close() : source || open());
    document.addEventListener("visibilitychange", turn);
    turn();
  }

  return {
    on: (kind, work) => here.addEventListener(kind, (event) => work(event.detail)),
    get holds() { return source !== null; },
    // Says hello again to who begins to listen later.
    ask() {
      if (source && source.readyState === EventSource.OPEN) put("hello");
      else if (others) others.postMessage({ kind: "who" });
    },
  };
})();
