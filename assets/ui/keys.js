// What keys do on the roll. While painting, a caret moves over grid and pitches.

const LOUDER = 8; // steps of velocity
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Keys {
  constructor(view) {
    this.view = view;
    view.roll.scroller.addEventListener('keydown', (event) => this._press(event));
    view.root.addEventListener('keydown', (event) => this._undo(event));
  }

  _undo(event) {
    const { view } = this;
    if (!view.isPainting || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key === 'z' && !event.shiftKey) view.undo();
    else if (key === 'y' || key === 'z') view.redo();
    else return;
    event.preventDefault();
  }

  _press(event) {
    if (!this.view.score || event.ctrlKey || event.metaKey) return;
    const act = (this.view.isMarking && this._marking(event))
      || (this.view.isPainting && this._painting(event)) || this._looking(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  _looking({ key, shiftKey }) {
    const { view } = this;
    const { roll, score, player } = view;
    const bar = score.barAt(player.beats);
    const go = (bars) => view.seek(score.bars[clamp(bar.index + bars, 0, score.bars.length - 1)].onset);
    const step = (by) => view.seek(Math.min(score.end, player.beats + by * bar.pulse));
    return {
      ' ': () => view.toggle(),
      ArrowLeft: () => (shiftKey ? this._extend(-1) : step(-1)),
      ArrowRight: () => (shiftKey ? this._extend(1) : step(1)),
      PageUp: () => go(-4),
      PageDown: () => go(4),
      Home: () => view.seek(0),
      End: () => view.seek(score.bars.at(-1).onset),
      '+': () => roll.setZoom(roll.zoom * 1.5),
      '=': () => roll.setZoom(roll.zoom * 1.5),
      '-': () => roll.setZoom(roll.zoom / 1.5),
      0: () => roll.showAll(),
      Escape: () => view.select(),
    }[key];
  }

  /** Grow or shrink the selection at its end, by a bar. */
  _extend(by) {
    const { view } = this;
    const here = view.score.barAt(view.player.beats).number;
    const { first, last } = view.selection ?? { first: here, last: here - (by > 0 ? 1 : 0) };
    const end = clamp(last + by, first, view.score.lastNumber);
    view.select(first, end);
    view.roll.reveal(view.score.barOf(end).onset);
    view.say(first === end ? `bar ${first} selected` : `bars ${first} to ${end} selected`);
  }

  _marking({ key, shiftKey }) {
    const { view } = this;
    const shift = ARROWS[key];
    if (shift) {
      return () => {
        view.areas.shift(...shift, shiftKey);
        const { begin, end, low, high } = view.areas.drawn;
        view.roll.reveal(end);
        const pitches = low === high ? view.score.nameOf(low) : `${view.score.nameOf(low)} to ${view.score.nameOf(high)}`;
        view.say(`${pitches}, ${view.score.placeWords(begin)}, ${(end - begin) * 4} sixteenths; Enter marks`);
      };
    }
    return {
      Enter: () => { view.areas.end(); view.say(`${view.areas.list.length} marked`); },
      Delete: () => view.areas.clear(),
      Backspace: () => view.areas.clear(),
      Escape: () => view.setMarking(false),
    }[key];
  }

  _painting({ key, altKey, shiftKey }) {
    const shift = ARROWS[key];
    if (shift && this.view.isOnSheet && !altKey) return () => this._onSheet(...shift, shiftKey);
    if (shift) return () => this._shift(...shift, altKey);
    return {
      Enter: () => this._enter(),
      Delete: () => this._erase(),
      Backspace: () => this._erase(),
      '[': () => this._stretch(-1),
      ']': () => this._stretch(1),
      r: () => this.view.respell(),
      v: () => this._strike(LOUDER),
      V: () => this._strike(-LOUDER),
    }[key];
  }

  /** Go to the note before or behind the chosen one, or move it by steps or octaves of its staff. */
  _onSheet(aside, up, isFar) {
    const { view } = this;
    const note = this._noteHere();
    if (!note) { view.isOnSheet = false; return this._shift(aside, up); }
    const notes = view.score.notes[view.painting.part];
    const next = up ? view.painting.step(note, up * (isFar ? 7 : 1)) : notes[notes.indexOf(note) + aside];
    return view.chooseNote(next ?? note);
  }

  /** Make the note at the caret longer or shorter by the grid. */
  _stretch(by) {
    const { painting } = this.view;
    const note = this._noteHere();
    if (note) painting.move(note, note.onset, note.pitch, Math.max(painting.grid, note.length + by * painting.grid));
    this._tell(note ? (by > 0 ? 'longer' : 'shorter') : 'no note here');
  }

  /** Make the note at the caret louder or softer. */
  _strike(by) {
    const note = this._noteHere();
    const struck = note && this.view.painting.strike(note, clamp(note.velocity + by, 1, 127));
    this._tell(struck ? `velocity ${struck.velocity}` : 'no note here');
  }

  get _caret() { return this.view.roll.shown.caret; }

  _noteHere() { return this.view.noteAtCaret; }

  _enter() {
    const { view } = this;
    if (this._noteHere()) return this._erase();
    view.painting.draw(this._caret.onset, this._caret.pitch);
    view.player.touch(view.painting.part, this._caret.pitch);
    return this._tell('drawn');
  }

  _erase() {
    const note = this._noteHere();
    if (note) this.view.painting.erase(note);
    this._tell(note ? 'erased' : 'no note here');
  }

  /** Move the caret, and with alt the note below it. */
  _shift(steps, semitones, carries) {
    const { view } = this;
    const { painting, roll } = view;
    const note = carries && this._noteHere();
    const onset = clamp(painting.snap(this._caret.onset) + steps * painting.grid, 0, view.score.end - painting.grid);
    const pitch = clamp(this._caret.pitch + semitones, 0, 127);
    if (note) painting.move(note, Math.max(0, note.onset + steps * painting.grid), clamp(note.pitch + semitones, 0, 127));
    if (pitch < roll.low || pitch > roll.high) {
      roll.low = Math.min(roll.low, pitch);
      roll.high = Math.max(roll.high, pitch);
      roll.refresh();
    }
    view.setCaret({ onset, pitch });
    roll.reveal(onset);
    this._tell(this._noteHere() ? 'note' : '');
  }

  _tell(what) {
    const { score } = this.view;
    const { pitch, onset } = this._caret;
    this.view.say([score.nameOf(pitch), score.placeWords(onset), what].filter(Boolean).join(', '));
  }
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
