// The picture of a board: boxes that light up in it, places that are pointed at, and the one that is chosen.

const FARTHEST = 0.999; // places are fractions below 1: the last pixel belongs to the last cell
const STEPS = 16; // how many arrow keys it takes to cross a picture without grid lines
const CLOSEST = 3; // px between lines: where there were less, only every second is drawn
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
    this.cursor = null; // where the arrow keys are
    new ResizeObserver(() => this.data && this.#rule()).observe(this.frame);
  }

  receive(data) {
    this.data = data;
    const { picture, alt, marks, pick, words } = data;
    if (this.image.getAttribute("src") !== picture.url) this.image.src = picture.url; // else it would flicker
    this.image.classList.toggle("few", Math.max(picture.width, picture.height) <= FEW_PIXELS);
    this.frame.style.setProperty("--ratio", picture.width / picture.height);
    // Where there is something to choose, the arrow keys are the picture's own.
    this.frame.setAttribute("role", pick ? "application" : "img");
    this.frame.setAttribute("aria-label", pick ? `${alt} ${words.hint}` : alt);
    this.frame.classList.toggle("pick", pick);
    if (pick) this.frame.tabIndex = 0;
    else this.frame.removeAttribute("tabindex");
    this.#rule();
    this.#draw("mark", marks.map(rectangle).join(""));
    this.moveTo(pick ? this.cursor : null);
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
    const [top, left, bottom, right] = this.#cut;
    const cell = (at, from, to, count) => Math.floor(Math.min(Math.max((at - from) / (to - from), 0), FARTHEST) * count);
    const edge = (at, from, to, count) => Math.min(from + ((to - from) * at) / count, 1);
    const [row, column] = [cell(y, top, bottom, rows), cell(x, left, right, columns)];
    const upper = [edge(row, top, bottom, rows), edge(column, left, right, columns)];
    return { row, column, box: [...upper, edge(row + 1, top, bottom, rows), edge(column + 1, left, right, columns)] };
  }

  // The middle of the cell that lies so many cells away from the one at this place.
  neighbour(place, down, right) {
    const [rows, columns] = this.#cells;
    const { row, column } = this.cellAt(place);
    const step = (at, by, count) => Math.min(Math.max(at + by, 0), count - 1) + 0.5;
    const [above, before, below, after] = this.#cut;
    const y = above + ((below - above) * step(row, down, rows)) / rows;
    const x = before + ((after - before) * step(column, right, columns)) / columns;
    return [within(x), within(y)];
  }

  moveTo(place) {
    this.cursor = place;
    this.#draw("cursor", place ? rectangle(this.cellAt(place).box) : "");
  }

  describe(place) {
    const { words, cells } = this.data;
    const [x, y] = place;
    const [top, left, bottom, right] = this.#cut;
    if (!cells || x < left || y < top || x >= right || y >= bottom)
      return filled(words.spot, { x: Math.round(100 * x), y: Math.round(100 * y) });
    const { row, column } = this.cellAt(place);
    return filled(words.cell, { row: row + 1, rows: cells[0], column: column + 1, columns: cells[1] });
  }

  get #cells() {
    return this.data.cells ?? [STEPS, STEPS];
  }

  get #cut() {
    return this.data.cells ? this.data.cellsCut : [0, 0, 1, 1];
  }

  // Between the squares of the grid, and around them where the picture goes on.
  #rule() {
    if (!this.data.lines) return this.#draw("lines", "");
    const [rows, columns] = this.data.lines;
    const [top, left, bottom, right] = this.data.cut;
    const { width, height } = this.frame.getBoundingClientRect();
    const at = (from, to, count, pixels) => {
      let every = 1;
      while (pixels && ((to - from) * pixels * every) / count < CLOSEST) every *= 2;
      const places = Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);
      return places.filter((place, i) => i % every === 0 && place > 0 && place < FARTHEST);
    };
    const across = at(top, bottom, rows, height).map((y) => `M${left} ${y}H${Math.min(right, 1)}`);
    const down = at(left, right, columns, width).map((x) => `M${x} ${top}V${Math.min(bottom, 1)}`);
    this.#draw("lines", [...across, ...down].join(""));
  }

  // Every line is drawn twice, dark below light, so that it is seen on any picture.
  #draw(name, path) {
    for (const element of this.frame.querySelectorAll(`path.${name}`)) element.setAttribute("d", path);
  }
}
