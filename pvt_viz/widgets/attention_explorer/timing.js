// How long a person waits: marks that the browser's performance panel and our tests can read.

const POINTER_TO_PAINT = "pvt-explorer:pointer-to-paint"; // from the handler's start until its frame was produced
const REPAINT = "pvt-explorer:repaint"; // only our own work in it
const KEPT_MEASURES = 500;

const taken = new Map();

function measure(name, start) {
  const count = (taken.get(name) ?? 0) + 1;
  const full = count > KEPT_MEASURES;
  if (full) performance.clearMeasures(name);
  taken.set(name, full ? 1 : count);
  performance.measure(name, { start, end: performance.now() });
}

// A task posted from an animation frame runs after that frame was produced.
const afterFrame = new MessageChannel();
afterFrame.port1.onmessage = ({ data: start }) => measure(POINTER_TO_PAINT, start);

function measurePaint(start) {
  measure(REPAINT, start);
  requestAnimationFrame(() => afterFrame.port2.postMessage(start));
}
