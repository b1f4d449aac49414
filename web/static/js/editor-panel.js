// The editor's panel: proposals, checks, review, log.

import { hint } from "./editor-tools.js";
import { latlng } from "./editor-view.js";
import { byId, make } from "./elements.js";
import { moment } from "./pure/words.js";
import { confirmed } from "./sure.js";

const POLL_MS = 700;

export function start(editor) {
  const { ui } = editor;
  byId("undo").addEventListener("click", () => editor.post("undo", { version: editor.view.version }));
  byId("redo").addEventListener("click", () => editor.post("redo", { version: editor.view.version }));
  byId("rebalance").addEventListener("click", async () => {
    const answer = await editor.post("rebalance", { tolerance: Number(byId("tolerance").value) / 100, level: byId("level").value, far: byId("far").checked });
    if (answer) job(editor, answer.job);
  });
  byId("from-scratch").addEventListener("click", async () => {
    const answer = await editor.post("rebalance", { tolerance: Number(byId("tolerance").value) / 100, size: Number(byId("size").value), size_in: byId("size-in").value });
    if (answer) job(editor, answer.job);
  });
  byId("compare").addEventListener("click", () => { location.href = `${ui.root}/${ui.plan}/compare?with=${byId("other").value}`; });
  byId("combine").addEventListener("click", () => editor.keep({ kind: "combine", other: Number(byId("other").value) }));
  byId("check").addEventListener("click", () => checks(editor));
  byId("legend").append(...ui.legend.map(([colour, label]) =>
    make("li", {}, make("span", { class: "sample", style: { background: colour } }), make("span", {}, label))));
  document.addEventListener("click", (event) => { if (event.target.id === "notice") event.target.hidden = true; });
}

export function show(editor) {
  const { view, ui } = editor;
  byId("state").textContent = view.standing;
  byId("state").className = `state state-${view.standing_key}`;
  byId("base").textContent = view.based_on ? `← ${view.based_on}` : "";
  byId("read-at").textContent = ui.words.read_at.replace("{time}", time(ui, view.read_at));
  byId("stale").hidden = !view.stale;
  byId("undo").disabled = !view.editable || !view.can_undo;
  byId("redo").disabled = !view.editable || !view.can_redo;
  for (const id of ["tools-section", "rebalance-section", "combine"]) byId(id).hidden = !view.editable;
  hint(editor);
  if (view.job !== editor.job) { editor.job = view.job; job(editor, view.job); }
  review(editor);
  log(editor);
}

// ---- proposals ---------------------------------------------------------------------------------

function job(editor, found) {
  const { words } = editor.ui, box = byId("job");
  clearTimeout(editor.polling);
  const busy = found && (found.state === "waiting" || found.state === "running");
  byId("rebalance").disabled = byId("from-scratch").disabled = Boolean(busy);
  document.documentElement.dataset.job = found ? found.state : "";
  if (!found) { box.replaceChildren(); return; }
  if (busy) {
    box.replaceChildren(
      make("progress", { max: found.total || 4, value: found.done }),
      make("div", { class: "row" }, make("span", {}, found.doing),
        make("button", { type: "button", onclick: async () => { const a = await editor.post("job/cancel", {}); if (a) job(editor, a.job); } }, words.cancel)));
    editor.polling = setTimeout(async () => {
      try { job(editor, (await editor.ask("job.json")).job); } catch (error) { editor.tell(error.message); }
    }, POLL_MS);
    return;
  }
  if (found.state !== "done") {
    box.textContent = found.state === "failed" ? words.job_failed.replace("{why}", found.failed) : words.job_cancelled;
    return;
  }
  proposal(editor, found, box);
}

function proposal(editor, found, box) {
  const { words } = editor.ui, { result } = found;
  if (result.grids_drawn) {
    box.replaceChildren(
      make("p", {}, reached(editor, words.drawn, result).replace("{n}", result.grids_drawn)), ...leftOut(editor, result), ...reasons(result),
      make("div", { class: "row" },
        make("button", { type: "button", class: "main", id: "take-all", onclick: () => editor.keep({ kind: "rebalance", job: found.id }) }, words.take_all),
        make("button", { type: "button", id: "look", onclick: () => editor.look({ kind: "rebalance", job: found.id }) }, words.look)));
    return;
  }
  if (!result.moves.length) { box.replaceChildren(words.no_moves, ...leftOut(editor, result), ...reasons(result)); return; }
  const over = result.bound > 0 ? result.moved_cost / result.bound - 1 : 0;
  const lines = new Map();
  result.moves.forEach((move, k) => lines.set(move.community, [...(lines.get(move.community) || []), [move, k]]));
  const edit = (moves) => ({ kind: "rebalance", job: found.id, ...(moves ? { moves } : {}) });
  const list = make("ul", {}, ...[...lines].map(([community, moves]) => make("li", {},
    make("label", { class: "group" }, make("input", { type: "checkbox", checked: true, onchange: (event) =>
      event.target.closest("li").querySelectorAll("[data-move]").forEach((each) => { each.checked = event.target.checked; }) }), community),
    ...moves.map(([move, k]) => make("label", {}, make("input", { type: "checkbox", checked: true, "data-move": k }), editor.flowText(move))))));
  const all = () => chosen().length === result.moves.length;
  const chosen = () => [...list.querySelectorAll("[data-move]:checked")].map((each) => Number(each.dataset.move));
  box.replaceChildren(
    make("p", {}, reached(editor, words.proposal, result).replace("{houses}", (result.houses_moved || 0).toLocaleString(editor.ui.language)).replace("{n}", result.residents_moved.toLocaleString(editor.ui.language))
      .replace("{y}", `${(100 * over).toFixed(1)} %`)),
    ...leftOut(editor, result), ...reasons(result), list,
    make("div", { class: "row" },
      make("button", { type: "button", class: "main", id: "take-all", onclick: () => editor.keep(edit(null)) }, words.take_all),
      make("button", { type: "button", id: "take-chosen", onclick: () => editor.keep(edit(all() ? null : chosen())) }, words.take_chosen),
      make("button", { type: "button", id: "look", onclick: () => editor.look(edit(all() ? null : chosen())) }, words.look)));
}

