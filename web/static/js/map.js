// The map page: panel, legend, search, cards. All text goes in as text, never as HTML.
"use strict";

(function (gisgrid) {
  const byId = (id) => document.getElementById(id);
  const layers = {};

  gisgrid.layers = layers; // tests look here

  gisgrid.map = function (id, options, bounds) {
    const map = L.map(id, options);
    // The panel lies over the map on wide screens, not on phones.
    const panel = byId("panel"), covered = panel && panel.offsetWidth ? panel.offsetWidth + 14 : 0;
    map.fitBounds(bounds, { paddingTopLeft: [covered + 24, 24], paddingBottomRight: [24, 24] });
    L.control.attribution({ prefix: false }).addTo(map);
    L.control.zoom({ position: "bottomright" }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    // Panes keep the order whatever is switched on when.
    ["grids", "lines", "areas", "points", "labels"].forEach((name, i) => {
      const pane = map.createPane(name);
      pane.style.zIndex = String(410 + 10 * i);
      if (name !== "grids") pane.style.pointerEvents = "none";
    });
    return map;
  };

  gisgrid.layer = function (map, spec) {
    layers[spec.name] =
      spec.kind === "polygons" ? gisgrid.polygons(map, spec, failed) : gisgrid.tiles(spec, failed);
    if (spec.shown) layers[spec.name].addTo(map);
  };

  function failed(error) {
    const notice = byId("notice");
    notice.textContent = (error && error.told) || notice.dataset.failed;
    notice.hidden = false;
  }

  // An element with text and children; the one way this page makes elements.
  function make(tag, attributes, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "style") Object.assign(element.style, value);
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...inside.filter((part) => part !== null && part !== undefined));
    return element;
  }

  gisgrid.make = make;

  // At midnight another plan is in force: the page is fetched anew, also after a sleep of the machine.
  // Counted from the server's clock, for this machine's own may be days off.
  function atTurn(seconds) {
    if (seconds === null) return;
    const end = Date.now() + 1000 * seconds, look = () => { if (Date.now() >= end) location.reload(); };
    setInterval(look, 20000);
    document.addEventListener("visibilitychange", look);
  }

  gisgrid.start = function (map, ui) {
    atTurn(ui.turns_in_s);
    gisgrid.town = map; // tests look here
    // The planner's layers lay their own paint, labels and facts over the grids.
    const state = { map, ui, counts: new Map(), selected: null, choice: layers.grids.spec.colourings[0],
      painting: null, labelOf: null, more: null };
    panel(state);
    search(state);
    state.label = gisgrid.labels(map, layers.areas, layers.grids, ui.language === "en", () => state.labelOf);
    Promise.all([layers.areas.ready, layers.grids.ready]).then(() => {
      state.label();
      colour(state);
      hover(state);
    });
    Promise.all(Object.values(layers).map((layer) => layer.ready)).then(() => {
      performance.mark("first-view");
      document.documentElement.dataset.ready = "true"; // tests wait for it
      if (ui.planner) gisgrid.planner(state);
      // Counting thousands of people takes longer than drawing: the map comes first.
      return Promise.all([gisgrid.json(layers.grids.spec.extra.counts + (ui.as_of ? `?as_of=${ui.as_of}` : "")),
        gisgrid.json(`${ui.api}/summary?plan=${ui.plan}${asOf(ui)}`)]);
    }).then(([counted, summed]) => {
      for (const row of counted.grids) state.counts.set(row.code, row);
      colour(state);
      totals(ui, summed);
      document.documentElement.dataset.counted = "true";
    }).catch(failed);
    clicks(state);
  };

  const asOf = (ui) => ui.as_of ? `&as_of=${ui.as_of}` : "";

  // ---- panel -----------------------------------------------------------------------------------

  function panel(state) {
    for (const choice of layers.grids.spec.colourings) {
      const chosen = choice === state.choice;
      byId("colourings").append(make("label", {},
        make("input", {
          type: "radio", name: "colouring", value: choice.key, checked: chosen,
          onchange: () => { state.choice = choice; colour(state); },
        }), make("span", {}, choice.label)));
    }
    for (const layer of Object.values(layers).reverse()) {
      byId("layers").append(make("li", {}, make("label", {},
        make("input", {
          type: "checkbox", value: layer.spec.name, checked: layer.spec.shown,
          onchange: (event) => event.target.checked ? layer.addTo(state.map) : layer.remove(),
        }), sample(layer.spec), make("span", {}, layer.spec.title))));
    }
    byId("toggle").addEventListener("click", () => {
      const open = byId("panel").classList.toggle("open");
      byId("toggle").setAttribute("aria-expanded", String(open));
    });
    document.addEventListener("click", (event) => {
      const plans = byId("plan");
      if (plans.open && !plans.contains(event.target)) plans.open = false;
    });
  }

  function sample(spec) {
    const style = spec.style;
    const shape = spec.kind === "polygons" ? (style.fill === false ? "outline" : "patch")
      : spec.kind === "lines" ? "line" : style.shape || "dot";
    return make("i", { class: `sample sample-${shape}`, style: { color: style.colour || style.color } });
  }

  function colour(state) {
    const colouring = gisgrid.colouring(state.choice, state.counts, state.ui.words);
    gisgrid.paint(layers.grids, state.painting || colouring);
    select(state, state.selected);
    const dashed = make("li", {}, make("i", { class: "sample sample-exclusive" }), make("span", {}, state.ui.words.exclusive));
    byId("legend").replaceChildren(
      ...colouring.lines.map((line) => make("li", {},
        make("i", { class: "sample sample-patch", style: { color: line.colour } }), make("span", {}, line.label))),
      ...(state.choice.key === "kind" ? [] : [dashed]));
  }

  // A count that is not public is null.
  function count(ui, n) {
    return n === null ? ui.words.hidden : n.toLocaleString(ui.language);
  }

  // The symbol of a point layer under a place of the map; events lie over houses.
  function symbol(latlng) {
    for (const name of ["open_events", "closed_events", "houses"]) {
      const found = layers[name] && layers[name].at(latlng);
      if (found) return found;
    }
    return null;
  }

  gisgrid.repaint = function (state) {
    colour(state);
    state.label();
  };

  function totals(ui, answer) {
    const all = answer.total;
    const lines = [["grids", all.basic + all.exclusive], ["houses", all.houses], ["households", all.households],
      ["residents", all.residents], ["events", all.events], ["uncovered", all.uncovered_houses]];
    byId("totals").replaceChildren(...lines.map(([key, n]) =>
      make("div", {}, make("dt", {}, ui.words[key]), make("dd", {}, count(ui, n)))));
  }

  // ---- grids under the pointer -----------------------------------------------------------------

  function hover(state) {
    layers.grids.eachLayer((layer) => {
      layer.on("mouseover", () => { layer.setStyle({ weight: 3 }); });
      layer.on("mouseout", () => { if (layer !== state.selected) layer.setStyle({ weight: weight(state, layer) }); });
    });
  }

  function weight(state, layer) {
    const line = state.painting && state.painting.line;
    return line ? line(layer.feature.properties).weight : layers.grids.spec.style.weight;
  }

  function select(state, layer) {
    if (state.selected) state.selected.setStyle({ weight: weight(state, state.selected), fillOpacity: gisgrid.opacity(layers.grids, state.painting) });
    state.selected = layer;
    if (layer) layer.setStyle({ weight: 4, color: "#12355b", fillOpacity: 0.82 }).bringToFront();
  }

  function clicks(state) {
    const { map, ui } = state;
    let grid = null;
    layers.grids.on("click", (event) => { grid = event.layer; });
    map.on("click", (event) => {
      const clicked = grid;
      grid = null;
      const found = symbol(event.latlng);
      if (found) return pointCard(state, found, event.latlng);
      if (clicked) gridCard(state, clicked.feature.properties.code);
      else hide(state);
      return undefined;
    });
    map.on("mousemove", L.Util.throttle((event) => {
      map.getContainer().classList.toggle("over-point", symbol(event.latlng) !== null);
    }, 60));
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(state); });
    // A saved or shared address may name a grid.
    const wanted = new URLSearchParams(location.hash.slice(1)).get("grid");
    if (wanted) layers.grids.ready.then(() => gridCard(state, wanted, true));
    ui.started = true;
  }

  // ---- cards -----------------------------------------------------------------------------------

  gisgrid.card = show;

  function show(state, title, badge, lines, numbers, more, wording) {
    const words = { ...state.ui.words, ...wording };
    byId("card").replaceChildren(
      make("header", {}, make("h2", {}, title), badge,
        make("button", { class: "close", "aria-label": words.close, onclick: () => hide(state) }, "×")),
      make("dl", { class: "facts" }, ...lines.filter(([, v]) => v !== null && v !== undefined).flatMap(([k, v]) =>
        [make("dt", {}, words[k]), make("dd", {}, v)])),
      numbers ? make("dl", { class: "numbers" }, ...numbers.map(([k, n]) =>
        make("div", {}, make("dt", {}, words[k]), make("dd", {}, count(state.ui, n))))) : "",
      more || "");
    byId("card").hidden = false;
  }

  function hide(state) {
    byId("card").hidden = true;
    select(state, null);
    colour(state);
  }

  gisgrid.openGrid = gridCard;

  async function gridCard(state, code, zoom) {
    const { ui, map } = state;
    const layer = layers.grids.getLayers().find((each) => each.feature.properties.code === code);
    colour(state);
    select(state, layer || null);
    if (layer && zoom) map.fitBounds(layer.getBounds(), { maxZoom: 16, padding: [40, 40] });
    let grid;
    try {
      grid = await gisgrid.json(`${ui.api}/grids/${encodeURIComponent(code)}?plan=${ui.plan}${asOf(ui)}`);
    } catch (error) {
      return failed(error);
    }
    if (grid.state === "retired") {
      return show(state, grid.name, make("span", { class: "badge" }, ui.words.retired),
        [["code", grid.code], ["community", (ui.language === "en" && grid.community_en) || grid.community], ["since", grid.since]], null,
        make("div", {}, make("p", {}, ui.words.taken_over), make("ul", { class: "heirs" }, ...grid.successors.map((heir) => make("li", {},
          make("button", { type: "button", onclick: () => gridCard(state, heir.code, true) }, `${heir.name} · ${(100 * heir.share).toFixed(0)} %`))))));
    }
    return show(state, grid.name,
      make("span", { class: `badge badge-${grid.kind}` }, ui.words[grid.kind]),
      [...(grid.state === "later" ? [["in_force_from", grid.since]] : []), ["code", grid.code], ["community", (ui.language === "en" && grid.community_en) || grid.community],
        ["host", grid.host], ["leader", grid.leader || ui.words.nobody], ...(state.more ? state.more(code) : [])],
      ["houses", "households", "residents", "events", "open_events"].map((key) => [key, grid[key]]),
      null, ui.planner && ui.planner.words);
  }

  async function pointCard(state, found, latlng) {
    const { ui, map } = state;
    if (found.n > 1 && map.getZoom() < 18) return map.setView(latlng, Math.min(map.getZoom() + 2, 18));
    const kind = found.layer.name === "houses" ? "house" : "event";
    select(state, null);
    if (found.n > 1) {
      return show(state, ui.words.several.replace("{n}", found.n), "", [["kind", found.layer.title]]);
    }
    let thing;
    try {
      thing = await gisgrid.json(found.layer.extra.about + found.id);
    } catch (error) {
      return failed(error);
    }
    const near = thing.border_m === null ? "" : ` · ${ui.words.near_border.replace("{m}", thing.border_m.toFixed(1))}`;
    const grid = (thing.grid_name ? `${thing.grid_name} (${thing.grid_code})` : ui.words.no_grid) + near;
    if (kind === "house") {
      return show(state, thing.address, make("span", { class: "badge" }, ui.words.house), [["code", thing.code], ["grid", grid]], null,
        ui.register && make("a", { class: "more", href: ui.register + thing.id }, ui.words.register));
    }
    const time = (text) => text && new Intl.DateTimeFormat(ui.language, {
      dateStyle: "medium", timeStyle: "short", timeZone: ui.time_zone }).format(new Date(text));
    return show(state, (ui.language === "en" && thing.matter_en) || thing.matter,
      make("span", { class: "badge" }, ui.words.event),
      [["code", thing.code], ["grid", grid], ["reported", time(thing.reported_at)], ["due", time(thing.due_at)],
        ["closed", time(thing.closed_at) || ui.words.still_open]]);
  }

  // ---- search ----------------------------------------------------------------------------------

  function search(state) {
    const { ui, map } = state;
    const form = byId("search"), field = form.elements.q, list = byId("hits");
    let timer = 0, asked = 0;
    const close = () => { list.hidden = true; };
    function go(hit) {
      close();
      if (hit.kind === "grid") return gridCard(state, hit.code, true);
      map.setView(L.latLng(hit.lat, hit.lon), 18);
      if (hit.kind === "spot") return undefined;
      return pointCard(state, { id: hit.id, n: 1, layer: layers.houses.spec });
    }
    async function ask() {
      const text = field.value.trim(), turn = ++asked;
      if (!text) return close();
      let answer;
      try {
        answer = await gisgrid.json(`${ui.api}/search?plan=${ui.plan}&q=${encodeURIComponent(text)}`);
      } catch (error) {
        return failed(error);
      }
      if (turn !== asked) return undefined; // a later question was asked meanwhile
      list.replaceChildren(...answer.hits.map((hit) => make("li", {},
        make("button", { type: "button", onclick: () => go(hit) },
          make("span", { class: "badge" }, ui.words[hit.kind]), make("span", {}, hit.label),
          hit.kind === "grid" ? make("small", {}, hit.code) : null))));
      if (!answer.hits.length) list.append(make("li", { class: "none" }, ui.words.nothing_found));
      list.hidden = false;
      return undefined;
    }
    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 200); });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      ask().then(() => {
        const first = list.querySelector("button");
        if (first) first.focus();
        else if (field.value.trim()) form.submit(); // a case or a ticket is no spot of the map
      });
    });
    document.addEventListener("click", (event) => { if (!form.contains(event.target)) close(); });
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  }
})(window.gisgrid);
