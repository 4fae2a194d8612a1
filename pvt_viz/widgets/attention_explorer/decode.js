// What Python packed (see payload.py for the layout), and the sums over it that the panels need.

const LITTLE_ENDIAN = true;
const HEADER_AT = 4;
const ALIGN = 8;

function readHeader(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, LITTLE_ENDIAN);
  const end = HEADER_AT + length;
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_AT, end)));
  return { header, arraysAt: Math.ceil(end / ALIGN) * ALIGN };
}

// `bytes` is a view into a longer message, so every place in it counts from bytes.byteOffset.
function readArrays(bytes, arraysAt, place) {
  const start = arraysAt + place.offset;
  return (length) => bytes.subarray(start, start + length);
}

function readPicture(bytes, arraysAt, picture) {
  const data = readArrays(bytes, arraysAt, picture)(picture.shape[0]);
  return new Blob([data], { type: picture.mime });
}

// A float needs an aligned start, which a view into a message does not promise: copy, it is small.
function readFloats(bytes, arraysAt, place) {
  const count = place.shape.reduce((a, b) => a * b, 1);
  return new Float32Array(readArrays(bytes, arraysAt, place)(4 * count).slice().buffer);
}

// The maps of one stage: weight(block, head, query, key) = byte / 255 · scale of that query's row.
class StageMaps {
  constructor(stage, bytes, arraysAt) {
    this.queries = stage.n_prefix + stage.grid[0] * stage.grid[1];
    this.keys = stage.n_prefix + stage.reduced_grid[0] * stage.reduced_grid[1];
    this.sent = stage.kind !== "none";
    if (!this.sent) return;
    [this.blocks, this.heads] = stage.maps.shape;
    this.bytes = readArrays(bytes, arraysAt, stage.maps)(this.blocks * this.heads * this.queries * this.keys);
    this.scales = readFloats(bytes, arraysAt, stage.scales);
  }

  // What `query` looks at: one weight per key. `heads` are the heads to average over.
  row(out, block, heads, query) {
    out.fill(0);
    for (const head of heads) {
      const at = (block * this.heads + head) * this.queries + query;
      const factor = this.scales[at] / 255 / heads.length;
      const start = at * this.keys;
      for (let key = 0; key < this.keys; key++) out[key] += this.bytes[start + key] * factor;
    }
    return out;
  }

  // Who looks at `key`: one weight per query, each a share of that query's own attention.
  column(out, block, heads, key) {
    out.fill(0);
    for (const head of heads) {
      const start = (block * this.heads + head) * this.queries;
      const share = 1 / 255 / heads.length;
      for (let query = 0; query < this.queries; query++) {
        out[query] += this.bytes[(start + query) * this.keys + key] * this.scales[start + query] * share;
      }
    }
    return out;
  }
}
