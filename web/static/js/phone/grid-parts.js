// The parts of my grid on this phone: a card of the list, a house with its people, its forms, cases, documents.

import { make } from "../elements.js";
import { fill } from "../pure/words.js";

export const tag = (text, tone) => make("span", { class: `tag${tone ? ` tag-${tone}` : ""}` }, text);
const of = (one, now) => now.entries.filter((entry) => entry.house === String(one.id) && entry.state === "waiting");

function badges(one, ui, now) {
  const waiting = of(one, now).length;
  return make("p", {}, tag(ui.due[one.due], one.due ? "warn" : "good"), " ",
    one.waiting ? tag(fill(ui.words.checked, { n: one.waiting })) : "", " ",
    waiting ? tag(fill(ui.words.queued, { n: waiting }), "warn") : "", " ",
    one.located ? "" : tag(ui.words.show_unlocated));
}

export function card(one, ui, now, number) {
  return make("li", {}, make("a", { class: "phone-house", href: `#house/${one.id}` },
    make("strong", {}, number ? `${number}. ` : "", one.address), one.called.length ? make("span", { class: "soft" }, one.called.join("、")) : null,
    badges(one, ui, now),
    make("span", { class: "soft" }, `${ui.words.last_seen} ${one.last_on || "—"}`)));
}

export const back = (href, label) => make("p", {}, make("a", { class: "row", href }, `← ${label}`));

export function house(one, ui, now, data, asks) {
  const { words } = ui;
  const to = (what, label, query = "", main = false) => make("a", { class: `button${main ? " button-main" : ""}`, href: `#house/${one.id}/${what}${query}` }, label);
  const report = new URLSearchParams({ address: one.address, ...(one.lon === null ? {} : { lon: one.lon, lat: one.lat }) });
  const whole = data.keeps && one.homes.length ? filled("verified", one, ui, data, `${words.verified} · ${one.address}`) : null;
  return [
    back("#", words.all), make("h1", {}, one.address), one.called.length ? make("p", { class: "soft" }, one.called.join("、")) : null,
    badges(one, ui, now),
    make("p", { class: "soft" }, `${words.verified_on} ${one.verified_on || "—"} · ${words.last_seen} ${one.last_on || "—"}`),
    whole,
    make("p", { class: "acts" }, ...(data.keeps ? [to("visit", words.visit, "", true), to("household-in", words.household_in), to("alias", words.alias)] : []),
      make("a", { class: "button", href: `${ui.report}?${report}` }, words.report_here)),
    asks,
    data.keeps ? make("details", { class: "more", id: "as-such" }, make("summary", {}, words.as_such),
      make("p", { class: "acts" }, to("house-gone", words.house_gone), to("house-split", words.house_split), to("house-joined", words.house_joined))) : null,
    ...one.homes.map((home) => make("section", { class: "box" },
      make("h2", {}, home.room || words.household), make("p", { class: "soft" }, `${words.verified_on} ${home.verified_on || "—"}`),
      ...home.residents.map((person) => make("div", { class: "person" },
        make("p", {}, make("strong", {}, person.name), ` ${person.born || ""} ${person.phone || ""}`),
        data.keeps ? make("p", { class: "acts" }, to("correct", words.correct, `?resident=${person.id}`), to("person-out", words.person_out, `?resident=${person.id}`)) : null)),
      data.keeps ? make("p", { class: "acts" }, to("person-in", words.person_in, `?household=${home.id}`), to("household-moved", words.household_moved, `?household=${home.id}`), to("household-out", words.household_out, `?household=${home.id}`)) : null)),
    one.homes.length ? null : make("p", { class: "note" }, words.no_register),
  ].filter(Boolean);
}

// Where a form of this page is opened again to be mended, with a line and without.
export const at = (ui) => ui.grid + location.hash.replace(/[?&]entry=[^&]*/, "");

// A form that the page carries, made one of this house. It is mended on its own page, which this one stands for without a
// line; `more` is what that page is told.
export function filled(what, one, ui, data, label, column, more = "") {
  const found = document.querySelector(`template[data-what="${what}"]${column ? `[data-column="${column}"]` : ""}`);
  if (!found) return null;
  const made = found.content.firstElementChild.cloneNode(true);
  const page = ui.house.replace(/0$/, one.id);
  made.setAttribute("action", `${page}/enter/${what}`);
  const own = what === "verified" ? page : `${page}/enter/${what}${more && `?${more}`}`;
  Object.assign(made.dataset, { queue: label, queueHouse: String(one.id), queuePage: own, queueBack: `${ui.grid}#house/${one.id}` });
  if (made.elements.seen) made.elements.seen.value = data.seen;
  return made;
}

