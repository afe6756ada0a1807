// Areas of pitch and time that are to be made anew: rectangles, or many that make a free shape.
// Knows no canvas.

export const STEP = 1 / 4; // of a quarter, on which areas begin and end
const MAX_AREAS = 200;

export class Areas {
  /** @param {Score} score What they lie on. @param {() => void} changed Called after a change. */
  constructor(score, changed) {
    this.score = score;
    this.changed = changed;
    this.list = [];
    this.begun = null; // the corners of one that is being drawn
  }

  /** Begin a rectangle at a place. */
  begin(beats, pitch) {
    this.begun = { from: this._corner(beats, pitch), to: this._corner(beats, pitch) };
    this.changed();
  }

  /** Draw its other corner to a place. */
  stretch(beats, pitch) {
    if (!this.begun) return;
    this.begun.to = this._corner(beats, pitch);
    this.changed();
  }

  /** Move both corners, or with `isStretching` the other one, by steps of time and semitones. */
  shift(steps, semitones, isStretching) {
    const { from, to } = this.begun ?? { from: this._corner(0, 60), to: this._corner(0, 60) };
    const moved = this._corner((to.step + steps + 0.5) * STEP, to.pitch + semitones);
    this.begun = { from: isStretching ? from : moved, to: moved };
    this.changed();
  }

  /** Keep the rectangle; one that is inside another takes that away instead. */
  end() {
    const made = this.drawn;
    this.begun = null;
    if (made) {
      const around = this.list.find((one) => one.begin <= made.begin && made.end <= one.end
        && one.low <= made.low && made.high <= one.high);
      this.list = around ? this.list.filter((one) => one !== around)
        : [...this.list, made].slice(-MAX_AREAS);
    }
    this.changed();
  }

  clear() {
    this.list = [];
    this.begun = null;
    this.changed();
  }

  /** The rectangle that is being drawn: quarters, and pitches of which both count. */
  get drawn() {
    if (!this.begun) return null;
    const { from, to } = this.begun;
    return {
      begin: Math.min(from.step, to.step) * STEP,
      end: (Math.max(from.step, to.step) + 1) * STEP,
      low: Math.min(from.pitch, to.pitch),
      high: Math.max(from.pitch, to.pitch),
    };
  }

  /** All of them as the server reads them; null if there is none. */
  get value() {
    const rows = this.list.map(({ begin, end, low, high }) => [begin, end, low, high]);
    return rows.length ? rows : null;
  }

  _corner(beats, pitch) {
    const last = Math.ceil(this.score.end / STEP) - 1;
    return {
      step: Math.min(last, Math.max(0, Math.floor(beats / STEP + 1e-6))),
      pitch: Math.min(127, Math.max(0, pitch)),
    };
  }
}
