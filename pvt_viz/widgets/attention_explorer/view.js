// The state that a shared link carries, as a short string: "0.412,0.538~s1~b2.2.2.2~hm.m.1.3~c0~dq~xs".
// pin x,y ("-": none) ~ stage ~ blocks ~ heads (m: mean) ~ CLS ~ direction ~ scale.

const MEAN = "m";
const LAST = 999; // "the last block", whatever its number: stays the last when the model changes
const SHARED = "s";
const OWN = "o";
const PLACE = "pvt-viz-place"; // said on the window: explorers of one link look at one place
const FARTHEST = 0.999; // places are fractions below 1: the last pixel belongs to the last token

function initialState() {
  return {
    x: 0.5,
    y: 0.5,
    pinned: false,
    stage: 0, // position among the panels
    blocks: [],
    heads: [],
    cls: false,
    direction: LOOKS_AT,
    scale: OWN,
    strength: 65,
    gridLines: true,
  };
}

const blockOf = (state, i, stage) => (state.blocks[i] === LAST ? stage.depth : state.blocks[i]);

function encodeView(state, stages) {
  const fraction = (value) => value.toFixed(3);
  return [
    state.pinned ? `${fraction(state.x)},${fraction(state.y)}` : "-",
    `s${stages[state.stage].index}`,
    `b${state.blocks.join(".")}`,
    `h${stages.map((_, i) => (state.heads[i] === MEAN ? MEAN : state.heads[i] + 1)).join(".")}`,
    `c${state.cls ? 1 : 0}`,
    `d${state.direction}`,
    `x${state.scale}`,
  ].join("~");
}

// Tolerant: a part that makes no sense is ignored, a number out of range is clamped (by fitState).
function parseView(text, stages) {
  const state = initialState();
  const parts = String(text ?? "").slice(0, 120).split("~");
  const pin = /^([01]?\.?\d{1,6}),([01]?\.?\d{1,6})$/.exec(parts[0]);
  if (pin && Number.isFinite(+pin[1]) && Number.isFinite(+pin[2])) {
    Object.assign(state, { x: +pin[1], y: +pin[2], pinned: true });
  }
  for (const part of parts.slice(1)) {
    const value = part.slice(1);
    if (part[0] === "s" && /^\d{1,3}$/.test(value)) state.stage = stages.findIndex((stage) => stage.index === +value);
    if (part[0] === "b") state.blocks = value.split(".").map((n) => (/^\d{1,3}$/.test(n) ? +n : LAST));
    if (part[0] === "h") state.heads = value.split(".").map((n) => (/^\d{1,3}$/.test(n) ? +n - 1 : MEAN));
    if (part[0] === "c") state.cls = value === "1";
    if (part[0] === "d" && [LOOKS_AT, LOOKED_AT].includes(value)) state.direction = value;
    if (part[0] === "x" && [SHARED, OWN].includes(value)) state.scale = value;
  }
  return fitState(state, stages);
}

// The state made valid for these stages: what was sent, not what the model has, limits blocks and heads.
function fitState(state, stages) {
  const limit = (value, low, high) => Math.min(Math.max(value, low), high);
  // A pin lies just where its link says, or the link could open on the token next to it.
  const pinAt = (value) => (state.pinned ? Math.round(value * 1000) / 1000 : value);
  const blocks = stages.map((stage, i) => {
    const wanted = state.blocks[i] ?? LAST;
    if (wanted >= stage.depth || !stage.blocks.length) return LAST;
    return limit(wanted, stage.blocks[0], stage.depth);
  });
  const heads = stages.map((stage, i) => {
    const wanted = state.heads[i] ?? MEAN;
    return wanted === MEAN || stage.kind !== "all" ? MEAN : limit(wanted, 0, stage.heads - 1);
  });
  return {
    ...state,
    x: limit(pinAt(state.x), 0, FARTHEST),
    y: limit(pinAt(state.y), 0, FARTHEST),
    stage: limit(state.stage, 0, stages.length - 1),
    blocks,
    heads,
  };
}
