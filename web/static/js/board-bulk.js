// Many cases at once: chosen one by one or all of a filter, moved on together, and an answer of each.

import { json } from "./ask.js";
import { byId, make } from "./elements.js";
import { fill } from "./pure/words.js";

// Which fields of the form a step has use for.
const NEEDS = { dispatch: ["to"], transfer: ["to", "reason"], merge: ["into"], file: [], close: [] };

// `all` fetches the first rows of what the filters let through; `load` draws the list anew.
export function bulk({ ui, list, all, load }) {
  const chosen = new Map(), words = ui.words;
  if (!ui.may) return { has: () => false, choose() {}, drop() {}, shown() {} };
  const form = byId("bulk"), fields = form.elements, go = byId("go"), every = byId("choose-all");

  function picked() {
    form.hidden = !chosen.size && !byId("answers").childElementCount;
    byId("chosen").textContent = fill(words.chosen, { n: chosen.size });
    for (const item of list.querySelectorAll("li[data-id]")) {
      const box = item.querySelector("input");
      if (box) box.checked = chosen.has(Number(item.dataset.id));
    }
  }

  function choose(row) {
    if (!chosen.delete(row.case_id)) chosen.set(row.case_id, row);
    picked();
  }

  function ask() {
    const wants = NEEDS[fields.step.value] || [];
    for (const name of ["to", "reason", "into"]) {
      fields[name].hidden = !wants.includes(name);
      fields[name].required = wants.includes(name);
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { step: fields.step.value, cases: [...chosen.values()].map((row) => ({ id: row.case_id, seq: row.seq })) };
    for (const name of NEEDS[body.step] || []) body[name] = fields[name].value;
    let cases;
    // Pressed again meanwhile, the same would be asked of cases that have moved on.
    go.disabled = true;
    byId("answers").replaceChildren(make("li", {}, fill(words.busy, { n: body.cases.length })));
    try {
      cases = (await json(`${ui.steps}?lang=${ui.language}`, { method: "POST", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": ui.csrf } })).cases;
    } catch (error) {
      byId("answers").replaceChildren(make("li", { class: "bad" }, error.told || words.not_sent));
      return;
    } finally {
      go.disabled = false;
    }
    const refused = cases.filter((one) => one.status !== 200);
    const name = (one) => [chosen.get(one.id)?.matter, chosen.get(one.id)?.code || one.id].filter(Boolean).join(" ");
    byId("answers").replaceChildren(make("li", {}, fill(words.done, { n: cases.length - refused.length, m: refused.length })),
      ...refused.map((one) => make("li", { class: "bad" }, make("a", { href: ui.case + one.id }, name(one)), " ", one.said)));
    for (const one of cases) if (one.status === 200) chosen.delete(one.id);
    picked();
    load();
  });
  byId("unchoose").addEventListener("click", () => { chosen.clear(); byId("answers").replaceChildren(); picked(); });
  fields.step.addEventListener("change", ask);
  ask();
  every.addEventListener("click", async () => {
    try {
      for (const row of (await all(ui.most)).filter((each) => each.open)) chosen.set(row.case_id, row);
    } catch (error) {
      byId("answers").replaceChildren(make("li", { class: "bad" }, error.told || words.not_sent));
    }
    picked();
  });

  return {
    has: (id) => chosen.has(id),
    choose,
    drop(id) { chosen.delete(id); picked(); },
    // `open` cases are in the list now.
    shown(open) {
      every.hidden = open < 2;
      every.textContent = open > ui.most ? fill(words.choose_first, { n: ui.most, m: open.toLocaleString() }) : fill(words.choose_all, { n: open });
    },
  };
}
