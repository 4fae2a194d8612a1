// The explorer itself: one instance per mounted element. It owns the state and repaints what follows from it.

const ANNOUNCE_AFTER_MS = 400; // read out where the pointer rests, not where it passes

const TELL_EVERY_MS = 80; // words change slower than maps: nobody reads 60 of them a second

let sendings = 0;
const memory = new Map(); // what a key's last instance showed, for when Streamlit mounts it again

class Explorer {
  constructor(root, memoryKey) {
    this.root = root;
    this.memoryKey = memoryKey;
    this.aborter = new AbortController();
    this.main = root.querySelector(".main");
    this.find = (selector) => root.querySelector(selector);
    this.urls = [];
    this.painted = 0;
    this.gestures = new Gestures(this, this.aborter.signal);
  }

  destroy() {
    this.aborter.abort();
    for (const timer of [this.announcing, this.sending, this.telling]) clearTimeout(timer);
    this.#forgetPictures();
  }

  // ---- data from Python ------------------------------------------------------------------------------------

  // `view`, where there is one, is asked for in place of the view that was packed.
  receive(bytes, setStateValue, view) {
    this.setStateValue = setStateValue;
    const { header, arraysAt } = readHeader(bytes);
    if (view) header.view = view;
    const before = this.header;
    const isNew = header.fingerprint !== before?.fingerprint;
    const askedAnew = before && header.asked !== before.asked;
    this.header = header;
    if (!isNew && !askedAnew && header.wall === before.wall) return;
    this.stages = header.stages;
    if (!before) this.state = this.#firstState();
    else this.state = askedAnew ? this.#askedState() : fitState(this.state, this.stages);
    if (isNew) {
      speak(header.language, header.words);
      translate(this.root);
      this.colours = packColours(header.lut);
      this.root.style.setProperty("--ramp", gradientOf(header.lut));
      this.root.style.setProperty("--ratio", header.image[1] / header.image[0]);
      this.#build(bytes, arraysAt);
      this.#showPicture(readPicture(bytes, arraysAt, header.picture));
    }
    this.find(".wall").hidden = !header.wall;
    this.find(".turn").hidden = !header.turnable;
    if (!header.turnable) this.state.direction = LOOKS_AT;
    this.reflect();
  }

