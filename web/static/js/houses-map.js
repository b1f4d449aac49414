// A small map of one grid: its border, streets and parcels, and its houses. Pictures under it are none: it works without a line.

import { cross } from "./spot.js";
import { CHOSEN, FRAME, HERE, HOUSE, OPEN_EVENT, OWN_GROUND, STREET, WHITE } from "./pure/colours.js";

const DUE = { radius: 9, color: OPEN_EVENT, weight: 3, fillColor: OPEN_EVENT, fillOpacity: 0.9 };
const CALM = { radius: 7, color: HOUSE, weight: 3, fillColor: WHITE, fillOpacity: 1 };

// Houses have `id`, `lon`, `lat` and, where something is due, `due`; `choose` hears which one was touched, `touch` of a spot.
export function housesMap(element, data, { choose, touch } = {}) {
  const map = L.map(element, { preferCanvas: true, attributionControl: false, zoomSnap: 0.5, maxZoom: 21 });
  const still = { interactive: false };
  const border = L.geoJSON(data.border, { ...still, style: { color: CHOSEN, weight: 4, fillColor: OWN_GROUND, fillOpacity: 0.45 } }).addTo(map);
  for (const each of data.parcels) L.geoJSON(each, { ...still, style: { color: FRAME, weight: 1, fill: false } }).addTo(map);
  for (const each of data.streets) L.geoJSON(each, { ...still, style: { color: STREET, weight: 4 } }).addTo(map);
  map.fitBounds(border.getBounds(), { padding: [12, 12] });
  L.control.scale({ imperial: false }).addTo(map);
  const dots = new Map();
  let chosen = null, marker = null, line = null;
  const plain = (one) => (one.due ? DUE : CALM);
  for (const one of data.houses) {
    const dot = L.circleMarker([one.lat, one.lon], { ...plain(one), interactive: Boolean(choose) }).addTo(map);
    if (choose) dot.on("click", (event) => { L.DomEvent.stopPropagation(event); choose(one.id); });
    dots.set(one.id, { one, dot });
  }
  if (touch) map.on("click", (event) => touch(event.latlng.lng, event.latlng.lat));
  return {
    map,
    // Marks one house, and no other.
    mark: (id) => {
      if (chosen) chosen.dot.setStyle({ ...plain(chosen.one), color: plain(chosen.one).color }).setRadius(plain(chosen.one).radius);
      chosen = dots.get(id) || null;
      if (!chosen) return false;
      chosen.dot.setStyle({ color: CHOSEN, weight: 7 }).setRadius(14).bringToFront();
      if (!map.getBounds().pad(-0.1).contains(chosen.dot.getLatLng())) map.panTo(chosen.dot.getLatLng());
      return true;
    },
    // Shows these houses alone.
    only: (ids) => { for (const [id, { dot }] of dots) if (ids.has(id) !== map.hasLayer(dot)) ids.has(id) ? dot.addTo(map) : dot.remove(); },
    here: (lon, lat, near) => {
      if (!marker) marker = L.marker([lat, lon], { icon: L.divIcon({ className: "houses-here", iconSize: [56, 56], html: cross() }), interactive: false, keyboard: false }).addTo(map);
      marker.setLatLng([lat, lon]);
      if (near) map.setView([lat, lon], Math.max(map.getZoom(), 18));
    },
    // The way of a round, from where one stands.
    way: (places) => {
      line?.remove();
      line = places ? L.polyline(places.map((at) => [at.lat, at.lon]), { ...still, color: HERE, weight: 3, dashArray: "8 8" }).addTo(map) : null;
    },
  };
}
