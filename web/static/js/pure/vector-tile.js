// Mapbox Vector Tile 2.1, as far as ST_AsMVT writes it.

// Features of a tile out of a reader of its bytes (Pbf): `type`, `parts` of [x, y], properties.
export function decode(reader) {
  const features = [];
  reader.readFields((tag, _, pbf) => {
    if (tag === 3) layer(pbf, features);
  }, null);
  return features;
}

function layer(pbf, features) {
  const raw = [], keys = [], values = [];
  pbf.readMessage((tag) => {
    if (tag === 2) raw.push(feature(pbf));
    else if (tag === 3) keys.push(pbf.readString());
    else if (tag === 4) values.push(value(pbf));
  }, null);
  for (const f of raw) {
    for (let i = 0; i + 1 < f.tags.length; i += 2) f[keys[f.tags[i]]] = values[f.tags[i + 1]];
    features.push(f);
  }
}

function feature(pbf) {
  const f = { id: 0, tags: [], type: 0, parts: [] };
  pbf.readMessage((tag) => {
    if (tag === 1) f.id = pbf.readVarint();
    else if (tag === 2) pbf.readPackedVarint(f.tags);
    else if (tag === 3) f.type = pbf.readVarint();
    else if (tag === 4) geometry(pbf, f.parts);
  }, null);
  return f;
}

function value(pbf) {
  let v = null;
  pbf.readMessage((tag) => {
    if (tag === 1) v = pbf.readString();
    else if (tag === 2) v = pbf.readFloat();
    else if (tag === 3) v = pbf.readDouble();
    else if (tag === 4) v = pbf.readVarint(true);
    else if (tag === 5) v = pbf.readVarint();
    else if (tag === 6) v = pbf.readSVarint();
    else if (tag === 7) v = pbf.readBoolean();
  }, null);
  return v;
}

function geometry(pbf, parts) {
  const end = pbf.readVarint() + pbf.pos;
  let x = 0, y = 0;
  while (pbf.pos < end) {
    const command = pbf.readVarint();
    for (let n = command >> 3; n > 0; n--) {
      if ((command & 7) === 7) continue; // close path: no numbers follow
      x += pbf.readSVarint();
      y += pbf.readSVarint();
      if ((command & 7) === 1) parts.push([]);
      parts[parts.length - 1].push([x, y]);
    }
  }
}