// The edits that mend what a finding, or a community left out, is about.
const mends = (editor, found) => (editor.view.editable ? found.mends || [] : []).map((mend) =>
  make("button", { type: "button", class: "mend", onclick: () => editor.keep(mend.edit) }, mend.label));
const leftOut = (editor, result) => (result.left_out || []).map((left) =>
  make("div", { class: "left-out" }, make("p", { class: "hint" }, left.text), ...mends(editor, left)));

const reached = (editor, text, result) => text.replace("{x}", `${(100 * result.max_deviation).toFixed(2)} %`).replace("{what}", editor.ui.levels[result.level] || editor.ui.levels.work);
const reasons = (result) => [...result.reasons, ...(result.notes || [])].map((text) => make("p", { class: "hint" }, text));

// ---- checks ------------------------------------------------------------------------------------

async function checks(editor) {
  const { words } = editor.ui, box = byId("checks");
  let found;
  try {
    found = await editor.waited((await editor.ask("check", {})).job, box);
  } catch (error) {
    box.textContent = error.message;
    return;
  }
  if (!found) return;
  found = found.result;
  const said = { pass: words.passes, fail: words.fails, incomplete: words.incomplete };
  box.replaceChildren(make("ul", {}, ...found.checks.map((check) => make("li", {},
    make("span", {}, `${check.title}: `), make("span", { class: `answer answer-${check.status}` }, said[check.status]),
    check.places ? ` ${words.in_places.replace("{n}", check.places)}` : "", check.blocking ? make("b", {}, ` · ${words.blocks}`) : null,
    ...mends(editor, check),
    ...check.findings.slice(0, 5).flatMap((each) => [make("button", { type: "button",
      onclick: () => { if (each.place) editor.map.setView(latlng(each.place), 17); editor.tell(each.fix ? `${each.text} ${each.fix}` : each.text, each.place); } }, each.text),
    ...mends(editor, each)])))));
  document.documentElement.dataset.checked = "true";
}

// ---- review ------------------------------------------------------------------------------------

const NEXT = { draft: ["submit"], returned: ["submit"], in_review: ["approve", "return"], approved: ["notify", "return"], notified: ["publish", "return"], later: ["withdraw"] };
const REASONED = ["return", "withdraw"];

function review(editor) {
  const { view, ui } = editor, { words } = ui, box = byId("review");
  const next = NEXT[view.standing_key] || [], reasoned = next.find((step) => REASONED.includes(step));
  const reason = make("textarea", { "aria-label": words[reasoned], maxlength: "500" });
  const day = make("input", { type: "date", id: "first-day" });
  day.value = view.first_day;
  const asked = (step) => async () => {
    const title = words[`${step}_title`].replace("{name}", view.name);
    if (await confirmed({ title, text: words[`${step}_then`], yes: words[step], no: words.not_yet })) {
      await editor.post("step", { step, reason: reason.value });
    }
  };
  const take = {
    approve: asked("approve"),
    return: asked("return"),
    publish: async () => {
      const text = [
        words.publish_from, view.based_on ? words.publish_ends : words.publish_first, words.publish_kept,
        day.value > view.today ? words.publish_withdraw : words.publish_at_once,
      ].join(" ").replaceAll("{name}", view.name).replaceAll("{base}", view.based_on).replaceAll("{day}", day.value);
      if (await confirmed({ title: words.publish_title.replace("{name}", view.name), text, yes: words.publish, no: words.not_yet })) {
        await editor.publish(day.value);
      }
    },
    withdraw: () => editor.post("withdraw", { reason: reason.value }),
  };
  box.replaceChildren(
    ...(reasoned ? [reason] : []), ...(next.includes("publish") ? [day] : []),
    make("div", { class: "row" }, ...next.map((step) => make("button", { type: "button", id: `step-${step}`, class: step === reasoned ? null : "main",
      onclick: take[step] || (() => editor.post("step", { step, reason: reason.value })) }, words[step]))));
  byId("steps").replaceChildren(...view.steps.map((step) => make("li", {},
    `${time(ui, step.at)} ${ui.states[step.to_state]} · ${step.who}${step.reason ? `: ${step.reason}` : ""}`)));
}

function log(editor) {
  const { view, ui } = editor;
  byId("log").replaceChildren(...(view.log.length ? view.log : [null]).map((entry) => (entry === null ? make("li", {}, ui.words.nothing)
    : make("li", { class: entry.standing, value: entry.number },
      `${time(ui, entry.at)} ${entry.action_text} · ${entry.who}${entry.why ? `: ${entry.why}` : ""}${entry.standing === "done" ? "" : ` (${ui.words[entry.standing]})`}`,
      ...entry.flows.map((flow) => make("div", {}, editor.flowText(flow))),
      entry.more ? make("div", {}, ui.words.more.replace("{n}", entry.more)) : null))));
}

const time = (ui, text) => moment(text, ui.time_zone);
