// The score view: a piano roll, the engraved sheet beside it, sound, selection and painting, held
// together here. The server gives a piece as JSON; what a visitor selects and paints goes into
// stores that handlers on the server read. Everything else stays in the browser.

import { Areas } from './areas.js';
import { buildControls } from './controls.js';
import { Lane } from './lane.js';
import { Painting } from './painting.js';
import { Score, rowOf } from './piece.js';
import { Player, hushAll } from './player.js';
import { Pointer } from './pointer.js';
import { Keys } from './keys.js';
import { Roll } from './roll.js';
import { Sheet } from './sheet.js';
import * as synths from './synth.js';

const views = new Map(); // by name
const stores = new Map(); // `name/kind` -> function that takes a value
const waiting = new Map(); // sheets that came before their view
const SCROLLED_S = 3; // who scrolls is not pulled back for so long
const READOUT_MS = 100;
const STORE_MS = 120;
const GRID_PX = 14; // that a note is dragged aside on the sheet for a step of the grid

/** Build the view that gradio has placed; called by the component when it is loaded. */
export function mount(element, props, watch, trigger) {
  const root = element.querySelector('.score-view');
  const view = new ScoreView(root, trigger);
  views.set(root.dataset.view, view);
  const take = () => { if (props.value) view.show(JSON.parse(props.value)); };
  watch('value', take);
  take();
  const sheet = waiting.get(root.dataset.view);
  if (sheet) view.attachSheet(sheet);
  document.addEventListener('pointerdown', () => synths.prefetch(), { once: true });
}

/** Let a hidden component keep what is selected (`selection`), painted (`edits`) or marked as areas
 * (`areas`), or the note at the caret (`caret`). */
export function keep(props, name, kind) {
  stores.set(`${name}/${kind}`, (value) => { props.value = value; });
}

/** Let what the server says of painted notes reach a view: where it found something. */
export function judge(props, watch, name) {
  watch('value', () => { if (props.value) views.get(name)?.judged(JSON.parse(props.value)); });
}

/** Let a view be painted on at once. */
export function paint(name) { views.get(name)?.setPainting(true); }

/** Let a sheet follow a view, whenever new pages come. */
export function follow(element, watch, name) {
  const attach = () => {
    waiting.set(name, element);
    views.get(name)?.attachSheet(element);
  };
  watch('value', attach);
  attach();
}

/** Let buttons with `data-onset` anywhere in an element point at places in a view. */
export function point(element, name) {
  element.addEventListener('click', (event) => {
    const button = event.target.closest('[data-onset]');
    if (!button) return;
    const parts = button.dataset.parts.split(',').filter(Boolean).map(Number);
    views.get(name)?.showPlace({
      onset: Number(button.dataset.onset), parts, words: button.title || button.textContent,
    });
  });
}

export { hushAll };

export class ScoreView {
  constructor(root, trigger) {
    this.root = root;
    this.name = root.dataset.view;
    this.trigger = trigger;
    this.selection = null;
    this.chosen = new Set();
    this.scrolledAt = 0;
    this.player = new Player(() => this._playerChanged());
    this.controls = buildControls(root, this);
    this.roll = new Roll(root.querySelector('.sv-stage'));
    this.roll.silent = { has: (part) => this.player.isSilent(part) };
    this.sheet = new Sheet({
      play: (beats) => this.playFrom(beats),
      select: (first, last) => this.select(first, last),
      choose: (head) => this.paints && this.choose(head),
      drag: this.paints && ((head) => this.drag(head)),
    });
    this.lane = new Lane(this);
    new Pointer(this);
    new Keys(this);
    root.view = this; // for those who look in from outside
  }

  get paints() { return this.root.dataset.paints === 'true'; }

  /** Show a piece from the beginning. */
  show(data) {
    const wasPlaying = this.player.isPlaying;
    if (data.id !== this.data?.id) this.sheet.await();
    this.data = data;
    this.score = new Score(data);
    this.painting = new Painting(this.score, () => this._painted());
    this.areas = new Areas(this.score, () => this._marked());
    this.isTouched = false; // by a brush, since it is on show
    this.isPainting &&= this.paints;
    this.setMarking(false);
    this.player.show(this.score);
    this.loops = false;
    this.roll.marks = this.score.findings;
    this.roll.set({ selection: null, mark: null, hover: null, caret: null, cursor: 0, part: -1 });
    this.roll.show(this.score, data.colours);
    this.chosen = new Set(this.score.parts.keys());
    this.selection = null;
    this.sheet.select(null);
    this.controls.show(this);
    this._store('selection', null);
    this._store('edits', null);
    this._store('caret', null);
    this._store('areas', null);
    if (data.selected) this._selectAtFirst(data.selected);
    if (this.isPainting) this.setPainting(true);
    this._tick();
    if (wasPlaying) this.player.play(0);
  }

  attachSheet(element) {
    this.sheet.attach(element);
    if (this.score) this._moveSheet(this.player.beats);
  }

  // --- Hearing --------------------------------------------------------------------------------

