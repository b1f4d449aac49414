// Two plans on two maps that move together.

import { json } from "./ask.js";
import { deviationFill, deviationLegend } from "./editor-key.js";
import { drawGrids, drawNames } from "./editor-view.js";
import { seen } from "./seen.js";

export async function compare(ui) {
  const marked = new Set(ui.moved);
  const maps = ["map-before", "map-after"].map((id) => {
    const map = L.map(id, { zoomSnap: 0.25, attributionControl: false });
    map.createPane("grids").style.zIndex = "410";
    map.createPane("labels").style.zIndex = "450";
    return map;
  });
  let leading = null;
  maps.forEach((map, k) => map.on("move", () => {
    if (leading !== null && leading !== map) return;
    leading = map;
    maps[1 - k].setView(map.getCenter(), map.getZoom(), { animate: false });
    leading = null;
  }));
  document.getElementById("legend").append(...deviationLegend(ui));
  let sides;
  try {
    sides = await Promise.all(ui.sides.map((url) => json(url)));
  } catch (error) {
    const notice = document.getElementById("notice");
    notice.textContent = error.told || notice.dataset.failed;
    notice.hidden = false;
    return;
  }
  sides.forEach((side, k) => {
    const grids = drawGrids(side.grids, { pane: "grids", marked, fill: deviationFill(ui) }).addTo(maps[k]);
    if (k === 0) maps[0].fitBounds(grids.getBounds(), { padding: [10, 10] });
    for (const code of marked) if (grids.of.has(code)) grids.of.get(code).bringToFront();
    maps[k].whenReady(() => drawNames(maps[k], grids).addTo(maps[k]));
  });
  seen.maps = maps;
  document.documentElement.dataset.ready = "true";
}
