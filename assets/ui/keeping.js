// The pieces of this browser, with all their notes, in IndexedDB; and the run that this tab waits
// for. Nothing of it stays on the server beyond its hour: a piece that is opened is sent there, and
// comes back as it was kept, whatever the version of the program.

const DATABASE = 'composer';
const VERSION = 2;
const OLD = 'pieces'; // of version 1: requests without notes
const FACTS = 'works';
const NOTES = 'notes';
export const CHANGED = 'library-changed';
const IS_KEY = /^[0-9a-f]{32}$/;

const pages = new Map(); // page -> how its server is spoken to, and what is on show
const arriving = new Map(); // page -> whether a link brought us, until that is settled

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, VERSION);
    asked.onupgradeneeded = () => upgrade(asked);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

function upgrade({ result: database, transaction }) {
  const facts = database.createObjectStore(FACTS, { keyPath: 'id' });
  database.createObjectStore(NOTES, { keyPath: 'id' });
  if (!database.objectStoreNames.contains(OLD)) return;
  transaction.objectStore(OLD).getAll().onsuccess = ({ target }) => {
    for (const piece of target.result) facts.put({ ...piece, id: piece.query, page: 'compose' });
    database.deleteObjectStore(OLD);
  };
}

async function act(mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction([FACTS, NOTES], mode);
    const request = work(transaction.objectStore(FACTS), transaction.objectStore(NOTES));
    transaction.oncomplete = () => { database.close(); resolve(request?.result); };
    transaction.onabort = () => { database.close(); reject(transaction.error); };
  });
}

/** Return the facts of all pieces: the starred first, then the latest. */
export async function all() {
  const found = await act('readonly', (facts) => facts.getAll());
  return found.sort((a, b) => b.star - a.star || b.savedAt - a.savedAt);
}

/** Return the text with a piece's notes; undefined for one that was kept without. */
export async function notesOf(id) {
  return (await act('readonly', (_, notes) => notes.get(id)))?.text;
}

/** Keep pieces: `facts`, and `text` where there is one; what was known of them stays. */
export async function put(pieces) {
  await act('readwrite', (facts, notes) => {
    for (const { text, ...piece } of pieces) {
      facts.put(piece);
      if (text) notes.put({ id: piece.id, text });
    }
  });
  window.dispatchEvent(new Event(CHANGED));
}

export async function drop(id) {
  await act('readwrite', (facts, notes) => { facts.delete(id); notes.delete(id); });
  window.dispatchEvent(new Event(CHANGED));
}

/** Keep whatever a hidden component of a page says is on show; open pieces through it. */
export function keep(props, watch, trigger, page, upload) {
  const here = spot(page);
  here.open = async (id, text) => {
    const { path } = await upload(new File([text], 'piece.json', { type: 'application/json' }));
    trigger('open', { path, key: id });
  };
  const take = () => { if (props.value) save(page, JSON.parse(props.value)); };
  watch('value', take);
  take();
  here.ready?.();
}

const turns = new Map(); // piece -> how often it was saved

async function save(page, { path, ...piece }) {
  const turn = (turns.get(piece.id) ?? 0) + 1;
  turns.set(piece.id, turn);
  spot(page).shown = piece.id;
  sessionStorage.setItem(shownName(page), JSON.stringify({ id: piece.id, query: piece.query }));
  if (piece.query) keepAddress(piece.query);
  remember(page);
  try {
    const answer = await fetch(new URL(`gradio_api/file=${encodeURI(path)}`, document.baseURI));
    if (!answer.ok) return;
    const text = await answer.text();
    const known = await act('readonly', (facts) => facts.get(piece.id));
    if (turn !== turns.get(piece.id)) return; // another candidate was put on show meanwhile
    await put([{ star: false, name: '', ...known, ...piece, page, savedAt: Date.now(), text }]);
    sessionStorage.removeItem(runName(page)); // from now on a reload finds the piece itself
  } catch (error) {
    console.warn('the library could not keep the piece:', error); // such as in a private window
  }
}

/** Let Back return to the piece that was on show before. */
function remember(page) {
  const id = spot(page).shown;
  if (!id || pageOfAddress() !== page || history.state?.piece === id) return;
  const state = { piece: id, page };
  if (history.state?.piece) history.pushState(state, '', location.href);
  else history.replaceState(state, '', location.href);
}

window.addEventListener('popstate', ({ state }) => {
  if (state?.piece && pages.get(state.page)?.shown !== state.piece) show(state.piece);
});

// A piece that was taken to another page can be there before the address is.
window.addEventListener('hashchange', () => {
  if (!history.state?.piece) remember(pageOfAddress());
});

function pageOfAddress() { return (location.hash || '#compose').slice(1); }

/** Put a piece of the library on show, on its page; return whether it is there. */
export async function show(id) {
  const piece = await act('readonly', (facts) => facts.get(id));
  if (!piece || !await putOn(piece)) return false;
  if (pageOfAddress() !== piece.page) location.hash = piece.page;
  return true;
}

async function putOn({ id, page }) {
  const text = await notesOf(id);
  if (text) await spot(page).open(id, text);
  return Boolean(text);
}

/** Note the run that a page has begun, and forget one that is gone. */
export function followRun(props, watch, trigger, page) {
  const here = spot(page);
  here.join = (key) => trigger('join', { key });
  watch('value', () => {
    const { run, query, lost } = JSON.parse(props.value || '{}');
    if (lost) {
      sessionStorage.removeItem(runName(page));
      settle(page, arriving.get(page));
    } else if (run) {
      sessionStorage.setItem(runName(page), JSON.stringify({ run, query }));
      if (query) keepAddress(query);
    }
  });
  here.ready?.();
}

/** Let the address tell the request; Back returns to the piece of before. */
function keepAddress(query) {
  const address = `?${query}${location.hash}`;
  if (location.search === `?${query}`) return;
  if (history.state?.piece) history.pushState(null, '', address);
  else history.replaceState(history.state, '', address);
}

/** Come back to what a page showed: the run under way, else the piece, else what the link asks. */
export async function arrive(page, isLinked) {
  await whenReady(page);
  arriving.set(page, isLinked);
  const { run, query } = JSON.parse(sessionStorage.getItem(runName(page)) || '{}');
  const isSame = !query || location.search === `?${query}`;
  if (run && isSame) spot(page).join(run);
  else settle(page, isLinked);
}

async function settle(page, isLinked) {
  const id = idBefore(page);
  const isShown = IS_KEY.test(id) && await putOn({ id, page }).catch(() => false);
  if (!isShown && page === 'compose' && isLinked) {
    setTimeout(() => document.querySelector('#compose').click(), 100);
  }
}

/** Return the piece that a page showed before a reload, whichever page was in front. */
function idBefore(page) {
  const { state } = history;
  const { id, query } = JSON.parse(sessionStorage.getItem(shownName(page)) || '{}');
  if (page === 'compose' && location.search !== `?${query}`) return '';
  return state?.page === page ? state.piece : id;
}

function runName(page) { return `run-${page}`; }

function shownName(page) { return `shown-${page}`; }

function spot(page) {
  if (!pages.has(page)) pages.set(page, {});
  return pages.get(page);
}

/** Wait until both components of a page have come. */
function whenReady(page) {
  const here = spot(page);
  return new Promise((resolve) => {
    here.ready = () => { if (here.open && here.join) resolve(); };
    here.ready();
  });
}
