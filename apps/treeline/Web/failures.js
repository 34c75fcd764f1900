// The jobs that failed lately, newest first; each opens its detail. A job that will be tried again says so, and
// leaves the list when a later attempt succeeds.

import { ago, dateTime, plural } from './format.js';

const kept = 50;

export class Failures {
  #list;
  #nothing;
  #summary;
  #openJob;
  #byId = new Map();
  #elements = new Map();
  #drawing = 0;

  constructor({ list, nothing, summary, openJob }) {
    this.#list = list;
    this.#nothing = nothing;
    this.#summary = summary;
    this.#openJob = openJob;
    setInterval(() => this.#drawTimes(), 1000);
  }

  /** Reads what failed before the page was opened, or while it was not connected; what was heard before is old news. */
  async load() {
    const started = performance.now();
    try {
      const response = await fetch(`jobs?state=failed&limit=${kept}`, { cache: 'no-store' });
      if (!response.ok) return;
      const { jobs } = await response.json();
      for (const [id, { heardAt }] of this.#byId) if (heardAt < started) this.#byId.delete(id);
      for (const { id, type, attempts, error, finishedAt } of jobs) this.#put({ id, type, attempts, error, at: Date.parse(finishedAt), final: true });
      this.#drawSoon();
    } catch {
      // The server is gone again; the connection notices, and loads once more when it is back.
    }
  }

  /** Takes a job event from the server. */
  job({ id, type, state, attempts, error, at }) {
    if (state === 'failed') this.#put({ id, type, attempts, error, at: Date.parse(at), final: true });
    else if (state === 'pending' && error) this.#put({ id, type, attempts, error, at: Date.parse(at), final: false });
    else if ((state === 'succeeded' || state === 'cancelled') && this.#byId.delete(id)) this.#drawSoon();
  }

  #put(failure) {
    this.#byId.set(failure.id, { ...failure, heardAt: performance.now() });
    if (this.#byId.size > 2 * kept) this.#trim();
    this.#drawSoon();
  }

  #trim() {
    const newest = [...this.#byId.values()].sort((a, b) => b.at - a.at || b.id - a.id).slice(0, kept);
    this.#byId = new Map(newest.map(failure => [failure.id, failure]));
    return newest;
  }

  #drawSoon() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#draw();
    });
  }

  #draw() {
    const failures = this.#trim();
    const focused = document.activeElement?.closest('#failures li');
    for (const [id, item] of this.#elements) {
      if (!this.#byId.has(id)) {
        item.root.remove();
        this.#elements.delete(id);
      }
    }
    failures.forEach((failure, i) => {
      let item = this.#elements.get(failure.id);
      if (!item) this.#elements.set(failure.id, item = this.#create(failure.id));
      const tries = plural(failure.attempts, 'attempt');
      item.type.textContent = failure.type;
      item.tries.textContent = failure.final ? tries : `${tries}, will retry`;
      item.error.textContent = firstLine(failure.error);
      item.root.classList.toggle('retrying', !failure.final);
      item.at = failure.at;
      item.when.dateTime = new Date(failure.at).toISOString();
      item.when.title = dateTime(failure.at);
      if (this.#list.children[i] !== item.root) this.#list.insertBefore(item.root, this.#list.children[i] ?? null);
    });
    if (focused?.isConnected && !focused.contains(document.activeElement)) focused.firstElementChild.focus({ preventScroll: true });
    this.#nothing.hidden = failures.length > 0;
    this.#summary.textContent = failures.length > 0 ? 'newest first' : '';
    this.#drawTimes();
  }

  #drawTimes() {
    for (const { when, at } of this.#elements.values()) {
      const text = ago(Date.now() - at);
      if (when.textContent !== text) when.textContent = text;
    }
  }

  #create(id) {
    const root = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.addEventListener('click', () => this.#openJob(id));
    const add = (tag, name, text = '') => {
      const part = document.createElement(tag);
      part.className = name;
      part.textContent = text;
      button.append(part);
      return part;
    };
    add('span', 'id', `#${id}`);
    const item = { root, type: add('bdi', 'type'), tries: add('span', 'tries'), when: add('time', 'when'), error: add('bdi', 'message'), at: 0 };
    root.append(button);
    return item;
  }
}

const firstLine = text => (text ?? 'no error text').split('\n', 1)[0];
