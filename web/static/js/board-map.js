// The board's symbols: sums in squares of the screen or single cases, or heat.

import { make } from "./elements.js";
import { ALARM, CALM, EMERGENCY, LATE, MARKED, SOON, WHITE } from "./pure/colours.js";

const COLOURS = { urgent: EMERGENCY, late: LATE, soon: SOON, calm: CALM };
const SQUARE_PX = 64;

const Heat = L.Layer.extend({
  onAdd: function (map) {
    this.canvas = L.DomUtil.create("canvas", "heat", map.getPanes().overlayPane);
    map.on("moveend zoomend resize", this.draw, this);
    this.draw();
  },
  onRemove: function (map) {
    this.canvas.remove();
    map.off("moveend zoomend resize", this.draw, this);
  },
  set: function (symbols) {
    this.symbols = symbols;
    if (this._map) this.draw();
  },
  draw: function () {
    const map = this._map, size = map.getSize(), pen = this.canvas.getContext("2d");
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
    [this.canvas.width, this.canvas.height] = [size.x, size.y];
    const most = Math.max(1, ...(this.symbols || []).map((s) => s.n));
    for (const s of this.symbols || []) {
      const at = map.latLngToContainerPoint([s.lat, s.lon]);
      const glow = pen.createRadialGradient(at.x, at.y, 0, at.x, at.y, SQUARE_PX * 0.8);
      const strength = 0.15 + 0.6 * Math.sqrt(s.n / most);
      glow.addColorStop(0, `rgba(189, 0, 38, ${strength})`);
      glow.addColorStop(0.5, `rgba(253, 141, 60, ${strength * 0.45})`);
      glow.addColorStop(1, "rgba(254, 217, 118, 0)");
      pen.fillStyle = glow;
      pen.fillRect(at.x - SQUARE_PX, at.y - SQUARE_PX, 2 * SQUARE_PX, 2 * SQUARE_PX);
    }
  },
});

// Symbols on a map; `open` is called with the number of a case that is clicked.
export function boardMap(map, open) {
  const points = L.layerGroup().addTo(map), heat = new Heat();
  let symbols = [], look = "sums", marked = null;

  function radius(n) {
    return n === 1 ? 7 : 10 + 4 * Math.log10(n);
  }

  function draw() {
    points.clearLayers();
    heat.set(symbols);
    if (look === "heat") return;
    // What is urgent is drawn last, and so above the rest.
    for (const s of [...symbols].sort((a, b) => a.urgent - b.urgent)) {
      const colour = s.urgent ? COLOURS.urgent : s.late ? COLOURS.late : s.soon ? COLOURS.soon : COLOURS.calm;
      const dot = L.circleMarker([s.lat, s.lon], {
        radius: radius(s.n) + (s.urgent ? 4 : 0), color: s.urgent ? ALARM : WHITE, weight: s.urgent ? 4 : 1.5, fillColor: colour, fillOpacity: 0.9, pane: "points",
      });
      dot.on("click", () => {
        if (s.case_id) open(s.case_id);
        else map.setView([s.lat, s.lon], Math.min(map.getZoom() + 2, 19));
      });
      points.addLayer(dot);
      if (s.n > 1 || s.urgent) {
        points.addLayer(L.marker([s.lat, s.lon], {
          interactive: false, keyboard: false, pane: "labels",
          icon: L.divIcon({ className: "sum", iconSize: [40, 16], html: make("span", {}, s.urgent ? (s.n > 1 ? `!${s.n}` : "!") : String(s.n)) }),
        }));
      }
    }
  }

  return {
    // Edge of a square in degrees of longitude at the present zoom.
    square: () => (SQUARE_PX * 360) / (256 * 2 ** map.getZoom()),
    box: () => {
      const b = map.getBounds();
      return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()].map((x) => x.toFixed(6));
    },
    show: (found) => { symbols = found; draw(); },
    look: (how) => {
      look = how;
      if (how === "heat") heat.addTo(map);
      else heat.remove();
      draw();
    },
    mark: (row, far) => {
      if (marked) marked.remove();
      marked = null;
      if (!row || row.lat === null) return;
      marked = L.circleMarker([row.lat, row.lon], { radius: 15, color: MARKED, weight: 4, fill: false, interactive: false, pane: "points" }).addTo(map);
      if (far) map.setView([row.lat, row.lon], Math.max(map.getZoom(), 17));
      else if (!map.getBounds().contains([row.lat, row.lon])) map.panTo([row.lat, row.lon]);
    },
  };
}
