// The closed forms of pvt_viz.cost, evaluated here: formulas come as they stand in its source, e.g. "B·L·N⁺·M⁺·C".

// A formula is a sum of products of symbols, numbers and brackets, each with an optional ² behind it.
function evaluate(formula, numbers) {
  const symbols = formula.match(/\d+|[A-Za-z][₀⁺]?|[()+·²]/g);
  let at = 0;
  function factor() {
    const symbol = symbols[at++];
    let value;
    if (symbol === "(") {
      value = sum();
      at++; // the closing bracket
    } else {
      value = symbol in numbers ? numbers[symbol] : Number(symbol);
    }
    if (symbols[at] === "²") {
      at++;
      value *= value;
    }
    return value;
  }
  function product() {
    let value = factor();
    while (symbols[at] === "·") {
      at++;
      value *= factor();
    }
    return value;
  }
  function sum() {
    let value = product();
    while (symbols[at] === "+") {
      at++;
      value += product();
    }
    return value;
  }
  return sum();
}

// Grids floor, as a strided convolution without padding does; overlapping patches (v2) are padded and round up.
function shapes(network, setting) {
  let below = [setting.side, setting.side];
  return network.stages.map((stage, i) => {
    const p = setting.patches[i];
    const r = setting.reductions[i];
    const grid = below.map((side) => (network.version === 2 ? Math.ceil(side / p) : Math.floor(side / p)));
    const fits = p <= Math.min(...below) && r <= Math.min(...grid);
    const keys = network.pool ? [network.pool, network.pool] : grid.map((side) => Math.floor(side / r));
    const shape = { ...stage, index: i + 1, p, r, below, grid, keys, fits };
    below = grid;
    return shape;
  });
}

function symbolsOf(shape, network, batch, full) {
  const tokens = shape.grid[0] * shape.grid[1];
  const keys = full ? tokens : shape.keys[0] * shape.keys[1];
  const { L, C, H, A, K } = shape;
  return {
    ...{ L, C, H, A, K, B: batch, N: tokens, M: keys, R: full ? 1 : shape.r, p: shape.p, "C₀": shape["C₀"] },
    ...{ k: network.version === 2 ? 2 * shape.p - 1 : shape.p, "N⁺": tokens + shape.prefix, "M⁺": keys + shape.prefix },
  };
}

// What a network costs at a setting {side, patches, reductions, batch}: the same as pvt_viz.cost.analyze.
export function price(network, setting, forms) {
  const found = { params: network.fixed, macs: 0, attention: 0, fullMacs: 0, fullAttention: 0, maps: 0, fullMaps: 0, rows: [] };
  const all = shapes(network, setting);
  const wrong = all.find((shape) => !shape.fits);
  if (wrong) return { wrong };
  for (const shape of all) {
    const now = symbolsOf(shape, network, setting.batch, false);
    const full = symbolsOf(shape, network, setting.batch, true);
    const folded = network.pool === null && shape.r > 1;
    const present = Object.entries(shape.parts).filter(([name]) => name !== "fold");
    const parts = folded ? [...present, ["fold", shape.fold]] : present;
    const macs = Object.fromEntries(parts.map(([name, formula]) => [name, evaluate(formula, now)]));
    const of = (names, counted) => names.reduce((total, name) => total + counted[name], 0);
    const fullCounted = Object.fromEntries(
      Object.entries(shape.full).map(([name, formula]) => [name, evaluate(formula, full)]),
    );
    const row = {
      shape,
      macs,
      total: Object.values(macs).reduce((a, b) => a + b, 0),
      attention: of(forms.attention, macs),
      fullAttention: of(forms.attention, fullCounted),
      maps: evaluate(forms.maps, now),
      fullMaps: evaluate(forms.maps, full),
    };
    found.rows.push(row);
    found.macs += row.total;
    found.attention += row.attention;
    found.fullMacs += Object.values(fullCounted).reduce((a, b) => a + b, 0);
    found.fullAttention += row.fullAttention;
    found.maps += row.maps;
    found.fullMaps += row.fullMaps;
    found.params += evaluate(forms.params.embedding, now);
    if (network.positions) found.params += evaluate(forms.params.positions, now);
    if (folded) found.params += evaluate(forms.params.folds, now);
  }
  return found;
}

// Three significant digits with the prefix that fits: 1.94 GMAC.
export function si(value, unit) {
  if (!value) return `0 ${unit}`.trim();
  const prefixes = ["", "k", "M", "G", "T", "P", "E"];
  const rounded = Number(value.toPrecision(3));
  const step = Math.min(Math.max(Math.floor(Math.log10(rounded) / 3 + 1e-9), 0), prefixes.length - 1);
  return `${Number((rounded / 1000 ** step).toPrecision(3))} ${prefixes[step]}${unit}`.trim();
}
