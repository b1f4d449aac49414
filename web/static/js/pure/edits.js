// Arithmetic of edits: corners as they are sent, lists as they stand after an answer.

const DECIMALS = 1e7;

// Corners that were there stay to the last digit; new ones get a centimetre.
export function corners(latlngs, known) {
  return latlngs.map((at) => {
    const old = known?.get(`${at.lng},${at.lat}`);
    return old || [Math.round(at.lng * DECIMALS) / DECIMALS, Math.round(at.lat * DECIMALS) / DECIMALS];
  });
}

// A list after an answer that says what is new or other and what is gone; `key` tells what is the same thing.
export function merged(old, fresh, gone, key) {
  const out = new Map(old.map((each) => [each[key], each]));
  for (const each of gone) out.delete(each);
  for (const each of fresh) out.set(each[key], each);
  return [...out.values()];
}

// A corner so many metres to the east and north (WGS 84; good to a millimetre over some metres).
export function shifted(at, east, north) {
  const phi = (at.lat * Math.PI) / 180;
  const perLat = 111132.954 - 559.822 * Math.cos(2 * phi) + 1.175 * Math.cos(4 * phi);
  const perLng = 111412.84 * Math.cos(phi) - 93.5 * Math.cos(3 * phi) + 0.118 * Math.cos(5 * phi);
  return { lat: at.lat + north / perLat, lng: at.lng + east / perLng };
}
