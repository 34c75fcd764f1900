// Draws the rows of a TreeModel. Only rows in sight exist as elements, placed by transform, so that a tree of
// thousands costs as much as one screen of it, and rows slide to their new place when others come and go.
//
// It is one ARIA tree: the container has the focus and names the active row; rows say their level and place.

import { TreeModel, sizeOf } from './tree-model.js';
import { count, duration } from './format.js';

const overscan = 6;
const leaveMs = 220;
const newForMs = 700;
const outcomesKept = 2000;
const guidesDrawn = 40;

/** What became of a job, by its state, once its node is gone. */
const outcomeTexts = { pending: 'will retry', succeeded: 'succeeded', failed: 'failed', cancelled: 'cancelled' };

export class TreeView {
  #tree;
  #canvas;
  #model = new TreeModel();
  #openJob;
  #rows = [];
  #indexOf = new Map();
  #elements = new Map();
  #outcomes = new Map();
  #active = null;
  #rowHeight = 26;
  #started = 0;
  #drawing = 0;
  #expiring = 0;

  /** tree: the role="tree" element. openJob(id) is called when someone opens a job's node. */
  constructor(tree, openJob) {
    this.#tree = tree;
    this.#canvas = tree.firstElementChild;
    this.#openJob = openJob;
    tree.addEventListener('scroll', () => this.#drawSoon(), { passive: true });
    tree.addEventListener('keydown', e => this.#key(e));
    tree.addEventListener('focus', () => { if (!this.#indexOf.has(this.#active)) this.#activate(Math.ceil(tree.scrollTop / this.#rowHeight)); });
    this.#canvas.addEventListener('click', e => this.#click(e));
    new ResizeObserver(() => this.#measure()).observe(tree);
  }

  /** Takes in the server's latest snapshot. */
  show(snapshot) {
    this.#started ||= performance.now();
    this.#model.apply(snapshot, performance.now());
    this.#refresh();
    this.#expireLater();
  }

  /** Another server process answers: its nodes have nothing to do with the ones shown, though ids repeat. */
  reset() {
    this.#model = new TreeModel();
    this.#outcomes.clear();
    this.#started = 0;
    this.#active = null;
    this.#refresh({ slide: false });
  }

  /** Takes a job event from the server: a job's node that is gone says how the job ended. */
  job({ id, state }) {
    this.#outcomes.delete(id);
    if (!(state in outcomeTexts)) return;
    this.#outcomes.set(id, state);
    if (this.#outcomes.size > outcomesKept) this.#outcomes.delete(this.#outcomes.keys().next().value);
  }

  #expireLater() {
    if (this.#expiring) return;
    this.#expiring = setTimeout(() => {
      this.#expiring = 0;
      const more = this.#model.expire(performance.now());
      this.#refresh();
      if (more) this.#expireLater();
    }, 250);
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this.#tree).getPropertyValue('--row'));
    if (height !== this.#rowHeight) {
      this.#rowHeight = height;
      for (const element of this.#elements.values()) element.shownAt = -1;
    }
    this.#refresh({ slide: false });
  }

  // The rows changed: keep what is being read where it is, then draw.
  #refresh({ slide = true } = {}) {
    const anchor = this.#tree.scrollTop > 0 ? this.#rows[Math.ceil(this.#tree.scrollTop / this.#rowHeight)] : undefined;
    const anchoredAt = anchor ? this.#indexOf.get(anchor.key) : -1;
    const activeAt = this.#indexOf.get(this.#active);

    this.#rows = this.#model.rows();
    this.#indexOf = new Map(this.#rows.map((row, i) => [row.key, i]));
    this.#canvas.style.height = `${this.#rows.length * this.#rowHeight}px`;

    const moved = anchor && this.#indexOf.has(anchor.key) ? this.#indexOf.get(anchor.key) - anchoredAt : 0;
    if (moved !== 0) this.#tree.scrollTop += moved * this.#rowHeight;
    if (activeAt !== undefined && !this.#indexOf.has(this.#active)) {
      this.#active = this.#rows[Math.min(activeAt, this.#rows.length - 1)]?.key ?? null;
    }
    this.#draw(slide && moved === 0);
  }

  #drawSoon() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#draw(true);
    });
  }

  #draw(slide) {
    const first = Math.max(0, Math.floor(this.#tree.scrollTop / this.#rowHeight) - overscan);
    const last = Math.min(this.#rows.length - 1, Math.ceil((this.#tree.scrollTop + this.#tree.clientHeight) / this.#rowHeight) + overscan);
    this.#canvas.classList.toggle('still', !slide);

    const wanted = new Set();
    const place = index => {
      const row = this.#rows[index];
      wanted.add(row.key);
      this.#place(row, index);
    };
    for (let i = first; i <= last; i++) place(i);
    const activeIndex = this.#indexOf.get(this.#active);
    if (activeIndex !== undefined && !wanted.has(this.#active)) place(activeIndex);

    for (const [key, element] of this.#elements) {
      if (wanted.has(key)) continue;
      this.#elements.delete(key);
      if (this.#indexOf.has(key)) element.root.remove();
      else leave(element.root);
    }
    if (activeIndex === undefined) this.#tree.removeAttribute('aria-activedescendant');
    else this.#tree.setAttribute('aria-activedescendant', this.#active);
  }

  #place(row, index) {
    let element = this.#elements.get(row.key);
    if (!element) {
      element = createRow(row);
      const now = performance.now();
      if (row.node && now - row.node.bornAt < newForMs && now - this.#started > newForMs) element.root.classList.add('new');
      this.#elements.set(row.key, element);
      this.#canvas.append(element.root);
    }
    if (element.shownAt !== index) {
      element.shownAt = index;
      element.root.style.transform = `translateY(${index * this.#rowHeight}px)`;
    }
    element.root.classList.toggle('active', row.key === this.#active);
    updateRow(element, row, row.gone ? this.#outcomes.get(jobOf(row.node)) : undefined);
  }

  // -- keyboard and pointer --

  #key(e) {
    if (e.altKey || e.ctrlKey || e.metaKey || this.#rows.length === 0) return;
    const index = this.#indexOf.get(this.#active) ?? 0;
    const row = this.#rows[index];
    const page = Math.max(1, Math.floor(this.#tree.clientHeight / this.#rowHeight) - 1);
    switch (e.key) {
      case 'ArrowDown': this.#activate(index + 1); break;
      case 'ArrowUp': this.#activate(index - 1); break;
      case 'PageDown': this.#activate(index + page); break;
      case 'PageUp': this.#activate(index - page); break;
      case 'Home': this.#activate(0); break;
      case 'End': this.#activate(this.#rows.length - 1); break;
      case 'ArrowRight':
        if (row.open) this.#activate(index + 1);
        else if (row.node?.children.length > 0) this.#setOpen(row, true);
        break;
      case 'ArrowLeft':
        if (row.open) this.#setOpen(row, false);
        else if (row.parentRow) this.#activate(this.#indexOf.get(row.parentRow.key));
        break;
      case 'Enter':
      case ' ': this.#act(row); break;
      default: return;
    }
    e.preventDefault();
  }

  #click(e) {
    const index = this.#indexOf.get(e.target.closest('[role=treeitem]')?.id);
    if (index === undefined) return;
    this.#activate(index);
    const row = this.#rows[index];
    if (e.target.closest('.twist') && row.node?.children.length > 0) this.#setOpen(row, !row.open);
    else this.#act(row);
  }

  // What a row is for: a job opens, a long group shows the rest, any other branch opens or closes.
  #act(row) {
    if (row.rest) {
      const index = this.#indexOf.get(row.key);
      this.#model.toggleRest(row.rest);
      this.#refresh({ slide: false });
      // Go on where the rest begins, or come back to where it would.
      this.#activate(row.hidden > 0 ? index : this.#indexOf.get(row.key));
    } else if (jobOf(row.node) !== null) {
      this.#openJob(jobOf(row.node));
    } else if (row.node.children.length > 0) {
      this.#setOpen(row, !row.open);
    }
  }

  #setOpen(row, open) {
    this.#model.setOpen(row.node, open);
    this.#refresh();
  }

  #activate(index) {
    if (this.#rows.length === 0) return;
    index = Math.max(0, Math.min(this.#rows.length - 1, index));
    this.#active = this.#rows[index].key;
    const top = index * this.#rowHeight;
    if (top < this.#tree.scrollTop) this.#tree.scrollTop = top;
    else if (top + this.#rowHeight > this.#tree.scrollTop + this.#tree.clientHeight) this.#tree.scrollTop = top + this.#rowHeight - this.#tree.clientHeight;
    this.#draw(true);
  }
}

/** The id of the job that a node runs, or null. */
function jobOf(node) {
  const match = /^job (\d+)\b/.exec(node?.name ?? '');
  return match ? Number(match[1]) : null;
}

// -- rows as elements --

function createRow(row) {
  const root = document.createElement('div');
  root.id = row.key;
  root.className = row.node ? 'row' : 'row rest';
  root.setAttribute('role', 'treeitem');
  const add = (name, tag = 'span') => {
    const part = document.createElement(tag);
    part.className = name;
    root.append(part);
    return part;
  };
  const guides = add('guides');
  const element = { root, guides, shownAt: -1, seen: {} };
  if (row.node) {
    element.twist = add('twist');
    element.dot = document.createElement('i');
    element.dot.className = 'dot';
    element.twist.append(element.dot);
  }
  element.name = add('name', 'bdi');
  if (row.node) {
    element.state = add('state');
    element.age = add('age');
    element.waits = add('waits');
    element.site = add('site');
  }
  return element;
}

function updateRow(element, row, outcome) {
  const { root, seen } = element;
  // Writes only what changed: most of a tree does not, from one half second to the next.
  const set = (what, value, write) => {
    if (seen[what] === value) return;
    seen[what] = value;
    write(value);
  };

  set('guides', row.guides.slice(-guidesDrawn), drawGuides.bind(null, element.guides));
  set('level', row.depth, v => root.setAttribute('aria-level', v));
  set('position', row.position, v => root.setAttribute('aria-posinset', v));
  set('siblings', row.siblings, v => root.setAttribute('aria-setsize', v));
  set('gone', row.gone, v => root.classList.toggle('gone', v));
  if (!row.node) {
    set('name', row.hidden > 0 ? `… ${count(row.hidden)} more` : 'show fewer', v => { element.name.textContent = v; });
    return;
  }

  const { node } = row;
  const branch = node.children.length > 0;
  const inside = node.deeper > 0 ? ` · ${count(node.deeper)} deeper` : branch && !row.open ? ` · ${count(sizeOf(node))} inside` : '';
  set('branch', branch, v => { root.classList.toggle('branch', v); if (!v) root.removeAttribute('aria-expanded'); });
  set('open', branch ? row.open : undefined, v => { if (v !== undefined) root.setAttribute('aria-expanded', v); root.classList.toggle('open', !!v); });
  set('name', node.name, v => { element.name.textContent = v; root.classList.toggle('job', jobOf(node) !== null); });
  set('inside', inside, v => { element.name.dataset.inside = v; });
  set('kind', node.kind, v => { element.dot.dataset.kind = v; });
  set('state', row.gone ? outcome ?? 'ended' : node.state, v => {
    element.dot.dataset.state = v;
    element.state.dataset.state = v;
    element.state.textContent = row.gone ? outcomeTexts[v] ?? v : v;
  });
  set('age', duration(node.ageMs), v => { element.age.textContent = v; });
  set('waits', row.gone ? '' : node.waitsOn ?? '', v => { element.waits.textContent = v; });
  set('site', node.spawnedAt ?? '', v => { element.site.textContent = v; });
  set('title', `${node.name}\n${node.kind}, ${node.state}${node.waitsOn ? `, waits on ${node.waitsOn}` : ''}${node.spawnedAt ? `\nspawned at ${node.spawnedAt}` : ''}`, v => { root.title = v; });
}

// One cell a level: I passes by, T branches off, L is the last branch.
function drawGuides(guides, text) {
  guides.replaceChildren(...Array.from(text, c => {
    const cell = document.createElement('i');
    cell.dataset.guide = c;
    return cell;
  }));
}

function leave(root) {
  root.removeAttribute('id');
  root.setAttribute('role', 'none');
  root.setAttribute('aria-hidden', 'true');
  root.classList.add('leaving');
  setTimeout(() => root.remove(), leaveMs);
}
