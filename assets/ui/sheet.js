// The engraved pages beside the roll: a cursor, a selection and rings lie over sealed pictures. What
// is known of a page are the boxes of its bars and the heads of its notes, as shares of the picture.

import { interpolate } from './piece.js';

const REACH_PX = { mouse: 9, touch: 22 }; // from the middle of a head
const DRAG_PX = 5;

export class Sheet {
  /** @param {object} handlers `play(beats)`, `select(first, last)`, `choose(head)`, which tells
   * whether the note of a head could be chosen, and `drag(head)`, which chooses it and returns what
   * takes by how many steps up and pixels aside it is dragged, or `null` when it is let go. */
  constructor(handlers) {
    this.handlers = handlers;
    this.boxes = new Map();
    this.heads = [];
    this.selection = null;
    this.ringed = null;
  }

  /** Dim the pages of the piece before, until those of this one come. */
  await() {
    this.boxes.clear();
    this.heads = [];
    this.ring(null);
    this.cursor?.remove();
    this.cursor = null;
    this.element?.classList.add('is-old');
  }

  /** Take pages that have come. */
  attach(element) {
    this.element = element;
    element.classList.remove('is-old');
    this.boxes.clear();
    this.heads = [];
    this.cursor = null;
    const before = this.paper; // the same, if pages are handed over once more
    this.paper = element.querySelector('.paper');
    for (const page of element.querySelectorAll('.sheet-page')) {
      for (const box of JSON.parse(page.dataset.bars || '[]')) {
        this._add({ ...box, page });
      }
      for (const [x, y, onset, pitch, part] of JSON.parse(page.dataset.heads || '[]')) {
        this.heads.push({ x, y, onset, pitch, part, page });
      }
    }
    if (!this.paper || this.boxes.size === 0) return;
    this.cursor = document.createElement('div');
    this.cursor.className = 'sheet-cursor';
    if (this.paper !== before) this._listen();
    this.select(this.selection);
    this.ring(this.ringed);
  }

  _listen() {
    this.paper.addEventListener('pointerdown', (event) => this._begin(event));
    this.paper.addEventListener('dragstart', (event) => event.preventDefault()); // of the picture
  }

  /** Keep the box of a bar; one that a repeat cuts in two is a box as long as both stand together. */
  _add(box) {
    const first = this.boxes.get(box.bar);
    if (!first) this.boxes.set(box.bar, box);
    else if (first.page === box.page && first.y === box.y) {
      first.w = box.x + box.w - first.x;
      first.knots = [...first.knots, ...box.knots];
    }
  }

  /** Let a head be dragged: up and down by the steps of its staff, aside for its length. New pages
   * that come meanwhile do not end it. */
  _drag(event, head) {
    const { height } = head.page.getBoundingClientRect();
    const stepPx = Number(head.page.dataset.step) * height;
    let drag = null;
    let isRefused = !stepPx;
    const follow = (move) => {
      const [right, up] = [move.clientX - event.clientX, event.clientY - move.clientY];
      if (!drag && !isRefused && Math.hypot(right, up) > DRAG_PX) {
        drag = this.handlers.drag(head);
        isRefused = !drag;
      }
      if (!drag) return;
      const steps = Math.round(up / stepPx);
      drag(steps, Math.abs(right) > 2 * DRAG_PX ? right : 0);
      this._lift(head, steps);
    };
    const end = (up) => {
      window.removeEventListener('pointermove', follow);
      for (const kind of ['pointerup', 'pointercancel']) window.removeEventListener(kind, end);
      if (drag) drag(null);
      else if (up.type === 'pointerup') this._click(event, this._barAt(event));
    };
    window.addEventListener('pointermove', follow);
    for (const kind of ['pointerup', 'pointercancel']) window.addEventListener(kind, end);
  }

  /** Show where a head that is dragged would stand. */
  _lift(head, steps) {
    this.element.querySelectorAll('.sheet-ring').forEach((ring) => ring.remove());
    this._ringAt(head, head.y - steps * Number(head.page.dataset.step));
  }

