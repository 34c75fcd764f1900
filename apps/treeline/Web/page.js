// The page of a Treeline job server: wires each panel to the one connection.

import { Connection } from './connection.js';
import { Failures } from './failures.js';
import { count, duration, plural } from './format.js';
import { JobDialog } from './job-dialog.js';
import { SubmitForm } from './submit-form.js';
import { Throughput } from './throughput.js';
import { TreeView } from './tree-view.js';

const $ = id => document.getElementById(id);

const dialog = new JobDialog($('job'));
const openJob = id => dialog.open(id);
const tree = new TreeView($('tree'), openJob);
const throughput = new Throughput($('plot'), $('rate'));
const failures = new Failures({ list: $('failures'), nothing: $('no-failures'), summary: $('failures-summary'), openJob });
const form = new SubmitForm($('submit'), $('submit-outcome'), openJob);

const connectionTexts = {
  connecting: 'connecting…',
  live: 'live',
  stopping: 'stopping: finishing what runs',
  reconnecting: 'reconnecting…',
  stopped: 'server stopped; this page waits for it',
};

// -- masthead and counts --

let startedAt = null;
let processStartedAt = 0;

function showState(state) {
  const live = state === 'live' || state === 'stopping';
  document.body.dataset.connection = state;
  $('connection').dataset.state = state;
  $('connection').lastElementChild.textContent = connectionTexts[state];
  if (live) {
    catchUp();
  } else {
    throughput.gap();
    startedAt = null;
    $('uptime').textContent = '';
    document.title = 'Treeline · not connected';
  }
}

function showStatus(status) {
  startedAt = Date.now() - status.uptimeMs;
  // The same process says the same each time, but for the clocks' and the network's inaccuracy.
  if (startedAt - processStartedAt > 1000) {
    if (processStartedAt > 0) tree.reset();
    processStartedAt = startedAt;
  }
  for (const cell of $('counts').children) {
    const value = status[cell.dataset.count];
    cell.lastElementChild.textContent = count(value);
    cell.classList.toggle('zero', value === 0);
  }
  document.title = status.running > 0 ? `Treeline · ${count(status.running)} running` : 'Treeline';
  $('welcome').hidden = status.pending + status.running + status.completed + status.failed + status.cancelled > 0;
  throughput.status(status);
}

/** Events may have been missed: reads what they would have told. */
function catchUp() {
  failures.load();
  dialog.refresh();
}

function showTree(snapshot) {
  tree.show(snapshot);
  $('tree-summary').textContent = plural(snapshot.nodes, 'node');
}

setInterval(() => {
  if (startedAt !== null) $('uptime').textContent = `up ${duration(Math.floor((Date.now() - startedAt) / 1000) * 1000).replace('.0 s', ' s')}`;
}, 1000);

// -- first visit --

const samples = {
  sleep: Array.from({ length: 20 }, (_, i) => ({ type: 'sleep', args: { ms: 2000 + 400 * (i % 10) } })),
  cpu: Array.from({ length: 4 }, () => ({ type: 'cpu', args: { n: 5_000_000 } })),
};

$('host').textContent = location.host;
$('curl').textContent = `curl -d '{"type":"sleep","args":{"ms":3000}}' ${location.origin}/jobs`;
$('copy-curl').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText($('curl').textContent);
    $('copy-curl').textContent = 'Copied';
  } catch {
    // No clipboard here (plain http from another machine): select it, so that one key copies it.
    getSelection().selectAllChildren($('curl'));
  }
});
for (const button of document.querySelectorAll('[data-sample]')) {
  button.addEventListener('click', () => form.send(samples[button.dataset.sample]));
}

// -- the line to the server --

new Connection({
  state: showState,
  status: showStatus,
  tree: showTree,
  job: event => {
    tree.job(event);
    failures.job(event);
    dialog.job(event);
  },
  lagged: catchUp,
}).open();
