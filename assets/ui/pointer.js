// What a mouse, a pen or a finger does on the roll. A click plays from its bar, a drag selects bars;
// while painting they draw, move, stretch and erase notes, while marking they draw areas.

const DRAG_PX = 5;

export class Pointer {
  constructor(view) {
    this.view = view;
    this.roll = view.roll;
    this.tip = view.root.querySelector('.sv-tip');
    const { scroller, stage } = this.roll;
    for (const surface of [scroller, stage.querySelector('.sv-ruler')]) {
      surface.addEventListener('pointerdown', (event) => this._down(event, surface));
      surface.addEventListener('pointermove', (event) => this._hover(event));
      surface.addEventListener('pointerleave', () => this._leave());
      surface.addEventListener('contextmenu', (event) => { if (view.isPainting || view.isMarking) event.preventDefault(); });
      surface.addEventListener('wheel', (event) => this._wheel(event), { passive: false });
    }
  }

  _at(event) {
    const frame = this.roll.stage.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  _wheel(event) {
    if (!event.ctrlKey && !event.metaKey) {
      this.view.scrolledAt = performance.now();
      if (event.currentTarget !== this.roll.scroller) this.roll.scroller.scrollLeft += event.deltaX;
      return;
    }
    event.preventDefault();
    const [x] = this._at(event);
    this.roll.setZoom(this.roll.zoom * 1.0015 ** -event.deltaY, this.roll.beatsAt(x));
  }

  _hover(event) {
    const { view, roll, tip } = this;
    if (!view.score || event.buttons || event.pointerType === 'touch') return;
    const [x, y] = this._at(event);
    const mark = roll.markAt(x, y);
    const hit = mark ? null : roll.hit(x, y);
    roll.set({ hover: hit?.note ?? null });
    roll.scroller.style.cursor = this._cursor(hit);
    const words = mark ? `${view.score.placeWords(mark.onset)}: ${mark.words}` : hit ? this._words(hit) : '';
    tip.hidden = !words;
    if (!words) return;
    tip.textContent = words;
    tip.style.left = `${Math.min(x + 14, Math.max(0, roll.width - tip.offsetWidth - 6))}px`;
    tip.style.top = `${Math.max(2, y > 60 ? y - 34 : y + 18)}px`;
  }

  _words({ note, part }) {
    const { score } = this.view;
    const length = Math.round(note.length * 100) / 100;
    const quarters = `${length} ${length === 1 ? 'quarter' : 'quarters'}`;
    return `${score.nameOf(note.pitch, note.spelling)} · ${score.placeWords(note.onset)} · ${quarters} · ${score.parts[part].name}`;
  }

  _cursor(hit) {
    if (this.view.isMarking) return 'crosshair';
    if (!this.view.isPainting) return 'pointer';
    const isMine = hit && hit.part === this.view.painting.part;
    if (this.view.isErasing) return 'not-allowed';
    return isMine ? (hit.isEdge ? 'ew-resize' : 'grab') : 'crosshair';
  }

  _leave() {
    this.tip.hidden = true;
    this.roll.set({ hover: null });
  }

  _down(event, surface) {
    const { view } = this;
    if (!view.score) return;
    const [x, y] = this._at(event);
    const isBody = surface === this.roll.scroller;
    this.tip.hidden = true;
    if (view.isMarking && isBody) {
      if (y < surface.clientHeight) this._mark(event, surface, x, y);
    } else if (view.isPainting && isBody) {
      if (y < surface.clientHeight) this._paint(event, surface, x, y);
    } else if (event.button === 0 && y < this.roll.height - this._scrollbarPx()) {
      this._select(event, surface, x, y);
    }
  }

  /** A drag marks a rectangle; within one that is there it takes that away. */
  _mark(event, surface, startX, startY) {
    const { roll, view: { areas } } = this;
    areas.begin(roll.beatsAt(startX), roll.pitchAt(startY));
    this._track(event, surface, (move) => {
      const [x, y] = this._at(move);
      areas.stretch(roll.beatsAt(x), roll.pitchAt(y));
    }, () => areas.end());
  }

  _scrollbarPx() {
    return this.roll.scroller.offsetHeight - this.roll.scroller.clientHeight;
  }

  /** A click plays from its bar or shows a finding, a drag selects. */
  _select(event, surface, startX, startY) {
    const { view, roll } = this;
    const first = view.score.barAt(roll.beatsAt(startX)).number;
    let isDrag = false;
    const isScrolling = event.pointerType === 'touch' && surface === roll.scroller;
    this._track(event, surface, (move) => {
      const [x] = this._at(move);
      isDrag ||= !isScrolling && Math.abs(x - startX) > DRAG_PX;
      if (!isDrag) return;
      const bar = view.score.barAt(roll.beatsAt(x)).number;
      view.select(Math.min(first, bar), Math.max(first, bar));
    }, () => {
      if (isDrag) return;
      const mark = roll.markAt(startX, startY);
      if (mark) view.showPlace(mark);
      else view.playFrom(view.score.barOf(first).onset);
    });
  }

  /** Follow a pointer until it is lifted; a finger that begins to scroll is no click. */
  _track(event, surface, move, up) {
    surface.setPointerCapture?.(event.pointerId);
    const end = (last) => {
      surface.removeEventListener('pointermove', move);
      surface.removeEventListener('pointerup', end);
      surface.removeEventListener('pointercancel', end);
      if (last.type === 'pointerup') up();
      else this.view.painting.release();
    };
    surface.addEventListener('pointermove', move);
    surface.addEventListener('pointerup', end);
    surface.addEventListener('pointercancel', end);
  }

  _paint(event, surface, x, y) {
    const { view, roll } = this;
    const { painting } = view;
    const hit = roll.hit(x, y, painting.part);
    view.isOnSheet = false;
    painting.hold();
    if (view.isErasing || event.button === 2) this._erase(event, surface, hit);
    else if (hit?.isEdge) this._stretch(event, surface, hit.note);
    else if (hit) this._move(event, surface, hit.note, roll.beatsAt(x) - hit.note.onset);
    else this._draw(event, surface, x, y);
  }

  _erase(event, surface, hit) {
    const { view, roll } = this;
    if (hit) view.painting.erase(hit.note);
    this._track(event, surface, (move) => {
      const found = roll.hit(...this._at(move), view.painting.part);
      if (found) view.painting.erase(found.note);
    }, () => view.painting.release());
  }

  _draw(event, surface, x, y) {
    const { view, roll } = this;
    const { painting } = view;
    const pitch = Math.min(127, Math.max(0, roll.pitchAt(y)));
    let note = painting.draw(painting.snap(roll.beatsAt(x)), pitch);
    if (!note) return painting.release();
    view.player.touch(painting.part, pitch);
    this._caret(note);
    return this._track(event, surface, (move) => {
      note = this._stretched(note, this._at(move)[0]);
    }, () => painting.release());
  }

  _stretch(event, surface, note) {
    let held = note;
    this._caret(note);
    this._track(event, surface, (move) => { held = this._stretched(held, this._at(move)[0]); },
      () => this.view.painting.release());
  }

  _stretched(note, x) {
    const { painting } = this.view;
    const end = painting.snap(this.roll.beatsAt(x)) + painting.grid;
    return painting.move(note, note.onset, note.pitch, Math.max(painting.grid, end - note.onset));
  }

  _move(event, surface, note, grip) {
    const { view, roll } = this;
    const { painting } = view;
    let held = note;
    let pitch = note.pitch;
    this._caret(note);
    const startX = this._at(event)[0];
    this._track(event, surface, (move) => {
      const [x, y] = this._at(move);
      const isAside = Math.abs(x - startX) > DRAG_PX;
      const onset = isAside ? painting.snap(roll.beatsAt(x) - grip + painting.grid / 2) : held.onset;
      const wanted = Math.min(127, Math.max(0, roll.pitchAt(y)));
      held = painting.move(held, onset, wanted);
      if (wanted !== pitch) view.player.touch(painting.part, wanted);
      pitch = wanted;
      this._caret(held);
    }, () => painting.release());
  }

  _caret({ onset, pitch }) { this.view.setCaret({ onset, pitch }); }
}
