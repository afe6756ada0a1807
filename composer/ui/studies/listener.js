// The listener's page: one trial after another. It knows letters of clips and the number of a trial.
'use strict';

const $ = (id) => document.getElementById(id);
const KEY = 'listener ' + location.pathname;
const VIEWS = ['welcome', 'volume', 'trial', 'questionnaire', 'end'];
const TRIES = 4;
const QUALITY = ['bad', 'poor', 'fair', 'good', 'excellent']; // ITU-R BS.1534 and BS.2132
const LIST = new Intl.ListFormat('en-GB');
let study = null;
let code = '';
let trial = null;
let players = {};

// --- Talking to the server -------------------------------------------------------------------

class Refusal extends Error {
    constructor(status, sentence) {
        super(sentence);
        this.status = status;
    }
}

async function ask(path, body, kind = 'json') {
    const options = { headers: { 'x-listener': code } };
    if (body !== undefined) {
        options.method = 'POST';
        options.body = JSON.stringify(body);
    }
    // To ask twice is harmless: the first answer to a trial stands.
    for (let left = TRIES; ; left -= 1) {
        try {
            const reply = await fetch('api/' + path, options);
            if (reply.ok) return await reply[kind]();
            const { detail } = await reply.json().catch(() => ({}));
            throw new Refusal(reply.status, detail || 'the server did not answer; try again');
        } catch (error) {
            const isFinal = error instanceof Refusal && error.status < 500;
            if (isFinal || left === 1) throw error;
            await new Promise((wake) => setTimeout(wake, 400 * (TRIES - left + 1)));
        }
    }
}

// --- What is kept in this browser ------------------------------------------------------------

function remember(found) {
    code = found;
    try {
        if (found) localStorage.setItem(KEY, found);
        else localStorage.removeItem(KEY);
    } catch { /* a private window: the address still holds the code */ }
    history.replaceState(null, '', found ? '#' + found : location.pathname);
}

function recall() {
    if (location.hash.length > 1) return location.hash.slice(1);
    try {
        return localStorage.getItem(KEY) || '';
    } catch {
        return '';
    }
}

// --- Showing ---------------------------------------------------------------------------------

function show(view) {
    for (const name of VIEWS) $(name).hidden = name !== view;
    say('');
    window.scrollTo(0, 0);
}

function say(sentence) {
    $('message').textContent = sentence && sentence[0].toUpperCase() + sentence.slice(1) + '.';
}

function make(tag, text = '', attributes = {}) {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
}

function guarded(action) {
    return async (...values) => {
        try {
            await action(...values);
        } catch (error) {
            const isKnown = error instanceof Refusal;
            if (isKnown && error.status === 401) {
                remember('');
                show('welcome');
            }
            say(isKnown ? error.message : 'The server cannot be reached; check the network and try again');
        }
    };
}

function showProgress(done, total) {
    $('progress').hidden = $('count').hidden = false;
    $('progress').firstElementChild.style.width = `${(100 * done) / total}%`;
    $('progress').setAttribute('aria-valuenow', Math.round((100 * done) / total));
    $('count').textContent = `${Math.min(done + 1, total)} of ${total}`;
}

const go = guarded(async () => {
    const place = await ask('trial');
    showProgress(place.done, place.n_trials);
    if (place.state === 'trial') await showTrial(place);
    else if (place.state === 'questionnaire') showQuestionnaire();
    else showEnd(place);
});

// --- Clips -----------------------------------------------------------------------------------

class Player {
    constructor(slot, url) {
        this.slot = slot;
        this.plays = 0;
        this.listened_s = 0;
        this.audio = new Audio(url);
        this.audio.preload = 'auto';
        this.last_s = 0;
        this.button = make('button', '', { class: 'clip', 'data-slot': slot });
        this.label = make('span', 'Play');
        this.bar = make('i');
        this.button.append(make('b', slot.toUpperCase()), this.label, this.bar);
        this.button.addEventListener('click', () => this.toggle());
        for (const event of ['play', 'pause', 'ended']) this.audio.addEventListener(event, () => this.paint());
        this.audio.addEventListener('seeking', () => { this.last_s = this.audio.currentTime; });
        this.audio.addEventListener('timeupdate', () => this.count());
        this.paint();
    }

    count() {
        const step_s = this.audio.currentTime - this.last_s;
        if (step_s > 0 && step_s < 2) this.listened_s += step_s;
        this.last_s = this.audio.currentTime;
        this.bar.style.width = `${(100 * this.audio.currentTime) / (this.audio.duration || 1)}%`;
        paintAnswer();
    }

    toggle() {
        if (this.audio.paused) this.play();
        else this.audio.pause();
    }

