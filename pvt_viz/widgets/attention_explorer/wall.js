// The wall: one row per stage, one small map per head of the chosen block, for the same place as the panels.

class WallRow {
  constructor(template, panel, position) {
    this.panel = panel;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.stage = panel.stage.index;
    this.element.dataset.position = position;
    this.name = this.element.querySelector(".wall-name");
    this.scale = this.element.querySelector(".wall-scale");
    const tile = this.element.querySelector(".tile-template");
    const count = panel.maps.sent ? panel.maps.heads : 0;
    this.element.dataset.heads = count;
    this.tiles = Array.from({ length: count }, (_, head) => this.#tile(tile, head));
    this.element.querySelector(".tiles").append(...this.tiles.map((item) => item.element));
  }

  #tile(template, head) {
    const { stage } = this.panel;
    const element = template.content.firstElementChild.cloneNode(true);
    const label = stage.kind === "mean" ? t("mean") : t("head {number}", { number: head + 1 });
    element.dataset.head = head;
    element.title = t("Show this head in the panel above; again: the mean of all heads.");
    element.querySelector(".tile-label").textContent = label;
    element.disabled = stage.kind === "mean" || stage.heads === 1;
    const map = new MapCanvas(element.querySelector("canvas"));
    const mark = new Mark(element.querySelector(".mark"));
    return { element, map, mark, range: element.querySelector(".tile-range"), weights: null, buffers: {} };
  }

  reflect(state, position) {
    const { stage, planes, image } = this.panel;
    const name = t("Stage {number} · block {block}", { number: stage.index, block: blockOf(state, position, stage) });
    setText(this.name, name);
    this.element.setAttribute("aria-label", name);
    this.tiles.forEach((tile, head) => {
      tile.map.fit(planes.painted, image);
      tile.mark.fit(planes.picked, image);
      tile.element.setAttribute("aria-pressed", state.heads[position] === head);
    });
  }

  look(state) {
    if (!this.panel.moved) return this.max;
    this.max = 0;
    if (!this.panel.shown) return 0;
    this.tiles.forEach((tile, head) => {
      tile.weights = this.panel.weightsOf([head], state.direction, tile.buffers);
      findRange(tile, tile.weights, this.panel.stage.n_prefix);
      this.max = Math.max(this.max, tile.max);
    });
    return this.max;
  }

  paint(state, max, colours) {
    const { stage, shown, moved } = this.panel;
    if (!moved && (state.scale === OWN || max === this.lastMax)) return;
    this.lastMax = max;
    this.element.classList.toggle("empty", !shown);
    for (const tile of this.tiles) {
      tile.mark.move(shown && !this.panel.isCls ? this.panel.cell : null);
      if (!shown) continue;
      tile.map.paint(tile.weights, stage.n_prefix, lowEnd(state, tile), state.scale === SHARED ? max : tile.max, colours);
    }
  }

  tell(state) {
    setText(this.scale, this.#scaleWords(state, this.lastMax));
    const own = this.panel.shown && state.scale === OWN;
    for (const tile of this.tiles) setText(tile.range, own ? rangeWords(tile.min, tile.max) : "");
  }

  #scaleWords(state, max) {
    if (!this.panel.shown) return this.panel.maps.sent ? t("nothing here") : t("not sent");
    return state.scale === SHARED
      ? t("one scale for the wall, {range}", { range: rangeWords(0, max) })
      : t("each its own scale");
  }
}
