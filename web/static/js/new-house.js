// The place of a new house: where one stands, or where one touches the map.

import { byId } from "./elements.js";
import { hereInto } from "./here.js";
import { housesMap } from "./houses-map.js";
import { toWgs84 } from "./pure/datums.js";

const form = byId("new-house"), { lon, lat, datum, beside } = form.elements, drawn = byId("map-data");
const data = drawn && JSON.parse(drawn.textContent), words = data?.words;
const say = (text) => { byId("position").textContent = text; };

const map = data && housesMap(byId("houses-map"), data, {
  touch: (x, y) => {
    [lon.value, lat.value, datum.value] = [x.toFixed(7), y.toFixed(7), "wgs84"];
    beside.value = "";
    map.here(x, y);
    say(words.touched);
  },
});

function shown(near) {
  if (lon.value && map) map.here(...toWgs84(datum.value, Number(lon.value), Number(lat.value)), near);
}

hereInto(form, words, () => { beside.value = ""; shown(true); });
form.addEventListener("refilled", () => shown(true));
datum.addEventListener("change", () => { localStorage.setItem("gisgrid-datum", datum.value); shown(true); });
shown(true);
document.documentElement.dataset.ready = "true";