  // After a remount what was last seen here wins, unless Python asks for a view it did not ask for then.
  #firstState() {
    const asked = this.header.view;
    const last = memory.get(this.memoryKey);
    if (last && (last.asked === asked || last.view === asked)) return fitState(last.state, this.stages);
    return parseView(asked, this.stages);
  }

  // Python wants another view (a link, or the defaults); where the pointer is and how it looks here stay.
  #askedState() {
    const { x, y, strength, gridLines } = this.state;
    this.sent = undefined;
    const asked = parseView(this.header.view, this.stages);
    return { ...asked, strength, gridLines, ...(asked.pinned ? {} : { x, y }) };
  }

  #build(bytes, arraysAt) {
    const { header } = this;
    const template = this.find(".panel-template");
    this.panels = header.stages.map((stage, i) => {
      return new Panel(template, stage, i, new StageMaps(stage, bytes, arraysAt), header.image);
    });
    this.find(".panels").replaceChildren(...this.panels.map((panel) => panel.element));

    this.rows = this.panels.map((panel, i) => new WallRow(this.find(".row-template"), panel, i));
    this.find(".rows").replaceChildren(...this.rows.map((row) => row.element));

    const mark = this.find(".main-mark-template");
    this.marks = this.panels.map(() => new Mark(mark.content.firstElementChild.cloneNode(true)));
    this.find(".marks").replaceChildren(...this.marks.map(({ layer }) => layer));
    this.#buildStageChoice();
    setText(this.find(".weight"), this.#weightWords());
    this.#colourStages();
  }

  #buildStageChoice() {
    const choices = this.stages.map((stage, i) => {
      const label = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: "stage", value: i });
      const text = Object.assign(document.createElement("span"), { textContent: stage.index });
      radio.setAttribute("aria-label", t("Stage {number}", { number: stage.index }));
      label.append(radio, text);
      return label;
    });
    this.find(".stages").hidden = choices.length === 1;
    const legend = this.find(".stages legend");
    this.find(".stages").replaceChildren(legend, ...choices);
  }

  #weightWords() {
    const { bytes, all_bytes, full_bytes } = this.header;
    const [size, whole, full] = [bytes, all_bytes, full_bytes].map(megabytes);
    const sent =
      bytes === all_bytes
        ? t("All maps of this picture: {size}, sent once.", { size })
        : t("Maps sent: {size}, once. All maps of this picture would weigh {whole}.", { size, whole });
    if (this.stages.some((stage) => stage.pooled)) return spaced(sent, t("Full attention would weigh {full}.", { full }));
    return all_bytes === full_bytes
      ? spaced(sent, t("Here every token is a key (R\u00a0=\u00a01): this is full attention."))
      : spaced(sent, t("Full attention (R\u00a0=\u00a01) would weigh {full}.", { full }));
  }

  // The app's colours for stages 1 to 4, so that a stage has one colour on every page.
  #colourStages() {
    const given = getComputedStyle(this.root).getPropertyValue("--st-chart-categorical-colors");
    const colours = given.match(/#[0-9a-f]{3,8}|rgba?\([^)]*\)/gi) ?? [];
    this.panels.forEach((panel, i) => {
      const colour = colours[panel.stage.index - 1] ?? "currentColor";
      for (const element of [panel.element, this.rows[i].element, this.marks[i].layer]) {
        element.style.setProperty("--stage", colour);
      }
    });
  }

  async #showPicture(blob) {
    this.#forgetPictures();
    const url = this.#urlOf(blob);
    const fingerprint = this.header.fingerprint;
    Object.assign(this.find(".main img"), { src: url, alt: this.header.alt });
    for (const panel of this.panels) panel.picture.src = url;
    const grey = await greyCopy(blob).catch(() => null); // the colours are a fair second best
    if (!grey || this.aborter.signal.aborted || fingerprint !== this.header.fingerprint) return;
    const greyUrl = this.#urlOf(grey);
    for (const panel of this.panels) panel.picture.src = greyUrl;
  }

  #urlOf(blob) {
    this.urls.push(URL.createObjectURL(blob));
    return this.urls.at(-1);
  }

  #forgetPictures() {
    this.urls.splice(0).forEach((url) => URL.revokeObjectURL(url));
  }

  // ---- painting --------------------------------------------------------------------------------------------

  // Everything that follows from the controls, then a repaint.
  reflect() {
    const { state, stages, header, find } = this;
    this.panels.forEach((panel, i) => panel.reflect(state, i));
    this.rows.forEach((row, i) => row.reflect(state, i));
    this.marks.forEach((mark, i) => {
      mark.fit(this.panels[i].planes.picked, header.image);
      mark.layer.classList.toggle("chosen", state.stage === i);
    });
    for (const radio of this.root.querySelectorAll(".bar input, .stages input")) {
      radio.checked = radio.value === String(state[radio.name]);
    }
    find(".strength").value = state.strength;
    find(".grid-lines").checked = state.gridLines;
    this.#drawGrid(tokenPlane(stages[state.stage]));
    this.sayState();
    this.repaint();
    clearTimeout(this.telling);
    this.#tell();
    this.#describe();
  }

  #drawGrid(plane) {
    const { rows, columns, extent } = plane;
    const { image } = this.header;
    const svg = this.find(".grid");
    const lines = [];
    const cell = extent[0] / rows; // tokens are squares; of a grid that reaches over the edge, the svg shows what is in
    for (let i = 1; i <= rows; i++) if (i * cell < image[0]) lines.push(`M0 ${i * cell}H${extent[1]}`);
    for (let i = 1; i <= columns; i++) if (i * cell < image[1]) lines.push(`M${i * cell} 0V${extent[0]}`);
    svg.setAttribute("viewBox", `0 0 ${image[1]} ${image[0]}`);
    for (const path of svg.children) path.setAttribute("d", lines.join(""));
    svg.classList.toggle("off", !this.state.gridLines);
    svg.classList.toggle("fine", Math.max(rows, columns) > 40);
    fitRim(this.main, plane, image, "own");
  }

  sayState() {
    const { state, stages } = this;
    const looksAt = state.direction === LOOKS_AT;
    const chosen = { number: stages[state.stage].index, grid: times(stages[state.stage].grid) };
    const label = looksAt
      ? t("Picture with the tokens of stage {number}, {grid}. Arrow keys move the query.", chosen)
      : t("Picture with the tokens of stage {number}, {grid}. Arrow keys move the key.", chosen);
    this.main.setAttribute("aria-label", label);
    this.find(".chip").classList.toggle("off", !state.pinned);
    this.find(".chip").tabIndex = state.pinned ? 0 : -1;
    const keys = looksAt
      ? t("Arrow keys: one token of stage {number}. Home: centre.", chosen)
      : t("Arrow keys: one key of stage {number}. Home: centre.", chosen);
    const pin = state.pinned
      ? t("The place stays. Click elsewhere to move it, or press Esc.")
      : t("Point at any picture. Click, tap or Enter pins the place.");
    setText(this.find(".hint"), spaced(pin, keys));
    this.root.dataset.pinned = state.pinned;
    this.root.dataset.direction = state.direction;
    this.root.dataset.view = encodeView(state, stages);
  }

  // The hot path: everything that depends on where the pointer is.
  repaint() {
    const { state, panels, rows, root } = this;
    const shared = Math.max(...panels.map((panel) => panel.look(state)));
    panels.forEach((panel, i) => {
      panel.paint(state, state.scale === SHARED ? shared : panel.max, this.colours);
      this.marks[i].move(panel.isCls ? null : panel.cell);
    });
    if (this.header.wall) {
      const max = Math.max(...rows.map((row) => row.look(state)));
      for (const row of rows) row.paint(state, max, this.colours);
    }
    root.dataset.x = state.x.toFixed(4);
    root.dataset.y = state.y.toFixed(4);
    root.dataset.painted = ++this.painted;
    this.telling ??= setTimeout(() => this.#tell(), TELL_EVERY_MS);
    this.#announceSoon();
  }

  #tell() {
    this.telling = undefined;
    for (const panel of this.panels) panel.tell(this.state, this.header.lut);
    if (this.header.wall) for (const row of this.rows) row.tell(this.state);
    this.root.dataset.told = this.painted;
  }

  #announceSoon() {
    clearTimeout(this.announcing);
    this.announcing = setTimeout(() => this.#announce(), ANNOUNCE_AFTER_MS);
  }

  #describe() {
    for (const panel of this.panels) panel.frame.setAttribute("aria-label", panel.sentence(this.state));
  }

  #announce() {
    const { state, panels } = this;
    this.#describe();
    const at = { across: `${Math.round(state.x * 100)} %`, down: `${Math.round(state.y * 100)} %` };
    const place = state.pinned ? t("{across} across, {down} down, pinned.", at) : t("{across} across, {down} down.", at);
    const places = listed(panels.map((panel) => panel.shortSentence(state)));
    const seen = state.direction === LOOKS_AT ? t("Looks most at: {places}.", { places }) : t("Looked at most by: {places}.", { places });
    setText(this.find(".live"), spaced(place, seen));
  }

  // ---- state -----------------------------------------------------------------------------------------------

  // The plane whose cells the arrow keys step over.
  get pickedPlane() {
    return this.panels[this.state.stage].planes.picked;
  }

  set(changes) {
    this.state = fitState({ ...this.state, ...changes }, this.stages);
    this.reflect();
    this.share();
    this.send();
  }

  // Tell the explorers that are linked with this one where it looks.
  share() {
    const { link } = this.header;
    if (!link) return;
    const { x, y, pinned, cls } = this.state;
    window.dispatchEvent(new CustomEvent(PLACE, { detail: { from: this, link, place: { x, y, pinned, cls } } }));
  }

  setStrength(strength) {
    this.state.strength = strength;
    for (const panel of this.panels) panel.map.canvas.style.opacity = strength / 100;
    this.#remember();
  }

  #remember() {
    const view = encodeView(this.state, this.stages);
    memory.set(this.memoryKey, { asked: this.header.view, view, state: this.state });
    return view;
  }

  // Only here does Python hear of anything: a rerun per mouse move would queue up behind the pointer.
  send(delay = 0) {
    clearTimeout(this.sending);
    const view = this.#remember();
    if (delay) this.sending = setTimeout(() => this.send(), delay);
    else if (view !== this.sent) {
      this.sent = view;
      // Numbered: Streamlit keeps quiet about a value that it has heard before, even when Python has reset it since.
      this.setStateValue("view", `${view}~n${++sendings}`);
    }
  }
}
