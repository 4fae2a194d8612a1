// Where a place in the picture falls in each stage's planes, and how to say it in words.

const LOOKS_AT = "q"; // query → keys
const LOOKED_AT = "k"; // key → queries

// A plane cuts the picture's upper left part into squares of `cell` image pixels; the rest is rim.
function tokenPlane(stage) {
  return { rows: stage.grid[0], columns: stage.grid[1], cell: stage.stride, tokens: 1 };
}

function keyPlane(stage) {
  const [rows, columns] = stage.reduced_grid;
  return { rows, columns, cell: stage.stride * stage.reduction, tokens: stage.reduction };
}

// The plane that is pointed into, and the plane that the weights live in.
function planesOf(stage, direction) {
  const token = tokenPlane(stage);
  const key = keyPlane(stage);
  return direction === LOOKS_AT ? { picked: token, painted: key } : { picked: key, painted: token };
}

// The cell of a plane under the place (x, y), fractions of an H×W picture; null on the rim.
function cellAt(plane, [height, width], x, y) {
  const row = Math.floor((y * height) / plane.cell);
  const column = Math.floor((x * width) / plane.cell);
  return row < plane.rows && column < plane.columns ? { row, column } : null;
}

function centreOf(plane, [height, width], { row, column }) {
  return { x: ((column + 0.5) * plane.cell) / width, y: ((row + 0.5) * plane.cell) / height };
}

// The cell `down` and `right` of the place's own; a place on the rim counts as the nearest cell.
function neighbour(plane, [height, width], { x, y }, down, right) {
  const limit = (value, count) => Math.min(Math.max(value, 0), count - 1);
  const row = limit(Math.floor((y * height) / plane.cell), plane.rows);
  const column = limit(Math.floor((x * width) / plane.cell), plane.columns);
  return centreOf(plane, [height, width], {
    row: limit(row + down, plane.rows),
    column: limit(column + right, plane.columns),
  });
}

// Image pixels at the bottom and at the right that no cell covers.
function rimOf(plane, [height, width]) {
  return { bottom: height - plane.rows * plane.cell, right: width - plane.columns * plane.cell };
}

function rimSentence(what, plane, image, x, y) {
  const rim = rimOf(plane, image);
  const below = y * image[0] >= image[0] - rim.bottom;
  const beside = x * image[1] >= image[1] - rim.right;
  const sides = [below && `${rim.bottom} px at the bottom`, beside && `${rim.right} px at the right`];
  return `No ${what} here: the last ${sides.filter(Boolean).join(" and ")} are dropped.`;
}

const DOWN = ["upper", "middle", "lower"];
const ACROSS = ["left", "centre", "right"];

function regionWords(plane, { row, column }) {
  const third = (index, count) => Math.min(2, Math.floor(((index + 0.5) * 3) / count));
  const down = third(row, plane.rows);
  const across = third(column, plane.columns);
  return down === 1 && across === 1 ? "centre" : `${DOWN[down]} ${ACROSS[across]}`;
}

// "rows 1–8, columns 9–16": the stage's tokens that the cell stands for.
function cellWords(plane, { row, column }) {
  const span = (index) =>
    plane.tokens === 1 ? `${index + 1}` : `${index * plane.tokens + 1}–${(index + 1) * plane.tokens}`;
  const plural = plane.tokens === 1 ? "" : "s";
  return `row${plural} ${span(row)}, column${plural} ${span(column)}`;
}

function percent(weight) {
  return `${percentNumber(weight)}\u00a0%`;
}

const rangeWords = (low, high) => `${percentNumber(low)}–${percent(high)}`;

function percentNumber(weight) {
  const value = weight * 100;
  const digits = value >= 10 ? 1 : value >= 0.1 ? 2 : value ? 3 : 0;
  return value.toFixed(digits);
}

function megabytes(bytes) {
  if (bytes < 1e5) return `${(bytes / 1e3).toFixed(1)} kB`;
  const millions = bytes / 1e6;
  return `${millions.toFixed(millions >= 100 ? 0 : millions >= 10 ? 1 : 2)} MB`;
}

const times = ([rows, columns]) => `${rows}×${columns}`;
