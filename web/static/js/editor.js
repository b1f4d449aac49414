// The editor: one scenario, its version, what was chosen; asks the server and draws its answers.

import { refusal } from "./ask.js";
import * as panel from "./editor-panel.js";
import * as tools from "./editor-tools.js";
import { drawArcs, drawGrids, drawHeld, drawNames, latlng } from "./editor-view.js";
import { byId, make } from "./elements.js";
import { merged } from "./pure/edits.js";
import { percent } from "./pure/words.js";
import { seen } from "./seen.js";
import { CHOSEN, LATE, MARKED, WHITE } from "./pure/colours.js";

const LOOK_MS = 250;
const MOST_ROWS = 60; // of a table of grids

export function start(map, ui) {
  const editor = { map, ui, view: null, selected: null, tool: "drag" };
  seen.editor = editor;
  [["fills", 411], ["arcs", 446], ["found", 455]].forEach(([name, z]) => { map.createPane(name).style.zIndex = String(z); });
  map.getPane("labels").style.pointerEvents = "none";
  map.pm.setLang(ui.language === "en" ? "en" : "zh");
  map.pm.setGlobalOptions({ snappable: true, snapDistance: 14, allowSelfIntersection: true, layerGroup: null });

  // ---- asking ------------------------------------------------------------------------------

  async function ask(path, body) {
    const options = { headers: { Accept: "application/json" } };
    if (body) {
      options.method = "POST";
      options.headers["Content-Type"] = "application/json";
      if (ui.csrf) options.headers["X-CSRFToken"] = ui.csrf;
      options.body = JSON.stringify(body);
    }
    let answer;
    try {
      answer = await fetch(`${ui.root}/${ui.plan}/${path}`, options);
    } catch (_) {
      throw new Error(ui.words.not_sent);
    }
    if (answer.ok) return answer.json();
    const refused = await refusal(answer);
    refused.message ||= ui.words.failed;
    throw refused;
  }
  editor.ask = ask;

  editor.tell = function (message, place, good) {
    const notice = byId("notice");
    notice.textContent = message;
    notice.classList.toggle("good", Boolean(good));
    notice.hidden = !message;
    clearTimeout(editor.fading);
    editor.fading = setTimeout(() => { notice.hidden = true; }, good ? 2500 : 9000);
    found.clearLayers();
    if (place) {
      const at = latlng(place);
      L.marker(at, { pane: "found", icon: L.divIcon({ className: "here", iconSize: [22, 22] }), interactive: false, pmIgnore: true }).addTo(found);
      if (!map.getBounds().contains(at)) map.panTo(at);
    }
  };
  const found = L.layerGroup([], { pane: "found" }).addTo(map);

  editor.failed = async function (error) {
    editor.tell(error.message, error.facts && (error.facts.place || error.facts.facts?.place));
    if (error.status === 409 || error.status === undefined) await reload().catch(() => editor.draw());
    else editor.draw();
  };

  async function reload() {
    show(await ask("view.json"));
  }
  editor.reload = reload;

  // ---- edits -------------------------------------------------------------------------------

  // Counts while the hand moves: the newest question wins, one at a time is on its way. What was
  // asked before another tool was taken up is no longer of interest.
  let waiting = null, asking = false;
  editor.turn = 0;
  editor.preview = async function (edit) {
    waiting = edit;
    if (asking) return;
    asking = true;
    while (waiting) {
      const now = waiting, turn = editor.turn;
      waiting = null;
      try {
        const began = performance.now();
        const answer = await ask("preview", { version: editor.view.version, edit: now });
        editor.lastPreviewMs = performance.now() - began;
        if (turn === editor.turn) live(answer);
      } catch (error) {
        if (turn === editor.turn) await editor.failed(error);
      }
    }
    asking = false;
  };

  // While the server takes an edit nothing else is begun: its answer would take the tool away.
  async function held(work) {
    if (editor.saving) return null;
    editor.saving = true;
    waiting = null;
    const parts = [byId("panel"), byId("card")];
    parts.forEach((part) => { part.inert = true; });
    document.documentElement.classList.add("saving");
    editor.tell("");
    try {
      return await work();
    } catch (error) {
      await editor.failed(error);
      return null;
    } finally {
      editor.saving = false;
      parts.forEach((part) => { part.inert = false; });
      document.documentElement.classList.remove("saving");
    }
  }

  editor.keep = (edit) => held(async () => {
    if (!(await settled(await ask("edit", { version: editor.view.version, edit, why: byId("why").value })))) return null;
    editor.tell(ui.words.saved, null, true);
    return true;
  });

  editor.publish = (day) => held(async () => settled(await ask("publish", { from: day })));

  // What was asked for is done at once, or by the worker, for which the page waits; false: it was cancelled.
  async function settled(answer) {
    if (!answer.job) await put(answer);
    else if (await waited(answer.job, byId("live"))) await reload();
    else return false;
    return true;
  }

  // What a proposal, or a part of it, would change, on the map and in words.
  editor.look = (edit) => held(async () => {
    const found = await waited((await ask("look", { version: editor.view.version, edit })).job, byId("live"));
    if (found) live(found.result);
  });

  // Work of the worker that this page waits for: tells in a box how far it is, gives the job once it is
  // done, null if it was cancelled. Who leaves the page needs no answer any more.
  async function waited(job, box) {
    const left = () => { fetch(`${ui.root}/${ui.plan}/job/cancel?id=${job.id}`, { method: "POST", keepalive: true, headers: { "X-CSRFToken": ui.csrf || "" } }); };
    const cancel = make("button", { type: "button", onclick: () => ask(`job/cancel?id=${job.id}`, {}) }, ui.words.cancel);
    const bar = make("progress", {}), doing = make("span", {});
    box.replaceChildren(bar, make("div", { class: "row" }, doing, cancel));
    box.hidden = false;
    window.addEventListener("pagehide", left);
    try {
      while (job.state === "waiting" || job.state === "running") {
        if (job.total) { bar.max = job.total; bar.value = job.done; }
        doing.textContent = job.doing;
        await new Promise((go) => setTimeout(go, LOOK_MS));
        job = (await ask(`job.json?id=${job.id}`)).job;
      }
    } finally {
      window.removeEventListener("pagehide", left);
      box.replaceChildren();
      box.hidden = box.id === "live";
    }
    if (job.state === "done") return job;
    if (job.state === "cancelled") return null;
    const refusal = new Error(job.failed);
    refusal.facts = { place: job.result?.place };
    throw refusal;
  }
  editor.waited = waited;

  editor.post = (path, body) => held(async () => {
    const answer = await ask(path, body);
    if (answer.version !== undefined) await put(answer);
    return answer;
  });

  // ---- drawing -----------------------------------------------------------------------------

  function show(view) {
    editor.view = view;
    editor.draw();
    shown();
  }
  editor.show = show;

  function shown() {
    panel.show(editor);
    document.documentElement.dataset.version = String(editor.view.version);
  }

  // An answer with `since` says only what is other than in that version; everything else stays drawn.
  async function put(answer) {
    if (answer.since === undefined) { show(answer); return; }
    // Counted with what was entered meanwhile, all numbers are others.
    if (answer.since !== editor.view.version || answer.reading !== editor.view.reading) { await reload(); return; }
    const { grids, arcs, gone, arcs_gone: arcsGone, since, ...rest } = answer;
    editor.view = { ...editor.view, ...rest,
      grids: merged(editor.view.grids, grids, gone, "code").sort((a, b) => (a.code < b.code ? -1 : 1)),
      arcs: merged(editor.view.arcs, arcs, arcsGone, "id") };
    tools.stop(editor);
    editor.grids.replace(grids, gone);
    editor.arcs.replace(arcs, arcsGone);
    editor.held.remove();
    editor.held = drawHeld(editor.view.house_locks, "labels").addTo(map);
    editor.names.write();
    mark();
    card();
    shown();
  }

  editor.draw = function () {
    tools.stop(editor);
    for (const name of ["grids", "arcs", "names", "held", "proposed"]) if (editor[name]) editor[name].remove();
    editor.grids = drawGrids(editor.view.grids, { pane: "fills" }).addTo(map);
    editor.arcs = drawArcs(editor.view.arcs, "arcs", (line) => tools.clickArc(editor, line)).addTo(map);
    editor.held = drawHeld(editor.view.house_locks, "labels").addTo(map);
    editor.names = drawNames(map, editor.grids, "labels").addTo(map);
    editor.proposed = L.layerGroup().addTo(map);
    editor.grids.on("click", (event) => tools.clickGrid(editor, event));
    mark();
    card();
  };

  let marked = null;
  function mark() {
    if (editor.selected && !editor.grids.of.has(editor.selected)) editor.selected = null;
    if (marked && editor.grids.of.has(marked)) editor.grids.of.get(marked).setStyle({ weight: 1, color: WHITE });
    marked = editor.selected;
    if (marked) editor.grids.of.get(marked).setStyle({ weight: 4, color: MARKED }).bringToFront();
  }

  editor.select = function (code) {
    editor.selected = code;
    mark();
    card();
    tools.hint(editor);
  };
  editor.grid = (code) => { const layer = editor.grids?.of.get(code); return layer?.feature.properties; };

  function card() {
    const grid = editor.selected && editor.grid(editor.selected), { words } = ui;
    byId("card").hidden = !grid;
    if (!grid) return;
    byId("card").replaceChildren(
      make("header", {}, make("h2", {}, grid.name), make("span", { class: `badge badge-${grid.kind}` }, words[grid.kind]),
        make("button", { class: "close", "aria-label": words.close, onclick: () => editor.select(null) }, "×")),
      make("dl", { class: "facts" }, make("dt", {}, words.code), make("dd", {}, grid.code),
        make("dt", {}, words.deviation), make("dd", {}, percent(grid.deviation)),
        make("dt", {}, words.compactness), make("dd", {}, grid.compactness.toFixed(2)),
        make("dt", {}, words.pieces), make("dd", {}, String(grid.pieces))),
      make("dl", { class: "numbers" }, ...["houses", "households", "residents", "minutes"].map((key) =>
        make("div", {}, make("dt", {}, words[key]), make("dd", {}, Math.round(grid[key]).toLocaleString(ui.language))))),
      editor.view.editable ? make("div", { class: "acts" },
        make("button", { type: "button", id: "lock-grid", onclick: () => editor.post("lock", { kind: "grid", codes: [grid.code], on: !grid.locked }) },
          grid.locked ? words.unlock : words.lock),
        grid.kind === "exclusive" && ui.overlay ? make("button", { type: "button", onclick: () => editor.keep({ kind: "remove", grid: grid.code }) }, words.remove) : null) : "");
  }

  // Before and after of the grids that an edit would change.
  function live(answer) {
    const { words } = ui, box = byId("live");
    editor.proposed.clearLayers();
    const bad = Boolean(answer.refused);
    drawGrids(answer.grids, { pane: "fills" }).eachLayer((layer) => {
      layer.setStyle({ color: bad ? LATE : CHOSEN, weight: 2 });
      layer.options.interactive = false;
      editor.proposed.addLayer(layer);
    });
    const columns = ["houses", "households", "residents", "minutes", "deviation", "compactness", "pieces"];
    const text = (grid, key) => (!grid ? "—" : key === "deviation" ? percent(grid.deviation)
      : key === "compactness" ? grid.compactness.toFixed(2) : Math.round(grid[key]).toLocaleString(ui.language));
    box.replaceChildren(
      bad ? make("p", { class: "refused" }, answer.refused.message) : "",
      answer.grids.length ? make("table", {},
        make("thead", {}, make("tr", {}, make("th", {}, words.grid), ...columns.map((key) => make("th", { class: "n" }, words[key])))),
        make("tbody", {}, ...answer.grids.slice(0, MOST_ROWS).map((grid) => make("tr", {}, make("td", {}, grid.name),
          ...columns.map((key) => make("td", { class: "n" },
            text(grid.before, key) === text(grid, key) ? text(grid, key)
              : make("span", {}, make("span", { class: "was" }, `${text(grid.before, key)} → `), make("b", {}, text(grid, key))))))))) : "",
      answer.grids.length > MOST_ROWS ? make("p", { class: "was" }, words.more.replace("{n}", answer.grids.length - MOST_ROWS)) : "",
      answer.flows.length ? make("ul", {}, ...answer.flows.map((flow) => make("li", {}, editor.flowText(flow))),
        answer.more ? make("li", {}, words.more.replace("{n}", answer.more)) : null)
        : bad ? "" : make("p", { class: "was" }, words.none_moves));
    box.hidden = false;
    document.documentElement.dataset.live = String(Number(document.documentElement.dataset.live || 0) + 1);
  }
  editor.live = live;

  editor.flowText = (flow) => {
    const name = (code) => (editor.grid(code) || { name: code }).name || "—";
    return ui.words.flow.replace("{from}", name(flow.from_grid)).replace("{to}", name(flow.to_grid))
      .replace("{houses}", flow.houses).replace("{households}", flow.households).replace("{residents}", flow.residents);
  };

  tools.start(editor);
  panel.start(editor);
  reload().then(() => { document.documentElement.dataset.ready = "true"; }, (error) => editor.tell(error.message));
}
