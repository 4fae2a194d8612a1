// Where a place in the picture falls in each stage's planes, and how to say it in words.

const LOOKS_AT = "q"; // query → keys
const LOOKED_AT = "k"; // key → queries

// A plane of equal cells over the picture's upper left part; the rest is rim. `extent` is its height and width in image
// pixels: more than the picture's where the grid of padded patches reaches over its edge. Keys have `spans`: the tokens
// behind each row and each column.
function tokenPlane(stage) {
  const [rows, columns] = stage.grid;
  return { rows, columns, extent: [rows * stage.stride, columns * stage.stride] };
}

// Pooled windows may share tokens: a cell is then what of a window is nearest to it, and need not be whole pixels.
function keyPlane(stage) {
  const [rows, columns] = stage.reduced_grid;
  const extent = stage.spans.map((spans) => spans.at(-1)[1] * stage.stride);
  return { rows, columns, extent, spans: stage.spans };
}

// The plane that is pointed into, and the plane that the weights live in.
function planesOf(stage, direction) {
  const token = tokenPlane(stage);
  const key = keyPlane(stage);
  return direction === LOOKS_AT ? { picked: token, painted: key } : { picked: key, painted: token };
}

// The row and column under the place (x, y), fractions of an H×W picture; on the rim, beyond the last.
function countTo({ rows, columns, extent }, [height, width], x, y) {
  return { row: Math.floor((y * height * rows) / extent[0]), column: Math.floor((x * width * columns) / extent[1]) };
}

// The cell of a plane under a place; null on the rim.
function cellAt(plane, image, x, y) {
  const cell = countTo(plane, image, x, y);
  return cell.row < plane.rows && cell.column < plane.columns ? cell : null;
}

// What of a cell lies in the picture, in fractions of it.
function boxOf({ rows, columns, extent }, [height, width], { row, column }) {
  const [down, across] = [extent[0] / rows / height, extent[1] / columns / width];
  const [top, left] = [row * down, column * across];
  return { top, left, height: Math.min(down, 1 - top), width: Math.min(across, 1 - left) };
}

function centreOf(plane, image, cell) {
  const { top, left, height, width } = boxOf(plane, image, cell);
  return { x: left + width / 2, y: top + height / 2 };
}

// The cell `down` and `right` of the place's own; a place on the rim counts as the nearest cell.
function neighbour(plane, image, { x, y }, down, right) {
  const limit = (value, count) => Math.min(Math.max(value, 0), count - 1);
  const { row, column } = countTo(plane, image, x, y);
  return centreOf(plane, image, {
    row: limit(limit(row, plane.rows) + down, plane.rows),
    column: limit(limit(column, plane.columns) + right, plane.columns),
  });
}

// Image pixels at the bottom and at the right that no cell covers.
function rimOf({ extent }, [height, width]) {
  return { bottom: Math.max(0, height - extent[0]), right: Math.max(0, width - extent[1]) };
}

// Why there is nothing to see at (x, y), which lies on the rim of a plane of tokens or of keys.
function rimSentence(direction, plane, image, x, y) {
  const { bottom, right } = rimOf(plane, image);
  const below = y * image[0] >= image[0] - bottom;
  const beside = x * image[1] >= image[1] - right;
  if (direction === LOOKS_AT) {
    if (!beside) return t("No token here: the last {bottom} px at the bottom are dropped.", { bottom });
    if (!below) return t("No token here: the last {right} px at the right are dropped.", { right });
    return t("No token here: the last {bottom} px at the bottom and {right} px at the right are dropped.", { bottom, right });
  }
  if (!beside) return t("No key here: the last {bottom} px at the bottom are dropped.", { bottom });
  if (!below) return t("No key here: the last {right} px at the right are dropped.", { right });
  return t("No key here: the last {bottom} px at the bottom and {right} px at the right are dropped.", { bottom, right });
}

function regionWords(plane, { row, column }) {
  const third = (index, count) => Math.min(2, Math.floor(((index + 0.5) * 3) / count));
  const regions = [
    [t("upper left"), t("upper centre"), t("upper right")],
    [t("middle left"), t("centre"), t("middle right")],
    [t("lower left"), t("lower centre"), t("lower right")],
  ];
  return regions[third(row, plane.rows)][third(column, plane.columns)];
}

// "rows 1–8, columns 9–16": the stage's tokens that the cell stands for.
function cellWords({ spans }, { row, column }) {
  const [down, across] = spans ? [spans[0][row], spans[1][column]] : [[row, row + 1], [column, column + 1]];
  const one = ([from, to]) => to - from === 1;
  const numbers = (span) => (one(span) ? span[1] : `${span[0] + 1}–${span[1]}`);
  const at = { row: numbers(down), column: numbers(across) };
  if (one(down) && one(across)) return t("row {row}, column {column}", at);
  if (one(down)) return t("row {row}, columns {column}", at);
  if (one(across)) return t("rows {row}, column {column}", at);
  return t("rows {row}, columns {column}", at);
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
