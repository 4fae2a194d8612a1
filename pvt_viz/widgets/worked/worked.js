// A board: what is pointed at lights up, in the rows and in the picture alike.
//
// A group is what lights up together: all terms of one id, or one term without an id. `hover` (a mouse or a finger) goes
// before `focus` (the keyboard); each is a list of groups' names, and for a vector a channel that is read out.

const NOT_OURS = ["Tab", "PageUp", "PageDown"]; // a presenter's remote turns the page, wherever the focus is
const NOTHING = { names: [], channel: null };

class Worked {
  constructor(root) {
    this.root = root;
    this.picture = new Picture(root);
    this.list = root.querySelector(".rows");
    this.readout = root.querySelector(".readout");
    this.live = root.querySelector(".live");
    this.rows = [];
    this.hover = this.focus = NOTHING;
    this.stop = new AbortController();
    const handlers = {
      pointermove: (event) => event.pointerType === "mouse" && this.#point(event),
      pointerdown: (event) => this.#point(event),
      pointerleave: (event) => event.pointerType === "mouse" && this.#hover(NOTHING),
      focusin: (event) => this.#focus(event.target),
      focusout: () => this.#focus(null),
      click: (event) => this.#click(event),
      keydown: (event) => this.#key(event),
    };
    for (const [type, handler] of Object.entries(handlers)) {
      root.addEventListener(type, handler, { signal: this.stop.signal });
    }
  }

  destroy() {
    this.stop.abort();
  }

  receive(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    // A place from Python is taken over when it is a new one: until then the browser knows better.
    const told = JSON.stringify(data.place);
    if (told !== this.told) this.place = data.place;
    this.told = told;
    this.picture.receive(data);
    this.picture.choose(data.pick ? this.place : null);
    this.list.setAttribute("aria-label", data.words.rows);
    for (const row of this.rows.splice(data.rows.length)) row.element.remove();
    while (this.rows.length < data.rows.length) this.list.append(this.rows[this.rows.push(new Row()) - 1].element);
    const unfocused = this.rows.filter((row, i) => {
      return Object.assign(row, { words: data.words }).receive(data.rows[i], data.luts);
    });
    this.#group();
    unfocused[0]?.terms[unfocused[0].at]?.focus({ preventScroll: true });
    // What was meant may be gone: not every browser says that the focus was lost with its element.
    if (!this.root.contains(this.root.getRootNode().activeElement)) this.focus = NOTHING;
    if (this.hover.channel) this.hover = NOTHING;
    this.#paint();
  }