  toggle() {
    if (this.player.isPlaying) this.player.pause();
    else this.player.play();
  }

  playFrom(beats) {
    this.scrolledAt = 0;
    this.player.play(beats);
  }

  seek(beats) {
    this.player.seek(beats);
    this.roll.reveal(this.player.beats);
  }

  /** Play the selected bars, or all, again and again. */
  loop(isOn) {
    this.loops = isOn;
    const { first, last } = this.selection ?? {};
    const bars = first === undefined ? null : [this.score.barOf(first), this.score.barOf(last)];
    const [begin, end] = bars ? [bars[0].onset, bars[1].end] : [0, this.score.end];
    this.player.change({ span: isOn ? { begin, end } : null });
    this.controls.update(this);
  }

  /** Play by a soundfont of the visitor's, or by the bundled one; it never leaves the browser. */
  async useFont(file) {
    try {
      this.say(file ? 'loading the soundfont' : '');
      const bytes = file && await synths.readFont(file);
      await (await synths.open()).useFont(bytes);
      this.player.change({});
      this.say(file ? `sounds of ${file.name}` : 'bundled sounds');
      this.controls.find('font-off').hidden = !file;
    } catch (error) {
      this.say(error.message || synths.NO_FONT);
    }
    if (!file) this.controls.find('font').value = '';
  }

  _playerChanged() {
    if (!this.roll) return;
    this.root.dataset.playing = this.player.isPlaying;
    this.controls.update(this);
    this.roll.refresh();
    this._tick();
  }

