// Notes under a brush: draw, move, stretch, respell, erase; every change can be undone. Knows no
// canvas.

import { POSITIONS_PER_QUARTER, namesOf, rowOf, sorted, toText } from './piece.js';

const MAX_STEPS = 200;
export const VELOCITY = 80;
export const GRIDS = [['1/4', 1], ['1/8', 1 / 2], ['1/16', 1 / 4], ['1/8 triplet', 1 / 3]];

export class Painting {
  /** @param {Score} score What is painted on. @param {() => void} changed Called after a change. */
  constructor(score, changed) {
    this.score = score;
    this.changed = changed;
    this.grid = GRIDS[1][1];
    this.part = 0;
    this.past = [];
    this.future = [];
  }

  get canUndo() { return this.past.length > 0; }
  get canRedo() { return this.future.length > 0; }

  /** Round a time down to the grid of its bar. */
  snap(beats) {
    const bar = this.score.barAt(Math.max(0, beats));
    const steps = Math.floor((beats - bar.onset) / this.grid + 1e-6);
    return this._onGrid(Math.max(0, bar.onset + steps * this.grid));
  }

  _onGrid(beats) {
    return Math.round(beats * POSITIONS_PER_QUARTER) / POSITIONS_PER_QUARTER;
  }

  /** Build a note that ends with the piece at the latest; null if there is no room. */
  make(onset, pitch, length = this.grid, velocity = VELOCITY, loudness = velocity) {
    const start = this._onGrid(onset);
    const room = this._onGrid(this.score.end) - start;
    const kept = Math.min(this._onGrid(length), room);
    if (kept <= 0 || start < 0 || pitch < 0 || pitch > 127) return null;
    return {
      onset: start, pitch, length: kept, velocity, loudness, mark: null, spelling: '',
      onsetText: toText(start), lengthText: toText(kept),
    };
  }

  /** Return the note of the chosen part that sounds at a place. */
  find(beats, pitch, part = this.part) {
    return this.score.notes[part].find((note) => note.pitch === pitch
      && note.onset <= beats + 1e-6 && beats < note.onset + note.length - 1e-6);
  }

  draw(onset, pitch, length) {
    const note = this.make(onset, pitch, length);
    return note && this._replace([], [note]) ? note : null;
  }

  erase(note, part = this.part) {
    return this._replace([note], [], part);
  }

  /** Put a note elsewhere, as long as it was unless told; return it. */
  move(note, onset, pitch, length = note.length) {
    const isSame = onset === note.onset && pitch === note.pitch && length === note.length;
    if (isSame) return note;
    const moved = this.make(Math.max(0, onset), pitch, length, note.velocity, note.loudness);
    if (!moved) return note;
    moved.mark = note.mark;
    if (pitch === note.pitch) moved.spelling = note.spelling;
    if (onset === note.onset) moved.onsetText = note.onsetText;
    if (length === note.length && moved.length === length) moved.lengthText = note.lengthText;
    this._replace([note], [moved]);
    return moved;
  }

  /** Let a note be as loud as told, 1 to 127; return it. */
  strike(note, velocity) {
    const struck = { ...note, velocity, loudness: velocity };
    this._replace([note], [struck]);
    return struck;
  }

  /** Put a note some steps of the key up its staff, or down, and let it last so long; return it.
   * What is dragged has moved before: `held` is what stands there, `note` how it was. */
  step(note, steps, length = note.length, held = note) {
    const { pitch, spelling } = steps ? this.score.stepped(note, steps) : note;
    const moved = this.make(note.onset, pitch, Math.max(this.grid, length), note.velocity, note.loudness);
    if (!moved) return held;
    const isAsLong = length === note.length;
    const { onset, onsetText, mark } = note;
    const times = isAsLong ? { onset, onsetText, length, lengthText: note.lengthText } : { onset, onsetText };
    const stepped = { ...moved, ...times, mark, spelling };
    this._replace([held], [stepped]);
    return stepped;
  }

  /** Write a note under the next of its names; return it. */
  respell(note) {
    const names = namesOf(note.pitch);
    const now = note.spelling || this.score.names[note.pitch % 12];
    const respelled = { ...note, spelling: names[(names.indexOf(now) + 1) % names.length] };
    this._replace([note], [respelled]);
    return respelled;
  }

  /** Take together what follows, until `release`, as one step that can be undone. */
  hold() { this.held = this.held ?? this.score.notes; }

  release() {
    const isChanged = this.held && this.held !== this.score.notes;
    if (isChanged) this._remember(this.held);
    this.held = null;
    if (isChanged) this.changed();
  }

  _replace(gone, come, part = this.part) {
    const before = this.score.notes;
    const kept = before[part].filter((note) => !gone.includes(note));
    const notes = before.with(part, sorted([...kept, ...come]));
    this.score.notes = notes;
    if (!this.held) this._remember(before);
    this.changed();
    return true;
  }

  _remember(before) {
    this.past = [...this.past.slice(1 - MAX_STEPS), before];
    this.future = [];
  }

  undo() {
    if (!this.canUndo) return;
    this.future.push(this.score.notes);
    this.score.notes = this.past.pop();
    this.changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.past.push(this.score.notes);
    this.score.notes = this.future.pop();
    this.changed();
  }

  /** Return all notes for the server; null if nothing was changed. */
  edits() {
    if (!this.canUndo) return null;
    return { id: this.score.id, parts: this.score.notes.map((notes) => notes.map(rowOf)) };
  }
}
