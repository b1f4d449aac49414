// The editor: how a scenario's grids and borders are drawn.
import { CHOSEN, FIXED_BORDER, LATE, WHITE } from "./pure/colours.js";
import { apart, widths } from "./pure/names.js";

// [lon, lat] as Leaflet has it.
export const latlng = ([lon, lat]) => L.latLng(lat, lon);
const BORDER = { color: CHOSEN, opacity: 0.75 };
const FIXED = { color: FIXED_BORDER, opacity: 0.8 };
const LETTER = 12; // width of a Chinese letter of a name, in pixels
const LATIN = 7;
const LINE = 18; // height of a name
const AREA_LETTER = 15;

// Grids in the colours that `options.fill` gives; gives a layer with `of`, grid by code, and
// `replace`, which draws some anew and takes those of the codes that are gone away.
export function drawGrids(grids, options) {
  const feature = (grid) => ({ type: "Feature", geometry: grid.geometry, properties: grid });
  const layer = L.geoJSON(
    grids.map(feature),
    {
      pane: options.pane,
      style: (feature) => ({
        color: WHITE, weight: 1, fillOpacity: 0.7, fillColor: options.fill(feature.properties),
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
  layer.paint = () => layer.setStyle((feature) => ({ fillColor: options.fill(feature.properties) }));
  known();
  return layer;
}

// Borders, the thinner the smaller grids are on the screen; each polyline knows its arc, and `chosen` is told of a click. `replace` as of the grids.
export function drawArcs(map, arcs, grids, chosen) {
  const of = new Map();
  let thick;
  const measure = () => { thick = widths(gridPixels(map, grids)); };
  const weight = (arc) => (arc.movable ? thick.movable : thick.fixed);
  const drawn = (arc) => {
    const line = L.polyline(arc.line.map(latlng), {
      ...(arc.movable ? BORDER : FIXED), weight: weight(arc), pane: "arcs", bubblingMouseEvents: false, pmIgnore: !arc.movable,
      ...(arc.locked ? { color: LATE, className: "arc-locked" } : {}),
    });
    line.arc = arc;
    line.on("click", () => chosen(line));
    of.set(arc.id, line);
    return line;
  };
  measure();
  const layer = L.layerGroup(arcs.map(drawn));
  layer.of = of;
  const zoomed = () => { measure(); for (const line of of.values()) line.setStyle({ weight: weight(line.arc) }); };
  map.on("zoomend", zoomed);
  layer.on("remove", () => map.off("zoomend", zoomed));
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

// How wide a grid of the plan is on the screen, taken as a square of the mean size.
function gridPixels(map, grids) {
  const box = grids.getBounds(), count = grids.getLayers().length;
  if (!count || !box.isValid()) return 100;
  const a = map.latLngToLayerPoint(box.getNorthEast()), b = map.latLngToLayerPoint(box.getSouthWest());
  return Math.sqrt((Math.abs(a.x - b.x) * Math.abs(a.y - b.y)) / count);
}

// Names of communities, and of the grids that are wide enough for theirs: none runs into another.
export function drawNames(map, grids, areas) {
  const names = L.layerGroup([], { pane: "labels" });
  const long = (text, letter) => [...text].reduce((sum, sign) => sum + (sign > "\u2e7f" ? letter : LATIN), 0);
  function label(at, text, letter, className) {
    const { x, y } = map.latLngToLayerPoint(at);
    return { at, text, className, x, y, width: long(text, letter) + 4, height: LINE };
  }
  function write() {
    names.clearLayers();
    const view = map.getBounds(), ofAreas = [], ofGrids = [];
    areas?.eachLayer((each) => {
      const { name, label: spot, level } = each.feature.properties, at = latlng(spot);
      if (level !== "township" && view.contains(at)) ofAreas.push(label(at, name, AREA_LETTER, "label"));
    });
    grids.eachLayer((each) => {
      const box = each.getBounds(), at = box.getCenter(), grid = each.feature.properties;
      if (!view.contains(at)) return;
      const wide = map.latLngToLayerPoint(box.getNorthEast()).x - map.latLngToLayerPoint(box.getSouthWest()).x;
      const found = label(at, `${grid.locked ? "🔒" : ""}${grid.name}`, LETTER, "label label-grid editor-label");
      if (wide >= found.width) ofGrids.push({ ...found, wide });
    });
    ofGrids.sort((a, b) => b.wide - a.wide);
    for (const each of apart([...ofAreas, ...ofGrids])) {
      const text = document.createElement("span");
      text.textContent = each.text;
      L.marker(each.at, { icon: L.divIcon({ html: text, className: each.className, iconSize: null }), interactive: false, keyboard: false, pane: "labels", pmIgnore: true }).addTo(names);
    }
  }
  map.on("moveend", write);
  areas?.ready.then(() => { if (map.hasLayer(names)) write(); });
  write();
  names.write = write;
  names.on("remove", () => map.off("moveend", write));
  return names;
}

// Borders of communities stand out above those of grids; `grids` gives those that are drawn.
export function thickenAreas(map, areas, grids) {
  const draw = () => areas.setStyle({ weight: widths(gridPixels(map, grids())).community });
  map.on("zoomend", draw);
  areas.ready.then(draw);
}
