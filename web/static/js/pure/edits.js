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
