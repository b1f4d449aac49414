// Points and lines out of vector tiles, drawn on canvas; one click finds what stands there.

import { decode } from "./pure/vector-tile.js";
import { short } from "./pure/words.js";
import { WHITE } from "./pure/colours.js";

const EXTENT = 4096;
const SINGLE_FROM = 16; // zoom from which the server sends points one by one

const Tiles = L.GridLayer.extend({
  // A tile of 512 pixels at zoom z is tile z - 1 of the pyramid: a quarter of the requests.
  options: { tileSize: 512, maxNativeZoom: 18, maxZoom: 20, updateWhenIdle: true, keepBuffer: 1 },

  // Symbols of another zoom have another size: rather none for a moment than those.
  _retainParent: () => false,
  _retainChildren: () => undefined,

  initialize: function (spec, onFailure) {
    L.GridLayer.prototype.initialize.call(this, { pane: spec.kind });
    this.spec = spec;
    this.drawn = 0; // symbols on all tiles so far; tests read it
    this.onFailure = onFailure;
    this.ready = spec.shown ? new Promise((resolve) => this.once("load", resolve)) : Promise.resolve();
    this.on("tileunload", (event) => event.tile.stop?.abort());
  },

  createTile: function (coords, done) {
    const canvas = L.DomUtil.create("canvas", "leaflet-tile");
    canvas.symbols = [];
    canvas.stop = new AbortController();
    const address = { x: coords.x, y: coords.y, z: coords.z - 1 };
    fetch(L.Util.template(this.spec.url, address), { signal: canvas.stop.signal })
      .then((answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.arrayBuffer();
      })
      .then((buffer) => {
        this._draw(canvas, coords.z, decode(new Pbf.PbfReader(new Uint8Array(buffer))));
        done(null, canvas);
      })
      .catch((error) => {
        if (error.name === "AbortError") return;
        this.onFailure();
        done(error, canvas);
      });
    return canvas;
  },

  _draw: function (canvas, z, features) {
    const size = this.getTileSize().x;
    // Between whole zooms tiles are enlarged; drawn finer, they stay sharp.
    const shown = Math.min(2 ** (this._map.getZoom() - z), 4);
    const sharp = (window.devicePixelRatio || 1) * Math.max(1, shown);
    canvas.width = canvas.height = size * sharp;
    const pen = canvas.getContext("2d");
    pen.scale((size * sharp) / EXTENT, (size * sharp) / EXTENT);
    const px = EXTENT / size;
    if (this.spec.kind === "lines") for (const f of features) line(pen, f, this.spec.style, px, z < SINGLE_FROM);
    else for (const f of features) symbol(pen, f, this.spec.style, px, z < SINGLE_FROM);
    if (this.spec.kind === "points") canvas.symbols = features;
    this.drawn += features.length;
  },

  // The symbol under a place of the map, nearest first; null if there is none.
  at: function (latlng) {
    if (!this._map || this.spec.kind !== "points") return null;
    const size = this.getTileSize().x;
    const z = this._tileZoom;
    const shown = 2 ** (this._map.getZoom() - z); // enlargement of the tiles at hand
    const place = this._map.project(latlng, z);
    const column = Math.floor(place.x / size), row = Math.floor(place.y / size);
    const canvas = this._tiles[[column, row, z].join(":")]?.el;
    const point = place.subtract([column * size, row * size]);
    let best = null, nearest = Infinity;
    for (const f of canvas ? canvas.symbols : []) {
      const [x, y] = f.parts[0][0];
      const away = Math.hypot((x * size) / EXTENT - point.x, (y * size) / EXTENT - point.y);
      if (away <= radius(f.n, this.spec.style) + 3 / shown && away < nearest) [best, nearest] = [f, away];
    }
    return best && { id: best.id, n: best.n || 1, layer: this.spec };
  },
});

function radius(n, style) {
  if (!n) return style.numbered ? 3.8 : 3.3;
  // Numbered sums have room for their number; plain ones grow by area, within their square.
  return style.numbered ? 6.5 + 3.2 * Math.log10(n) : Math.min(2.4 + 0.55 * Math.sqrt(n), 5);
}

function symbol(pen, f, style, px, far) {
  const [x, y] = f.parts[0][0];
  const r = radius(f.n, style) * px;
  pen.beginPath();
  if (style.shape === "diamond" && !f.n) {
    const d = r * 1.35;
    pen.moveTo(x, y - d);
    pen.lineTo(x + d, y);
    pen.lineTo(x, y + d);
    pen.lineTo(x - d, y);
    pen.closePath();
  } else pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.fillStyle = style.colour;
  const quiet = (f.n || far) && !style.numbered;
  pen.globalAlpha = quiet ? 0.5 : f.n ? 0.92 : 1;
  pen.fill();
  pen.globalAlpha = 1;
  if (quiet) return;
  pen.lineWidth = px * (f.n ? 1.4 : 1.1);
  pen.strokeStyle = WHITE;
  pen.stroke();
  if (!f.n) return;
  pen.fillStyle = style.text;
  pen.font = `600 ${10.5 * px}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(short(f.n), x, y + 0.5 * px);
}

function line(pen, f, style, px, far) {
  pen.beginPath();
  for (const part of f.parts) part.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.lineWidth = (far ? 0.9 : 1.6) * px;
  pen.strokeStyle = style.colour;
  pen.globalAlpha = far ? 0.7 : 0.9;
  pen.stroke();
  pen.globalAlpha = 1;
}

export const tiles = (spec, onFailure) => new Tiles(spec, onFailure);
