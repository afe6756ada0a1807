// The piano roll on two canvases: notes below, cursor and selection above, a scroller on top that
// brings native scrolling and takes the pointer. Knows geometry and colours, no sound, no server.

import { lastAtMost } from './piece.js';

export const KEYS_PX = 46;
export const RULER_PX = 34;
const MARGIN_SEMITONES = 3;
const MIN_ROWS = 24;
const MIN_ZOOM = 0.5; // pixels a quarter
const MAX_ZOOM = 240;
const USUAL_ZOOM = 18; // below it long pieces begin zoomed in
const GAP_PX = 1;
const BLACK_KEYS = new Set([1, 3, 6, 8, 10]);
const EDGE_PX = 7; // at the right of a note: where it is stretched
const SOFTEST_SHADE = 0.4;
const HATCH_PX = 7; // between the lines over what is not made yet
const TURN_AT = 0.9; // the page turns when the cursor has come so far

export class Roll {
  /** @param {HTMLElement} stage Holds canvases and scroller. */
  constructor(stage) {
    this.stage = stage;
    this.notesCanvas = stage.querySelector('.sv-notes');
    this.overCanvas = stage.querySelector('.sv-over');
    this.scroller = stage.querySelector('.sv-scroll');
    this.space = stage.querySelector('.sv-space');
    this.zoom = USUAL_ZOOM;
    this.marks = [];
    this.shown = { cursor: 0, selection: null, caret: null, mark: null, hover: null, part: -1, areas: [] };
    this.isDirty = true;
    this.scroller.addEventListener('scroll', () => this.refresh(), { passive: true });
    new ResizeObserver(() => this.resize()).observe(stage);
    new MutationObserver(() => this._readColours()).observe(document.body, {
      attributes: true, attributeFilter: ['class'],
    });
    this._readColours();
  }

  _readColours() {
    const style = getComputedStyle(this.stage);
    const read = (name) => style.getPropertyValue(`--sv-${name}`).trim();
    this.colours = Object.fromEntries(
      ['paper', 'shade', 'line', 'faint', 'text', 'accent', 'select', 'fault', 'key', 'black']
        .map((name) => [name, read(name)]));
    this.font = style.fontFamily;
    this.refresh();
  }

  /** Take another score. */
  show(score, colours) {
    const isSameLength = this.score?.end === score.end;
    this.score = score;
    this.partColours = colours;
    this.update();
    if (!isSameLength) this.fit();
    this.refresh();
  }