  _begin(event) {
    const first = this._barAt(event);
    const isTouch = event.pointerType === 'touch'; // which scrolls
    if (event.button !== 0) return;
    const head = isTouch || !this.handlers.drag ? null : this._headAt(event);
    if (head) this._drag(event, head);
    if (head || first === null) return;
    const follow = (move) => {
      const bar = this._barAt(move);
      if (!isTouch && bar !== null && (bar !== first || this.isDragging)) {
        this.isDragging = true;
        this.handlers.select(Math.min(first, bar), Math.max(first, bar));
      }
    };
    const end = (up) => {
      this.paper.removeEventListener('pointermove', follow);
      if (!this.isDragging && up.type === 'pointerup') this._click(event, first);
      this.isDragging = false;
    };
    this.paper.addEventListener('pointermove', follow);
    this.paper.addEventListener('pointerup', end, { once: true });
    this.paper.addEventListener('pointercancel', end, { once: true });
  }

  /** A click on a head chooses its note, where notes can be chosen; any other plays from its bar. */
  _click(event, bar) {
    const head = this._headAt(event);
    const isChosen = head && this.handlers.choose(head);
    if (!isChosen && bar !== null) this.handlers.play(this.boxes.get(bar).onset);
  }

  _headAt(event) {
    const place = this._place(event);
    if (!place) return null;
    const reach = REACH_PX[event.pointerType] ?? REACH_PX.mouse;
    const away = ({ x, y }) => Math.hypot((x - place.x) * place.width, (y - place.y) * place.height);
    const here = this.heads.filter((head) => head.page === place.page && away(head) <= reach);
    return here.sort((a, b) => away(a) - away(b))[0];
  }

  _place(event) {
    const page = event.target.closest?.('.sheet-page');
    if (!page) return null;
    const { left, top, width, height } = page.getBoundingClientRect();
    return { page, width, height, x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  }

  _barAt(event) {
    const place = this._place(event);
    if (!place) return null;
    const { page, x, y } = place;
    for (const [bar, box] of this.boxes) {
      const isHere = box.page === page && x >= box.x && x < box.x + box.w;
      if (isHere && y >= box.y - 0.02 && y < box.y + box.h + 0.02) return bar;
    }
    return null;
  }

  /** Put the cursor at a time. */
  move(beats, bar, isFollowing) {
    const box = this.boxes.get(bar);
    if (!this.cursor) return;
    this.cursor.hidden = !box;
    if (!box) return;
    if (this.cursor.parentNode !== box.page) box.page.append(this.cursor);
    const x = box.knots.length > 1 ? interpolate(box.knots, beats, 0, 1) : box.x;
    const { style } = this.cursor;
    style.left = `${x * 100}%`;
    if (this.bar === bar && this.shownBox === box) return;
    this.bar = bar;
    this.shownBox = box;
    style.top = `${box.y * 100}%`;
    style.height = `${box.h * 100}%`;
    if (isFollowing) this._reveal(box);
  }

  /** Scroll the paper, and nothing around it, so that a system stands in view. */
  _reveal(box) {
    const top = box.page.offsetTop + box.y * box.page.offsetHeight;
    const bottom = top + box.h * box.page.offsetHeight;
    const { scrollTop, clientHeight } = this.paper;
    if (top >= scrollTop && bottom <= scrollTop + clientHeight) return;
    this.paper.scrollTop = Math.max(0, top - 16);
  }

  /** Mark selected bars; `null` marks none. */
  select(selection) {
    this.selection = selection;
    this.element?.querySelectorAll('.sheet-selected').forEach((mark) => mark.remove());
    if (!selection) return;
    for (let bar = selection.first; bar <= selection.last; bar += 1) {
      const box = this.boxes.get(bar);
      if (!box) continue;
      const mark = document.createElement('div');
      mark.className = 'sheet-selected';
      const share = (value) => `${value * 100}%`;
      Object.assign(mark.style, {
        left: share(box.x), top: share(box.y), width: share(box.w), height: share(box.h),
      });
      box.page.append(mark);
    }
  }

  /** Ring the heads of a note: `part`, `pitch` and `onset`; `null` rings none. */
  ring(note) {
    this.ringed = note;
    this.element?.querySelectorAll('.sheet-ring').forEach((ring) => ring.remove());
    if (!note) return;
    const isIt = ({ part, pitch, onset }) => part === note.part && pitch === note.pitch
      && Math.abs(onset - note.onset) < 0.02;
    for (const head of this.heads.filter(isIt)) this._ringAt(head, head.y);
  }

  _ringAt({ page, x }, y) {
    const ring = document.createElement('div');
    ring.className = 'sheet-ring';
    Object.assign(ring.style, { left: `${x * 100}%`, top: `${y * 100}%` });
    page.append(ring);
  }
}