  // Which terms and boxes belong together, by name.
  #group() {
    this.groups = new Map();
    this.rows.forEach((row, r) => {
      row.data.terms?.forEach((facts, t) => {
        if (!facts.answers) return;
        const name = facts.id || `${r}.${t}`;
        if (!this.groups.has(name)) this.groups.set(name, { terms: [], boxes: [] });
        const group = this.groups.get(name);
        const element = row.element.querySelector(`[data-term="${t}"]`);
        element.dataset.group = name;
        group.terms.push({ element, label: row.data.label, text: facts.text });
        group.boxes.push(...facts.boxes);
      });
    });
  }

  #rowOf(element) {
    return this.rows.find((row) => row.element.contains(element));
  }

  // What is under the pointer, or has the focus.
  #meant(element, event) {
    const term = element?.closest(".term");
    if (term) return { names: [term.dataset.group], channel: null };
    const strip = element?.closest(".strip");
    if (strip) {
      const row = this.#rowOf(strip);
      if (event) row.read(row.channelAt(event.clientX));
      return { names: [], channel: row };
    }
    if (!element?.closest(".frame")) return NOTHING;
    const place = event ? this.picture.placeOf(event) : this.picture.cursor;
    return place ? { names: this.#namesAt(place), channel: null } : NOTHING;
  }

  // The groups that are closest about this place: a token goes before the picture that it lies in.
  #namesAt([x, y]) {
    const around = [];
    for (const [name, { boxes }] of this.groups) {
      const areas = boxes.filter(([t, l, b, r]) => t <= y && y < b && l <= x && x < r).map(areaOf);
      if (areas.length) around.push({ name, area: Math.min(...areas) });
    }
    const least = Math.min(...around.map(({ area }) => area));
    return around.filter(({ area }) => area < least * 1.001).map(({ name }) => name);
  }

  #point(event) {
    this.#hover(this.#meant(event.target, event));
  }

  #hover(meant) {
    this.hover = meant;
    this.#paint();
  }

  #focus(element) {
    const row = element && this.#rowOf(element);
    if (row) row.rove(row.terms.indexOf(element));
    this.focus = this.#meant(element);
    if (!element) this.picture.moveTo(null);
    this.#paint();
  }

  #paint() {
    const { names, channel } = this.hover === NOTHING ? this.focus : this.hover;
    const lit = names.map((name) => this.groups.get(name)).filter(Boolean);
    const terms = lit.flatMap((group) => group.terms);
    const elements = new Set(terms.map(({ element }) => element));
    for (const element of this.list.querySelectorAll(".term")) element.classList.toggle("lit", elements.has(element));
    for (const row of this.rows) row.element.classList.toggle("read", row === channel);
    this.picture.light(lit.flatMap((group) => group.boxes));
    this.readout.replaceChildren(...this.#said(terms, channel));
    this.readout.classList.toggle("quiet", !terms.length && !channel);
    this.root.dataset.lit = names.join(" ");
  }

  // One line a term, its number first: a long label may be cut off, the number may not.
  #said(terms, channel) {
    if (channel) return [channel.channelText];
    if (!terms.length) return [this.data.words.hint];
    return terms.map(({ label, text }) => {
      const line = made("div", "");
      line.append(made("b", "", text), made("span", "", label));
      return line;
    });
  }

  #click(event) {
    event.target.closest(".term, .strip")?.focus({ preventScroll: true }); // not every browser does so by itself
    if (this.data.pick && event.target.closest(".frame")) this.#choose(this.picture.placeOf(event));
  }

  #choose(place) {
    this.place = place.map((fraction) => Math.round(fraction * 1e4) / 1e4);
    this.picture.choose(this.place);
    this.live.textContent = filled(this.data.words.chosen, { place: this.picture.describe(this.place) });
    this.setStateValue("place", this.place);
  }

  // Streamlit listens for letters on the page (r reruns), and a page may turn at arrow keys: what is used here stays here.
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || NOT_OURS.includes(event.key)) return;
    event.stopPropagation();
    const row = this.#rowOf(event.target);
    const action = row ? this.#keyInRow(row, event.key) : this.#keyInPicture(event.key);
    if (!action) return;
    event.preventDefault();
    this.hover = NOTHING; // a mouse that rests somewhere does not stand in the way
    action();
  }

  #keyInRow(row, key) {
    if (key === "Escape") return () => row.element.getRootNode().activeElement.blur();
    const { kind, columns } = row.data;
    const vector = kind === "vector";
    const last = (vector ? row.data.values : row.terms).length - 1;
    const at = vector ? row.channel : row.at;
    const inGrid = kind === "grid";
    // In a grid the arrows go where they point, elsewhere down is what right is.
    const [before, after] = [at - (inGrid ? columns : 1), at + (inGrid ? columns : 1)];
    const target = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: vector ? at + 1 : before,
      ArrowDown: vector ? at - 1 : after,
      Home: 0,
      End: last,
    }[key];
    if (target === undefined) return null;
    if (!vector) return () => (row.terms[target] ?? row.terms[at]).focus();
    return () => {
      row.read(target);
      this.focus = this.#meant(row.terms[0]);
      this.#paint();
    };
  }

  #keyInPicture(key) {
    const { frame, cursor } = this.picture;
    const from = cursor ?? this.place ?? [0.5, 0.5];
    const step = (down, right) => () => this.#go(cursor ? this.picture.neighbour(from, down, right) : from);
    return {
      ArrowUp: step(-1, 0),
      ArrowDown: step(1, 0),
      ArrowLeft: step(0, -1),
      ArrowRight: step(0, 1),
      Home: () => this.#go([0.5, 0.5]),
      Enter: () => this.#choose(this.picture.neighbour(from, 0, 0)),
      " ": () => this.#choose(this.picture.neighbour(from, 0, 0)),
      Escape: () => frame.blur(),
    }[key];
  }

  #go(place) {
    this.picture.moveTo(this.picture.neighbour(place, 0, 0));
    this.focus = this.#meant(this.picture.frame);
    this.#paint();
    const said = this.focus.names.flatMap((name) => this.groups.get(name).terms.map(({ label, text }) => `${label}: ${text}`));
    this.live.textContent = [this.picture.describe(place), ...said].join(". ");
  }
}
