// The picture of a board: boxes that light up in it, places that are pointed at, and the one that is chosen.

const FARTHEST = 0.999; // places are fractions below 1: the last pixel belongs to the last cell
const STEPS = 16; // how many arrow keys it takes to cross a picture without grid lines
const FEW_PIXELS = 160; // up to here a picture is shown pixel by pixel
const rectangle = ([top, left, bottom, right]) => `M${left} ${top}H${right}V${bottom}H${left}Z`;
const areaOf = ([top, left, bottom, right]) => (bottom - top) * (right - left);
const within = (value) => Math.min(Math.max(value, 0), FARTHEST);

// "{row} of {rows}" with its values filled in.
const filled = (template, values) => template.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

class Picture {
  constructor(root) {
    this.frame = root.querySelector(".frame");
    this.image = this.frame.querySelector("img");
    this.ring = this.frame.querySelector(".ring");
    this.cursor = null; // where the arrow keys are, as a box
  }

  receive(data) {
    this.data = data;
    const { picture, alt, lines, marks, pick, words } = data;
    if (this.image.getAttribute("src") !== picture.url) this.image.src = picture.url; // else it would flicker
    this.image.classList.toggle("few", Math.max(picture.width, picture.height) <= FEW_PIXELS);
    this.frame.style.setProperty("--ratio", picture.width / picture.height);
    // Where there is something to choose, the arrow keys are the picture's own.
    this.frame.setAttribute("role", pick ? "application" : "img");
    this.frame.setAttribute("aria-label", pick ? `${alt} ${words.hint}` : alt);
    this.frame.classList.toggle("pick", pick);
    if (pick) this.frame.tabIndex = 0;
    else this.frame.removeAttribute("tabindex");
    this.#draw("lines", lines ? this.#ruled(lines) : "");
    this.#draw("mark", marks.map(rectangle).join(""));
    if (!pick) this.moveTo(null);
  }

  // Light these boxes and dim the rest; none: the picture as it is.
  light(boxes) {
    const outline = boxes.map(rectangle).join("");
    this.#draw("box", outline);
    this.frame.querySelector(".hole").setAttribute("d", outline);
    this.frame.classList.toggle("lit", boxes.length > 0);
  }

  choose(place) {
    this.ring.hidden = !place;
    if (!place) return;
    this.ring.style.left = `${100 * place[0]}%`;
    this.ring.style.top = `${100 * place[1]}%`;
  }

  placeOf({ clientX, clientY }) {
    const box = this.frame.getBoundingClientRect();
    return [within((clientX - box.left) / box.width), within((clientY - box.top) / box.height)];
  }

  // The cell around a place, as {row, column, box}.
  cellAt([x, y]) {
    const [rows, columns] = this.#cells;
    const [row, column] = [Math.floor(y * rows), Math.floor(x * columns)];
    return { row, column, box: [row / rows, column / columns, (row + 1) / rows, (column + 1) / columns] };
  }

  // The middle of the cell that lies so many cells away from the one at this place.
  neighbour(place, down, right) {
    const [rows, columns] = this.#cells;
    const { row, column } = this.cellAt(place);
    const step = (at, by, count) => (Math.min(Math.max(at + by, 0), count - 1) + 0.5) / count;
    return [step(column, right, columns), step(row, down, rows)];
  }

  moveTo(place) {
    this.cursor = place;
    this.#draw("cursor", place ? rectangle(this.cellAt(place).box) : "");
  }

  describe(place) {
    const { words, lines } = this.data;
    if (!lines) return filled(words.spot, { x: Math.round(100 * place[0]), y: Math.round(100 * place[1]) });
    const { row, column } = this.cellAt(place);
    return filled(words.cell, { row: row + 1, rows: lines[0], column: column + 1, columns: lines[1] });
  }

  get #cells() {
    return this.data.lines ?? [STEPS, STEPS];
  }

  #ruled([rows, columns]) {
    const across = Array.from({ length: rows - 1 }, (_, i) => `M0 ${(i + 1) / rows}H1`);
    const down = Array.from({ length: columns - 1 }, (_, i) => `M${(i + 1) / columns} 0V1`);
    return [...across, ...down].join("");
  }

  // Every line is drawn twice, dark below light, so that it is seen on any picture.
  #draw(name, path) {
    for (const element of this.frame.querySelectorAll(`path.${name}`)) element.setAttribute("d", path);
  }
}
