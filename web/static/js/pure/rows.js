// Rows of cases in the order that the store has put them in: nothing here sorts them anew.

// Numbers of those of `found`, the first of a list in the store's order, that came into it since it showed `rows`. What stands
// behind all that was there only moved up from below the end, unless `whole`: nothing was below it.
export function came(rows, found, whole) {
  const shown = new Set(rows.map((row) => row.case_id));
  const end = whole ? found.length : found.findLastIndex((row) => shown.has(row.case_id));
  return found.slice(0, Math.max(0, end)).filter((row) => !shown.has(row.case_id)).map((row) => row.case_id);
}

// What news of the cases `ids` mean to a list that shows `rows`: `fresh` are those of them that are still asked for.
export function told(rows, ids, fresh) {
  const shown = new Set(rows.map((row) => row.case_id)), asked = new Set(fresh.map((row) => row.case_id));
  return {
    kept: fresh.filter((row) => shown.has(row.case_id)),
    news: fresh.filter((row) => !shown.has(row.case_id)),
    gone: ids.filter((id) => shown.has(id) && !asked.has(id)),
  };
}
