// Jobs finished per second over the last two minutes, drawn as SVG so that colours follow the style sheet.
//
// The server tells totals, at most once a second and only when they change. So the difference between two tellings
// happened in the last second before the later one, or since the earlier one if that is less; it is spread over the
// clock seconds it overlaps. Seconds with no connection are unknown: they are left blank, not drawn as zero.

import { clock, plural, rate } from './format.js';

const windowSeconds = 120;
const averageSeconds = 10;
const edge = { left: 44, right: 12, top: 12, bottom: 26 };

export class Throughput {
  #box;
  #summary;
  #svg;
  #parts;
  #tip;
  #size = { width: 0, height: 0 };
  #seconds = new Map();
  #knownSince = null;
  #last = null;
  #cursor = null;

  /** box: where to draw. summary: one line of text for the rate now. */
  constructor(box, summary) {
    this.#box = box;
    this.#summary = summary;
    this.#build();
    new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      this.#size = { width: Math.round(width), height: Math.round(height) };
      this.#draw();
    }).observe(box);
    // A little after each full second, when it is complete.
    const tick = () => {
      this.#draw();
      setTimeout(tick, 1000 - (Date.now() % 1000) + 40);
    };
    tick();
  }

  /** Takes the server's totals as of now. */
  status({ completed, failed }) {
    const now = Date.now() / 1000;
    const last = this.#last;
    this.#last = { at: now, completed, failed };
    this.#knownSince ??= now;
    // Totals that shrink are another server's, or a cleaned store's: start again from them.
    if (!last || completed < last.completed || failed < last.failed) return;
    this.#spread(Math.max(last.at, now - 1), now, completed - last.completed, failed - last.failed);
  }

  /** The connection is lost: what happens until the next totals is unknown. */
  gap() {
    if (this.#knownSince === null) return;
    for (let s = Math.floor(this.#knownSince); s < Math.floor(Date.now() / 1000); s++) this.#at(s);
    this.#knownSince = null;
    this.#last = null;
  }

  #at(second) {
    let bin = this.#seconds.get(second);
    if (!bin) this.#seconds.set(second, bin = { completed: 0, failed: 0 });
    return bin;
  }

  #spread(from, to, completed, failed) {
    if (completed === 0 && failed === 0) return;
    const length = Math.max(to - from, 0.001);
    for (let s = Math.floor(from); s < to; s++) {
      const share = (Math.min(to, s + 1) - Math.max(from, s)) / length;
      const bin = this.#at(s);
      bin.completed += completed * share;
      bin.failed += failed * share;
    }
  }

  // The complete seconds of the window, oldest first; null where nothing is known.
  #series() {
    const end = Math.floor(Date.now() / 1000);
    const start = end - windowSeconds;
    for (const second of this.#seconds.keys()) if (second < start - averageSeconds) this.#seconds.delete(second);
    const series = [];
    for (let s = start; s < end; s++) {
      const known = this.#knownSince !== null && s >= Math.floor(this.#knownSince);
      series.push(this.#seconds.get(s) ?? (known ? { completed: 0, failed: 0 } : null));
    }
    return { start, series };
  }

  #build() {
    const svg = this.#svg = element('svg', { role: 'img', tabindex: 0, 'aria-describedby': this.#summary.id });
    const grid = element('g', { class: 'grid' });
    const completed = element('path', { class: 'completed' });
    const failed = element('path', { class: 'failed' });
    const average = element('path', { class: 'average' });
    const cursor = element('path', { class: 'cursor' });
    const empty = element('text', { class: 'empty', 'text-anchor': 'middle' });
    svg.append(grid, completed, failed, average, cursor, empty);
    this.#parts = { grid, completed, failed, average, cursor, empty };
    this.#tip = document.createElement('p');
    this.#tip.className = 'tip';
    this.#tip.hidden = true;
    this.#box.append(svg, this.#tip);

    svg.addEventListener('pointermove', e => this.#point(this.#secondAt(e.offsetX)));
    svg.addEventListener('pointerdown', e => this.#point(this.#secondAt(e.offsetX)));
    svg.addEventListener('pointerleave', () => this.#point(null));
    svg.addEventListener('blur', () => this.#point(null));
    svg.addEventListener('keydown', e => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[e.key];
      if (step) this.#point(Math.max(0, Math.min(windowSeconds - 1, (this.#cursor ?? windowSeconds) + step)));
      else if (e.key === 'Escape') this.#point(null);
      else return;
      e.preventDefault();
    });
  }

  #secondAt(x) {
    const inner = this.#size.width - edge.left - edge.right;
    const second = Math.floor((x - edge.left) / inner * windowSeconds);
    return second < 0 || second >= windowSeconds ? null : second;
  }

  #point(second) {
    this.#cursor = second;
    this.#draw();
  }

  #draw() {
    const { width, height } = this.#size;
    if (width === 0) return;
    const { start, series } = this.#series();
    const averages = series.map((_, i) => averageOf(series, i));
    const inner = { width: width - edge.left - edge.right, height: height - edge.top - edge.bottom };
    const top = niceTop(Math.max(...series.map(bin => bin ? bin.completed + bin.failed : 0)));
    const x = i => edge.left + i / windowSeconds * inner.width;
    const y = v => edge.top + inner.height * (1 - v / top);

    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#drawGrid(width, height, top, x, y);

    let completed = '', failed = '', average = '', pen = 'M';
    const bar = inner.width / windowSeconds;
    series.forEach((bin, i) => {
      if (!bin) {
        pen = 'M';
        return;
      }
      const at = x(i).toFixed(2);
      if (bin.completed > 0) completed += `M${at} ${y(0)}V${y(bin.completed).toFixed(2)}h${bar.toFixed(2)}V${y(0)}z`;
      if (bin.failed > 0) failed += `M${at} ${y(bin.completed).toFixed(2)}V${y(bin.completed + bin.failed).toFixed(2)}h${bar.toFixed(2)}V${y(bin.completed).toFixed(2)}z`;
      average += `${pen}${x(i + 0.5).toFixed(2)} ${y(averages[i]).toFixed(2)}`;
      pen = 'L';
    });
    const parts = this.#parts;
    parts.completed.setAttribute('d', completed);
    parts.failed.setAttribute('d', failed);
    parts.average.setAttribute('d', average);
    parts.empty.setAttribute('x', x(windowSeconds / 2));
    parts.empty.setAttribute('y', edge.top + inner.height / 4 + 4);
    parts.empty.textContent = completed || failed ? '' : 'No job has finished in the last two minutes';

    this.#drawCursor(start, series, averages, x, inner.height);
    const rateNow = averages.at(-1);
    this.#summary.textContent = !(completed || failed) || rateNow === null ? '' : `${rate(rateNow)} /s now · peak ${rate(Math.max(...averages))} /s`;
    this.#svg.setAttribute('aria-label', `Jobs completed per second over the last ${windowSeconds / 60} minutes`);
  }

  #drawGrid(width, height, top, x, y) {
    const marks = [];
    const ticks = top <= 1 ? [0, 1] : [0, top / 2, top];
    for (const tick of ticks) {
      marks.push(element('path', { class: tick === 0 ? 'axis' : '', d: `M${edge.left} ${y(tick).toFixed(1)}H${width - edge.right}` }));
      marks.push(label(edge.left - 7, y(tick) + 3.5, 'end', tick < 1000 ? String(tick) : `${tick / 1000}k`));
    }
    for (let minute = 0; minute <= windowSeconds / 60; minute++) {
      const at = x(windowSeconds - minute * 60);
      marks.push(element('path', { class: 'tick', d: `M${at.toFixed(1)} ${y(0)}v4` }));
      marks.push(label(at, height - 7, minute === 0 ? 'end' : minute * 60 === windowSeconds ? 'start' : 'middle', minute === 0 ? 'now' : `−${minute} min`));
    }
    const title = label(0, 0, 'middle', 'jobs per second');
    title.setAttribute('transform', `translate(11 ${(y(0) + y(top)) / 2}) rotate(-90)`);
    marks.push(title);
    this.#parts.grid.replaceChildren(...marks);
  }

  #drawCursor(start, series, averages, x, height) {
    const second = this.#cursor;
    this.#tip.hidden = second === null;
    this.#parts.cursor.setAttribute('d', second === null ? '' : `M${x(second + 0.5).toFixed(2)} ${edge.top}v${height}`);
    if (second === null) return;
    const bin = series[second];
    const when = document.createElement('b');
    when.textContent = clock((start + second) * 1000);
    this.#tip.replaceChildren(when, bin
      ? ` ${plural(Math.round(bin.completed), 'completed', 'completed')}${bin.failed >= 0.5 ? `, ${Math.round(bin.failed)} failed` : ''} · average ${rate(averages[second])} /s`
      : ' not connected');
    const free = this.#size.width - this.#tip.offsetWidth;
    this.#tip.style.transform = `translateX(${Math.max(0, Math.min(free, x(second) - this.#tip.offsetWidth / 2))}px)`;
  }
}

// Completed per second, averaged over the seconds up to this one that are known.
function averageOf(series, i) {
  if (!series[i]) return null;
  let sum = 0, known = 0;
  for (let j = Math.max(0, i - averageSeconds + 1); j <= i; j++) {
    if (!series[j]) continue;
    sum += series[j].completed;
    known++;
  }
  return sum / known;
}

// The least of 2, 4, 6, 8, 10, 12, 16, 20, 40, … that holds the value: half of each is a round number too.
function niceTop(value) {
  for (let unit = 1; ; unit *= 10) {
    const step = [2, 4, 6, 8, 10, 12, 16].find(step => step * unit >= value);
    if (step) return step * unit;
  }
}

function element(name, attributes = {}) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function label(x, y, anchor, text) {
  const node = element('text', { x, y, 'text-anchor': anchor });
  node.textContent = text;
  return node;
}
