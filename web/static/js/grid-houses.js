// The houses of a grid: their map and their list move together, and a round on foot from where one stands.

import { byId, make } from "./elements.js";
import { housesMap } from "./houses-map.js";
import { toWgs84 } from "./pure/datums.js";
import { long, round } from "./pure/round.js";
import { fill, metres } from "./pure/words.js";

const data = JSON.parse(byId("map-data").textContent), { words } = data, list = byId("houses");
const houses = new Map(data.houses.map((one) => [one.id, one]));
// Asked for when needed: of a long list not all rows are there.
const rowOf = (id) => list.querySelector(`tr[data-house="${id}"]`);
const fold = document.querySelector(".map-fold"), walk = byId("walk");
let walking = false, chosen = 0, drawn = null, wanted = null, way = null;

// The map comes after the list, which is used without it: what draws it is more than all the rest of the page.
function draw() {
  drawn = housesMap(byId("houses-map"), data, { choose: (id) => choose(id, true) });
  if (wanted) drawn.only(wanted);
  if (chosen) drawn.mark(chosen);
  if (way) walked();
}

function walked() {
  drawn?.here(way[0].lon, way[0].lat);
  drawn?.way(way);
}

// One house is chosen, on the map and in the list; `list` says that it was touched on the map.
function choose(id, touched) {
  list.querySelector("tr.chosen")?.classList.remove("chosen");
  chosen = id;
  const one = houses.get(id), row = rowOf(id);
  row?.classList.add("chosen");
  if (!one || drawn?.mark(id) === false) {
    byId("chosen").textContent = words.no_place;
    return;
  }
  byId("chosen").replaceChildren(make("a", { href: one.url }, `${one.address} · ${one.said}`));
  if (touched && row && !row.hidden) row.scrollIntoView({ block: "nearest" });
  if (!touched) {
    fold.open = true;
    drawn?.map.invalidateSize();
    byId("houses-map").scrollIntoView({ block: "nearest" });
  }
}

list.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-house]");
  if (row && !event.target.closest("a")) choose(Number(row.dataset.house), false);
});
list.addEventListener("focusin", (event) => {
  const id = Number(event.target.closest("tr[data-house]")?.dataset.house);
  if (id && id !== chosen) { list.querySelector("tr.chosen")?.classList.remove("chosen"); chosen = id; rowOf(id).classList.add("chosen"); drawn?.mark(id); }
});
fold.addEventListener("toggle", () => drawn?.map.invalidateSize());
// What is written into the filter of the list leaves the map, too.
document.addEventListener("input", (event) => {
  if (event.target.closest(".table-tools")?.nextElementSibling !== list) return;
  const asked = event.target.value.trim().toLowerCase();
  wanted = new Set(data.houses.filter((one) => `${one.address} ${one.said}`.toLowerCase().includes(asked)).map((one) => one.id));
  drawn?.only(wanted);
});

// What is due where one can walk to, in the order in which to walk; where nothing is due, all that is listed.
function begin(at) {
  const [lon, lat] = toWgs84(localStorage.getItem("gisgrid-datum") || "wgs84", at.coords.longitude, at.coords.latitude);
  const here = { lon, lat };
  const due = data.houses.filter((one) => one.due), next = round(here, due.length ? due : data.houses);
  walking = true;
  walk.textContent = words.no_walk;
  byId("walk-said").textContent = fill(words.walk_long, { m: metres(long([here, ...next])), n: next.length });
  byId("walk-list").replaceChildren(...next.map((one) => make("li", {}, make("a", { href: one.url }, one.address))));
  list.closest(".list").hidden = true; // the round is the list now
  way = [here, ...next];
  walked();
}

function end() {
  walking = false;
  walk.textContent = words.walk;
  byId("walk-said").textContent = "";
  byId("walk-list").replaceChildren();
  list.closest(".list").hidden = false;
  way = null;
  drawn?.way(null);
}

walk.addEventListener("click", () => {
  if (walking) return end();
  byId("walk-said").textContent = words.position;
  navigator.geolocation.getCurrentPosition(begin, () => { byId("walk-said").textContent = words.no_position; }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 15000 });
  return undefined;
});
document.documentElement.dataset.ready = "true";
document.head.append(Object.assign(document.createElement("script"), { src: fold.dataset.draws, onload: draw }));
