// What a collection task still asks, with what waits on this phone to be sent counted as said.

// The entry's address tells which task it answers, and at which house.
const AT = /\/collecting\/(\d+)\/house\/(\d+)$/;

// What an account wrote down, or who wrote without one.
export const own = (entries, account) => entries.filter((each) => each.account === null || each.account === undefined || each.account === account);

// Numbers of the houses where something was answered of a task that the grid as it was fetched at `asked_at` does not
// know yet: how many answers wait, and how many were sent since.
export function answered(task, entries, asked_at) {
  const found = new Map();
  for (const { url, state, sent } of entries) {
    const at = (state === "waiting" || (state === "sent" && sent > asked_at)) && url?.split("?")[0].match(AT);
    if (!at || at[1] !== String(task.id)) continue;
    const said = found.get(at[2]) || { waits: 0, sent: 0 };
    said[state === "sent" ? "sent" : "waits"] += 1;
    found.set(at[2], said);
  }
  return found;
}

// The questions that have to be answered at a house before a form of it is whole.
export const toAnswer = (task, house, said) => (said ? [] : task.questions.filter((each) => each.required && !house.held?.[each.id]));

// How many required values are missing at a house; a form that waits or was sent has said all that was asked.
export function missing(task, house, said) {
  return said ? house.left - toAnswer(task, house).length : house.left;
}

// Houses of a task that are left, all of them, and answers that wait.
export function counted(task, entries, asked_at) {
  const said = answered(task, entries, asked_at), houses = Object.entries(task.houses);
  return {
    all: houses.length,
    left: houses.filter(([id, house]) => missing(task, house, said.get(id))).length,
    waiting: [...said.values()].reduce((sum, each) => sum + each.waits, 0),
  };
}
