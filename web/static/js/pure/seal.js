// What a phone keeps is sealed with a key made at random, which is wrapped by two things together: a short PIN and a half
// that the server gave. Without either nothing opens.

const ROUNDS = 600000, TAG = "gisgrid-phone-1";
const AES = { name: "AES-GCM", length: 256 };
const fresh = (n) => crypto.getRandomValues(new Uint8Array(n));

// The server's half as a key that no script can read again.
export const halfKey = (bytes) => crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

async function wrapping(pin, half, salt, rounds) {
  const word = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
  const slow = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, word, 256);
  const both = await crypto.subtle.sign("HMAC", half, slow);
  return crypto.subtle.importKey("raw", both, AES, false, ["wrapKey", "unwrapKey"]);
}

const named = (iv) => ({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(TAG) });

// A lock for a PIN and a half, and the key behind it.
export async function makeLock(pin, half, rounds = ROUNDS) {
  const salt = fresh(16), iv = fresh(12);
  const made = await crypto.subtle.generateKey(AES, true, ["encrypt", "decrypt"]);
  const lock = { salt, iv, rounds, wrapped: await crypto.subtle.wrapKey("raw", made, await wrapping(pin, half, salt, rounds), named(iv)) };
  return { lock, key: await unlock(lock, pin, half) };
}

// The key behind a lock, which no script can read; null for a wrong PIN or half.
export async function unlock(lock, pin, half) {
  const by = await wrapping(pin, half, lock.salt, lock.rounds);
  return crypto.subtle.unwrapKey("raw", lock.wrapped, by, named(lock.iv), AES, false, ["encrypt", "decrypt"]).catch(() => null);
}

export async function seal(key, value) {
  const iv = fresh(12), plain = new TextEncoder().encode(JSON.stringify(value));
  return { iv, bytes: await crypto.subtle.encrypt(named(iv), key, plain) };
}

export const open = async (key, sealed) => JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(named(sealed.iv), key, sealed.bytes)));