  /** Bring cursor and words to where the player is; again with every frame while it plays. */
  _tick() {
    if (!this.score) return;
    const beats = this.player.beats;
    this.roll.set({ cursor: beats });
    const isFollowing = performance.now() - this.scrolledAt > SCROLLED_S * 1000;
    if (this.player.isPlaying && isFollowing) this.roll.reveal(beats, true);
    this._moveSheet(beats);
    const now = performance.now();
    if (!this.player.isPlaying || now - (this.readAt ?? 0) > READOUT_MS) {
      this.readAt = now;
      this.controls.read(this, beats);
    }
    if (!this.player.isPlaying) return;
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this._tick(); });
  }

  _moveSheet(beats) {
    this.sheet.move(beats, this.score.barAt(beats).number, this.player.isPlaying);
  }

  // --- Selecting ------------------------------------------------------------------------------

  /** Select bars by their printed numbers; nothing without arguments. */
  select(first, last) {
    this.selection = first === undefined ? null : { first, last };
    this.roll.set({ selection: this.selection });
    this.sheet.select(this.selection);
    this._selected();
  }

  _selectAtFirst({ first_bar, last_bar, parts }) {
    this.chosen = new Set(parts);
    this.controls.choose(this.chosen);
    this.select(first_bar, last_bar);
  }

  choosePart(part, isChosen) {
    if (isChosen) this.chosen.add(part);
    else this.chosen.delete(part);
    this._selected();
  }

  _selected() {
    if (this.loops) this.loop(true);
    this.controls.update(this);
    const isAll = this.chosen.size === this.score.parts.length;
    const { first = this.score.firstNumber, last = this.score.lastNumber } = this.selection ?? {};
    const value = this.selection || !isAll
      ? { first_bar: first, last_bar: last, parts: [...this.chosen].sort((a, b) => a - b) }
      : null;
    this._store('selection', value);
  }

  /** Keep a value for the server, a moment after the last change. */
  _store(kind, value) {
    this.timers ??= {};
    clearTimeout(this.timers[kind]);
    this.timers[kind] = setTimeout(() => {
      stores.get(`${this.name}/${kind}`)?.(value);
      if (kind === 'edits' && this.isTouched) this.trigger('edit', value ?? {});
      if (kind === 'selection' && value) this.trigger('select', value);
    }, STORE_MS);
  }

  // --- Places ---------------------------------------------------------------------------------

  /** Put the cursor where something was found, and ring its notes. */
  showPlace(place) {
    if (!this.score) return;
    this.root.closest('.score-pair')?.scrollIntoView({ block: 'nearest' });
    this.roll.set({ mark: place });
    this.scrolledAt = performance.now();
    this.player.seek(place.onset);
    this.roll.reveal(Math.max(0, place.onset - 1));
    this.say(`${this.score.placeWords(place.onset)}: ${place.words}`);
  }

  // --- Painting -------------------------------------------------------------------------------

  setPainting(isPainting) {
    if (isPainting) this.setMarking(false);
    this.isPainting = isPainting;
    this.isOnSheet = false;
    this.root.dataset.painting = isPainting;
    this.lane.refresh();
    const caret = { onset: this.painting.snap(this.player.beats), pitch: 60 };
    this.roll.set({ part: isPainting ? this.painting.part : -1 });
    this.setCaret(isPainting ? this._inRange(caret) : null);
    this.roll.refresh();
  }

  /** Let areas be marked by dragging, or do so no longer; what is marked stays. */
  setMarking(isMarking) {
    if (isMarking && this.isPainting) this.setPainting(false);
    this.isMarking = isMarking;
    this.root.dataset.marking = isMarking;
    this.areas.begun = null;
    this._marked();
    if (isMarking) this.say('drag over the notes that are to be made anew; arrows and Enter do so too');
  }

  _marked() {
    const { list, drawn, value } = this.areas;
    this.roll.set({ areas: drawn ? [...list, drawn] : list });
    this.controls.update(this);
    this._store('areas', value);
  }

  /** Put the caret of painting somewhere, or take it away; the server hears of the note there. */
  setCaret(caret) {
    this.roll.set({ caret: caret && { ...caret, length: this.painting.grid } });
    this.controls.update(this);
    const { noteAtCaret: note, painting: { part } } = this;
    this.sheet.ring(note ? { ...note, part } : null);
    this._store('caret', note ? { part, row: rowOf(note) } : null);
  }

  /** Put the caret at the note that a head of the sheet shows; tell that this was meant, even if
   * the note is gone from under its head. */
  choose({ part, pitch, onset }) {
    const away = (note) => Math.abs(note.onset - onset);
    const [note] = (this.score.notes[part] ?? []).filter((one) => one.pitch === pitch && away(one) < 0.5)
      .sort((a, b) => away(a) - away(b));
    if (!note) this.say('this note has changed; the sheet follows in a moment');
    else {
      if (!this.isPainting) this.setPainting(true);
      this.paintPart(part);
      this.setCaret({ onset: note.onset, pitch });
      this.player.touch(part, pitch);
      this.scrolledAt = performance.now();
      this.roll.reveal(note.onset);
      this.roll.scroller.focus({ preventScroll: true }); // where keys edit it
      this.say([this.score.nameOf(pitch, note.spelling), this.score.placeWords(note.onset),
        this.score.parts[part].name].join(', '));
      this.isOnSheet = true; // where arrows go from note to note, and up and down the staff
    }
    return true;
  }

  /** Choose the note of a head and let it be dragged over the sheet, as one step to undo; return
   * what takes steps up and pixels aside. */
  drag(head) {
    this.isOnSheet = false;
    this.choose(head);
    if (!this.isOnSheet) return null;
    const { painting, noteAtCaret: note } = this;
    let held = note;
    painting.hold();
    return (steps, rightPx) => {
      if (steps === null) {
        painting.release();
        this.chooseNote(held);
        return;
      }
      const grids = Math.round(rightPx / GRID_PX);
      const wanted = painting.score.stepped(note, steps);
      if (wanted.pitch < 0 || wanted.pitch > 127) return;
      const isNew = wanted.pitch !== held.pitch;
      held = painting.step(note, steps, note.length + grids * painting.grid, held);
      this.setCaret(held);
      if (isNew) this.player.touch(painting.part, held.pitch);
    };
  }

  undo() { this._goBack(() => this.painting.undo()); }

  redo() { this._goBack(() => this.painting.redo()); }

  /** Take a change back, or make it again; a note of the sheet stays chosen. */
  _goBack(act) {
    const { painting: { part } } = this;
    const before = this.score.notes[part];
    act();
    const back = this.score.notes[part].find((note) => !before.includes(note));
    if (this.isOnSheet && back) this.chooseNote(back);
  }

  /** Choose a note of the part in hand, as if its head had been clicked. */
  chooseNote({ onset, pitch }) {
    this.choose({ part: this.painting.part, pitch, onset });
  }

  /** The note of the chosen part that sounds at the caret. */
  get noteAtCaret() {
    const { caret } = this.roll.shown;
    return caret && this.painting.find(caret.onset, caret.pitch);
  }

  /** Write the note at the caret under its next name. */
  respell() {
    const note = this.noteAtCaret;
    if (!note) return this.say('no note here');
    const { pitch, spelling } = this.painting.respell(note);
    return this.say(`written as ${this.score.nameOf(pitch, spelling)}`);
  }

  /** Take what the server found in what was painted; later paintings have their own answer. */
  judged({ id, findings }) {
    if (id !== this.score?.id) return;
    this.score.findings = findings;
    this.roll.marks = findings;
    this.roll.set({ mark: null });
    this.roll.refresh();
    this.controls.mark(this);
  }

  _inRange(caret) {
    const pitch = Math.min(this.roll.high, Math.max(this.roll.low, caret.pitch));
    return { ...caret, pitch };
  }

  paintPart(part) {
    this.painting.part = part;
    this.lane.refresh();
    this.roll.set({ part });
    this.setCaret(this.roll.shown.caret);
    this.roll.refresh();
  }

  _painted() {
    this.roll.update();
    this.lane.refresh();
    this.setCaret(this.roll.shown.caret);
    if (this.player.isPlaying) this.player.change({});
    this.isTouched = true;
    if (!this.painting.held) this._store('edits', this.painting.edits()); // else when it is let go
  }

  /** Say a line below the roll; screen readers read it out. */
  say(words) {
    this.controls.say(words);
  }
}
