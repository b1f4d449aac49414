// The editor: one scenario, its version, what was chosen; asks the server and draws its answers.

import { refusal } from "./ask.js";
import * as card from "./editor-card.js";
import * as figures from "./editor-figures.js";
import * as key from "./editor-key.js";
import * as keys from "./editor-keys.js";
import * as beside from "./editor-layers.js";
import * as panel from "./editor-panel.js";
import * as proposal from "./editor-proposal.js";
import * as table from "./editor-table.js";
import * as tools from "./editor-tools.js";
import { drawArcs, drawGrids, drawHeld, drawNames, latlng, thickenAreas } from "./editor-view.js";
import { byId, make } from "./elements.js";
import { LATE, MARKED, WHITE } from "./pure/colours.js";
import { merged } from "./pure/edits.js";
import { seen } from "./seen.js";
import { layers } from "./town.js";

const LOOK_MS = 250;

export function start(map, ui) {
  const editor = { map, ui, view: null, selected: null, tool: "drag" };
  seen.editor = editor;
  [["fills", 411], ["arcs", 425], ["found-houses", 454], ["found", 455]].forEach(([name, z]) => { map.createPane(name).style.zIndex = String(z); });
  for (const pane of ["labels", "found-houses"]) map.getPane(pane).style.pointerEvents = "none";
  map.pm.setLang(ui.language === "en" ? "en" : "zh");
  map.pm.setGlobalOptions({ snappable: true, snapDistance: 14, allowSelfIntersection: true, layerGroup: null });

  // The map keeps its place when the panels beside it change their size.
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
  document.querySelectorAll("[data-folds]").forEach((button) => button.addEventListener("click", () => {
    const folded = byId("main").classList.toggle(`${button.dataset.folds}-folded`);
    byId(button.dataset.folds).classList.toggle(`${button.dataset.folds}-folded`, folded);
    button.setAttribute("aria-expanded", String(!folded));
  }));

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

  // Where it is, and all houses that it is about, are marked on the map.
  editor.tell = function (message, place, good, points) {
    const notice = byId("notice");
    notice.textContent = message;
    notice.classList.toggle("good", Boolean(good));
    notice.hidden = !message;
    clearTimeout(editor.fading);
    editor.fading = setTimeout(() => { notice.hidden = true; }, good ? 2500 : 9000);
    found.clearLayers();
    for (const at of points || []) {
      L.circleMarker(latlng(at), { renderer: foundRenderer, radius: 7, weight: 3, color: LATE, fill: false, interactive: false, pmIgnore: true }).addTo(found);
    }
    if (points?.length) map.fitBounds(L.latLngBounds(points.map(latlng)), { padding: [60, 60], maxZoom: 18, animate: false });
    if (place) {
      const at = latlng(place);
      L.marker(at, { pane: "found", icon: L.divIcon({ className: "here", iconSize: [22, 22] }), interactive: false, pmIgnore: true }).addTo(found);
      if (!map.getBounds().contains(at)) map.panTo(at);
    }
  };
  // One canvas: a finding may have houses by the hundred.
  const foundRenderer = L.canvas({ pane: "found-houses", padding: 0.1 }), found = L.layerGroup([], { pane: "found" }).addTo(map);
  editor.found = found;

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
    // Not what tells how far long work is, with its "Cancel".
    const parts = [byId("panel"), byId("grids-table"), byId("card"), document.querySelector(".dock-head")];
    const focus = document.activeElement, code = focus.closest("#grids-table tbody tr")?.dataset.code;
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
      // The focus goes back to where it was, in the table to the row of its grid, which may be another element by now.
      if (document.activeElement === document.body) (code ? editor.table.rows.get(code)?.querySelector("button") : focus)?.focus();
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
    figures.show(editor);
    beside.show(editor);
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
    const other = key.renew(editor, grids);
    editor.grids.replace(grids, gone);
    if (other) editor.grids.paint();
    editor.arcs.replace(arcs, arcsGone);
    editor.held.remove();
    editor.held = drawHeld(editor.view.house_locks, "labels").addTo(map);
    editor.names.write();
    mark();
    card.show(editor);
    table.show(editor, grids, gone);
    shown();
  }

  editor.draw = function () {
    tools.stop(editor);
    for (const name of ["grids", "arcs", "names", "held", "proposed"]) if (editor[name]) editor[name].remove();
    key.choose(editor);
    editor.grids = drawGrids(editor.view.grids, { pane: "fills", fill: editor.fill }).addTo(map);
    editor.arcs = drawArcs(map, editor.view.arcs, editor.grids, (line) => tools.clickArc(editor, line)).addTo(map);
    editor.held = drawHeld(editor.view.house_locks, "labels").addTo(map);
    editor.names = drawNames(map, editor.grids, layers.areas).addTo(map);
    editor.proposed = L.layerGroup().addTo(map);
    editor.grids.on("click", (event) => tools.clickGrid(editor, event));
    mark();
    card.show(editor);
    table.show(editor);
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
    card.show(editor);
    table.mark(editor);
    tools.hint(editor);
  };
  editor.zoomTo = (code) => map.fitBounds(editor.grids.of.get(code).getBounds(), { padding: [40, 40], maxZoom: 18, animate: false });
  editor.grid = (code) => { const layer = editor.grids?.of.get(code); return layer?.feature.properties; };

  editor.flowText = (flow) => {
    const name = (code) => (editor.grid(code) || { name: code }).name || "—";
    return ui.words.flow.replace("{from}", name(flow.from_grid)).replace("{to}", name(flow.to_grid))
      .replace("{houses}", flow.houses).replace("{households}", flow.households).replace("{residents}", flow.residents);
  };

  editor.live = (answer) => card.live(editor, answer);
  const live = editor.live;

  for (const part of [proposal, beside, keys, tools, panel, table, figures, key]) part.start(editor);
  reload().then(() => { thickenAreas(map, layers.areas, () => editor.grids); document.documentElement.dataset.ready = "true"; }, (error) => editor.tell(error.message));
}