    play() {
        for (const other of Object.values(players)) if (other !== this) other.audio.pause();
        Player.last = this;
        this.plays += 1;
        this.audio.play().catch(() => say('this browser did not play the sound; press the button again'));
    }

    paint() {
        const plays = !this.audio.paused && !this.audio.ended;
        this.button.classList.toggle('plays', plays);
        this.label.textContent = plays ? 'Pause' : this.audio.ended ? 'Again' : 'Play';
        this.button.setAttribute('aria-label', `${this.label.textContent} ${this.slot.toUpperCase()}`);
    }

    get isHeard() {
        return this.listened_s >= study.minimum_listening_s;
    }

    end() {
        this.audio.pause();
        URL.revokeObjectURL(this.audio.src);
    }
}

// --- A trial ---------------------------------------------------------------------------------

async function showTrial(place) {
    for (const player of Object.values(players)) player.end();
    players = {};
    const sounds = await Promise.all(
        place.slots.map((slot) => ask(`clips/${place.position}/${slot}`, undefined, 'blob')),
    );
    trial = place;
    place.slots.forEach((slot, index) => {
        players[slot] = new Player(slot, URL.createObjectURL(sounds[index]));
    });
    $('practice').hidden = !place.is_practice;
    $('question').textContent = place.question;
    $('clips').replaceChildren(...Object.values(players).map((player) => player.button));
    $('answer').replaceChildren(...buildAnswer());
    showKeys();
    show('trial');
    paintAnswer();
}

function buildAnswer() {
    if (study.answer === 'choice') return [buildChoices()];
    if (study.answer === 'scales') return study.scales.map(buildScale);
    return [buildQuality(), ...trial.slots.map(buildSlider)];
}

function buildChoices() {
    const words = { none: 'No preference' };
    const order = trial.choices.includes('none') ? ['a', 'none', 'b'] : trial.choices;
    const row = make('div', '', { class: 'choices', role: 'radiogroup', 'aria-label': 'Your answer' });
    for (const choice of order) row.append(radio('choice', choice, words[choice] || choice.toUpperCase()));
    return row;
}

function radio(name, value, text) {
    const label = make('label');
    const input = make('input', '', { type: 'radio', name, value });
    input.addEventListener('change', paintAnswer);
    label.append(input, make('span', text));
    return label;
}

function buildScale(name) {
    const set = make('fieldset');
    const row = make('div', '', { class: 'points' });
    for (let point = 1; point <= study.points; point += 1) row.append(radio(name, String(point), String(point)));
    const ends = make('div', '', { class: 'ends quiet' });
    ends.append(make('span', 'low'), make('span', 'high'));
    set.append(make('legend', name), row, ends);
    return set;
}

function buildQuality() {
    const row = make('div', '', { class: 'slider head', 'aria-hidden': 'true' });
    const words = make('div', '', { class: 'words quiet' });
    words.append(...QUALITY.map((word) => make('span', word)));
    row.append(words);
    return row;
}

function qualityOf(value) {
    return QUALITY[Math.min(QUALITY.length - 1, Math.floor((QUALITY.length * value) / study.slider))];
}

function buildSlider(slot) {
    const row = make('label', '', { class: 'slider' });
    const input = make('input', '', { type: 'range', min: 0, max: study.slider, name: slot, 'aria-label': `Rating of ${slot.toUpperCase()}` });
    const output = make('output', '–');
    input.value = study.slider / 2;
    input.addEventListener('input', () => {
        input.dataset.moved = 'yes';
        output.textContent = input.value;
        input.setAttribute('aria-valuetext', `${input.value}, ${qualityOf(input.value)}`);
        paintAnswer();
    });
    row.append(make('b', slot.toUpperCase()), input, output);
    return row;
}

function readAnswer() {
    if (study.answer === 'choice') {
        const chosen = document.querySelector('#answer input:checked');
        return chosen && { choice: chosen.value };
    }
    const isScale = study.answer === 'scales';
    const found = [...document.querySelectorAll(isScale ? '#answer input:checked' : '#answer input[data-moved]')];
    const wanted = isScale ? study.scales.length : trial.slots.length;
    if (found.length < wanted) return null;
    return Object.fromEntries(found.map((input) => [input.name, Number(input.value)]));
}

function paintAnswer() {
    for (const player of Object.values(players)) player.button.classList.toggle('is-heard', player.isHeard);
    const waiting = Object.values(players).filter((player) => !player.isHeard);
    const isEarly = waiting.length > 0;
    $('answer').classList.toggle('is-early', isEarly);
    for (const input of $('answer').querySelectorAll('input')) input.disabled = isEarly;
    const names = LIST.format(waiting.map((player) => player.slot.toUpperCase()));
    const least = study.minimum_listening_s;
    const advice = study.answer === 'sliders' ? 'Move every slider.' : study.answer === 'scales' ? 'Answer on every scale.' : 'Choose one.';
    const isReady = !isEarly && readAnswer();
    $('hint').textContent = isEarly ? `Listen to ${names} for ${least} seconds or more.` : isReady ? '' : advice;
    $('next').disabled = !isReady;
}

