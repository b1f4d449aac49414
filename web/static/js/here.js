// Where one stands, put into a form with `lon`, `lat` and `datum`; `words` tell how it goes, `shown` hears that it is known.

import { fill } from "./pure/words.js";

export function hereInto(form, words, shown = () => undefined) {
  const { lon, lat, datum } = form.elements, said = form.querySelector("#position");
  form.querySelector("#here").addEventListener("click", () => {
    said.textContent = words.position;
    navigator.geolocation.getCurrentPosition((at) => {
      [lon.value, lat.value, datum.value] = [at.coords.longitude, at.coords.latitude, localStorage.getItem("gisgrid-datum") || "wgs84"];
      said.textContent = fill(words.here, { m: Math.round(at.coords.accuracy) });
      shown();
    }, () => { said.textContent = words.no_position; }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 15000 });
  });
}
