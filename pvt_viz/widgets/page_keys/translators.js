// A browser's translator puts font elements where text nodes were, or around them. React goes on to change the nodes
// that it made, and finds them elsewhere: it stops with an error, or the reader keeps the sentence of before. So whatever
// is about to be changed is put back first, untranslated; the translator sees new text, and translates that.
const isFont = (node) => node?.nodeName === "FONT";

const standsFor = new WeakMap(); // a text node that was taken out -> the element that came in its place

// What a translator has put in the place of a node, or around it.
const outermost = (node) => {
  let found = node.parentNode ? node : standsFor.get(node);
  while (isFont(found?.parentNode)) found = found.parentNode;
  return isFont(found) ? found : null;
};
const putBack = (node) => {
  if (node?.nodeType === Node.TEXT_NODE || isFont(node?.parentNode)) outermost(node)?.replaceWith(node);
};
// A text of which nothing is left in the page: there is nothing to take out, and nothing to stand before.
const lost = (node) => node?.nodeType === Node.TEXT_NODE && !node.parentNode;

const { removeChild, insertBefore, replaceChild } = Node.prototype;
Node.prototype.removeChild = function (child) {
  if (child?.parentNode !== this) putBack(child);
  return lost(child) ? child : removeChild.call(this, child);
};
Node.prototype.insertBefore = function (child, before) {
  if (before && before.parentNode !== this) putBack(before);
  return insertBefore.call(this, child, lost(before) ? null : before);
};
Node.prototype.replaceChild = function (child, old) {
  if (old?.parentNode !== this) putBack(old);
  return replaceChild.call(this, child, old);
};
const { get, set } = Object.getOwnPropertyDescriptor(Node.prototype, "nodeValue");
Object.defineProperty(Text.prototype, "nodeValue", {
  configurable: true,
  get,
  set(value) {
    putBack(this);
    set.call(this, value);
  },
});

new MutationObserver((records) => {
  const fonts = new Set(records.flatMap(({ addedNodes }) => [...addedNodes].filter(isFont)));
  if (!fonts.size) return;
  for (const { target, removedNodes, previousSibling, nextSibling } of records) {
    for (const node of removedNodes) {
      if (node.nodeType !== Node.TEXT_NODE || node.parentNode) continue;
      const between = (other) =>
        other.target === target && other.previousSibling === previousSibling && other.nextSibling === nextSibling;
      const near = [previousSibling, nextSibling, ...records.filter(between).flatMap((other) => [...other.addedNodes])];
      const found = near.find((other) => fonts.has(other));
      if (found) standsFor.set(node, found);
    }
  }
}).observe(document.documentElement, { childList: true, subtree: true });
