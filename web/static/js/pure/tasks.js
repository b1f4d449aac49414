// What a collection task still asks, with what waits on this phone to be sent counted as said.

// The entry's address tells which task it answers, and at which house.
const AT = /\/collecting\/(\d+)\/house\/(\d+)$/;

// Numbers of the houses where an answer to a task waits, each with how many do.
export function answersWaiting(task, entries) {
  const found = new Map();
  for (const { url, state } of entries) {
    const at = state === "waiting" && url.split("?")[0].match(AT);
    if (at && at[1] === String(task.id)) found.set(at[2], (found.get(at[2]) || 0) + 1);
  }
  return found;
}

// The questions that have to be answered at a house before a form of it is whole.
export const toAnswer = (task, house, waiting) => (waiting ? [] : task.questions.filter((each) => each.required && !house.held?.[each.id]));

// How many required values are missing at a house; a form that waits has said all that was asked.
export function missing(task, house, waiting) {
  return waiting ? house.left - toAnswer(task, house, 0).length : house.left;
}

// Houses of a task that are left, all of them, and answers that wait.
export function counted(task, entries) {
  const waiting = answersWaiting(task, entries), houses = Object.entries(task.houses);
  return {
    all: houses.length,
    left: houses.filter(([id, house]) => missing(task, house, waiting.get(id))).length,
    waiting: [...waiting.values()].reduce((sum, n) => sum + n, 0),
  };
}
