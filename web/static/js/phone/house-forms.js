// The forms of a house in my grid on this phone: what is written at its door, what becomes of the house itself, a new one.

import { make } from "../elements.js";
import { hereInto } from "../here.js";
import { fill } from "../pure/words.js";
import { back, filled } from "./grid-parts.js";

const housesOf = (data) => data.grids.flatMap((grid) => grid.houses);

// The house that is meant by an address; undefined where none bears it, or several do.
function meant(houses, address) {
  const found = houses.filter((each) => each.address === address.trim());
  return found.length === 1 ? found[0] : undefined;
}

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
  const more = new URLSearchParams([...asked].filter(([name]) => name !== "entry"));
  const made = filled(what, one, ui, data, "", column, String(more));
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
  "household-moved": (made, one, home, _, data) => elsewhere(made, one, data, { household: home?.id }),
  "house-joined": (made, one, _, __, data) => elsewhere(made, one, data, {}),
  "house-gone": gone,
  "house-split": split,
};

// Another house is named by its address: those of one's own grids are offered; another one is looked for by whoever takes it in.
function elsewhere(made, one, data, more) {
  const { address, house_id: chosen } = made.elements, others = housesOf(data).filter((each) => each.id !== one.id);
  address.setAttribute("list", "other-houses");
  const named = () => {
    chosen.value = meant(others, address.value)?.id ?? "";
    // Refused, it is mended where houses are looked for.
    made.dataset.queuePage = `${made.getAttribute("action")}?${new URLSearchParams({ ...more, address: address.value.trim() })}`;
  };
  address.addEventListener("input", named);
  made.addEventListener("refilled", named);
  return [listOf(others)];
}

function gone(made, one, _, __, data) {
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
    if (moved) return;
    address.value = chosen.value = "";
    made.dataset.queuePage = made.getAttribute("action");
  };
  const beside = elsewhere(made, one, data, { homes: "moved" });
  made.addEventListener("change", chose);
  made.addEventListener("refilled", chose);
  chose();
  return beside;
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

// A house that is missing in a grid: where one stands, or beside another house of it. What one of them said of the place
// goes when the other is taken.
export function newHouse(grid, ui, data) {
  const made = document.querySelector('template[data-what="new-house"]').content.firstElementChild.cloneNode(true), { words } = ui;
  const { lon, lat, datum, address, apart, beside } = made.elements, said = made.querySelector("#position");
  const page = ui.new_house.replace("/0/", `/${grid.code}/`), title = made.querySelector("h1").textContent;
  const houses = housesOf(data).filter((each) => each.lon !== null);
  let near = false;
  made.setAttribute("action", page);
  Object.assign(made.dataset, { queue: title, queuePage: page, queueBack: `${ui.grid}#` });
  const placed = () => {
    made.dataset.queue = [title, address.value.trim()].filter(Boolean).join(" · ");
    beside.required = !lon.value;
    beside.setCustomValidity(beside.value.trim() && !lon.value ? words.choose_house : "");
    // The place of a house is known; the setting is of what this phone finds.
    datum.closest("details").hidden = near;
  };
  const leave = () => {
    if (near) apart.checked = false;
    near = false;
  };
  const besideOne = () => {
    const one = meant(houses, beside.value);
    leave();
    lon.value = lat.value = said.textContent = "";
    if (one) {
      [lon.value, lat.value, datum.value, apart.checked, near] = [one.lon, one.lat, "wgs84", true, true];
      said.textContent = fill(words.beside, { address: one.address });
    }
    placed();
  };
  address.addEventListener("input", placed);
  beside.addEventListener("input", besideOne);
  made.addEventListener("refilled", () => {
    if (beside.value.trim()) besideOne();
    else placed();
  });
  made.addEventListener("reset", () => { lon.value = lat.value = said.textContent = ""; near = false; });
  hereInto(made, words, () => {
    leave();
    beside.value = "";
    placed();
  });
  datum.addEventListener("change", () => localStorage.setItem("gisgrid-datum", datum.value));
  placed();
  return [back("#", words.all), made, listOf(houses), make("p", { class: "acts" }, make("a", { class: "button", href: page }, words.on_map))];
}
