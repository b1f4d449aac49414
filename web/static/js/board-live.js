// News of cases as they happen; the browser connects again by itself and says how far it has heard.
"use strict";

(function (gisgrid) {
  const LOOK_ANEW_MS = 60000;

  // `changed` is called with numbers of cases, `reload` when anything may have changed.
  gisgrid.live = function (url, { changed, reload, state }) {
    let lost = false;
    const source = new EventSource(url);
    source.addEventListener("hello", () => {
      state(true);
      if (lost) reload();
      lost = false;
    });
    source.addEventListener("cases", (event) => changed(JSON.parse(event.data).map((pair) => pair[0])));
    source.addEventListener("reload", reload);
    source.onerror = () => {
      lost = true;
      state(false);
      // A refusal (logged out, a restart) ends it for the browser; then we knock again.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => gisgrid.live(url, { changed, reload, state }), 5000);
    };
    return source;
  };

  // Time passes though nothing happens: what was in time is late.
  gisgrid.everyMinute = (work) => setInterval(work, LOOK_ANEW_MS * (0.8 + 0.4 * Math.random()));
})(window.gisgrid);
