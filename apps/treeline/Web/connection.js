// The page's one line to the server: server-sent events for counts and jobs, and the tree by polling.
//
// While the server answers, events stream and the tree is fetched every half second, one request at a time.
// When either fails, both stop, and a single probe of /status asks, ever more slowly, whether it is back.
// Handlers: state(name), status(counts), job(event), lagged(n), tree(snapshot).

const treeEvery = 500;
const treeTimeout = 5000;
const probeTimeout = 3000;
const longestPause = 5000;
const stoppedAfter = 10_000;

export class Connection {
  #handlers;
  #state = 'connecting';
  #stopping = false;
  #events = null;
  #timer = 0;
  #polling = false;
  #lostAt = 0;
  #liveAt = 0;
  #failures = 0;

  constructor(handlers) {
    this.#handlers = handlers;
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.#hurry(); });
    addEventListener('online', () => this.#hurry());
  }

  open() {
    const events = this.#events = new EventSource('events');
    events.addEventListener('open', () => this.#live());
    events.addEventListener('error', () => this.#lost(events));
    events.addEventListener('status', e => {
      const status = JSON.parse(e.data);
      this.#stopping = status.stopping;
      if (this.#lostAt === 0 && this.#state !== 'connecting') this.#enter(this.#stopping ? 'stopping' : 'live');
      this.#handlers.status(status);
    });
    events.addEventListener('job', e => this.#handlers.job(JSON.parse(e.data)));
    events.addEventListener('lagged', e => this.#handlers.lagged(JSON.parse(e.data).missed));
  }

  #live() {
    this.#lostAt = 0;
    this.#liveAt = performance.now();
    this.#enter(this.#stopping ? 'stopping' : 'live');
    this.#pollTree();
  }

  #lost(events) {
    if (events !== this.#events) return;
    events.close();
    this.#events = null;
    clearTimeout(this.#timer);
    // A server that accepts and hangs up at once must not be asked in a tight loop.
    if (performance.now() - this.#liveAt > longestPause) this.#failures = 0;
    this.#lostAt ||= performance.now();
    this.#enter('reconnecting');
    this.#probeLater();
  }

  #probeLater() {
    const pause = Math.min(longestPause, 250 * 2 ** this.#failures++);
    this.#timer = setTimeout(() => this.#probe(), pause);
  }

  async #probe() {
    const answer = await fetchJson('status', probeTimeout);
    if (answer) {
      this.#stopping = answer.stopping;
      this.open();
      return;
    }
    if (performance.now() - this.#lostAt > stoppedAfter) this.#enter('stopped');
    this.#probeLater();
  }

  async #pollTree() {
    clearTimeout(this.#timer);
    const events = this.#events;
    if (this.#polling || document.hidden || !events) return;
    this.#polling = true;
    const started = performance.now();
    const tree = await fetchJson('tree', treeTimeout);
    this.#polling = false;
    if (events !== this.#events) {
      if (this.#events && this.#lostAt === 0) this.#pollTree();
      return;
    }
    if (!tree) {
      this.#lost(events);
      return;
    }
    this.#handlers.tree(tree);
    // A tree so large that it takes long gets polled less: at most a third of the time is spent on it.
    const took = performance.now() - started;
    this.#timer = setTimeout(() => this.#pollTree(), Math.max(treeEvery - took, 2 * took));
  }

  /** Someone is looking again, or the network is back: do not sit out the pause. */
  #hurry() {
    if (this.#lostAt === 0) {
      this.#pollTree();
    } else if (!this.#events) {
      clearTimeout(this.#timer);
      this.#failures = 0;
      this.#probeLater();
    }
  }

  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#handlers.state(state);
  }
}

/** The JSON at a path, or null when there is no (good) answer in time. */
async function fetchJson(path, timeout) {
  try {
    const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(timeout) });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
