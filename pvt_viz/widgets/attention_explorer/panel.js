// One stage: its controls, its map over the picture, and the same in words.

const STRONGEST = 3;

// The indices of the largest weights, largest first.
function strongest(weights, count) {
  const best = [];
  for (let i = 0; i < weights.length; i++) {
    if (best.length === count && weights[i] <= weights[best[count - 1]]) continue;
    let at = best.length;
    while (at > 0 && weights[best[at - 1]] < weights[i]) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}

// The smallest and the largest weight of the plane, written into `found`: nothing is allocated on a move.
function findRange(found, weights, skip) {
  found.min = found.max = weights[skip] ?? 0;
  for (let i = skip + 1; i < weights.length; i++) {
    if (weights[i] > found.max) found.max = weights[i];
    else if (weights[i] < found.min) found.min = weights[i];
  }
}

// A shared scale starts at 0; a map's own spans just what it holds, or faint differences would not be seen.
const lowEnd = (state, found) => (state.scale === SHARED ? 0 : found.min);

function fillSelect(select, options, value) {
  const same =
    select.options.length === options.length &&
    options.every(([key, label], i) => select.options[i].value === String(key) && select.options[i].label === label);
  if (!same) select.replaceChildren(...options.map(([key, label]) => new Option(label, key)));
  select.value = String(value);
}

// Writing text that is already there would still cost a layout.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

class Panel {
  constructor(template, stage, position, maps, image) {
    this.stage = stage;
    this.maps = maps;
    this.image = image;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.stage = stage.index;
    this.element.dataset.position = position;
    const find = (selector) => this.element.querySelector(selector);
    this.find = find;
    this.frame = find(".frame");
    this.picture = find("img");
    this.map = new MapCanvas(find("canvas"));
    this.mark = new Mark(find(".mark"));
    this.words = { where: find(".where"), min: find(".min"), max: find(".max"), kind: find(".kind") };
    this.prefix = this.#prefixWeights(find(".cls-weight"));
    this.items = [...this.element.querySelectorAll(".top li")].map((item) => [...item.children]);
    this.buffers = {};
    this.#name();
  }

  #name() {
    const { stage, find } = this;
    const number = stage.index;
    const name = t("Stage {number}", { number });
    setText(find(".name"), name);
    const facts = { tokens: times(stage.grid), keys: times(stage.reduced_grid), ratio: stage.reduction };
    const shape = stage.pooled
      ? t("{tokens}~tokens, pooled to~{keys}~keys", facts)
      : t("{tokens}~tokens →~{keys}~keys · R~=~{ratio}", facts);
    setText(find(".shape"), shape.replaceAll("~", "\u00a0"));
    // With its shape: two explorers on one page may show the same stage at two R.
    this.element.setAttribute("aria-label", listed([name, shape.replaceAll("~", " ")]));
    find(".block").setAttribute("aria-label", t("Stage {number}: block", { number }));
    find(".head").setAttribute("aria-label", t("Stage {number}: head of {count}", { number, count: stage.heads }));
    find(".cls").hidden = !stage.n_prefix;
    for (const radio of find(".cls").querySelectorAll("input")) radio.name = `cls-${stage.index}`;
    setText(find(".head-label"), t("Head of {count}", { count: stage.heads }));
    this.element.classList.toggle("long", Math.max(...stage.grid) > 99);
    setText(find(".note"), stage.note);
    find(".note").hidden = !stage.note || !this.maps.sent;
  }

  // A swatch with words for each token before the grid; none where there is none.
  #prefixWeights(first) {
    const items = this.stage.prefix.map((name) => {
      const element = first.cloneNode(true);
      element.title = t("It has no place in the picture; its weight has the colours of the same scale.");
      return { name, element, colour: element.querySelector("i"), words: element.querySelector("span") };
    });
    first.replaceWith(...items.map(({ element }) => element));
    return items;
  }

  // Follow a changed control or direction: planes, sizes, select boxes. Not called while the pointer moves.
  reflect(state, position) {
    const { stage, image, find } = this;
    this.planes = planesOf(stage, state.direction);
    const looksAt = state.direction === LOOKS_AT;
    this.map.fit(this.planes.painted, image);
    this.map.canvas.style.opacity = state.strength / 100;
    this.mark.fit(this.planes.picked, image);
    fitRim(this.frame, this.planes.painted, image, looksAt ? "key" : "token");

    const blocks = stage.blocks.length ? stage.blocks : [stage.depth];
    fillSelect(find(".block"), blocks.map((n) => [n, t("{block} of {depth}", { block: n, depth: stage.depth })]), blockOf(state, position, stage));
    const heads = Array.from({ length: stage.kind === "all" ? stage.heads : 0 }, (_, h) => [h, `${h + 1}`]);
    // The mean of a single head is that head.
    if (stage.heads === 1) fillSelect(find(".head"), [[MEAN, "1"]], MEAN);
    else fillSelect(find(".head"), [[MEAN, t("mean")], ...heads], state.heads[position]);
    find(".block").disabled = find(".head").disabled = !this.maps.sent;
    for (const radio of find(".cls").querySelectorAll("input")) radio.checked = (radio.value === "1") === state.cls;
    const number = stage.index;
    setText(find(".cls legend"), looksAt ? t("Stage {number}: query", { number }) : t("Stage {number}: key", { number }));
    setText(find(".cls-here"), looksAt ? t("token here") : t("key here"));
    this.element.classList.toggle("chosen", state.stage === position);
    find(".choose").setAttribute("aria-pressed", state.stage === position);
    // What a query that looks at everything alike would give to each key: without it, faint noise looks like a choice.
    const even = looksAt && this.maps.sent && t("uniform: {share}", { share: percent(1 / this.maps.keys) });
    const scale = state.scale === SHARED ? t("shared scale") : t("own scale");
    setText(this.words.kind, even ? `${scale} · ${even}` : scale);

    this.last = {}; // whatever was painted before no longer counts
    this.block = blockOf(state, position, stage) - stage.blocks[0];
    const all = Array.from({ length: this.maps.heads ?? 0 }, (_, h) => h);
    this.heads = state.heads[position] === MEAN ? all : [state.heads[position]];
  }

  // Find what is under the place and its weights. Returns the largest, so that panels can share a scale.
  look(state) {
    const { stage, maps, planes } = this;
    this.isCls = Boolean(state.cls && stage.n_prefix);
    this.cell = cellAt(planes.picked, this.image, state.x, state.y);
    this.picked = this.isCls ? 0 : this.cell && stage.n_prefix + this.cell.row * planes.picked.columns + this.cell.column;
    this.shown = maps.sent && this.picked !== null;
    // Most moves stay within one token of the later stages.
    this.moved = this.picked !== this.last.picked;
    this.last.picked = this.picked;
    if (!this.moved) return this.max;
    this.weights = this.shown ? this.weightsOf(this.heads, state.direction) : null;
    this.min = this.max = 0;
    if (this.shown) findRange(this, this.weights, stage.n_prefix);
    return this.max;
  }

  // Buffers are kept and written over: a fresh array per move would keep the garbage collector busy.
  weightsOf(heads, direction, buffers = this.buffers) {
    const { maps, block, picked } = this;
    return direction === LOOKS_AT
      ? maps.row((buffers.row ??= new Float32Array(maps.keys)), block, heads, picked)
      : maps.column((buffers.column ??= new Float32Array(maps.queries)), block, heads, picked);
  }

  // The map, the outline and the two ends of the scale: the part that follows the pointer at once.
  paint(state, max, colours) {
    if (this.shown && !this.moved && max === this.last.max) return;
    this.last.max = max;
    this.low = lowEnd(state, this);
    this.frame.classList.toggle("empty", !this.shown);
    this.mark.move(this.isCls ? null : this.cell);
    if (this.shown) this.map.paint(this.weights, this.stage.n_prefix, this.low, max, colours);
    else setText(this.find(".message"), this.absence(state));
    setText(this.words.min, this.shown ? percent(this.low) : "–");
    setText(this.words.max, this.shown ? percent(max) : "–");
  }

  // The same in words and numbers.
  tell(state, lut) {
    if (this.last.told === this.picked && this.last.toldMax === this.last.max) return;
    this.last.told = this.picked;
    this.last.toldMax = this.last.max;
    setText(this.words.where, this.whereWords(state));
    this.#tellPrefix(state, lut);
    const best = this.shown ? strongest(this.weights, STRONGEST) : [];
    this.items.forEach((parts, i) => {
      const words = i < best.length ? this.#itemWords(best[i]) : ["", "", ""];
      parts.forEach((part, k) => setText(part, words[k]));
    });
  }

  #tellPrefix(state, lut) {
    const first = (said) => (state.direction === LOOKS_AT ? t("{name} key: {share}", said) : t("{name} query: {share}", said));
    this.prefix.forEach(({ name, colour, words }, i) => {
      const weight = this.shown ? this.weights[i] : 0;
      const said = { name, share: this.shown ? percent(weight) : "–" };
      setText(words, i ? t("{name}: {share}", said) : first(said));
      colour.style.background = `rgb(${lut[colourIndex(weight, this.low, this.last.max)].join(" ")})`;
    });
  }

  absence(state) {
    if (!this.maps.sent) return this.stage.note;
    return rimSentence(state.direction, this.planes.picked, this.image, state.x, state.y);
  }

  whereWords(state) {
    const looksAt = state.direction === LOOKS_AT;
    if (this.isCls) return looksAt ? t("Query: CLS") : t("Key: CLS");
    if (!this.cell) return "–";
    const { rows, columns } = this.planes.picked;
    const at = { row: this.cell.row + 1, column: this.cell.column + 1, grid: times([rows, columns]) };
    return looksAt
      ? t("Query: token row {row}, column {column} of {grid}", at)
      : t("Key: row {row}, column {column} of {grid}", at);
  }

  #itemWords(index) {
    const { stage, planes } = this;
    if (this.weights[index] === 0) return ["", "", ""];
    const weight = percent(this.weights[index]);
    if (index < stage.n_prefix) return [weight, stage.prefix[index], t("no place in the picture")];
    const at = index - stage.n_prefix;
    const cell = { row: Math.floor(at / planes.painted.columns), column: at % planes.painted.columns };
    return [weight, regionWords(planes.painted, cell), cellWords(planes.painted, cell)];
  }

  // The whole panel in one sentence, for those who do not see it.
  sentence(state) {
    const number = this.stage.index;
    if (!this.shown) return t("Stage {number}: {why}", { number, why: this.absence(state) });
    const best = this.items
      .map((parts) => parts.map((part) => part.textContent))
      .filter(([weight]) => weight)
      .map(([weight, region, cell]) => t("{region}, {cell}: {weight}", { region, cell, weight }));
    const said = { number, where: this.whereWords(state), places: listed(best), grid: times(this.stage.grid) };
    return state.direction === LOOKS_AT
      ? t("Stage {number}. {where}; looks most at {places} (rows and columns of {grid} tokens).", said)
      : t("Stage {number}. {where}; looked at most by {places} (rows and columns of {grid} tokens).", said);
  }

  // The same, short enough to be read out while somebody explores.
  shortSentence(state) {
    const number = this.stage.index;
    if (!this.shown) return t("Stage {number}: no map here", { number });
    const [[weight, region]] = this.items;
    return t("stage {number} {region}, {weight}", { number, region: region.textContent, weight: weight.textContent });
  }
}
