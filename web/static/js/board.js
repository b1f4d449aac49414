// The dispatcher's board: filters in the address, list and map together, keyboard, many at once.

import { json } from "./ask.js";
import { everyMinute, live } from "./board-live.js";
import { bulk } from "./board-bulk.js";
import { boardMap } from "./board-map.js";
import { keepOrder } from "./case-around.js";
import { shortlist } from "./board-shortlist.js";
import { byId, make } from "./elements.js";
import { came, told } from "./pure/rows.js";
import { dayIn, fill, moment, span, spanOf } from "./pure/words.js";
import { FORMER } from "./pure/colours.js";

const NAMES = ["state", "due", "matter", "community", "source", "grid", "q", "mine", "here", "short", "since", "until", "sort", "down", "limit"];
const PAGE = 50;

// What a tab asks for beyond its state; each sets all of them.
const TABS = {
  open: {}, report: { state: "report" }, file: { state: "file" }, work: { state: "work" }, check: { state: "check" },
  hold: { state: "hold" }, late: { due: "late" }, soon: { due: "soon" }, mine: { mine: "1" }, nowhere: { grid: "none" },
};
// A grid that somebody named narrows a tab as the other filters do; "none" is a tab's own.
const tabOf = (name, grid) => ({ state: "open", due: "", mine: "", grid: grid === "none" ? "" : grid || "", ...TABS[name] });

