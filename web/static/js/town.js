// A map of the township and its layers, as every page with a map begins: what Folium writes calls these.

import { byId } from "./elements.js";
import { polygons } from "./grids.js";
import { seen } from "./seen.js";
import { tiles } from "./tiles.js";

// Layers of the page by name.
export const layers = {};

seen.layers = layers;

export function map(id, options, bounds) {
  const map = L.map(id, options);
  seen.town = map;
  // The panel may lie over the map, or beside it, or nowhere on phones.
  const panel = byId("panel")?.getBoundingClientRect(), own = map.getContainer().getBoundingClientRect();
  const covered = panel?.width && panel.left < own.right && panel.top < own.bottom ? Math.max(0, panel.right - own.left) : 0;
  map.fitBounds(bounds, { paddingTopLeft: [covered + 24, 24], paddingBottomRight: [24, 24] });
  L.control.attribution({ prefix: false }).addTo(map);
  L.control.zoom({ position: "bottomright" }).addTo(map);
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
  // Panes keep the order whatever is switched on when.
  ["grids", "lines", "areas", "points", "labels"].forEach((name, i) => {
    const pane = map.createPane(name);
    pane.style.zIndex = String(410 + 10 * i);
    if (name !== "grids") pane.style.pointerEvents = "none";
  });
  return map;
}

export function layer(map, spec) {
  layers[spec.name] =
    spec.kind === "polygons" ? polygons(spec, failed) : tiles(spec, failed);
  if (spec.shown) layers[spec.name].addTo(map);
}

// Tells that a part of the map could not be loaded, and why where the server said so.
export function failed(error) {
  const notice = byId("notice");
  notice.textContent = error?.told || notice.dataset.failed;
  notice.hidden = false;
}
