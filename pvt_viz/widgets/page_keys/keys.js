// The page turns at ← and →, and at PageUp and PageDown, which are what a presenter's remote control sends.

const TURNS = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 };
const ROLES = ["slider", "spinbutton", "listbox", "combobox", "menu", "grid", "tree", "radiogroup", "tablist", "toolbar", "application", "dialog"];
// What uses these keys itself, or holds something that does.
const OWN_KEYS = [
  "input:not([type='checkbox']), textarea, select, video, audio", // a switch leaves them to the page
  "[contenteditable]:not([contenteditable='false'])",
  ...ROLES.map((role) => `[role="${role}"]`),
  "[data-testid='stButtonGroup'], [data-testid='stSlider'], [data-testid='stDataFrame']",
  "[data-testid='attention-explorer']",
].join(", ");
const BOARD = "[data-testid='worked-board']"; // uses arrows, and leaves the other two to us
const ANSWER_WITHIN_MS = 3_000; // after that a turn that was sent is taken for lost
const FOCUS_WITHIN_MS = 10_000; // after that the reader has long gone on

const instances = new WeakMap();

class PageKeys {
  constructor() {
    this.stop = new AbortController();
    this.queue = []; // turns that wait until the one before them is answered
    document.addEventListener("keydown", (event) => this.#key(event), { signal: this.stop.signal });
  }

  receive({ step, turns }, setTriggerValue) {
    const turned = this.step !== undefined && step !== this.step;
    const answered = turns !== this.turns;
    Object.assign(this, { step, turns, setTriggerValue });
    if (turned) this.#beginAtTop();
    if (answered) this.sent = null;
    this.#send();
  }

  #send() {
    const busy = this.sent && performance.now() - this.sent < ANSWER_WITHIN_MS;
    if (busy || !this.queue.length) return;
    this.sent = performance.now();
    this.setTriggerValue("turn", this.queue.shift());
  }

  destroy() {
    this.stop.abort();
    this.waiting?.disconnect();
  }

  #key(event) {
    const turn = TURNS[event.key];
    if (!turn || event.defaultPrevented) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    // The path goes into shadow trees, where the target of an event seen from the page does not.
    const path = event.composedPath();
    const within = (selector) => path.some((element) => element.matches?.(selector));
    if (within(BOARD) ? event.key.startsWith("Arrow") : within(OWN_KEYS)) return;
    event.preventDefault();
    if (event.repeat) return; // a key held down is one turn
    this.queue.push(turn);
    this.#send();
  }

  // To the top at once; to the heading when the script has run, since until then it is that of the step before.
  #beginAtTop() {
    const main = document.querySelector("[data-testid='stMain']");
    (main ?? document.scrollingElement).scrollTo({ top: 0, behavior: "instant" });
    this.waiting?.disconnect();
    const app = document.querySelector("[data-testid='stApp']");
    const focused = document.activeElement;
    const until = performance.now() + FOCUS_WITHIN_MS;
    const focus = () => {
      if (app.dataset.testScriptState !== "notRunning") return;
      this.waiting.disconnect();
      const elsewhere = document.activeElement !== document.body && document.activeElement !== focused;
      if (!elsewhere && performance.now() < until) focusHeading();
    };
    this.waiting = new MutationObserver(focus);
    this.waiting.observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
    focus();
  }
}

function focusHeading() {
  const heading = document.querySelector("[data-testid='stMain'] h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.style.outline = "none"; // it is read from there, but there is nothing to press
  heading.focus({ preventScroll: true });
}

export default function pageKeys({ parentElement, data, setTriggerValue }) {
  if (!instances.has(parentElement)) instances.set(parentElement, { keys: new PageKeys(), calls: 0 });
  const mounted = instances.get(parentElement);
  mounted.keys.receive(data, setTriggerValue);

  // A superseded call's cleanup may run while a newer one is live: only the newest may tear down.
  const token = ++mounted.calls;
  return () => {
    if (mounted.calls !== token || instances.get(parentElement) !== mounted) return;
    mounted.keys.destroy();
    instances.delete(parentElement);
  };
}