const send = guarded(async () => {
    $('next').disabled = true;
    const all = Object.entries(players);
    try {
        await ask('votes', {
            position: trial.position,
            answer: readAnswer(),
            plays: Object.fromEntries(all.map(([slot, player]) => [slot, player.plays])),
            listened_s: Object.fromEntries(all.map(([slot, player]) => [slot, Math.round(player.listened_s * 10) / 10])),
        });
    } finally {
        $('next').disabled = false;
    }
    await go();
});

// --- Keys: the letters play, space pauses, arrows choose, enter continues ----------------------

function showKeys() {
    const words = trial.slots.map((slot) => make('kbd', slot.toUpperCase()));
    words.push(' play, ', make('kbd', 'space'), ' pause');
    if (study.answer === 'choice') words.push(', ', make('kbd', '←'), ' ', make('kbd', '→'), ' choose');
    words.push(', ', make('kbd', 'enter'), ' continue');
    $('keys').replaceChildren(...words.flatMap((word) => [word, '\u200a']));
}

document.addEventListener('keydown', (event) => {
    const isTyping = ['TEXTAREA', 'SELECT'].includes(event.target.tagName);
    if ($('trial').hidden || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const player = players[key];
    const choices = { arrowleft: 'a', arrowright: 'b', arrowdown: 'none' };
    if (player) player.toggle();
    else if (key === ' ') currentPlayer().toggle();
    else if (key === 'enter' && !$('next').disabled) send();
    else if (study.answer === 'choice' && choices[key]) {
        const input = document.querySelector(`#answer input[value="${choices[key]}"]`);
        if (input && !input.disabled) input.click();
    } else return;
    event.preventDefault();
});

function currentPlayer() {
    const all = Object.values(players);
    return all.find((player) => player === Player.last) || all[0];
}

// --- Beginning and end -----------------------------------------------------------------------

function showWelcome() {
    $('welcome').querySelector('h1').textContent = study.title;
    $('consent').textContent = study.consent;
    $('length').textContent = `${study.n_trials} questions, about ${study.minutes} minute${study.minutes > 1 ? 's' : ''}. You may close the page and come back.`;
    show('welcome');
}

function showQuestionnaire() {
    if (!study.questionnaire.length) return finish();
    $('questions').replaceChildren(...study.questionnaire.map(({ name, question, choices }) => {
        const set = make('fieldset');
        set.append(make('legend', question));
        if (!choices.length) set.append(make('textarea', '', { name, maxlength: 2000, 'aria-label': question }));
        for (const choice of choices) set.append(radio(name, choice, choice));
        return set;
    }));
    return show('questionnaire');
}

const finish = guarded(async () => {
    const answers = {};
    for (const input of document.querySelectorAll('#questions textarea, #questions input:checked'))
        answers[input.name] = input.value;
    showEnd(await ask('answers', { answers }));
});

function showEnd(place) {
    $('thanks').textContent = study.thanks;
    $('listener').textContent = place.listener;
    $('count').hidden = true;
    $('progress').firstElementChild.style.width = '100%';
    show('end');
}

$('agrees').addEventListener('change', () => { $('begin').disabled = !$('agrees').checked; });
$('begin').addEventListener('click', guarded(async () => {
    $('begin').disabled = true;
    try {
        remember((await ask('listeners', { agrees: true })).code);
    } finally {
        $('begin').disabled = !$('agrees').checked;
    }
    show('volume');
}));

let sample = null;
$('try').addEventListener('click', guarded(async () => {
    if (!sample) sample = new Audio(URL.createObjectURL(await ask('sound', undefined, 'blob')));
    if (sample.paused) await sample.play();
    else sample.pause();
    $('heard').disabled = false;
}));
$('heard').addEventListener('click', () => {
    if (sample) sample.pause();
    go();
});
$('next').addEventListener('click', send);
$('done').addEventListener('click', finish);
$('withdraw').addEventListener('click', guarded(async () => {
    if (!window.confirm('Delete all your answers?')) return;
    await ask('withdrawal', {});
    remember('');
    $('end').replaceChildren(make('h1', 'Your answers were deleted.'));
}));

guarded(async () => {
    study = await ask('study');
    document.title = study.title;
    $('title').textContent = study.title;
    const known = recall();
    showWelcome();
    if (!known) return;
    remember(known);
    await go();
})();
