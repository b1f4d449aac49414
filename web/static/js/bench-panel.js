// The bench's panel: proposals, checks, review, log.
"use strict";

(function (gisgrid) {
  const byId = (id) => document.getElementById(id);
  const POLL_MS = 700;
  const panel = (gisgrid.benchPanel = {});
  const make = gisgrid.make;

  panel.start = function (bench) {
    const { ui } = bench;
    byId("undo").addEventListener("click", () => bench.post("undo", { version: bench.view.version }));
    byId("redo").addEventListener("click", () => bench.post("redo", { version: bench.view.version }));
    byId("rebalance").addEventListener("click", async () => {
      const answer = await bench.post("rebalance", { tolerance: Number(byId("tolerance").value) / 100, level: byId("level").value, far: byId("far").checked });
      if (answer) job(bench, answer.job);
    });
    byId("afresh").addEventListener("click", async () => {
      const answer = await bench.post("rebalance", { tolerance: Number(byId("tolerance").value) / 100, size: Number(byId("size").value), size_in: byId("size-in").value });
      if (answer) job(bench, answer.job);
    });
    byId("compare").addEventListener("click", () => { location.href = `${ui.root}/${ui.plan}/compare?with=${byId("other").value}`; });
    byId("combine").addEventListener("click", () => bench.keep({ kind: "combine", other: Number(byId("other").value) }));
    byId("check").addEventListener("click", () => checks(bench));
    byId("legend").append(...ui.legend.map(([colour, label]) =>
      make("li", {}, make("span", { class: "sample", style: { background: colour } }), make("span", {}, label))));
    document.addEventListener("click", (event) => { if (event.target.id === "notice") event.target.hidden = true; });
  };

  panel.show = function (bench) {
    const { view, ui } = bench;
    byId("state").textContent = view.standing;
    byId("state").className = `state state-${view.standing_key}`;
    byId("base").textContent = view.based_on ? `← ${view.based_on}` : "";
    byId("read-at").textContent = ui.words.read_at.replace("{time}", time(ui, view.read_at));
    byId("stale").hidden = !view.stale;
    byId("undo").disabled = !view.editable || !view.can_undo;
    byId("redo").disabled = !view.editable || !view.can_redo;
    for (const id of ["tools-section", "rebalance-section", "combine"]) byId(id).hidden = !view.editable;
    gisgrid.benchTools.hint(bench);
    if (view.job !== bench.job) { bench.job = view.job; job(bench, view.job); }
    review(bench);
    log(bench);
  };

  // ---- proposals ---------------------------------------------------------------------------------

  function job(bench, found) {
    const { words } = bench.ui, box = byId("job");
    clearTimeout(bench.polling);
    const busy = found && (found.state === "waiting" || found.state === "running");
    byId("rebalance").disabled = byId("afresh").disabled = Boolean(busy);
    document.documentElement.dataset.job = found ? found.state : "";
    if (!found) { box.replaceChildren(); return; }
    if (busy) {
      box.replaceChildren(
        make("progress", { max: found.total || 4, value: found.done }),
        make("div", { class: "row" }, make("span", {}, found.doing),
          make("button", { type: "button", onclick: async () => { const a = await bench.post("job/cancel", {}); if (a) job(bench, a.job); } }, words.cancel)));
      bench.polling = setTimeout(async () => {
        try { job(bench, (await bench.ask("job.json")).job); } catch (error) { bench.tell(error.message); }
      }, POLL_MS);
      return;
    }
    if (found.state !== "done") {
      box.textContent = found.state === "failed" ? words.job_failed.replace("{why}", found.failed) : words.job_cancelled;
      return;
    }
    proposal(bench, found, box);
  }

  function proposal(bench, found, box) {
    const { words } = bench.ui, { result } = found;
    if (result.grids_drawn) {
      box.replaceChildren(
        make("p", {}, reached(bench, words.drawn, result).replace("{n}", result.grids_drawn)), ...leftOut(bench, result), ...reasons(result),
        make("div", { class: "row" },
          make("button", { type: "button", class: "main", id: "take-all", onclick: () => bench.keep({ kind: "rebalance", job: found.id }) }, words.take_all),
          make("button", { type: "button", id: "look", onclick: () => bench.look({ kind: "rebalance", job: found.id }) }, words.look)));
      return;
    }
    if (!result.moves.length) { box.replaceChildren(words.no_moves, ...leftOut(bench, result), ...reasons(result)); return; }
    const over = result.bound > 0 ? result.moved_cost / result.bound - 1 : 0;
    const lines = new Map();
    result.moves.forEach((move, k) => lines.set(move.community, [...(lines.get(move.community) || []), [move, k]]));
    const edit = (moves) => ({ kind: "rebalance", job: found.id, ...(moves ? { moves } : {}) });
    const list = make("ul", {}, ...[...lines].map(([community, moves]) => make("li", {},
      make("label", { class: "group" }, make("input", { type: "checkbox", checked: true, onchange: (event) =>
        event.target.closest("li").querySelectorAll("[data-move]").forEach((each) => { each.checked = event.target.checked; }) }), community),
      ...moves.map(([move, k]) => make("label", {}, make("input", { type: "checkbox", checked: true, "data-move": k }), bench.flowText(move))))));
    const all = () => chosen().length === result.moves.length;
    const chosen = () => [...list.querySelectorAll("[data-move]:checked")].map((each) => Number(each.dataset.move));
    box.replaceChildren(
      make("p", {}, reached(bench, words.proposal, result).replace("{houses}", (result.houses_moved || 0).toLocaleString(bench.ui.language)).replace("{n}", result.residents_moved.toLocaleString(bench.ui.language))
        .replace("{y}", `${(100 * over).toFixed(1)} %`)),
      ...leftOut(bench, result), ...reasons(result), list,
      make("div", { class: "row" },
        make("button", { type: "button", class: "main", id: "take-all", onclick: () => bench.keep(edit(null)) }, words.take_all),
        make("button", { type: "button", id: "take-chosen", onclick: () => bench.keep(edit(all() ? null : chosen())) }, words.take_chosen),
        make("button", { type: "button", id: "look", onclick: () => bench.look(edit(all() ? null : chosen())) }, words.look)));
  }

  // The edits that mend what a finding, or a community left out, is about.
  const mends = (bench, found) => (bench.view.editable ? found.mends || [] : []).map((mend) =>
    make("button", { type: "button", class: "mend", onclick: () => bench.keep(mend.edit) }, mend.label));
  const leftOut = (bench, result) => (result.left_out || []).map((left) =>
    make("div", { class: "left-out" }, make("p", { class: "hint" }, left.text), ...mends(bench, left)));

  const reached = (bench, text, result) => text.replace("{x}", `${(100 * result.max_deviation).toFixed(2)} %`).replace("{what}", bench.ui.levels[result.level] || bench.ui.levels.work);
  const reasons = (result) => [...result.reasons, ...(result.notes || [])].map((text) => make("p", { class: "hint" }, text));

  // ---- checks ------------------------------------------------------------------------------------

  async function checks(bench) {
    const { words } = bench.ui, box = byId("checks");
    let found;
    try {
      found = await bench.waited((await bench.ask("check", {})).job, box);
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
      ...mends(bench, check),
      ...check.findings.slice(0, 5).flatMap((each) => [make("button", { type: "button",
        onclick: () => { if (each.place) bench.map.setView(gisgrid.latlng(each.place), 17); bench.tell(each.fix ? `${each.text} ${each.fix}` : each.text, each.place); } }, each.text),
      ...mends(bench, each)])))));
    document.documentElement.dataset.checked = "true";
  }

  // ---- review ------------------------------------------------------------------------------------

  const NEXT = { draft: ["submit"], returned: ["submit"], in_review: ["approve", "return"], approved: ["notify", "return"], notified: ["publish", "return"], later: ["withdraw"] };
  const REASONED = ["return", "withdraw"];

  function review(bench) {
    const { view, ui } = bench, { words } = ui, box = byId("review");
    const next = NEXT[view.standing_key] || [], reasoned = next.find((step) => REASONED.includes(step));
    const reason = make("textarea", { "aria-label": words[reasoned], maxlength: "500" });
    const day = make("input", { type: "date", id: "first-day" });
    day.value = view.first_day;
    const asked = (step) => async () => {
      const title = words[`${step}_title`].replace("{name}", view.name);
      if (await gisgrid.sure({ title, text: words[`${step}_then`], yes: words[step], no: words.not_yet })) {
        await bench.post("step", { step, reason: reason.value });
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
        if (await gisgrid.sure({ title: words.publish_title.replace("{name}", view.name), text, yes: words.publish, no: words.not_yet })) {
          await bench.post("publish", { from: day.value });
        }
      },
      withdraw: () => bench.post("withdraw", { reason: reason.value }),
    };
    box.replaceChildren(
      ...(reasoned ? [reason] : []), ...(next.includes("publish") ? [day] : []),
      make("div", { class: "row" }, ...next.map((step) => make("button", { type: "button", id: `step-${step}`, class: step === reasoned ? null : "main",
        onclick: take[step] || (() => bench.post("step", { step, reason: reason.value })) }, words[step]))));
    byId("steps").replaceChildren(...view.steps.map((step) => make("li", {},
      `${time(ui, step.at)} ${ui.states[step.to_state]} · ${step.who}${step.reason ? `: ${step.reason}` : ""}`)));
  }

  function log(bench) {
    const { view, ui } = bench;
    byId("log").replaceChildren(...(view.log.length ? view.log : [null]).map((entry) => (entry === null ? make("li", {}, ui.words.nothing)
      : make("li", { class: entry.standing, value: entry.number },
        `${time(ui, entry.at)} ${entry.action_text} · ${entry.who}${entry.why ? `: ${entry.why}` : ""}${entry.standing === "done" ? "" : ` (${ui.words[entry.standing]})`}`,
        ...entry.flows.map((flow) => make("div", {}, bench.flowText(flow))),
        entry.more ? make("div", {}, ui.words.more.replace("{n}", entry.more)) : null))));
  }

  const time = (ui, text) => new Intl.DateTimeFormat(ui.language, { dateStyle: "short", timeStyle: "short", timeZone: ui.time_zone }).format(new Date(text));
})(window.gisgrid);
