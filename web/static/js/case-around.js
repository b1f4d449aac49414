// From one case to the next of the list that the board showed, and by keys.

const IN_ORDER = "cases-in-order";

// The board leaves what it shows, and where it stands, for the pages that it leads to.
export function keepOrder(ids) {
  sessionStorage.setItem(IN_ORDER, JSON.stringify({ ids, board: location.pathname + location.search }));
}

const nav = document.getElementById("around");
if (nav) {
  const { ids = [], board } = JSON.parse(sessionStorage.getItem(IN_ORDER) || "{}");
  const at = ids.indexOf(Number(nav.dataset.case)), link = (name) => nav.querySelector(`[data-to=${name}]`);
  const lead = (name, id) => {
    link(name).hidden = id === undefined;
    if (id !== undefined) link(name).href = nav.dataset.address + id;
  };
  lead("before", ids[at < 0 ? -1 : at - 1]);
  lead("after", at < 0 ? undefined : ids[at + 1]);
  if (board?.startsWith("/")) link("board").href = board;
  nav.querySelector("output").textContent = at < 0 ? "" : `${at + 1} / ${ids.length}`;
  const go = (name) => { if (!link(name).hidden) link(name).click(); };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const step = /^[1-9]$/.test(event.key) && document.querySelector(`#next [data-key="${event.key}"]`);
    if (event.key === "j") go("after");
    else if (event.key === "k") go("before");
    else if (event.key === "b") go("board");
    // A number leads to a step and takes none.
    else if (step) {
      if (step.matches("summary")) step.click();
      step.focus();
    }
  });
}
