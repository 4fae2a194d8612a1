// What a person does: pointer, keys and controls, turned into changes of the explorer's state.

const SEND_AFTER_MS = 500; // arrow keys that move a pin come in bursts; Python reruns once

const replaced = (list, at, value) => list.map((old, i) => (i === at ? value : old));

class Gestures {
  constructor(explorer, signal) {
    this.explorer = explorer;
    this.signal = signal;
    const handlers = {
      pointermove: (event) => this.#point(event),
      pointerdown: (event) => event.pointerType !== "mouse" && this.#point(event),
      click: (event) => this.#click(event),
      keydown: (event) => this.#key(event),
      change: (event) => this.#change(event),
      input: (event) => this.#slide(event),
    };
    for (const [type, handler] of Object.entries(handlers)) {
      explorer.root.addEventListener(type, handler, { signal });
    }
    explorer.root.dataset.listeners = Object.keys(handlers).length;
    window.addEventListener(PLACE, (event) => this.#follow(event.detail), { signal });
  }

  #placeOf(event) {
    const box = event.target.closest(".frame")?.getBoundingClientRect();
    if (!box?.width || !box.height) return null;
    const fraction = (value) => Math.min(Math.max(value, 0), FARTHEST);
    return { x: fraction((event.clientX - box.left) / box.width), y: fraction((event.clientY - box.top) / box.height) };
  }

  #point(event) {
    const start = performance.now();
    const place = this.explorer.state.pinned ? null : this.#placeOf(event);
    if (place) this.#moveTo(place, start);
  }

  // Paint at once; if more moves come within the same frame, paint only the last of them.
  #moveTo(place, start) {
    Object.assign(this.explorer.state, place);
    this.explorer.share();
    this.#paintSoon(start);
  }

  // Another explorer of the same link has moved: look at the same place, and tell nobody.
  #follow({ from, link, place }) {
    const { explorer } = this;
    if (from === explorer || !link || link !== explorer.header?.link) return;
    const repin = place.pinned !== explorer.state.pinned || place.cls !== explorer.state.cls;
    Object.assign(explorer.state, place);
    if (repin) explorer.reflect();
    else this.#paintSoon(performance.now());
  }

  #paintSoon(start) {
    this.latest = start;
    this.stale = this.painting;
    if (!this.painting) this.#paint();
  }

  #paint() {
    this.painting = true;
    this.stale = false;
    this.explorer.repaint();
    measurePaint(this.latest);
    requestAnimationFrame(() => {
      this.painting = false;
      if (this.stale && !this.signal.aborted) this.#paint();
    });
  }

  #click(event) {
    const { explorer } = this;
    const choose = event.target.closest(".choose");
    const tile = event.target.closest(".tile");
    if (event.target.closest(".chip")) explorer.set({ pinned: false });
    else if (choose) explorer.set({ stage: +choose.closest(".panel").dataset.position });
    else if (tile) this.#chooseHead(+tile.closest(".row").dataset.position, +tile.dataset.head);
    else this.#pin(this.#placeOf(event));
  }

  // Again in the same place lets go; elsewhere the pin moves there.
  #pin(place) {
    if (!place) return;
    const { explorer } = this;
    const again = explorer.state.pinned && this.#isSamePlace(place);
    explorer.set(again ? { pinned: false } : { ...place, pinned: true });
  }

  // The same token, or near enough for a finger: tokens of stage 1 are a few pixels wide.
  #isSamePlace({ x, y }) {
    const { state, header } = this.explorer;
    const plane = this.explorer.pickedPlane;
    const [a, b] = [cellAt(plane, header.image, x, y), cellAt(plane, header.image, state.x, state.y)];
    const same = a && b && a.row === b.row && a.column === b.column;
    return same || Math.hypot(x - state.x, y - state.y) < 0.02;
  }

  // A click on a head's small map shows it in the panel; again, the mean.
  #chooseHead(position, head) {
    const { heads } = this.explorer.state;
    this.explorer.set({ heads: replaced(heads, position, heads[position] === head ? MEAN : head) });
  }

  // Streamlit listens for letters on the page (r reruns): whatever is typed in here stays in here.
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    event.stopPropagation();
    const { explorer } = this;
    if (event.key === "Escape" && explorer.state.pinned) explorer.set({ pinned: false });
    const action = event.target === explorer.main && this.#keyAction(event.key);
    if (!action) return;
    event.preventDefault();
    action();
  }

  #keyAction(key) {
    const { explorer } = this;
    const step = (down, right) => () => {
      this.#go(neighbour(explorer.pickedPlane, explorer.header.image, explorer.state, down, right));
    };
    const pin = () => explorer.set({ pinned: !explorer.state.pinned });
    return {
      ArrowUp: step(-1, 0),
      ArrowDown: step(1, 0),
      ArrowLeft: step(0, -1),
      ArrowRight: step(0, 1),
      Home: () => this.#go({ x: 0.5, y: 0.5 }),
      Enter: pin,
      " ": pin,
    }[key];
  }

  // Unlike a pointer that brushes past, keys mean it: they move a pin too.
  #go(place) {
    this.#moveTo(place, performance.now());
    if (!this.explorer.state.pinned) return;
    this.explorer.sayState();
    this.explorer.send(SEND_AFTER_MS);
  }

  #change({ target }) {
    const { explorer } = this;
    const { blocks, heads } = explorer.state;
    const position = +target.closest(".panel")?.dataset.position;
    if (target.name === "direction") explorer.set({ direction: target.value });
    else if (target.name === "scale") explorer.set({ scale: target.value });
    else if (target.name === "stage") explorer.set({ stage: +target.value });
    else if (target.name?.startsWith("cls-")) explorer.set({ cls: target.value === "1" });
    else if (target.matches(".grid-lines")) explorer.set({ gridLines: target.checked });
    else if (target.matches(".block")) explorer.set({ blocks: replaced(blocks, position, +target.value) });
    else if (target.matches(".head")) {
      explorer.set({ heads: replaced(heads, position, target.value === MEAN ? MEAN : +target.value) });
    }
  }

  #slide({ target }) {
    if (target.matches(".strength")) this.explorer.setStrength(+target.value);
  }
}