export function caseList(data, ui, now, time) {
  return [back("#", ui.words.all), make("h1", {}, ui.words.cases),
    data.cases.length ? make("ul", { class: "phone-houses" }, ...data.cases.map((each) => make("li", { class: "phone-house" },
      make("a", { class: "row", href: `#case/${each.case_id}` }, make("strong", {}, each.matter)), ...standing(each, ui, now, time)))) : make("p", {}, ui.words.no_case)];
}

export const waitsFor = (address, now) => now.entries.filter((entry) => address && entry.url === address && entry.state === "waiting").length;

function standing(one, ui, now, time) {
  const waiting = waitsFor(one.address, now);
  return [make("p", {}, tag(one.state), " ", tag(one.colour), " ", waiting ? tag(fill(ui.words.queued, { n: waiting }), "warn") : ""),
    make("p", { class: "soft" }, [one.due_at ? fill(ui.words.due_at, { time: time(one.due_at) }) : "", one.grid, one.code].filter(Boolean).join(" · "))];
}

// A case with those of its steps that need nothing to choose.
export function caseView(one, ui, now, time) {
  const { words } = ui;
  return [back("#cases", words.all_cases), make("h1", {}, one.matter), ...standing(one, ui, now, time),
    ...(one.steps?.length ? one.steps.map((step) => stepForm(one, step, ui, now)) : [make("p", { class: "note" }, words.no_step)]),
    make("p", { class: "soft" }, words.case_line),
    make("p", { class: "acts" }, make("a", { class: "button", href: ui.cases.replace(/mine$/, one.case_id) }, words.case_page))];
}

function stepForm(one, step, ui, now) {
  const made = document.querySelector('template[data-what="step"]').content.firstElementChild.cloneNode(true), { words } = ui;
  made.setAttribute("action", one.address);
  // Where a step of one's own waits already, where the case stood is known to be past.
  for (const [name, value] of Object.entries({ seq: waitsFor(one.address, now) ? "" : one.seq, step: step.name, shows: step.photos })) made.elements[name].value = value;
  for (const part of made.querySelectorAll("[data-need]")) {
    const need = part.dataset.need;
    if (need === "photos" ? !step.shows : !step.needs.includes(need)) part.remove();
  }
  const photos = made.querySelector("[data-need=photos]");
  if (photos) {
    photos.querySelector("span").textContent = words[`photos_${step.photos}`] + (step.required ? ` (${words.required})` : "");
    made.elements.photos.required = step.required;
  }
  made.querySelector("button").textContent = step.label;
  Object.assign(made.dataset, { step: step.name, queue: `${step.label} · ${one.matter} ${one.code}`, queuePage: at(ui), queueBack: `${ui.grid}#cases` });
  if (!step.needs.length && !step.shows) return made;
  made.classList.remove("box");
  return make("details", { class: "box" }, make("summary", {}, step.label), made);
}

export function papers(data, ui, now) {
  return [back("#", ui.words.all), make("h1", {}, ui.words.papers),
    ...(data.documents.length ? data.documents.map((each) => {
      const made = document.querySelector('template[data-what="read"]').content.firstElementChild.cloneNode(true);
      made.setAttribute("action", each.address);
      made.elements.number.value = each.number;
      Object.assign(made.dataset, { queue: `${ui.words.read} · ${each.title}`, queuePage: at(ui), queueBack: `${ui.grid}#papers` });
      const waits = now.entries.some((entry) => entry.url === each.address && entry.state === "waiting");
      return make("details", { class: "box" }, make("summary", {}, each.title), each.due_on ? make("p", { class: "soft" }, fill(ui.words.due_at, { time: each.due_on })) : null,
        make("article", { class: "paper" }, each.text || ui.words.no_text), waits ? tag(fill(ui.words.queued, { n: 1 }), "warn") : each.noted && each.text ? made : null);
    }) : [make("p", {}, ui.words.no_paper)])];
}
