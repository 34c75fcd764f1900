// Submits sample jobs, and shows what the server has against one beside the field it is about.

import { count, plural } from './format.js';
import { readProblem, textOf } from './problem.js';

/** Arguments to start from, by job type. */
const examples = {
  sleep: { ms: 3000 },
  cpu: { n: 5_000_000 },
  http: { url: location.origin + '/status' },
  exec: { command: 'uname', args: ['-a'] },
};

export class SubmitForm {
  #form;
  #outcome;
  #openJob;
  #edited = false;

  constructor(form, outcome, openJob) {
    this.#form = form;
    this.#outcome = outcome;
    this.#openJob = openJob;
    const { type, args } = form.elements;
    args.addEventListener('input', () => { this.#edited = true; });
    type.addEventListener('input', () => this.#suggestArgs());
    form.addEventListener('submit', e => {
      e.preventDefault();
      this.#submit();
    });
  }

  // Another type gets its example arguments, unless someone wrote their own.
  #suggestArgs() {
    const { type, args } = this.#form.elements;
    const example = examples[type.value];
    if (example && !this.#edited) args.value = JSON.stringify(example, null, 1).replace(/\s+/g, ' ');
  }

  async #submit() {
    this.#clear();
    const { type, args, copies } = this.#form.elements;
    const number = Number(copies.value);
    if (!type.value.trim()) return this.#blame('type', 'Name the type of job, such as sleep.');
    if (!Number.isInteger(number) || number < 1 || number > 1000) return this.#blame('copies', 'From 1 to 1,000.');
    let value;
    try {
      value = args.value.trim() === '' ? undefined : JSON.parse(args.value);
    } catch (e) {
      return this.#blame('args', `Not JSON: ${e.message}`);
    }
    const job = { type: type.value.trim(), args: value };
    await this.send(number === 1 ? job : Array(number).fill(job));
  }

  /** Submits one job or an array of them. */
  async send(jobs) {
    this.#clear();
    try {
      const response = await fetch('jobs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(jobs) });
      if (response.ok) this.#accepted(await response.json());
      else this.#refused(response.status, await readProblem(response));
    } catch {
      this.#say('The server does not answer. Nothing was submitted.', 'bad');
    }
  }

  #accepted({ id, ids }) {
    if (ids) {
      this.#say(`${plural(ids.length, 'job')} submitted, ${count(ids[0])} to ${count(ids.at(-1))}.`);
      return;
    }
    const link = document.createElement('button');
    link.type = 'button';
    link.className = 'link';
    link.textContent = `Job ${id}`;
    link.addEventListener('click', () => this.#openJob(id));
    this.#say('');
    this.#outcome.append(link, ' submitted.');
  }

  // A field is named like "args.ms", or "[3].args.ms" in an array; copies of one job say the same thing each.
  #refused(status, problem) {
    const errors = problem.errors ?? {};
    const rest = new Set();
    for (const [path, messages] of Object.entries(errors)) {
      const field = path.replace(/^\[\d+\]\.?/, '');
      const name = ['type', 'args'].find(name => field === name || field.startsWith(`${name}.`));
      for (const message of messages) {
        // The server's messages go on from the field's name: "must be a number".
        const text = /^\p{Ll}/u.test(message) ? `${field} ${message}` : message;
        if (name) this.#blame(name, text);
        else rest.add(text);
      }
    }
    if (rest.size > 0) this.#say([...rest].join(' '), 'bad');
    else if (Object.keys(errors).length === 0) this.#say(textOf(problem, status), 'bad');
  }

  #blame(name, message) {
    const text = this.#form.querySelector(`[data-error=${name}]`);
    const said = new Set(text.textContent.split('\n').filter(Boolean));
    text.textContent = [...said.add(message)].join('\n');
    const input = this.#form.elements[name];
    input.setAttribute('aria-invalid', 'true');
    if (!this.#form.querySelector('[aria-invalid]:focus')) input.focus();
  }

  #clear() {
    for (const text of this.#form.querySelectorAll('[data-error]')) text.textContent = '';
    for (const input of this.#form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
    this.#say('');
  }

  #say(text, tone = '') {
    this.#outcome.textContent = text;
    this.#outcome.dataset.tone = tone;
  }
}
