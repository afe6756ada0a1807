// The pieces of this browser: what was composed here, with stars and names, kept in IndexedDB.
// Nothing of it reaches a server; a piece is opened by its link, which composes it again.

const DATABASE = 'composer';
const STORE = 'pieces';
const CHANGED = 'library-changed';
const MAX_IMPORT_BYTES = 50_000_000;

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'query' });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function act(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => { database.close(); resolve(request?.result); };
    transaction.onerror = () => { database.close(); reject(transaction.error); };
  });
}

async function put(pieces) {
  await act('readwrite', (store) => { for (const piece of pieces) store.put(piece); });
  window.dispatchEvent(new Event(CHANGED));
}

/** Keep whatever a hidden component says is on show; stars and names of before stay. */
export function keep(props, watch) {
  const take = async () => {
    if (!props.value) return;
    const piece = JSON.parse(props.value);
    const known = await act('readonly', (store) => store.get(piece.query));
    if (known && known.title === piece.title) return;
    await put([{ star: false, name: '', savedAt: Date.now(), ...known, ...piece }]);
  };
  watch('value', take);
  take();
}

/** Show the library in an element. */
export function mount(element) {
  const root = element.querySelector('.library');
  const search = make('input', { type: 'search', placeholder: 'Search', ariaLabel: 'Search my pieces' });
  const list = make('ul');
  const line = make('p', { className: 'note' });
  const file = make('input', { type: 'file', accept: '.json', hidden: true });
  const out = make('button', { type: 'button', textContent: 'Export all' });
  const bring = make('button', { type: 'button', textContent: 'Import' });
  root.replaceChildren(search, list, line, out, bring, file);
  const show = () => render(list, line, search.value);
  search.addEventListener('input', show);
  window.addEventListener(CHANGED, show);
  out.addEventListener('click', download);
  bring.addEventListener('click', () => file.click());
  file.addEventListener('change', async () => {
    line.textContent = await take(file.files[0]);
    file.value = '';
  });
  show();
}

async function all() {
  const found = await act('readonly', (store) => store.getAll());
  return found.sort((a, b) => b.star - a.star || b.savedAt - a.savedAt);
}

async function render(list, line, wanted) {
  const pieces = await all();
  const words = wanted.trim().toLowerCase();
  const found = pieces.filter((piece) => `${piece.name} ${piece.title}`.toLowerCase().includes(words));
  list.replaceChildren(...found.map(row));
  line.textContent = pieces.length ? '' : 'What you compose is kept here, in this browser only.';
}

function row(piece) {
  const link = make('a', {
    href: `?${piece.query}#compose`, textContent: piece.name || piece.title, title: 'Compose it again',
  });
  const facts = make('small', { textContent: `${piece.facts}, ${new Date(piece.savedAt).toLocaleDateString()}` });
  const star = button('star', piece.star ? '★' : '☆', `star ${piece.title}`, () => put([{ ...piece, star: !piece.star }]));
  star.setAttribute('aria-pressed', piece.star);
  const rename = button('rename', '✎', `rename ${piece.title}`, () => edit(link, piece));
  const drop = button('drop', '✕', `delete ${piece.title}`, async () => {
    await act('readwrite', (store) => store.delete(piece.query));
    window.dispatchEvent(new Event(CHANGED));
  });
  const item = make('li');
  item.append(star, link, facts, rename, drop);
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

async function download() {
  const text = JSON.stringify({ format: 1, pieces: await all() });
  const link = make('a', {
    href: URL.createObjectURL(new Blob([text], { type: 'application/json' })), download: 'my-pieces.json',
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Take an exported file; return what to say about it. */
async function take(file) {
  if (!file) return '';
  if (file.size > MAX_IMPORT_BYTES) return 'The file is too large to be a library';
  try {
    const { pieces } = JSON.parse(await file.text());
    const known = pieces.filter((piece) => ['query', 'title', 'facts'].every((name) => typeof piece[name] === 'string'));
    await put(known.map(({ query, title, facts, name, star, savedAt }) => ({
      query: String(new URLSearchParams(query)), title, facts,
      name: String(name ?? ''), star: star === true, savedAt: Number(savedAt) || Date.now(),
    })));
    return `${known.length} ${known.length === 1 ? 'piece' : 'pieces'} imported`;
  } catch {
    return 'The file holds no library; give one that was exported here';
  }
}

function make(kind, values = {}) {
  return Object.assign(document.createElement(kind), values);
}

function button(name, text, label, press) {
  const made = make('button', { type: 'button', className: name, textContent: text, ariaLabel: label, title: label });
  made.addEventListener('click', press);
  return made;
}
