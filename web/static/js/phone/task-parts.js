// Collection tasks in my grid on this phone: the tasks, the houses of one, and what it asks at a house.

import { make } from "../elements.js";
import { answered, counted, missing, toAnswer } from "../pure/tasks.js";
import { fill } from "../pure/words.js";
import { back, tag } from "./grid-parts.js";

const PORTION = 40;
const housesById = (data) => new Map(data.grids.flatMap((grid) => grid.houses).map((each) => [String(each.id), each]));
const saidOf = (task, now, data) => answered(task, now.entries, data.asked_at);

function standing(left, said, words) {
  return make("p", {}, left ? tag(words.to_do, "warn") : tag(words.done, "good"), " ", said?.waits ? tag(fill(words.queued, { n: said.waits }), "warn") : "");
}

function progress(task, data, now, words) {
  const { left, all, waiting } = counted(task, now.entries, data.asked_at);
  return make("p", { class: "left" }, left ? fill(words.houses_left, { n: left, all }) : tag(words.all_done, "good"), " ",
    waiting ? tag(fill(words.queued, { n: waiting }), "warn") : "");
}

// Its day, and whether it is over: by the day of the phone, as that of the grid that it keeps may be gone by.
function due(task, words, left) {
  const late = left && task.due_on < new Intl.DateTimeFormat("sv-SE").format(new Date());
  return make("p", {}, `${words.task_due} `, make("strong", {}, task.due_on), " ", late ? tag(words.late, "bad") : "");
}

const leftOf = (task, data, now) => counted(task, now.entries, data.asked_at).left;

export function taskList(data, ui, now) {
  const { words } = ui;
  return [back("#", words.all), make("h1", {}, words.tasks),
    data.tasks.length ? make("ul", { class: "phone-houses" }, ...data.tasks.map((task) => make("li", { class: "phone-house", "data-task": task.id },
      make("a", { class: "row", href: `#task/${task.id}` }, make("strong", {}, task.title)), due(task, words, leftOf(task, data, now)), progress(task, data, now, words)))) : make("p", {}, words.no_task),
    data.tasks_left_out ? make("p", { class: "note" }, fill(words.tasks_left_out, { n: data.tasks_left_out })) : null].filter(Boolean);
}

// The houses of a task, those where something is missing first; so many at a time.
export function taskHouses(task, data, ui, now) {
  const { words } = ui, waiting = saidOf(task, now, data), byId = housesById(data);
  const listed = Object.entries(task.houses).map(([id, house]) => ({ id, one: byId.get(id), left: missing(task, house, waiting.get(id)), said: waiting.get(id) }))
    .filter(({ one }) => one)
    .sort((a, b) => Number(!a.left) - Number(!b.left) || a.one.address.localeCompare(b.one.address, ui.language, { numeric: true }));
  return [back("#tasks", words.tasks), make("h1", {}, task.title), due(task, words, leftOf(task, data, now)), progress(task, data, now, words), ...inPortions(listed.map(({ id, one, left, said }) => make("li", {},
    make("a", { class: "phone-house", href: `#task/${task.id}/${id}` }, make("strong", {}, one.address), standing(left, said, words)))), words)];
}

function inPortions(lines, words) {
  const list = make("ul", { class: "phone-houses" });
  const more = make("button", { type: "button", class: "button", id: "more", onclick: next }, words.more);
  function next() {
    list.append(...lines.slice(list.childElementCount, list.childElementCount + PORTION));
    more.hidden = list.childElementCount === lines.length;
  }
  next();
  return [list, more];
}

// At a house: which tasks ask about it.
export function asksHere(one, data, ui, now) {
  const tasks = data.tasks.filter((task) => task.houses[one.id]);
  if (!data.keeps || !tasks.length) return null;
  return make("section", { class: "box" }, make("h2", {}, ui.words.tasks), ...tasks.flatMap((task) => {
    const said = saidOf(task, now, data).get(String(one.id));
    return [make("p", { class: "acts" }, make("a", { class: "button", href: `#task/${task.id}/${one.id}` }, task.title)),
      standing(missing(task, task.houses[one.id], said), said, ui.words)];
  }));
}

