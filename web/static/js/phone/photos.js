// A photo is made small on the phone before it waits: one at a time, looked over afterwards; where that fails the
// original goes.

const EDGE = 1600, QUALITY = 0.82, SMALL = 400000;

async function hex(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What waits of a file: its bytes, small, and their SHA-256.
export async function packed(field, file, whole) {
  const made = whole || !file.type.startsWith("image/") ? file : await small(file).catch(() => file);
  const bytes = await made.arrayBuffer();
  return { field, file: made === file ? file.name : `${file.name.replace(/\.\w+$/, "")}.jpg`, type: made.type, bytes, sha256: await hex(bytes) };
}

async function small(file) {
  const first = await createImageBitmap(file);
  const scale = Math.min(1, EDGE / Math.max(first.width, first.height));
  if (scale === 1 && file.size <= SMALL) return file;
  const width = Math.round(first.width * scale), height = Math.round(first.height * scale);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const paper = canvas.getContext("2d", { alpha: false });
  paper.imageSmoothingQuality = "high";
  paper.drawImage(first, 0, 0, width, height);
  first.close();
  const plain = even(paper, width, height);
  const made = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", QUALITY); });
  canvas.width = canvas.height = 0;
  // Some phones paint nothing and say nothing: such a picture is of one colour.
  const again = made && !plain && await createImageBitmap(made);
  if (!again || again.width !== width || made.size >= file.size) return file;
  again.close();
  return made;
}

function even(paper, width, height) {
  const spots = [[0.1, 0.1], [0.5, 0.5], [0.9, 0.9], [0.3, 0.7], [0.7, 0.3]]
    .map(([x, y]) => paper.getImageData(Math.floor(x * (width - 1)), Math.floor(y * (height - 1)), 1, 1).data.join());
  return spots.every((spot) => spot === spots[0] && /^(0,0,0|255,255,255)/.test(spot));
}
