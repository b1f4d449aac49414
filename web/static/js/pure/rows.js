// Rows of cases in the order of the board: emergencies first, then what is due first; what is closed newest first.

const rank = (row) => [
  row.open ? (row.emergency ? 0 : 1) : 2,
  row.open ? (row.due_at ? Date.parse(row.due_at) : Infinity) : -Date.parse(row.reported_at),
  row.case_id,
];

export function order(a, b) {
  const [x, y] = [rank(a), rank(b)];
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return x[i] - y[i];
  return 0;
}

// What news of the cases `ids` mean to a list that shows `rows`: `fresh` are those of them that are still asked for.
export function told(rows, ids, fresh) {
  const shown = new Set(rows.map((row) => row.case_id)), asked = new Set(fresh.map((row) => row.case_id));
  return {
    kept: fresh.filter((row) => shown.has(row.case_id)),
    news: fresh.filter((row) => !shown.has(row.case_id)).sort(order),
    gone: ids.filter((id) => shown.has(id) && !asked.has(id)),
  };
}
