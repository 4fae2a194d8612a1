// Streamlit's menu turns a page in two steps: the path without a query, then the query that the new page's run writes.
// One entry of the browser's history is enough; from the first of two, Back would lead to the same page at its defaults.
const DOINGS = ["pointerdown", "keydown", "popstate"]; // what may change a choice after the turn

let turned = false; // and nobody has done anything since
for (const doing of DOINGS) window.addEventListener(doing, () => (turned = false), { capture: true });
const push = history.pushState.bind(history);
history.pushState = (state, unused, url) => {
  const turns = new URL(url, location.href).pathname !== location.pathname;
  if (turned && !turns) history.replaceState(state, unused, url);
  else push(state, unused, url);
  turned = turns;
};
