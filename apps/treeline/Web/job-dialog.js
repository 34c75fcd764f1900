// One job in full. Everything a job carries is somebody's input: it is set as text, never as markup.

import { dateTime, duration } from './format.js';
import { readProblem, textOf } from './problem.js';

export class JobDialog {
  #dialog;
  #find;
  #id = null;
  #refreshing = false;
  #stale = false;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#find = name => dialog.querySelector(`#job-${name}`);
    this.#find('close').addEventListener('click', () => dialog.close());
    this.#find('cancel').addEventListener('click', () => this.#cancel());
    dialog.addEventListener('close', () => { this.#id = null; });
    dialog.addEventListener('click', e => { if (e.target === dialog) dialog.close(); });
  }

  /** Shows a job, and keeps it current while it is shown. */
  async open(id) {
    this.#id = id;
    this.#find('title').textContent = `Job ${id}`;
    this.#find('facts').replaceChildren();
    this.#find('texts').replaceChildren();
    this.#find('cancel').hidden = true;
    this.#say('');
    if (!this.#dialog.open) this.#dialog.showModal();
    await this.refresh();
  }

  /** Takes a job event from the server. */
  job({ id }) {
    if (id === this.#id) this.refresh();
  }

  /** Reads the job again, if one is shown. */
  async refresh() {
    if (this.#id === null) return;
    // What changed while an answer was on its way may not be in it: ask once more.
    this.#stale = this.#refreshing;
    if (this.#refreshing) return;
    this.#refreshing = true;
    const id = this.#id;
    try {
      const response = await fetch(`jobs/${id}`, { cache: 'no-store' });
      const body = response.ok ? await response.json() : await readProblem(response);
      if (id !== this.#id) return;
      if (response.ok) this.#show(body);
      else this.#say(textOf(body, response.status), 'bad');
    } catch {
      this.#say('The server does not answer.', 'bad');
    } finally {
      this.#refreshing = false;
      if (this.#stale) this.refresh();
    }
  }

  #show(job) {
    const ended = job.finishedAt && job.startedAt ? Date.parse(job.finishedAt) - Date.parse(job.startedAt) : null;
    const facts = [
      ['Type', job.type],
      ['State', job.cancelRequested && job.state === 'running' ? 'running, asked to cancel' : job.state, job.state],
      ['Attempts', `${job.attempts} of ${job.maxAttempts}`],
      ['Priority', job.priority === 0 ? null : String(job.priority)],
      ['Submitted', time(job.createdAt)],
      ['Due', job.state === 'pending' ? time(job.runAt) : null],
      ['Started', time(job.startedAt)],
      ['Finished', job.finishedAt && `${time(job.finishedAt)}${ended === null ? '' : `, after ${duration(ended)}`}`],
    ];
    this.#find('facts').replaceChildren(...facts.filter(([, value]) => value).map(([name, value, state]) => {
      const pair = document.createElement('div');
      const term = document.createElement('dt');
      const text = document.createElement('dd');
      term.textContent = name;
      text.textContent = value;
      if (state) text.dataset.state = state;
      pair.append(term, text);
      return pair;
    }));

    const texts = [['Error', job.error], ['Arguments', pretty(job.args)], ['Result', pretty(job.result)]];
    this.#find('texts').replaceChildren(...texts.filter(([, value]) => value).flatMap(([name, value]) => {
      const title = document.createElement('h3');
      const text = document.createElement('pre');
      title.textContent = name;
      text.textContent = value;
      text.tabIndex = 0;
      text.className = name.toLowerCase();
      return [title, text];
    }));
    this.#find('cancel').hidden = job.cancelRequested || !['pending', 'running'].includes(job.state);
  }

  async #cancel() {
    try {
      const response = await fetch(`jobs/${this.#id}`, { method: 'DELETE' });
      if (response.ok) this.#say('Asked to cancel.');
      else this.#say(textOf(await readProblem(response), response.status), 'bad');
    } catch {
      this.#say('The server does not answer.', 'bad');
      return;
    }
    await this.refresh();
  }

  #say(text, tone = '') {
    const outcome = this.#find('outcome');
    outcome.textContent = text;
    outcome.dataset.tone = tone;
  }
}

const time = text => text && dateTime(Date.parse(text));
const pretty = value => value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value, null, 2);