  /** Take changed notes of the same score. */
  update() {
    const { score } = this;
    this.longest = Math.max(0, ...score.notes.map((notes) => Math.max(0, ...notes.map((n) => n.length))));
    let [low, high] = [127, 0];
    for (const notes of score.notes) {
      for (const { pitch } of notes) { low = Math.min(low, pitch); high = Math.max(high, pitch); }
    }
    if (low > high) [low, high] = [57, 72];
    const spare = Math.max(MARGIN_SEMITONES, Math.ceil((MIN_ROWS - (high - low)) / 2));
    // A range only grows while it is painted in: rows must not move under the brush.
    const isSame = this.rangeOf === score.id;
    this.low = Math.max(0, Math.min(low - spare, isSame ? this.low : 127));
    this.high = Math.min(127, Math.max(high + spare, isSame ? this.high : 0));
    this.rangeOf = score.id;
    this.refresh();
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight) return;
    const isFirst = !this.width;
    const wasWhole = this.isWhole;
    [this.width, this.height] = [clientWidth, clientHeight];
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.notesCanvas, this.overCanvas]) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
      canvas.getContext('2d').setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    if (this.score && (isFirst || wasWhole)) this.fit();
    this.refresh();
  }

  get viewPx() { return Math.max(1, (this.width ?? 0) - KEYS_PX); }

  get wholeZoom() { return this.viewPx / this.score.end; }

  get isWhole() { return this.score && this.zoom <= this.wholeZoom * 1.001; }

  /** Show the whole piece if notes stay readable, else its beginning. */
  fit() {
    if (!this.width || !this.score) return;
    const wanted = Math.max(this.wholeZoom, Math.min(USUAL_ZOOM, this.wholeZoom * 4));
    this.setZoom(wanted < this.wholeZoom * 1.6 ? this.wholeZoom : wanted, 0);
    this.scroller.scrollLeft = 0;
  }

  showAll() { this.setZoom(this.wholeZoom, 0); }

  /** Zoom so that a time stays where it is. */
  setZoom(zoom, around = this.beatsAt(KEYS_PX + this.viewPx / 2)) {
    if (!this.score) return;
    const left = this.xOf(around);
    this.zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, this.wholeZoom, zoom));
    this.space.style.width = `${Math.floor(this.score.end * this.zoom)}px`;
    this.scroller.scrollLeft = around * this.zoom - (left - KEYS_PX);
    this.refresh();
  }

  // --- Geometry: pixels of the stage <-> quarters and pitches ---------------------------------

  get left() { return this.scroller.scrollLeft; }
  get row() { return (this.height - RULER_PX) / (this.high - this.low + 1); }
  xOf(beats) { return KEYS_PX + beats * this.zoom - this.left; }
  yOf(pitch) { return RULER_PX + (this.high - pitch) * this.row; }
  beatsAt(x) { return (x - KEYS_PX + this.left) / this.zoom; }
  pitchAt(y) { return this.high - Math.floor((y - RULER_PX) / this.row); }

  /** Return note, part and edge at a point; the note that begins last wins. */
  hit(x, y, onlyPart = -1) {
    const beats = this.beatsAt(x);
    const pitch = this.pitchAt(y);
    let found = null;
    this.score.notes.forEach((notes, part) => {
      if (onlyPart >= 0 && part !== onlyPart) return;
      for (let at = lastAtMost(notes, beats, (note) => note.onset); at >= 0; at -= 1) {
        const note = notes[at];
        if (note.onset < beats - this.longest) break;
        if (note.pitch === pitch && beats < note.onset + note.length) {
          if (!found || note.onset >= found.note.onset) found = { note, part };
          break;
        }
      }
    });
    if (!found) return null;
    const right = this.xOf(found.note.onset + found.note.length);
    const isWide = found.note.length * this.zoom > 3 * EDGE_PX;
    return { ...found, isEdge: isWide && right - x < EDGE_PX };
  }

  /** Return the finding at a point of the ruler. */
  markAt(x, y) {
    if (y > RULER_PX) return null;
    const near = this.marks.filter((mark) => Math.abs(this.xOf(mark.onset) - x) < 7);
    return y > RULER_PX - 14 ? near[0] ?? null : null;
  }

  /** Bring a time into view; turn the page when it leaves. */
  reveal(beats, isFollowing = false) {
    const x = this.xOf(beats) - KEYS_PX;
    const edge = isFollowing ? TURN_AT : 0.98;
    if (x >= 0 && x <= this.viewPx * edge) return;
    this.scroller.scrollLeft = beats * this.zoom - this.viewPx * 0.08;
  }

  // --- Drawing --------------------------------------------------------------------------------

  /** Draw all anew with the next frame. */
  refresh() {
    this.isDirty = true;
    this._ask();
  }

  /** Change what lies above the notes. */
  set(changes) {
    Object.assign(this.shown, changes);
    this._ask();
  }

  _ask() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (!this.score || !this.width) return;
      if (this.isDirty) this._drawNotes();
      this.isDirty = false;
      this._drawOver();
    });
  }

  _drawNotes() {
    const g = this.notesCanvas.getContext('2d');
    g.clearRect(0, 0, this.width, this.height);
    g.save();
    g.beginPath();
    g.rect(KEYS_PX, 0, this.viewPx, this.height);
    g.clip();
    this._drawGrid(g);
    this.score.notes.forEach((_, part) => { if (part !== this.shown.part) this._drawPart(g, part); });
    if (this.shown.part >= 0) this._drawPart(g, this.shown.part);
    this._drawMarks(g);
    g.restore();
    this._drawKeys(g);
  }

  _drawGrid(g) {
    const { colours, row } = this;
    for (let pitch = this.low; pitch <= this.high; pitch += 1) {
      if (!BLACK_KEYS.has(pitch % 12)) continue;
      g.fillStyle = colours.shade;
      g.fillRect(KEYS_PX, this.yOf(pitch), this.viewPx, row);
    }
    if (this.score.ahead < this.score.end) {
      g.fillStyle = colours.faint;
      g.fillRect(this.xOf(this.score.ahead), 0, this.xOf(this.score.end) - this.xOf(this.score.ahead), this.height);
    }
    const first = this.score.barAt(this.beatsAt(KEYS_PX)).index;
    const labelEvery = this._labelStep();
    const labelFrom = this.score.firstNumber % labelEvery;
    g.textBaseline = 'middle';
    g.font = `11px ${this.font}`;
    for (const bar of this.score.bars.slice(first)) {
      const x = Math.round(this.xOf(bar.onset)) + 0.5;
      if (x > this.width) break;
      const isLabelled = bar.number % labelEvery === labelFrom;
      this._line(g, x, isLabelled ? colours.line : colours.faint, isLabelled ? 0 : RULER_PX);
      if (isLabelled) {
        g.fillStyle = colours.text;
        g.fillText(String(bar.number), x + 4, 10);
      }
      if (bar.pulse * this.zoom >= 7) this._drawBeats(g, bar);
    }
    g.strokeStyle = colours.line;
    g.strokeRect(KEYS_PX - 0.5, RULER_PX - 0.5, this.viewPx + 1, this.height);
  }

  _labelStep() {
    const barPx = (this.score.end / this.score.bars.length) * this.zoom;
    let step = 1;
    while (step * barPx < 28) step *= 2;
    return step;
  }

  _drawBeats(g, bar) {
    for (let at = bar.onset + bar.pulse; at < bar.end - 1e-6; at += bar.pulse) {
      this._line(g, Math.round(this.xOf(at)) + 0.5, this.colours.faint, RULER_PX);
    }
  }

  _line(g, x, colour, top) {
    g.strokeStyle = colour;
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(x, top);
    g.lineTo(x, this.height);
    g.stroke();
  }

  _drawPart(g, part) {
    const notes = this.score.notes[part];
    const from = this.beatsAt(KEYS_PX);
    const to = this.beatsAt(this.width);
    const height = Math.max(2, this.row - 1);
    g.fillStyle = this.partColours[part % this.partColours.length];
    let at = Math.max(0, lastAtMost(notes, from - this.longest, (note) => note.onset));
    for (; at < notes.length && notes[at].onset < to; at += 1) {
      const { onset, length, pitch, loudness } = notes[at];
      g.globalAlpha = this.silent?.has(part) ? 0.22 : this._shade(loudness);
      const x = this.xOf(onset);
      const width = Math.max(1.5, length * this.zoom - GAP_PX);
      g.fillRect(x, this.yOf(pitch) + (this.row - height) / 2, width, height);
    }
    g.globalAlpha = 1;
  }

  /** How much a note covers: the louder, the more. */
  _shade(loudness = 80) {
    return Math.min(1, SOFTEST_SHADE + (1 - SOFTEST_SHADE) * (loudness / 112));
  }

  _drawMarks(g) {
    for (const mark of this.marks) {
      const x = this.xOf(mark.onset);
      if (x < KEYS_PX - 8 || x > this.width + 8) continue;
      g.fillStyle = mark.isInside ? this.colours.text : this.colours.fault;
      g.beginPath();
      g.moveTo(x, RULER_PX - 12);
      g.lineTo(x + 5, RULER_PX - 7);
      g.lineTo(x, RULER_PX - 2);
      g.lineTo(x - 5, RULER_PX - 7);
      g.fill();
    }
  }

  _drawKeys(g) {
    const { colours, row } = this;
    g.fillStyle = colours.paper;
    g.fillRect(0, 0, KEYS_PX, this.height);
    g.font = `10px ${this.font}`;
    for (let pitch = this.low; pitch <= this.high; pitch += 1) {
      const y = this.yOf(pitch);
      const isBlack = BLACK_KEYS.has(pitch % 12);
      g.fillStyle = isBlack ? colours.black : colours.key;
      g.fillRect(22, y, KEYS_PX - 23, row + 0.5);
      if (isBlack) {
        // The far end shows where the white keys meet.
        g.fillStyle = colours.key;
        g.fillRect(38, y, KEYS_PX - 39, row + 0.5);
        g.fillStyle = colours.line;
        g.fillRect(38, y + row / 2, KEYS_PX - 39, 1);
      } else if (pitch % 12 === 4 || pitch % 12 === 11) {
        g.fillStyle = colours.line;
        g.fillRect(22, y, KEYS_PX - 23, 1);
      }
      if (pitch % 12 === 0) {
        g.fillStyle = colours.text;
        g.fillText(`C${pitch / 12 - 1}`, 2, y + row / 2);
      }
    }
  }

  _drawOver() {
    const g = this.overCanvas.getContext('2d');
    const { colours, shown } = this;
    g.clearRect(0, 0, this.width, this.height);
    g.save();
    g.beginPath();
    g.rect(KEYS_PX, 0, this.viewPx, this.height);
    g.clip();
    if (shown.selection) this._drawSelection(g, shown.selection);
    for (const area of shown.areas) this._drawArea(g, area);
    if (shown.mark) this._outline(g, shown.mark);
    if (shown.hover) this._frame(g, shown.hover, colours.text);
    if (shown.caret) this._frame(g, shown.caret, colours.accent);
    const x = Math.round(this.xOf(shown.cursor));
    g.fillStyle = colours.accent;
    g.fillRect(x, 0, 2, this.height);
    g.beginPath();
    g.moveTo(x - 5, 0);
    g.lineTo(x + 7, 0);
    g.lineTo(x + 1, 9);
    g.fill();
    g.restore();
  }

  _drawSelection(g, { first, last }) {
    const from = this.xOf(this.score.barOf(first).onset);
    const to = this.xOf(this.score.barOf(last).end);
    g.fillStyle = this.colours.select;
    g.fillRect(from, 0, to - from, this.height);
    g.fillStyle = this.colours.accent;
    g.fillRect(from, 0, to - from, 3);
  }

  /** Hatch an area of pitch and time: it is to be made, or not made yet. */
  _drawArea(g, { begin, end, low, high }) {
    const [left, top] = [this.xOf(begin), this.yOf(high)];
    const [width, height] = [(end - begin) * this.zoom, (high - low + 1) * this.row];
    g.save();
    g.beginPath();
    g.rect(left, top, width, height);
    g.clip();
    g.fillStyle = this.colours.select;
    g.fillRect(left, top, width, height);
    g.strokeStyle = this.colours.line;
    g.lineWidth = 1;
    g.beginPath();
    for (let x = left - height; x < left + width; x += HATCH_PX) {
      g.moveTo(x, top + height);
      g.lineTo(x + height, top);
    }
    g.stroke();
    g.restore();
    g.strokeStyle = this.colours.accent;
    g.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  }

  /** Ring the notes that a finding is about. */
  _outline(g, mark) {
    for (const part of mark.parts) {
      for (const note of this.score.notes[part] ?? []) {
        const isThere = note.onset <= mark.onset + 1e-6 && mark.onset < note.onset + note.length - 1e-6;
        if (isThere) this._frame(g, note, this.colours.fault, 2);
      }
    }
    this._line(g, Math.round(this.xOf(mark.onset)) + 0.5, this.colours.fault, RULER_PX - 2);
  }

  _frame(g, { onset, length, pitch }, colour, line = 1.5) {
    g.strokeStyle = colour;
    g.lineWidth = line;
    const width = Math.max(4, length * this.zoom);
    g.strokeRect(this.xOf(onset) - 1, this.yOf(pitch) - 1, width + 1, this.row + 2);
  }
}
