// Fields that take what is typed, or say at once why not. Gradio's lists drop a text that is no
// choice without a word, and put the caret behind the old one; its numbers leave their range.

const LIST = 'input[role="combobox"]:not([readonly])';
const NUMBER = 'input[type="number"]';
// Lists whose text is not settled yet -> what was typed: an answer of the server that comes while
// someone types puts the old choice back into the field.
const typed = new WeakMap();

/** Watch all fields of the page, now and later. */
export function watch() {
  document.documentElement.dataset.fields = 'watched'; // for tests
  document.addEventListener('focusin', ({ target }) => {
    if (target.matches?.(LIST)) setTimeout(() => select(target));
  });
  // The press that brings the focus puts the caret somewhere when it ends.
  document.addEventListener('mouseup', ({ target }) => {
    if (target.matches?.(LIST)) setTimeout(() => select(target));
  });
  document.addEventListener('input', ({ target }) => {
    if (!target.matches?.(LIST)) return;
    typed.set(target, target.value);
    say(target, '');
  });
  document.addEventListener('keydown', onKey, true);
  document.addEventListener('pointerdown', ({ target }) => {
    const field = document.activeElement;
    const isOwn = target.closest?.('[role="listbox"]') || target === field;
    if (field?.matches?.(LIST) && !isOwn) settle(field);
    else if (isOwn && field?.matches?.(LIST) && target !== field) typed.delete(field);
  }, true);
  document.addEventListener('focusout', ({ target }) => {
    if (target.matches?.(LIST)) { typed.delete(target); close(target); }
    if (target.matches?.(NUMBER)) checkNumber(target);
  });
}

/** Select the old text of a list; what was typed meanwhile must not be replaced by the next key. */
function select(field) {
  if (document.activeElement === field && !typed.has(field)) field.select();
}

function onKey(event) {
  const { target, key } = event;
  if (!target.matches?.(LIST) || !typed.has(target)) return;
  if (key === 'Escape') { typed.delete(target); say(target, ''); }
  if (key !== 'Enter' && key !== 'Tab') return;
  const choice = pick(target, key === 'Enter');
  if (choice) { take(target, choice); return; }
  refuse(target);
  if (key === 'Enter') { event.preventDefault(); event.stopImmediatePropagation(); }
}

/** Close the list of a field that was left by a key: gradio leaves it open. */
function close(field) {
  setTimeout(() => {
    if (document.activeElement === field || field.getAttribute('aria-expanded') !== 'true') return;
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  }, 100);
}

/** Take what was typed when the field is left for something else. */
function settle(field) {
  if (!typed.has(field)) return;
  const choice = pick(field, false);
  if (choice) take(field, choice);
  else refuse(field);
}

const plain = (text) => text.replace('✓', '').trim().toLowerCase();

/** Return the choice that was meant: the same words, the only one that is left, else the active. */
function pick(field, isActiveMeant) {
  const words = plain(typed.get(field));
  if (!words) return null;
  const named = (choice) => plain(choice.getAttribute('aria-label') ?? choice.textContent);
  // On a busy machine the list still shows what fitted the letters before the last.
  const choices = [...(shownList(field)?.querySelectorAll('[role="option"]') ?? [])]
    .filter((choice) => named(choice).includes(words));
  return choices.find((choice) => named(choice) === words)
    ?? choices.find((choice) => named(choice).split(/ [·(]/)[0] === words)
    ?? (choices.length === 1 ? choices[0] : null)
    ?? (isActiveMeant ? choices.find((choice) => choice.classList.contains('active')) ?? null : null);
}

/** Return the list of a field; one that fades out after a choice has its id too, and is deaf. */
function shownList(field) {
  const lists = document.querySelectorAll(`[id="${field.getAttribute('aria-controls')}"]`);
  return [...lists].filter((list) => !list.inert).at(-1);
}

function take(field, choice) {
  typed.delete(field);
  say(field, '');
  choice.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, cancelable: true }));
}

function refuse(field) {
  const name = field.getAttribute('aria-label') ?? 'list';
  say(field, `“${typed.get(field).slice(0, 40)}” is no choice here; choose one of the list (${name.toLowerCase()} stays as it was)`);
  typed.delete(field);
}

function checkNumber(field) {
  const [low, high] = [field.min, field.max].map((text) => (text === '' ? NaN : Number(text)));
  const isOut = field.value !== '' && (Number(field.value) < low || Number(field.value) > high);
  say(field, isOut ? `from ${low} to ${high}` : '');
}

/** Say a line under a field, or take it away. */
function say(field, words) {
  const room = field.closest('.block');
  let line = room?.querySelector('.field-fault');
  if (!words) { line?.remove(); field.removeAttribute('aria-invalid'); return; }
  if (!line) {
    line = document.createElement('p');
    line.className = 'field-fault';
    line.setAttribute('role', 'alert');
    room?.append(line);
  }
  line.textContent = words;
  field.setAttribute('aria-invalid', 'true');
}
