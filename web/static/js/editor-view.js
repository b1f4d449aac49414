// The editor: how a scenario's grids and borders are drawn.
import { CHOSEN, FIXED_BORDER, LATE, WHITE } from "./pure/colours.js";

// [lon, lat] as Leaflet has it.
export const latlng = ([lon, lat]) => L.latLng(lat, lon);
const BORDER = { color: CHOSEN, weight: 5, opacity: 0.75 };
const LETTER = 12; // width of a Chinese letter of a name, in pixels
const FIXED = { color: FIXED_BORDER, weight: 2, opacity: 0.8 };

// Grids coloured by how far their work is from the mean; gives a layer with `of`, grid by code, and
// `replace`, which draws some anew and takes those of the codes that are gone away.
export function drawGrids(grids, options) {
  const feature = (grid) => ({ type: "Feature", geometry: grid.geometry, properties: grid });
  const layer = L.geoJSON(
    grids.map(feature),
    {
      pane: options.pane,
      style: (feature) => ({
        color: WHITE, weight: 1, fillOpacity: 0.7, fillColor: feature.properties.colour,
        dashArray: feature.properties.kind === "exclusive" ? "4 3" : null,
        ...(options.marked?.has(feature.properties.code) ? { color: CHOSEN, weight: 3 } : {}),
      }),
    });
  const known = () => { layer.of = new Map(layer.getLayers().map((each) => [each.feature.properties.code, each])); };
  layer.replace = function (fresh, gone) {
    for (const code of [...gone, ...fresh.map((grid) => grid.code)]) if (layer.of.has(code)) layer.removeLayer(layer.of.get(code));
    layer.addData({ type: "FeatureCollection", features: fresh.map(feature) });
    known();
  };
  known();
  return layer;
}

// Borders; each polyline knows its arc, and `chosen` is told of a click. `replace` as of the grids.
export function drawArcs(arcs, pane, chosen) {
  const of = new Map();
  const drawn = (arc) => {
    const line = L.polyline(arc.line.map(latlng), {
      ...(arc.movable ? BORDER : FIXED), pane, bubblingMouseEvents: false, pmIgnore: !arc.movable,
      ...(arc.locked ? { color: LATE, className: "arc-locked" } : {}),
    });
    line.arc = arc;
    line.on("click", () => chosen(line));
    of.set(arc.id, line);
    return line;
  };
  const layer = L.layerGroup(arcs.map(drawn));
  layer.replace = function (fresh, gone) {
    for (const id of [...gone, ...fresh.map((arc) => arc.id)]) {
      if (of.has(id)) layer.removeLayer(of.get(id));
      of.delete(id);
    }
    for (const arc of fresh) layer.addLayer(drawn(arc));
  };
  return layer;
}

// Houses that are locked.
export const drawHeld = (places, pane) => L.layerGroup(places.map((place) => L.marker(latlng(place), {
  pane, interactive: false, keyboard: false, pmIgnore: true, icon: L.divIcon({ className: "held", iconSize: [20, 20] }) })));

// Names in the middle of the grids that are wide enough for them.
export function drawNames(map, layer, pane) {
  const names = L.layerGroup([], { pane });
  function write() {
    names.clearLayers();
    const view = map.getBounds();
    layer.eachLayer((each) => {
      const box = each.getBounds(), at = box.getCenter(), grid = each.feature.properties;
      const wide = map.latLngToLayerPoint(box.getNorthEast()).x - map.latLngToLayerPoint(box.getSouthWest()).x;
      if (!view.contains(at) || wide < LETTER * grid.name.length) return;
      const text = document.createElement("span");
      text.textContent = `${grid.locked ? "🔒" : ""}${grid.name}`;
      L.marker(at, { icon: L.divIcon({ html: text, className: "label label-grid editor-label", iconSize: null }), interactive: false, keyboard: false, pane, pmIgnore: true }).addTo(names);
    });
  }
  map.on("moveend", write);
  write();
  names.write = write;
  names.on("remove", () => map.off("moveend", write));
  return names;
}
