// The form around `price`: what is typed is priced at once; what does not fit is said, and the last price stays.

function calculatorPage({ networks, forms, words, start }) {
  const form = document.getElementById("calculator-form");
  const ratios = document.getElementById("ratios");
  const byName = Object.fromEntries(networks.map((network) => [network.name, network]));
  const subscripts = "₀₁₂₃₄₅₆₇₈₉";
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function element(tag, text, attributes = {}) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.textContent = text;
    return made;
  }

  function field(name, value, letter, i) {
    const label = element("label", `${letter}${subscripts[i]} `);
    label.append(Object.assign(document.createElement("input"), { name, type: "number", min: 1, max: 64, step: 1, value }));
    return label;
  }

  function setUp(network, setting) {
    form.model.value = network.name;
    form.side.value = setting.side;
    ratios.replaceChildren(
      ...setting.patches.map((p, i) => field(`p${i + 1}`, p, "p", i + 1)),
      ...(network.foldable ? setting.reductions.map((r, i) => field(`r${i + 1}`, r, "R", i + 1)) : []),
    );
  }

  function show() {
    const network = byName[form.model.value];
    const number = (name, otherwise) => Math.max(1, Math.round(Number(form.elements[name]?.value ?? otherwise)) || 1);
    const setting = {
      side: number("side"),
      batch: number("batch"),
      patches: network.patches.map((p, i) => number(`p${i + 1}`, p)),
      reductions: network.reductions.map((r, i) => number(`r${i + 1}`, r)),
    };
    const found = price(network, setting, forms);
    document.getElementById("wrong").textContent = found.wrong
      ? fill(words.wrong, { i: found.wrong.index, p: found.wrong.p, r: found.wrong.r, below: found.wrong.below.join("×"), grid: found.wrong.grid.join("×") })
      : "";
    if (found.wrong) return;
    const unit = form.unit.value;
    const amount = (macs) => si(macs * (unit === "FLOP" ? 2 : 1), unit);
    const headings = found.rows.map(({ shape }) => fill(words.stage, { i: shape.index }));
    document.getElementById("stages").replaceChildren(row(["", ...headings], true));
    const names = [...new Set(found.rows.flatMap(({ macs }) => Object.keys(macs)))];
    document.getElementById("parts").replaceChildren(
      row([words.tokens, ...found.rows.map(({ shape }) => shape.grid.join("×"))]),
      row([words.keys, ...found.rows.map(({ shape }) => shape.keys.join("×"))]),
      ...names.map((name) => row([words.parts[name] ?? name, ...found.rows.map(({ macs }) => (name in macs ? amount(macs[name]) : "–"))])),
      row([words.all, ...found.rows.map(({ total }) => amount(total))]),
    );
    const times = (before, after) => `${Number((before / after).toPrecision(3))}×`;
    const beside = (before, written) => (before === written.now ? "" : fill(words.without, { amount: written.text, times: times(before, written.now) }));
    document.getElementById("totals").replaceChildren(
      total(words.params, si(found.params, ""), ""),
      total(words.forward, amount(found.macs), beside(found.fullMacs, { now: found.macs, text: amount(found.fullMacs) })),
      total(words.attention, amount(found.attention), beside(found.fullAttention, { now: found.attention, text: amount(found.fullAttention) })),
      total(words.maps, si(4 * found.maps, "B"), beside(found.fullMaps, { now: found.maps, text: si(4 * found.fullMaps, "B") })),
    );
  }

  // A row of a table; its first cell heads it, in the head every cell but the empty corner heads its column.
  function row(cells, inHead = false) {
    const made = document.createElement("tr");
    made.append(
      ...cells.map((text, i) => {
        if (inHead ? !text : i > 0) return element("td", text);
        return element("th", text, { scope: inHead ? "col" : "row" });
      }),
    );
    return made;
  }

  function total(name, value, note) {
    const shown = document.createElement("dd");
    shown.append(element("b", value), element("span", note));
    const pair = element("div", "");
    pair.append(element("dt", name), shown);
    return pair;
  }

  form.model.replaceChildren(...networks.map(({ name }) => element("option", name, { value: name })));
  setUp(byName[start.name] ?? networks[0], byName[start.name] ? start : networks[0]);
  form.model.addEventListener("change", () => setUp(byName[form.model.value], byName[form.model.value]));
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
}
