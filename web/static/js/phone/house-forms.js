// The forms of a house in my grid on this phone: what is written at its door, what becomes of the house itself, a new one.

import { make } from "../elements.js";
import { hereInto } from "../here.js";
import { fill } from "../pure/words.js";
import { back, filled } from "./grid-parts.js";

const housesOf = (data) => data.grids.flatMap((grid) => grid.houses);
const listOf = (houses) => make("datalist", { id: "other-houses" }, ...houses.map((each) => make("option", { value: each.address })));

export function form(one, what, asked, ui, data) {
  const { words } = ui, column = asked.get("column"), to = `#house/${one.id}`;
  const person = one.homes.flatMap((home) => home.residents).find((each) => String(each.id) === asked.get("resident"));
  const home = one.homes.find((each) => String(each.id) === asked.get("household"));
  if (what === "correct" && !column) {
    return [back(to, one.address), make("h1", {}, words.correct), make("p", {}, make("strong", {}, person?.name || "")), make("p", {}, words.what_wrong),
      make("nav", { class: "pick", "aria-label": words.what_wrong }, ...Object.entries(ui.columns).map(([name, word]) =>
        make("a", { class: "button", href: `#house/${one.id}/correct?resident=${person?.id}&column=${name}` }, word)))];
  }
  const made = filled(what, one, ui, data, "", column);
  if (!made) return [back(to, one.address), make("p", { class: "note" }, words.needs_line)];
  made.dataset.queue = `${made.querySelector("h1").textContent} · ${one.address}`;
  const about = made.querySelector(".about"), who = person?.name || home?.room;
  if (who) about.textContent = who;
  else about.remove();
  for (const [name, meant] of [["resident", person], ["household", home]]) {
    if (!meant) continue;
    made.elements[name].disabled = false;
    made.elements[name].value = meant.id;
  }
  return [back(to, one.address), made, ...(SPECIAL[what]?.(made, one, home, ui, data) || [])];
}

// What the page cannot know when it is kept: each takes its form, and comes back with what stands beside it.
const SPECIAL = {
  "household-moved": (made, one, home, ui, data) => elsewhere(made, one, ui, data, { what: "household-moved", household: home?.id }),
  "house-joined": (made, one, _, ui, data) => elsewhere(made, one, ui, data, { what: "house-joined" }),
  "house-gone": gone,
  "house-split": split,
};

// Another house is named by its address: those of one's own grids are offered; another one is looked for by whoever takes it in.
function elsewhere(made, one, ui, data, { what, ...more }) {
  const { address, house_id: chosen } = made.elements, others = housesOf(data).filter((each) => each.id !== one.id);
  address.setAttribute("list", "other-houses");
  address.addEventListener("input", () => {
    const words = address.value.trim();
    chosen.value = others.find((each) => each.address === words)?.id ?? "";
    // Refused, it is mended where houses are looked for.
    made.dataset.queuePage = `${ui.house.replace(/0$/, one.id)}/enter/${what}?${new URLSearchParams({ ...more, address: words })}`;
  });
  return [listOf(others)];
}

function gone(made, one, _, ui, data) {
  const { on_day: day, homes, address, house_id: chosen } = made.elements;
  day.value = day.max = new Intl.DateTimeFormat("sv-SE").format(new Date());
  if (!one.homes.length) {
    for (const part of made.querySelectorAll(".homes, [data-elsewhere], [name=house_id]")) part.remove();
    return [];
  }
  const to = made.querySelectorAll("label[for=address], #address, [data-elsewhere]");
  const chose = () => {
    const moved = homes.value === "moved";
    for (const part of to) part.hidden = !moved;
    address.required = moved;
    if (!moved) address.value = chosen.value = "";
  };
  made.addEventListener("change", chose);
  chose();
  return elsewhere(made, one, ui, data, { what: "house-gone", homes: "moved" });
}

function split(made, one, _, ui) {
  const homes = made.querySelector(".homes");
  if (!one.homes.length) homes.remove();
  else {
    homes.append(...one.homes.map((home) => make("label", {}, make("input", { type: "checkbox", name: "homes", value: home.id }),
      ` ${[home.room || ui.words.household, home.residents.map((each) => each.name).join("、")].filter(Boolean).join(" ")}`)));
  }
  hereInto(made, ui.words);
  // Refused, it is mended where there is a map.
  made.dataset.queuePage = `${ui.house.replace(/0$/, one.id)}/enter/house-split`;
  return [];
}

// A house that is missing in a grid: where one stands, or beside another house of it.
export function newHouse(grid, ui, data) {
  const made = document.querySelector('template[data-what="new-house"]').content.firstElementChild.cloneNode(true), { words } = ui;
  const { lon, lat, datum, address, apart } = made.elements, beside = made.querySelector("#beside"), said = made.querySelector("#position");
  const page = ui.new_house.replace("/0/", `/${grid.code}/`), title = made.querySelector("h1").textContent;
  const houses = housesOf(data).filter((each) => each.lon !== null);
  made.setAttribute("action", page);
  Object.assign(made.dataset, { queue: title, queuePage: page, queueBack: `${location.pathname}#` });
  address.addEventListener("input", () => { made.dataset.queue = `${title} · ${address.value.trim()}`; });
  const placed = () => {
    beside.required = !lon.value;
    beside.setCustomValidity(beside.value && !lon.value ? words.choose_house : "");
  };
  beside.addEventListener("input", () => {
    const one = houses.find((each) => each.address === beside.value.trim());
    if (one) {
      [lon.value, lat.value, datum.value, apart.checked] = [one.lon, one.lat, "wgs84", true];
      said.textContent = fill(words.beside, { address: one.address });
    } else if (beside.value) lon.value = lat.value = said.textContent = "";
    placed();
  });
  hereInto(made, words, () => {
    beside.value = "";
    placed();
  });
  datum.addEventListener("change", () => localStorage.setItem("gisgrid-datum", datum.value));
  placed();
  return [back("#", words.all), made, listOf(houses)];
}
