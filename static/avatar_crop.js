/* Cutting a square out of a photo before it is sent. Without this the server takes the middle.

   The picture is moved and enlarged by dragging and pinching on it, or by three sliders, which also
   obey keys and clicks. What is sent is the square alone, by the same form and field. */
const SIDE_PX = 512;
const QUALITY = 0.92;

/** The square of an image that is cut out, in its pixels. x and y are its place from 0 to 1. */
export function square(width, height, { zoom, x, y }) {
  const side = Math.min(width, height) / zoom;
  return { left: (width - side) * x, top: (height - side) * y, side };
}

/** Where the square is after the image was dragged by a part of the square's side. */
export function dragged(width, height, view, byX, byY) {
  const { side } = square(width, height, view);
  const moved = (at, length, by) =>
    length > side ? Math.min(1, Math.max(0, at - (by * side) / (length - side))) : at;
  return { ...view, x: moved(view.x, width, byX), y: moved(view.y, height, byY) };
}

/** The same middle, enlarged otherwise. */
export function zoomed(width, height, view, zoom) {
  const before = square(width, height, view);
  const side = Math.min(width, height) / zoom;
  const kept = (from, length) =>
    length > side
      ? Math.min(1, Math.max(0, (from + (before.side - side) / 2) / (length - side)))
      : 0.5;
  return { zoom, x: kept(before.left, width), y: kept(before.top, height) };
}

class Crop {
  constructor(box) {
    this.box = box;
    this.form = box.closest("form");
    this.input = this.form.querySelector("input[type=file]");
    [this.large, this.small] = box.querySelectorAll("canvas");
    this.sliders = Object.fromEntries(
      [...box.querySelectorAll("input[type=range]")].map((one) => [one.dataset.of, one]),
    );
    this.fingers = new Map();
    this.input.addEventListener("change", () => this.open(this.input.files[0]));
    for (const [of, slider] of Object.entries(this.sliders))
      slider.addEventListener("input", () => this.slide(of, Number(slider.value)));
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel"])
      this.large.addEventListener(name, (event) => this[name](event));
    this.form.addEventListener("submit", (event) => this.send(event));
  }

  async open(file) {
    this.image?.close();
    this.image = null;
    // What this browser can't read may still be something for the server.
    const image = file ? await createImageBitmap(file).catch(() => null) : null;
    if (file !== this.input.files[0]) return image?.close();
    this.image = image;
    this.box.hidden = !image;
    this.show({ zoom: 1, x: 0.5, y: 0.5 });
  }

  show(view) {
    this.view = view;
    if (!this.image) return;
    const { width, height } = this.image;
    const { left, top, side } = square(width, height, view);
    for (const canvas of [this.large, this.small]) {
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.imageSmoothingQuality = "high";
      pen.drawImage(this.image, left, top, side, side, 0, 0, canvas.width, canvas.height);
    }
    this.sliders.zoom.value = view.zoom;
    this.sliders.x.value = view.x;
    this.sliders.y.value = view.y;
    this.sliders.x.disabled = width <= side;
    this.sliders.y.disabled = height <= side;
  }

  slide(of, value) {
    const { width, height } = this.image;
    this.show(
      of === "zoom" ? zoomed(width, height, this.view, value) : { ...this.view, [of]: value },
    );
  }

  pointerdown(event) {
    this.large.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
  }

  pointermove(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before || !this.image) return;
    const other = [...this.fingers.values()].find((one) => one.pointerId !== event.pointerId);
    this.fingers.set(event.pointerId, event);
    const { width, height } = this.image;
    const shown = this.large.clientWidth;
    if (other) {
      const distance = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const { min, max } = this.sliders.zoom;
      const wish = this.view.zoom * (distance(event) / Math.max(1, distance(before)));
      this.show(zoomed(width, height, this.view, Math.min(max, Math.max(min, wish))));
    } else {
      const byX = (event.clientX - before.clientX) / shown;
      const byY = (event.clientY - before.clientY) / shown;
      this.show(dragged(width, height, this.view, byX, byY));
    }
  }

  pointerup(event) {
    this.fingers.delete(event.pointerId);
  }

  pointercancel(event) {
    this.pointerup(event);
  }

  send(event) {
    if (!this.image) return;
    event.preventDefault();
    this.large.toBlob(
      (blob) => {
        if (blob) {
          const files = new DataTransfer();
          files.items.add(new File([blob], "avatar", { type: blob.type }));
          this.input.files = files.files;
        }
        this.form.submit();
      },
      "image/webp",
      QUALITY,
    );
  }
}

for (const box of document.querySelectorAll("[data-crop]")) {
  const [large, small] = box.querySelectorAll("canvas");
  large.width = large.height = SIDE_PX;
  small.width = small.height = SIDE_PX / 4;
  new Crop(box);
}
