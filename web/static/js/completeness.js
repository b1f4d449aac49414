// The grids coloured by how far their registers are filled; the share stands on each as a number, too.

import { make } from "./elements.js";
import { labels, paint } from "./grids.js";
import { layers } from "./town.js";

export function start(map, ui) {
  const { areas, grids } = layers, said = (p) => ui.shares[p.code]?.words ?? "";
  const write = labels(map, areas, grids, ui.english, () => said);
  Promise.all([areas.ready, grids.ready]).then(() => {
    paint(grids, { of: (p) => ui.shares[p.code]?.colour });
    grids.eachLayer((layer) => {
      const p = layer.feature.properties;
      layer.bindTooltip(make("span", {}, `${p.name} ${said(p) || "—"}`));
      if (ui.shares[p.code]?.url) layer.on("click", () => location.assign(ui.shares[p.code].url));
    });
    write();
    document.documentElement.dataset.ready = "true"; // tests wait for it
  });
}
