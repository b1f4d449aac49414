// A case's place: its grid, the other candidates near a border, the spot, and moving it.

import { byId, make } from "./elements.js";
import { CHOSEN, EMERGENCY, OTHER, WHITE } from "./pure/colours.js";

export function start(map, ui) {
  map.invalidateSize();
  for (const grid of ui.grids) {
    const own = grid.code === ui.own;
    L.geoJSON(grid.geometry, {
      interactive: false,
      style: own ? { color: CHOSEN, weight: 3, fillOpacity: 0.12 }
        : { color: OTHER, weight: 2, dashArray: "6 5", fillOpacity: 0.06 },
    }).addTo(map).bindTooltip(make("span", {}, grid.name), { permanent: true, direction: "center", className: own ? "own" : "other" });
  }
  let pin = null;
  const put = (at) => {
    if (pin) pin.setLatLng(at);
    else pin = L.marker(at, { icon: L.divIcon({ className: "pin", iconSize: [26, 26] }), title: ui.words.spot, keyboard: false }).addTo(map);
  };
  if (ui.spot) put([ui.spot[1], ui.spot[0]]);
  // Where the others stood who reported the same.
  for (const [lon, lat, code] of ui.reports) {
    L.circleMarker([lat, lon], { radius: 7, color: EMERGENCY, weight: 2, fillColor: WHITE, fillOpacity: 1, className: "report" }).addTo(map).bindTooltip(make("span", {}, code));
  }
  const form = byId("move"), moving = byId("moving");
  const note = (at) => {
    form.elements.lon.value = at.lng.toFixed(7);
    form.elements.lat.value = at.lat.toFixed(7);
  };
  if (form) {
    map.on("click", (event) => {
      if (!moving.open) return;
      put(event.latlng);
      note(event.latlng);
    });
    moving.addEventListener("toggle", () => {
      if (!pin) return;
      pin.dragging[moving.open ? "enable" : "disable"]();
      pin.off("dragend").on("dragend", () => note(pin.getLatLng()));
    });
  }
  document.documentElement.dataset.ready = "true"; // tests wait for it
}