// What the register lacks here, with the way to the forms where it is entered for who may enter it.
function lacking(one, house, ui, keeps) {
  const { words } = ui, to = (href, label) => (keeps ? make("a", { class: "button", href }, label) : tag(label));
  const people = one.homes.flatMap((home) => home.residents);
  const parts = !one.homes.length ? [make("p", {}, words.no_register), keeps ? make("p", { class: "acts" }, to(`#house/${one.id}/household-in`, words.household_in)) : ""]
    : !house.lacks ? [make("p", {}, tag(words.lacks_nothing, "good"))]
      : [make("p", {}, words.lacks), ...house.lacks.flatMap(([table, row, columns]) => [
        make("p", { class: "about" }, make("strong", {}, table === "resident" ? people.find((each) => each.id === row)?.name || words.nameless : one.homes.find((each) => each.id === row)?.room || words.household)),
        make("p", { class: "acts" }, ...columns.map((column) => to(
          column === "verified_on" ? `#house/${one.id}` : `#house/${one.id}/correct?resident=${row}&column=${column}`, ui.fields[`${table}.${column}`])))])];
  return make("section", { class: "box", id: "register-lacks" }, make("h2", {}, words.in_register), ...parts);
}

// One question of a task, of the form of its kind that the page carries.
function question(each, answer, must, ui, time) {
  const made = document.querySelector(`template[data-question="${each.kind}"]`).content.cloneNode(true), name = `q${each.id}`;
  const part = (selector) => made.querySelector(selector);
  part(".asked").textContent = each.label;
  part(each.required ? ".may" : ".must").remove();
  const about = [[".hint", each.hint], [".held", answer && `✓ ${fill(ui.words.answered, { time: time(answer[0]), who: answer[1] })}`], [".limits", each.limits]]
    .filter(([selector, text]) => {
      if (!part(selector)) return false;
      if (!text) part(selector).remove();
      else Object.assign(part(selector), { textContent: text, id: `${selector.slice(1)}-${each.id}` });
      return Boolean(text);
    }).map(([selector]) => `${selector.slice(1)}-${each.id}`);
  const choice = part(".choice")?.closest("label");
  if (choice) {
    choice.replaceWith(...each.choices.map((value) => {
      const one = choice.cloneNode(true);
      one.querySelector("input").value = one.querySelector(".choice").textContent = value;
      return one;
    }));
  }
  for (const field of made.querySelectorAll("input, textarea")) {
    Object.assign(field, { name, required: must });
    if (each.kind === "choice" || each.kind === "photo") continue;
    field.id = part("label").htmlFor = name;
    if (each.least) field.min = each.least;
    if (each.most) field.max = each.most;
    if (about.length) field.setAttribute("aria-describedby", about.join(" "));
  }
  return made;
}

// Photos that answered a question before: beside the form, which a tap on them would leave, and where they can be opened.
function formerPhotos(task, house, ui) {
  const found = navigator.onLine ? task.questions.map((each) => [each.label, house.held?.[each.id]?.[2] || []]).filter(([, photos]) => photos.length) : [];
  return found.map(([label, photos]) => make("section", { class: "box" }, make("h2", {}, label), make("p", { class: "acts" }, ...photos.map((photo, n) =>
    make("a", { class: "button", href: ui.photo.replace(/0\.jpg$/, `${photo}.jpg`), target: "_blank", rel: "noopener" }, fill(ui.words.answered_photo, { n: n + 1 }))))));
}

export function taskForm(task, id, data, ui, now, time) {
  const { words } = ui, house = task.houses[id], one = housesById(data).get(id), said = saidOf(task, now, data).get(id);
  const made = document.querySelector('template[data-what="task"]').content.firstElementChild.cloneNode(true);
  made.setAttribute("action", ui.task.replace("/0/house/0", `/${task.id}/house/${id}`));
  made.elements.seen.value = house.seen || 0;
  Object.assign(made.dataset, { queue: `${task.title} · ${one.address}`, queueHouse: id, queuePage: made.getAttribute("action"), queueBack: `${ui.grid}#task/${task.id}` });
  const musts = toAnswer(task, house, said);
  made.querySelector("button").before(...task.questions.map((each) => question(each, house.held?.[each.id], musts.includes(each), ui, time)));
  return [back(`#task/${task.id}`, task.title), make("h1", {}, one.address), due(task, words, missing(task, house, said)),
    said?.waits ? make("p", { class: "note" }, words.answer_waits) : null,
    task.register ? lacking(one, house, ui, data.keeps) : null, ...(data.keeps && task.questions.length ? [made, ...formerPhotos(task, house, ui)] : [])].filter(Boolean);
}

// What is shown of the tasks at "#tasks", "#task/12" and "#task/12/345".
export function tasks(id, house, data, ui, now, time) {
  const task = data.tasks.find((each) => String(each.id) === id);
  if (!id) return taskList(data, ui, now);
  if (!task || (house && !task.houses[house])) return [back("#tasks", ui.words.tasks), make("h1", {}, ui.words.tasks), make("p", { class: "note" }, ui.words.no_such_task)];
  return house ? taskForm(task, house, data, ui, now, time) : taskHouses(task, data, ui, now);
}
