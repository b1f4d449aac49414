// Polygons: borders of areas, and grids coloured by what the reader chose.

import { json } from "./ask.js";
import { CHOSEN } from "./pure/colours.js";

const MOST_LABELS = 150;
const LETTER = 13; // width of a Chinese letter of a label, in pixels
const DIGIT = 8;

// A polygon layer of GeoJSON; `ready` is a promise that it is drawn.
export function polygons(spec, onFailure) {
  const drawn = L.geoJSON(null, { style: spec.style, interactive: spec.style.interactive !== false, pane: spec.name });
  drawn.ready = json(spec.url)
    .then((found) => drawn.addData(found))
    .catch(onFailure);
  drawn.spec = spec;
  return drawn;
}

export const opacity = (grids, colouring) => colouring?.opacity || grids.spec.style.fillOpacity;

// A colouring may bring its own opacity, and its own borders as `line`.
export function paint(grids, colouring) {
  grids.setStyle((feature) => ({
    fillColor: colouring.of(feature.properties) || grids.spec.style.nothing,
    fillOpacity: opacity(grids, colouring),
    weight: grids.spec.style.weight,
    // Exclusive grids can be told in every colouring.
    dashArray: feature.properties.kind === "exclusive" ? "4 3" : null,
    color: feature.properties.kind === "exclusive" ? CHOSEN : grids.spec.style.color,
    ...(colouring.line ? colouring.line(feature.properties) : {}),
  }));
}

// Names over the map: communities from afar, grids from near, never more than can be read.
// Where `another` gives a function, grids bear what it says of them.
export function labels(map, areas, grids, english, another) {
  const shown = L.layerGroup([], { pane: "labels" }).addTo(map);
  const name = (p) => (english && p.name_en) || p.name;
  // Labels of a layer whose points are in view; null if they would run into each other.
  function fitting(from, text, letter) {
    if (!map.hasLayer(from)) return null;
    const view = map.getBounds();
    const inView = [];
    let narrow = 0;
    from.eachLayer((layer) => {
      const p = layer.feature.properties;
      if (p.level === "township" || !view.contains(L.latLng(p.label[1], p.label[0]))) return;
      inView.push(p);
      const box = layer.getBounds();
      const width = map.latLngToLayerPoint(box.getNorthEast()).x - map.latLngToLayerPoint(box.getSouthWest()).x;
      if (width < letter * text(p).length) narrow++;
    });
    return inView.length <= MOST_LABELS && narrow <= inView.length * 0.2 ? inView : null;
  }
  function write() {
    shown.clearLayers();
    const said = another();
    const ofGrids = fitting(grids, said || ((p) => p.name), said ? DIGIT : LETTER);
    const near = ofGrids !== null && ofGrids.length > 0;
    const inView = near ? ofGrids : fitting(areas, (p) => p.name, LETTER) || [];
    for (const p of inView) {
      if (near && said && !said(p)) continue;
      const text = document.createElement("span");
      text.textContent = near && said ? said(p) : name(p);
      const icon = L.divIcon({ html: text, className: near ? "label label-grid" : "label", iconSize: null });
      L.marker(L.latLng(p.label[1], p.label[0]), { icon, interactive: false, keyboard: false, pane: "labels" }).addTo(shown);
    }
  }
  map.on("moveend layeradd layerremove", (event) => {
    if (event.type === "moveend" || event.layer === areas || event.layer === grids) write();
  });
  return write;
}
