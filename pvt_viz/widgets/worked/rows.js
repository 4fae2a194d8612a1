// The rows of a board: lines of a formula, vectors and grids, with the terms in them that can light up.

const NARROW = 8; // a grid of so few columns needs half a row

const made = (tag, className, text = "") => {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
};

// A value's colour in a table of 256; low and high may be equal.
function colourOf(table, value, low, high) {
  const level = high > low ? (value - low) / (high - low) : 0;
  return table[Math.round(Math.min(Math.max(level, 0), 1) * 255)];
}

const rgb = (colour) => `rgb(${colour.join(" ")})`;

// Black or white, whichever contrasts more, after WCAG: from a relative luminance of 0.179 on it is black.
function inkOn(colour) {
  const [red, green, blue] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function scaleOf(row, table) {
  const scale = made("div", "scale");
  const ramp = made("i", "ramp");
  const stops = table.filter((_, i) => i % 17 === 0); // 256 colours are 15 steps of 17, and both ends
  ramp.style.background = `linear-gradient(to right, ${stops.map(rgb).join(", ")})`;
  scale.append(made("span", "", row.ends[0]), ramp, made("span", "", row.ends[1]));
  if (row.note) scale.append(made("span", "note", row.note));
  return scale;
}

// One row. `terms` are the elements of its terms that answer, in order.
class Row {
  constructor() {
    this.element = made("section", "row");
    this.terms = [];
    this.at = 0; // the term that Tab comes to
  }

  // Redrawn only when its data change; says whether it had the focus then, and lost it.
  receive(data, luts) {
    const table = luts[data.lut];
    const json = JSON.stringify(data);
    if (json === this.json) return false;
    const focused = this.element.contains(this.element.getRootNode().activeElement);
    Object.assign(this, { json, data });
    this.element.className = `row ${data.kind}${data.columns <= NARROW ? " small" : ""}`;
    const label = made("p", "label", data.label);
    const body = { line: () => this.#line(), vector: () => this.#vector(table), grid: () => this.#grid(table) }[data.kind]();
    this.element.replaceChildren(label, body, ...(table ? [scaleOf(data, table)] : []));
    this.at = Math.min(this.at, Math.max(this.terms.length - 1, 0));
    this.rove(this.at);
    return focused;
  }

  // Of all terms of a row, one is reached by Tab; the arrow keys go on from there.
  rove(at) {
    this.at = at;
    this.terms.forEach((term, i) => (term.tabIndex = i === at ? 0 : -1));
  }

  #line() {
    const line = made("div", "formula");
    line.setAttribute("role", "group");
    line.setAttribute("aria-label", this.data.label);
    this.terms = [];
    this.data.terms.forEach((facts, i) => {
      const term = made(facts.answers ? "button" : "span", facts.answers ? "term" : "plain", facts.text);
      if (facts.answers) {
        term.type = "button";
        term.dataset.term = i;
        if (facts.spoken) term.setAttribute("aria-label", facts.spoken);
        this.terms.push(term);
      } else if (facts.spoken) {
        const seen = made("span", "", facts.text);
        seen.setAttribute("aria-hidden", "true");
        term.replaceChildren(seen, made("span", "heard", facts.spoken));
      }
      line.append(term, " ");
    });
    return line;
  }

  #grid(table) {
    const { columns, values, terms, low, high, label } = this.data;
    const grid = made("div", "cells");
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-label", label);
    grid.style.setProperty("--columns", columns);
    this.terms = terms.map((facts, i) => {
      const cell = made("div", "term cell");
      cell.append(made("span", "number", facts.text));
      cell.setAttribute("role", "gridcell");
      cell.dataset.term = i;
      const colour = colourOf(table, values[i], low, high);
      cell.style.background = rgb(colour);
      cell.style.color = inkOn(colour);
      return cell;
    });
    for (let i = 0; i < values.length; i += columns) {
      const row = made("div", "cell-row");
      row.setAttribute("role", "row");
      row.append(...this.terms.slice(i, i + columns));
      grid.append(row);
    }
    return grid;
  }

  // One stop for Tab however many channels there are: the arrow keys read out channel after channel, as on a slider.
  #vector(table) {
    const { values, low, high } = this.data;
    const strip = made("div", "strip");
    const canvas = made("canvas", "");
    Object.assign(canvas, { width: values.length, height: 1 });
    const pixels = new ImageData(values.length, 1);
    values.forEach((value, i) => pixels.data.set([...colourOf(table, value, low, high), 255], 4 * i));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    strip.append(canvas, made("i", "needle"));
    strip.setAttribute("role", "slider");
    strip.setAttribute("aria-label", filled(this.words.channels, this.data));
    strip.setAttribute("aria-valuemin", 1);
    strip.setAttribute("aria-valuemax", values.length);
    strip.style.setProperty("--count", values.length);
    this.terms = [strip];
    this.channel = Math.min(this.channel ?? 0, values.length - 1);
    this.read(this.channel);
    return strip;
  }

  // Say this channel to a screen reader, and put the needle there.
  read(channel) {
    this.channel = Math.min(Math.max(channel, 0), this.data.values.length - 1);
    const strip = this.terms[0];
    strip.style.setProperty("--at", this.channel);
    strip.setAttribute("aria-valuenow", this.channel + 1);
    strip.setAttribute("aria-valuetext", this.channelText);
  }

  get channelText() {
    const { label, values, texts } = this.data;
    return filled(this.words.channel, { label, channel: this.channel + 1, count: values.length, value: texts[this.channel] });
  }

  channelAt(clientX) {
    const box = this.terms[0].getBoundingClientRect();
    return Math.floor(((clientX - box.left) / box.width) * this.data.values.length);
  }
}
