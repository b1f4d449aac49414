// What the components do beyond plain HTML: tables that sort, filter and page; dialogs that ask first.

import { order } from "./pure/columns.js";

const PAGE = 50;
const value = (row, k) => row.cells[k] ? row.cells[k].textContent.trim() : "";

// A table, or a list, which keeps its order.
function table(of) {
  const body = of.tBodies ? of.tBodies[0] : of, rows = [...body.children], heads = of.tHead ? [...of.tHead.rows[0].cells] : [];
  if (rows.length < 2) return;
  let shown = PAGE, wanted = "", onPaper = false;
  const tools = document.createElement("div");
  tools.className = "table-tools";
  const field = document.createElement("input"), more = document.createElement("button"), count = document.createElement("span");
  // What turns pages is filtered and sorted in the store, by its address.
  const whole = of.dataset.filter !== undefined;
  field.type = "search";
  field.placeholder = of.dataset.filter;
  field.setAttribute("aria-label", of.dataset.filter);
  more.type = "button";
  more.className = "button table-more";
  more.textContent = of.dataset.more;
  count.setAttribute("role", "status");
  tools.append(field, count);
  if (whole) of.before(tools);
  of.after(more);
  function draw() {
    const found = rows.filter((row) => row.textContent.toLowerCase().includes(wanted));
    // On paper nothing is turned over: all that was found is printed.
    const there = new Set(found.slice(0, onPaper ? found.length : shown));
    for (const row of rows) row.hidden = !there.has(row);
    // What is ticked is sent though it is filtered out: it stays in its form, unseen.
    body.replaceChildren(...there, ...rows.filter((row) => row.hidden && row.querySelector("input:checked")));
    count.textContent = `${Math.min(shown, found.length)} / ${found.length}`;
    more.hidden = found.length <= shown;
  }
  field.addEventListener("input", () => { wanted = field.value.trim().toLowerCase(); shown = PAGE; draw(); });
  more.addEventListener("click", () => { shown += PAGE; draw(); });
  heads.forEach((head, k) => {
    if (!whole || !head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const before = order(rows.map((row) => value(row, k)), document.documentElement.lang);
      rows.sort((a, b) => (down ? -1 : 1) * before(value(a, k), value(b, k)));
      draw();
    });
  });
  const print = (on) => { onPaper = on; draw(); };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  matchMedia("print").addEventListener("change", (change) => print(change.matches));
  draw();
}

for (const each of document.querySelectorAll("table[data-more], ul[data-more]")) table(each);
for (const button of document.querySelectorAll("[data-prints]")) button.addEventListener("click", () => window.print());
for (const button of document.querySelectorAll("[data-ticks]")) button.addEventListener("click", () => {
  for (const box of button.form.querySelectorAll("[type=checkbox]")) box.checked = button.dataset.ticks === "all";
});
for (const opener of document.querySelectorAll("[data-opens]")) {
  const dialog = document.getElementById(opener.dataset.opens);
  // What a form lacks is said before it asks whether to send it.
  opener.addEventListener("click", () => { if (!opener.form || opener.form.reportValidity()) dialog.showModal(); });
  dialog.querySelector("[data-closes]").addEventListener("click", () => dialog.close());
}
