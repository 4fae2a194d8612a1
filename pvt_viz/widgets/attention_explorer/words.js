// The reader's language: every word of the markup and of the scripts is English, and looked up here.

const TOLD = ["title", "aria-label", "alt"]; // the attributes that hold words
const written = new WeakMap(); // per root, the English of its markup and where it stands

let spoken = { language: "en", words: {} };

function speak(language, words) {
  spoken = { language, words };
}

// "Stage {number}" with its values, in the reader's language.
function t(message, values = {}) {
  return (spoken.words[message] ?? message).replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}

// Sentences one after the other: Chinese has no blank between them.
const spaced = (...sentences) => sentences.filter(Boolean).join(spoken.language === "zh" ? "" : " ");

// "one; two; three"
const listed = (items) => items.slice(1).reduce((before, next) => t("{before}; {next}", { before, next }), items[0] ?? "");

// Put the markup under a root into the reader's language, its templates included.
function translate(root) {
  if (!written.has(root)) written.set(root, [...wordsOf(root)]);
  for (const { english, write } of written.get(root)) write(t(english));
}

function* wordsOf(node) {
  const english = (text) => text.trim().replace(/\s+/g, " ");
  for (const child of [...node.childNodes, ...(node.content?.childNodes ?? [])]) {
    if (child.nodeType === Node.ELEMENT_NODE) yield* wordsOf(child);
    if (child.nodeType !== Node.TEXT_NODE || !child.data.trim()) continue;
    yield { english: english(child.data), write: (text) => (child.data = text) };
  }
  for (const name of TOLD) {
    const text = node.getAttribute(name);
    if (text) yield { english: english(text), write: (said) => node.setAttribute(name, said) };
  }
}
