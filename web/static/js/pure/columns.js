// In which order the cells of a table's column stand: numbers by size, words as their language has them, a number in them by its size.

const number = (text) => Number(text.replace(/[\s,%]/g, "").replace("−", "-"));

// Compares two of the cells; a column is of numbers if each cell is one, or empty.
export function order(cells, language) {
  if (cells.every((text) => text === "" || !Number.isNaN(number(text)))) return (a, b) => number(a) - number(b);
  return (a, b) => a.localeCompare(b, language, { numeric: true });
}
