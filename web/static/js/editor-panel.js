// The editor's panel: proposals, checks, review, log.

import { tolerance } from "./editor-figures.js";
import { hint } from "./editor-tools.js";
import { latlng } from "./editor-view.js";
import { byId, make } from "./elements.js";
import { moment } from "./pure/words.js";
import * as proposal from "./editor-proposal.js";
import { confirmed } from "./sure.js";

const POLL_MS = 700;

export function start(editor) {
  const { ui } = editor;
  byId("undo").addEventListener("click", () => editor.post("undo", { version: editor.view.version }));
  byId("redo").addEventListener("click", () => editor.post("redo", { version: editor.view.version }));
  byId("rebalance").addEventListener("click", async () => {
    const answer = await editor.post("rebalance", { tolerance: tolerance(), level: byId("level").value, far: byId("far").checked });
    if (answer) job(editor, answer.job);
  });
  byId("from-scratch").addEventListener("click", async () => {
    const answer = await editor.post("rebalance", { tolerance: tolerance(), size: Number(byId("size").value), size_in: byId("size-in").value });
    if (answer) job(editor, answer.job);
  });
  byId("compare").addEventListener("click", () => { location.href = `${ui.root}/${ui.plan}/compare?with=${byId("other").value}`; });
  byId("combine").addEventListener("click", () => editor.keep({ kind: "combine", other: Number(byId("other").value) }));
  byId("check").addEventListener("click", () => checks(editor));
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
  proposal.refresh(editor);
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
  proposal.clear(editor);
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
  proposal.show(editor, found, box, leftOut(editor, found.result));
}

// The edits that mend what a finding, or a community left out, is about.
const mends = (editor, found) => (editor.view.editable ? found.mends || [] : []).map((mend) =>
  make("button", { type: "button", class: "mend", onclick: () => editor.keep(mend.edit) }, mend.label));
const leftOut = (editor, result) => (result.left_out || []).map((left) =>
  make("div", { class: "left-out" }, make("p", { class: "hint" }, left.text), ...mends(editor, left)));

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
    ...check.findings.flatMap((each) => [
      make("button", { type: "button", onclick: () => finding(editor, each) },
        each.houses ? `${each.text} (${words.finding_houses.replace("{n}", each.houses.toLocaleString(editor.ui.language))})` : each.text),
      ...mends(editor, each)]),
    check.places > check.findings.length ? make("p", { class: "hint" }, words.more.replace("{n}", check.places - check.findings.length)) : null))));
  document.documentElement.dataset.checked = "true";
}

// The finding on the map, with its houses; of very many the first, which is said.
function finding(editor, found) {
  const points = found.points || [], count = (n) => n.toLocaleString(editor.ui.language);
  const marked = points.length < found.houses ? editor.ui.words.houses_marked.replace("{n}", count(points.length)).replace("{all}", count(found.houses)) : "";
  if (found.place && !points.length) editor.map.setView(latlng(found.place), 17);
  editor.tell([found.text, found.fix, marked].filter(Boolean).join(" "), found.place, false, points);
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
