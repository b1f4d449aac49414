// What a test in the browser looks at: the map of the page, its layers, the editor. No page reads it.

export const seen = {};
globalThis.gisgrid = seen;
