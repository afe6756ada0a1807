// How loud each note of the chosen part is, below the roll while painting: a bar a note, drawn anew
// by a drag across them. Knows the roll's geometry, no sound and no server.

const HEIGHT_PX = 64;
const BAR_PX = 5;
const REACH_PX = 6; // from a bar at which a drag still takes it
const LOUDEST = 127;

export class Lane {
  constructor(view) {
    this.view = view;
    this.canvas = view.root.querySelector('.sv-lane');
    if (!this.canvas) return;
    this.canvas.addEventListener('pointerdown', (event) => this._down(event));
    new ResizeObserver(() => this.refresh()).observe(this.canvas);
    view.roll.scroller.addEventListener('scroll', () => this.refresh(), { passive: true });
  }

  /** Draw all with the next frame. */
  refresh() {
    if (!this.canvas || !this.view.isPainting) return;
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this._draw(); });
  }

  get _notes() { return this.view.score.notes[this.view.painting.part]; }

  _draw() {
    const { roll, painting } = this.view;
    const { clientWidth: width } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = HEIGHT_PX * ratio;
    const g = this.canvas.getContext('2d');
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = roll.partColours[painting.part % roll.partColours.length];
    for (const note of this._notes) {
      const height = (note.velocity / LOUDEST) * HEIGHT_PX;
      g.fillRect(roll.xOf(note.onset), HEIGHT_PX - height, BAR_PX, height);
    }
  }

  _down(event) {
    const { view } = this;
    view.painting.hold();
    this.canvas.setPointerCapture(event.pointerId);
    const move = (at) => this._strike(at);
    const end = () => {
      this.canvas.removeEventListener('pointermove', move);
      view.painting.release();
    };
    this.canvas.addEventListener('pointermove', move);
    this.canvas.addEventListener('pointerup', end, { once: true });
    this.canvas.addEventListener('pointercancel', end, { once: true });
    this._strike(event);
  }

  /** Give the notes that begin below the pointer the loudness of its height. */
  _strike(event) {
    const { view } = this;
    const frame = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const velocity = Math.min(LOUDEST, Math.max(1, Math.round((1 - y / HEIGHT_PX) * LOUDEST)));
    const isNear = (note) => Math.abs(view.roll.xOf(note.onset) + BAR_PX / 2 - x) < REACH_PX;
    const struck = this._notes.filter((note) => isNear(note) && note.velocity !== velocity);
    for (const note of struck) view.painting.strike(note, velocity);
    if (struck.length) view.say(`velocity ${velocity}`);
  }
}