export function start(map, ui) {
  const words = ui.words, form = byId("filters"), list = byId("rows"), tabs = document.querySelectorAll("#tabs button");
  const asked = new URLSearchParams(location.search);
  const filters = Object.fromEntries(NAMES.map((name) => [name, asked.get(name) || ""]));
  const failed = (error) => {
    byId("notice").textContent = error.told || words.not_sent;
    byId("notice").hidden = false;
  };
  const stars = shortlist({ ui, list, failed });
  const title = document.title;
  // Cases that came or may have moved since the list was drawn: told by a bar, so that nothing moves under the eye.
  const aside = new Set();
  // `owed`: somebody asked for this list, and it has not come yet; `whole`: all that the filters let through is in `rows`.
  let rows = [], at = -1, wanted = 0, latest = null, owed = true, whole = true;
  const symbols = boardMap(map, (id) => { location.href = ui.case + id; });
  const many = bulk({ ui, list, load, all: async (most) => (await json(query({ limit: most, ...(filters.state === "all" ? { state: "open" } : {}) }))).rows });
  const time = (iso) => moment(iso, ui.time_zone);

  // ---- asking ----

  function query(more, address = ui.api) {
    const q = new URLSearchParams({ township: ui.township, lang: ui.language });
    for (const name of ["state", "due", "matter", "community", "source", "grid", "q", "mine", "since", "until", "sort", "down"]) {
      if (filters[name]) q.set(name, filters[name]);
    }
    if (filters.here) q.set("box", symbols.box().join(","));
    if (filters.short) q.set("ids", stars.ids().join(",") || "0");
    for (const [name, value] of Object.entries(more)) q.set(name, value);
    return `${address}?${q}`;
  }

  // Quietly: counts and symbols alone, and the rows in the places where they stand. Answers whether it came.
  async function load(quietly = false) {
    const mine = ++wanted;
    let failure = false;
    owed = owed || !quietly;
    if (latest) latest.abort();
    latest = new AbortController();
    remember();
    try {
      if (filters.short && !stars.size) {
        show({ total: 0, open: 0, urgent: 0, late: 0, soon: 0, unlocated: 0, rows: [], symbols: [] });
        counted(null, "0");
      } else {
        const found = await json(query({ limit: filters.limit || PAGE, square: symbols.square().toFixed(7) }), { signal: latest.signal });
        if (mine === wanted) show(found, quietly);
        count(mine);
      }
      byId("notice").hidden = true;
    } catch (error) {
      if (error.name === "AbortError") return false;
      byId("notice").textContent = error.told || words.failed;
      byId("notice").hidden = false;
      failure = true;
    }
    if (mine === wanted && !document.documentElement.dataset.ready) {
      performance.mark("first-view");
      document.documentElement.dataset.ready = "true"; // tests wait for it
    }
    return mine === wanted && !failure;
  }

  // After the list, which is not to wait for it.
  async function count(mine) {
    const found = await json(query({}, `${ui.api}/tabs`), { signal: latest.signal }).catch(() => null);
    if (mine === wanted) counted(found?.tabs, "");
  }

  function counted(counts, none) {
    // Under a grid that is named nothing lies in no grid, and the tab leads out of it.
    const out = (name) => name === "nowhere" && filters.grid && filters.grid !== "none";
    for (const tab of tabs) tab.querySelector("b").textContent = counts && !out(tab.dataset.tab) ? counts[tab.dataset.tab].toLocaleString() : none;
  }

  let soon = null;
  const later = (quietly = false) => { clearTimeout(soon); soon = setTimeout(() => load(quietly), 250); };

  function remember() {
    for (const tab of tabs) {
      const sets = Object.entries(tabOf(tab.dataset.tab, filters.grid));
      tab.setAttribute("aria-pressed", String(sets.every(([name, value]) => (filters[name] || (name === "state" ? "open" : "")) === value)));
    }
    const q = new URLSearchParams();
    if (asked.get("township")) q.set("township", asked.get("township"));
    for (const name of NAMES) if (filters[name] && !(name === "state" && filters[name] === "open")) q.set(name, filters[name]);
    history.replaceState(null, "", q.size ? `?${q}` : location.pathname);
    // What leaves as a file is what the filters let through now.
    const leaves = document.querySelector("#leaves a");
    if (leaves) {
      leaves.href = query({ as: "xlsx" }).slice(ui.api.length);
      leaves.hidden = Boolean(filters.short && !stars.size);
    }
  }

  // ---- showing ----

  function show(found, quietly) {
    if (found.plan && found.plan !== ui.plan) swap(found.plan);
    const alarm = found.rows.some((row) => row.emergency && row.open && !rows.some((each) => each.case_id === row.case_id && each.emergency));
    if (quietly && rows.length && !owed && !alarm) renew(found.rows);
    else draw(found.rows);
    owed = false;
    whole = rows.length >= found.total;
    symbols.show(found.symbols);
    many.shown(found.open);
    byId("sums").replaceChildren(...[["total", found.total], ["open", found.open], ["urgent", found.urgent], ["late", found.late], ["soon", found.soon], ["unlocated", found.unlocated]]
      .filter(([name, n]) => n || name === "total")
      .map(([name, n]) => make("span", { class: `sum-${name}` }, fill(words[name], { n: n.toLocaleString() }))));
    document.title = found.urgent ? `(${found.urgent}!) ${title}` : title;
    byId("cut").hidden = whole;
    byId("cut").textContent = fill(words.cut, { n: rows.length, m: found.total.toLocaleString() });
    byId("more").hidden = whole || rows.length >= 500;
    byId("more").textContent = words.more;
  }

  // The list anew, in its order. What was on top of the view stays there, unless somebody asked for another list.
  function draw(found) {
    const here = rows[at]?.case_id;
    const top = [...list.children].find((item) => item.offsetTop + item.offsetHeight > list.scrollTop + list.offsetTop);
    const seen = list.scrollTop ? top?.dataset.id : null, was = top?.offsetTop;
    rows = found;
    list.replaceChildren(...rows.map(line));
    if (!rows.length) list.append(make("li", { class: "nothing" }, words.none));
    const same = seen && list.querySelector(`li[data-id="${seen}"]`);
    if (same) list.scrollTop += same.offsetTop - was;
    at = rows.findIndex((row) => row.case_id === here);
    keepOrder(rows.map((row) => row.case_id));
    if (at >= 0) list.children[at].classList.add("at");
    for (const row of rows) aside.delete(row.case_id);
    bar();
  }

  // Rows that are there take their new words where they stand; others wait behind the bar. What only moved up from below the
  // end of the list is no news.
  function renew(found) {
    for (const id of came(rows, found, whole)) aside.add(id);
    for (const row of found) {
      const i = rows.findIndex((each) => each.case_id === row.case_id);
      if (i < 0) continue;
      if (rows[i].seq !== row.seq || rows[i].colour !== row.colour) replace(i, row);
    }
    bar();
  }

  function replace(i, row) {
    rows[i] = row;
    const item = line(row, i);
    if (i === at) item.classList.add("at");
    list.children[i].replaceWith(item);
    return item;
  }

  function bar() {
    byId("fresh").hidden = !aside.size;
    byId("fresh").textContent = fill(words.bar, { n: aside.size });
  }

  function line(row, i) {
    const when = !row.open ? fill(words.closed, { time: time(row.closed_at) })
      : row.due_at ? fill(words.due, { time: time(row.due_at) }) : words.no_due;
    const box = make("input", { type: "checkbox", "aria-label": words.select, checked: many.has(row.case_id),
      onchange: () => many.choose(row) });
    return make("li", { class: `row row-${row.colour}${row.emergency && row.open ? " row-alarm" : ""}`, "data-id": row.case_id, onclick: () => go(i) },
      ui.may ? box : null,
      make("button", { type: "button", class: stars.has(row.case_id) ? "star on" : "star", "aria-label": words.star, "aria-pressed": String(stars.has(row.case_id)),
        onclick: (event) => { event.stopPropagation(); star(row); } }, "★"),
      make("a", { href: ui.case + row.case_id }, row.matter),
      make("span", { class: `phase phase-${row.phase}` }, row.state),
      row.emergency ? make("span", { class: "phase phase-alarm" }, words.emergency) : null,
      make("span", { class: "when" }, make("b", {}, ui.colours[row.colour]), ` ${when} · ${fill(words.since, { time: time(row.reported_at) })}`),
      make("span", { class: "where" }, [row.community, row.grid || words.no_grid, row.source, row.code, row.told_ofagain ? fill(words.told_ofagain, { n: row.told_ofagain }) : null].filter(Boolean).join(" · ")),
      row.returned ? make("span", { class: "back" }, fill(words.returned, { reason: row.returned })) : null,
      make("span", { class: "who" }, has(row) ? `→ ${has(row)}` : row.open ? words.nobody : null));
  }

  const has = (row) => [row.person, row.office, row.owner_grid].filter(Boolean).join(" · ");

  function go(to, far) {
    if (list.children[at]) list.children[at].classList.remove("at");
    at = Math.max(0, Math.min(rows.length - 1, to));
    const item = list.children[at];
    if (!item || !rows.length) return;
    item.classList.add("at");
    item.scrollIntoView({ block: "nearest" });
    symbols.mark(rows[at], far);
  }

  async function star(row) {
    if ((await stars.change(row.case_id)) && filters.short) load();
  }

  // ---- filters, slider, keyboard ----

  for (const field of form.elements) {
    if (!NAMES.includes(field.name)) continue;
    if (field.type === "checkbox") field.checked = Boolean(filters[field.name]);
    else field.value = filters[field.name] || (field.name === "state" ? "open" : "");
  }
  const read = () => {
    for (const field of form.elements) {
      if (NAMES.includes(field.name)) filters[field.name] = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value.trim();
    }
    filters.limit = "";
    list.scrollTop = 0;
    aside.clear();
    bar();
  };
  form.addEventListener("change", () => { read(); load(); });
  form.addEventListener("input", (event) => { if (event.target.tagName === "INPUT" && event.target.type !== "checkbox") { read(); later(); } });
  form.addEventListener("submit", (event) => { event.preventDefault(); read(); load(); });
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      for (const [name, value] of Object.entries(tabOf(tab.dataset.tab, filters.grid))) form.elements[name].value = value;
      read();
      load();
    });
  }
  byId("more").addEventListener("click", () => { filters.limit = String(Math.min(500, Number(filters.limit || PAGE) + 2 * PAGE)); load(); });
  // Paper gets all that the filters let through, as far as a list goes.
  byId("print").addEventListener("click", async () => {
    const before = filters.limit;
    filters.limit = "500";
    // What could not be fetched is not put on paper; the board says why.
    if (await load()) window.print();
    filters.limit = before;
    load();
  });
  // Whoever reads on to the end of the list wants more of it.
  list.addEventListener("scroll", () => {
    if (list.scrollTop + list.clientHeight > list.scrollHeight - 40 && !byId("more").hidden && Number(filters.limit || PAGE) === rows.length) byId("more").click();
  }, { passive: true });
  document.querySelectorAll("input[name=look]").forEach((radio) => radio.addEventListener("change", () => symbols.look(radio.value)));

  // Days are the township's, whatever the clock of this machine is set to.
  const end = byId("end"), width = byId("width"), today = () => dayIn(ui.time_zone);
  function slide() {
    const days = Number(width.value);
    end.disabled = !days;
    Object.assign(filters, days ? span(today(), days, 365 - Number(end.value)) : { since: "", until: "" });
    byId("span").textContent = days ? fill(words.days, { a: filters.since, b: filters.until }) : words.year;
  }
  if (filters.since && filters.until) {
    const asked = spanOf(today(), filters.since, filters.until);
    width.value = [7, 30, 91].find((days) => days >= asked.days) || "91";
    end.value = 365 - asked.back;
    byId("span").textContent = fill(words.days, { a: filters.since, b: filters.until });
  } else slide();
  byId("slider").addEventListener("input", () => { slide(); later(); });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const row = rows[at];
    const act = {
      j: () => go(at + 1), ArrowDown: () => go(at + 1), k: () => go(at - 1), ArrowUp: () => go(at - 1),
      Enter: () => row && (location.href = ui.case + row.case_id), x: () => row && ui.may && many.choose(row),
      s: () => row && star(row), m: () => row && go(at, true), "/": () => form.elements.q.focus(),
    }[event.key];
    if (!act || (event.key === "Enter" && /^(A|BUTTON)$/.test(event.target.tagName))) return;
    event.preventDefault();
    act();
  });

  let borders = null;
  async function drawBorders() {
    try {
      if (!borders) borders = L.geoJSON(await json(ui.grids), { interactive: false, style: { color: FORMER, weight: 1, fill: false } });
    } catch (error) {
      byId("notice").textContent = error.told || byId("notice").dataset.failed;
      byId("notice").hidden = false;
      return;
    }
    if (byId("borders").checked) borders.addTo(map);
    else borders.remove();
  }
  byId("borders").addEventListener("change", drawBorders);

  // Another plan is in force than when the page came: at midnight, or because one was published.
  function swap(plan) {
    ui.grids = ui.grids.replace(/[^/]*$/, `${plan}-now.geojson`);
    ui.plan = plan;
    if (borders) borders.remove();
    borders = null;
    if (byId("borders").checked) drawBorders();
  }

  // ---- live ----

  // A board may hold very many cases: only those that changed are asked for, and put into the list.
  async function changed(moved) {
    const ids = filters.short ? moved.filter((id) => stars.has(id)) : moved;
    if (!ids.length) return refresh();
    const before = query({});
    let answer;
    try {
      answer = await json(query({ ids: ids.join(","), limit: ids.length }));
    } catch (_) {
      return refresh(); // which says what is wrong
    }
    if (owed || before !== query({})) return refresh(); // another list was asked for meanwhile
    const { kept, news, gone } = told(rows, ids, answer.rows);
    const alarms = [...news, ...kept.filter((row) => !rows.find((each) => each.case_id === row.case_id).emergency)].filter((row) => row.emergency);
    for (const row of kept) replace(rows.findIndex((each) => each.case_id === row.case_id), row).classList.add("fresh");
    for (const id of gone) leave(id);
    for (const id of ids) aside.delete(id);
    const fresh_ones = news.map((row) => row.case_id);
    // Whom it may concern sees an emergency on the list, on the map and in the title at once; an empty list has nothing to move.
    if (alarms.length || (news.length && !rows.length)) {
      await load();
      fresh(fresh_ones);
      // Who reads further down is not moved, but told.
      for (const row of list.scrollTop ? alarms : []) aside.add(row.case_id);
      return bar();
    }
    for (const id of fresh_ones) aside.add(id);
    bar();
    return refresh();
  }

  function fresh(ids) {
    const items = ids.map((id) => list.querySelector(`li[data-id="${id}"]`)).filter(Boolean);
    for (const item of items) item.classList.add("fresh");
    return items;
  }

  // It stands where it stood, and says that it is asked for no more.
  function leave(id) {
    const item = list.querySelector(`li[data-id="${id}"]`);
    if (!item || item.classList.contains("row-gone")) return;
    item.classList.add("row-gone");
    item.append(make("span", { class: "gone" }, words.gone));
    many.drop(id);
  }

  // A case that came may stand below what a page of the list holds: it is shown all the same, and where.
  byId("fresh").addEventListener("click", async () => {
    const told_of = [...aside];
    aside.clear();
    list.scrollTop = 0;
    await load();
    const below = told_of.filter((id) => !rows.some((row) => row.case_id === id)).slice(0, 500);
    try {
      if (below.length) {
        const found = (await json(query({ ids: below.join(","), limit: below.length }))).rows;
        // All that the list holds comes before what it does not hold, in whatever order it stands.
        draw([...rows, ...found]);
      }
    } catch (_) { /* load has said what is wrong */ }
    fresh(told_of).sort((a, b) => a.offsetTop - b.offsetTop)[0]?.scrollIntoView({ block: "nearest" });
  });

  // Much may have been missed: what stands here is asked for again, and then all else.
  async function again() {
    if (rows.length && !owed) await changed(rows.map((row) => row.case_id).slice(0, 500));
    return load(true);
  }

  // Counts and symbols follow a moment later, and not for every single change.
  let refreshing = null;
  const refresh = () => { refreshing = refreshing || setTimeout(() => { refreshing = null; load(true); }, 4000 + 6000 * Math.random()); };

  map.on("moveend", () => { if (document.documentElement.dataset.ready) later(!filters.here); });
  load().then(() => {
    const state = (on) => {
      byId("live").textContent = on ? words.live : words.waiting;
      byId("live").classList.toggle("on", on);
      if (on) document.documentElement.dataset.live = "true"; // tests wait for it
    };
    state(false);
    live({ changed, reload: again, state });
    everyMinute(() => load(true));
  });
}
