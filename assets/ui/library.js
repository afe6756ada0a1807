// The list of this browser's pieces: search, star, rename, delete, export, import. What is kept and
// how it is opened is in keeping.js.

import { CHANGED, all, drop, notesOf, put, show } from './keeping.js';

const MAX_IMPORT_BYTES = 200_000_000;
const INDEX = 'my-pieces.json';
const FORMAT = 2;
const PAGES = ['compose', 'extend', 'edit'];
const ZIP = new URL('./vendor/fflate.min.js', import.meta.url).href;

/** Show the library in an element. */
export function mount(element) {
  const root = element.querySelector('.library');
  const search = make('input', { type: 'search', placeholder: 'Search', ariaLabel: 'Search my pieces' });
  const list = make('ul');
  const line = make('p', { className: 'note' });
  line.setAttribute('role', 'status');
  const file = make('input', { type: 'file', accept: '.zip,.json', hidden: true });
  const out = make('button', { type: 'button', textContent: 'Export all' });
  const bring = make('button', { type: 'button', textContent: 'Import' });
  root.replaceChildren(search, list, line, out, bring, file);
  const refresh = () => render(list, line, search.value);
  search.addEventListener('input', refresh);
  window.addEventListener(CHANGED, refresh);
  out.addEventListener('click', download);
  bring.addEventListener('click', () => file.click());
  file.addEventListener('change', async () => {
    const words = await take(file.files[0]);
    file.value = '';
    line.textContent = words;
  });
  refresh();
}

async function render(list, line, wanted) {
  const pieces = await all();
  const words = wanted.trim().toLowerCase();
  const found = pieces.filter((piece) => `${piece.name} ${piece.title}`.toLowerCase().includes(words));
  list.replaceChildren(...found.map((piece) => row(piece, line)));
  if (!pieces.length) line.textContent = 'What you compose is kept here, in this browser only.';
  else if (!found.length) line.textContent = 'None of your pieces has these words.';
  else line.textContent = '';
}

function row(piece, line) {
  const link = make('a', {
    href: piece.query ? `?${piece.query}#compose` : `#${piece.page}`, textContent: piece.name || piece.title,
  });
  // The kept notes are shown. Of a request that was kept without notes its link composes them.
  link.addEventListener('click', async (event) => {
    event.preventDefault();
    line.textContent = '';
    try {
      if (!await show(piece.id)) location.href = link.href;
    } catch {
      line.textContent = 'The piece could not be sent to the page; is it larger than 5 MB, or the server away?';
    }
  });
  const facts = make('small', { textContent: `${piece.facts}, ${new Date(piece.savedAt).toLocaleDateString()}` });
  const star = button('star', piece.star ? '★' : '☆', `star ${piece.title}`, () => put([{ ...piece, star: !piece.star }]));
  star.setAttribute('aria-pressed', piece.star);
  const rename = button('rename', '✎', `rename ${piece.title}`, () => edit(link, piece));
  const remove = button('drop', '✕', `delete ${piece.title}`, () => drop(piece.id));
  const item = make('li');
  item.append(star, link, facts, rename, remove);
  return item;
}

/** Let a name be typed in place of the link. */
function edit(link, piece) {
  const field = make('input', { value: piece.name || piece.title, ariaLabel: 'Name', maxLength: 100 });
  link.replaceWith(field);
  field.focus();
  field.select();
  field.addEventListener('change', () => put([{ ...piece, name: field.value.trim() }]));
  field.addEventListener('blur', () => window.dispatchEvent(new Event(CHANGED)));
}

/** Hand out a ZIP file: a file for every piece, and an index with names and stars. */
async function download() {
  const { zipSync, strToU8 } = await import(ZIP);
  const [files, pieces] = [{}, []];
  for (const [number, piece] of (await all()).entries()) {
    const text = await notesOf(piece.id);
    const file = text ? `${String(number + 1).padStart(3, '0')}-${slug(piece.name || piece.title)}.json` : '';
    if (file) files[file] = strToU8(text);
    pieces.push({ ...piece, file });
  }
  files[INDEX] = strToU8(JSON.stringify({ format: FORMAT, pieces }));
  const link = make('a', {
    href: URL.createObjectURL(new Blob([zipSync(files)], { type: 'application/zip' })), download: 'my-pieces.zip',
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function slug(text) {
  return text.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').toLowerCase().slice(0, 60) || 'piece';
}

/** Take an exported file; return what to say about it. */
async function take(file) {
  if (!file) return '';
  if (file.size > MAX_IMPORT_BYTES) return 'The file is too large to be a library';
  try {
    const known = (await read(file)).filter(isPiece).map(checked);
    await put(known);
    return `${known.length} ${known.length === 1 ? 'piece' : 'pieces'} imported`;
  } catch {
    return 'The file holds no library; give one that was exported here';
  }
}

/** Read a ZIP file, or the JSON file of an older version, which has no notes. */
async function read(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] !== 0x50) return JSON.parse(new TextDecoder().decode(bytes)).pieces;
  const { unzipSync, strFromU8 } = await import(ZIP);
  let size = 0;
  const filter = ({ originalSize }) => { size += originalSize; return size < 5 * MAX_IMPORT_BYTES; };
  const files = unzipSync(bytes, { filter });
  const { pieces } = JSON.parse(strFromU8(files[INDEX]));
  return pieces.map((piece) => ({ ...piece, text: files[piece.file] && strFromU8(files[piece.file]) }));
}

function isPiece(piece) {
  return ['title', 'facts'].every((name) => typeof piece[name] === 'string')
    && (typeof piece.text === 'string' || typeof piece.query === 'string');
}

function checked({ id, page, query, title, facts, name, star, savedAt, text }) {
  return {
    id: String(id ?? query).slice(0, 2000), page: PAGES.includes(page) ? page : 'compose', title, facts, text,
    query: String(new URLSearchParams(query ?? '')), name: String(name ?? '').slice(0, 100), star: star === true,
    savedAt: Number(savedAt) || Date.now(),
  };
}

function make(kind, values = {}) {
  return Object.assign(document.createElement(kind), values);
}

function button(name, text, label, press) {
  const made = make('button', { type: 'button', className: name, textContent: text, ariaLabel: label, title: label });
  made.addEventListener('click', press);
  return made;
}
