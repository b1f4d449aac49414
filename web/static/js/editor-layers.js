// What lies on the map beside the grids, on and off: houses, streets, communities, posts, houses in no grid, a proposal.

import { latlng } from "./editor-view.js";
import { byId, make } from "./elements.js";
import { CHOSEN, HOUSE, LATE, STREET, WHITE } from "./pure/colours.js";
import { layers } from "./town.js";

const dots = (style) => (at) => L.circleMarker(latlng(at), { pane: "points", radius: 6, weight: 2, interactive: false, pmIgnore: true, ...style });
const post = dots({ color: WHITE, fillColor: CHOSEN, fillOpacity: 1 });
const bare = dots({ color: LATE, fillColor: WHITE, fillOpacity: 0.9 });

export function start(editor) {
  const { map, ui } = editor, { words } = ui;
  editor.posts = L.layerGroup();
  editor.uncovered = L.layerGroup().addTo(map);
  const base = L.layerGroup();
  map.eachLayer((each) => { if (each instanceof L.TileLayer) base.addLayer(each); });
  if (base.getLayers().length) base.addTo(map);
  const sign = (kind, colour) => make("i", { class: `sample sample-${kind}`, style: { color: colour } });
  const every = [
    ["houses", layers.houses, sign("dot", HOUSE)], ["streets", layers.streets, sign("line", STREET)], ["communities", layers.areas, sign("outline", CHOSEN)],
    ["posts", editor.posts, sign("dot", CHOSEN)], ["in_no_grid", editor.uncovered, sign("dot", LATE)], ["a_proposal", editor.offered, sign("patch", LATE)],
    ...(base.getLayers().length ? [["base_map", base, sign("outline", STREET)]] : []),
  ];
  byId("layers").append(...every.map(([name, layer, sample]) => {
    const box = make("input", { type: "checkbox", "data-layer": name, checked: map.hasLayer(layer), onchange: () => {
      if (box.checked) layer.addTo(map);
      else layer.remove();
    } });
    layer.on("add remove", () => { box.checked = map.hasLayer(layer); });
    return make("label", {}, box, sample, make("span", {}, words[`layer_${name}`]));
  }), make("p", { class: "hint", id: "layers-told" }));
}

export function show(editor) {
  const { view } = editor;
  editor.posts.clearLayers();
  for (const at of view.posts) editor.posts.addLayer(post(at));
  editor.uncovered.clearLayers();
  for (const at of view.uncovered) editor.uncovered.addLayer(bare(at));
  // Those without a point, and those beyond what is sent, are counted and not drawn.
  const all = view.figures.uncovered_houses, drawn = view.uncovered.length, count = (n) => n.toLocaleString(editor.ui.language);
  byId("layers-told").textContent = drawn < all ? editor.ui.words.uncovered_drawn.replace("{n}", count(drawn)).replace("{all}", count(all)) : "";
}
