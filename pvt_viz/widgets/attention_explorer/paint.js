// Weights -> pixels: one small canvas per map, a pixel per cell; CSS makes it as large as its part of the picture.

// Pixels as one 32-bit number each (ABGR in memory order, opaque).
function packColours(lut) {
  return Uint32Array.from(lut, ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red);
}

function gradientOf(lut) {
  const stops = Array.from({ length: 17 }, (_, i) => lut[Math.min(255, i * 16)]);
  return `linear-gradient(to right, ${stops.map((rgb) => `rgb(${rgb.join(" ")})`).join(", ")})`;
}

function colourIndex(weight, low, high) {
  if (high <= low) return high > 0 ? 255 : 0; // a map of equal weights
  return Math.min(255, Math.max(0, Math.round((255 * (weight - low)) / (high - low))));
}

class MapCanvas {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.image = null;
  }

  // Cover the part of an H×W picture that the plane covers, and nothing beside it.
  fit({ rows, columns, extent }, [height, width]) {
    if (this.image?.width !== columns || this.image?.height !== rows) {
      this.canvas.width = columns;
      this.canvas.height = rows;
      this.image = this.context.createImageData(columns, rows);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const beyond = [extent[0] - height, extent[1] - width].map((over, i) => (100 * Math.max(0, over)) / extent[i]);
    this.canvas.style.width = `${(100 * extent[1]) / width}%`;
    this.canvas.style.height = `${(100 * extent[0]) / height}%`;
    this.canvas.style.clipPath = `inset(0 ${beyond[1]}% ${beyond[0]}% 0)`;
  }

  paint(weights, skip, low, high, colours) {
    for (let i = 0; i < this.pixels.length; i++) this.pixels[i] = colours[colourIndex(weights[i + skip], low, high)];
    this.context.putImageData(this.image, 0, 0);
  }
}

// An outline of a cell over a picture. The moving layer is as large as the picture, so its percentages do not round.
class Mark {
  constructor(element) {
    this.layer = element;
    this.square = element.firstElementChild;
  }

  fit(plane, image) {
    this.plane = plane;
    this.image = image;
    this.#resize(boxOf(plane, image, { row: 0, column: 0 }));
    const cell = Math.max(plane.extent[0] / plane.rows, plane.extent[1] / plane.columns);
    this.layer.classList.toggle("tiny", cell / Math.max(...image) < 0.04);
  }

  move(cell) {
    this.layer.classList.toggle("off", !cell);
    if (!cell) return;
    const box = boxOf(this.plane, this.image, cell);
    // Only the last cells of a grid that reaches over the edge are smaller: no layout on other moves.
    if (Math.abs(box.width - this.width) + Math.abs(box.height - this.height) > 1e-9) this.#resize(box);
    this.layer.style.transform = `translate(${100 * box.left}%, ${100 * box.top}%)`;
  }

  #resize({ width, height }) {
    Object.assign(this, { width, height });
    this.square.style.width = `${100 * width}%`;
    this.square.style.height = `${100 * height}%`;
  }
}

const RIM_WORDS = {
  token: {
    bottom: (count) => t("The last {count} px at the bottom: no token covers them.", { count }),
    right: (count) => t("The last {count} px at the right: no token covers them.", { count }),
  },
  own: {
    bottom: (count) => t("The last {count} px at the bottom: no token of this stage covers them.", { count }),
    right: (count) => t("The last {count} px at the right: no token of this stage covers them.", { count }),
  },
  key: {
    bottom: (count) => t("The last {count} px at the bottom: no key covers them.", { count }),
    right: (count) => t("The last {count} px at the right: no key covers them.", { count }),
  },
};

// Hatch what a plane of `what` leaves out, with a title that says so.
function fitRim(frame, plane, image, what) {
  const rim = rimOf(plane, image);
  const bottom = frame.querySelector(".rim-bottom");
  const right = frame.querySelector(".rim-right");
  bottom.style.height = `${(100 * rim.bottom) / image[0]}%`;
  right.style.width = `${(100 * rim.right) / image[1]}%`;
  right.style.bottom = bottom.style.height;
  bottom.title = RIM_WORDS[what].bottom(rim.bottom);
  right.title = RIM_WORDS[what].right(rim.right);
  bottom.hidden = !rim.bottom;
  right.hidden = !rim.right;
}

// A grey copy of the picture, so that colour in a panel means weight and nothing else.
async function greyCopy(blob) {
  const picture = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  const shrink = Math.min(1, 640 / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * shrink));
  canvas.height = Math.max(1, Math.round(picture.height * shrink));
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "saturation"; // of black: none. Unlike `filter`, every browser has it
  context.fillRect(0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
}
