// The tree as the page shows it: the server's latest snapshot merged into what is already on screen.
//
// Siblings keep their places from one snapshot to the next. A node that is gone lingers, greyed, and then leaves;
// a new sibling takes the place of one that has lingered for a moment, so that a worker that goes from job to job
// stays one calm line instead of a list that scrolls.

const lingerMs = 1000;
const reusableAfterMs = 400;

/** Siblings shown of a larger group until someone asks for all of them. */
export const groupLimit = 50;

export class TreeModel {
  #root = { children: [], collapsed: false, all: true, lingering: false };
  #withLingering = new Set();
  nodes = 0;

  /** Merges a snapshot as of now (milliseconds). */
  apply(snapshot, now) {
    this.nodes = snapshot.nodes;
    this.#merge(this.#root, snapshot.roots, now);
  }

  /** Drops nodes that have lingered long enough. Returns whether any are left to drop later. */
  expire(now) {
    for (const parent of this.#withLingering) {
      parent.children = parent.children.filter(child => child.goneAt === 0 || now - child.goneAt < lingerMs);
      if (!parent.children.some(child => child.goneAt !== 0)) this.#withLingering.delete(parent);
    }
    return this.#withLingering.size > 0;
  }

  #merge(parent, snapshots, now) {
    const incoming = new Map(snapshots.map(snapshot => [snapshot.id, snapshot]));
    for (const child of parent.children) {
      const snapshot = incoming.get(child.id);
      if (snapshot) {
        incoming.delete(child.id);
        this.#update(child, snapshot, now);
      } else if (child.goneAt === 0) {
        child.goneAt = now;
        this.#withLingering.add(parent);
      }
    }

    let slot = 0;
    for (const snapshot of incoming.values()) {
      const child = { id: snapshot.id, key: `node-${snapshot.id}`, bornAt: now, goneAt: 0, children: [], collapsed: false, all: false };
      this.#update(child, snapshot, now);
      while (slot < parent.children.length && !reusable(parent.children[slot], now)) slot++;
      parent.children[slot++] = child;
    }

    // Past the limit nobody sees a node linger.
    if (!parent.all && parent.children.length > groupLimit) {
      parent.children = parent.children.filter((child, i) => i < groupLimit || child.goneAt === 0);
    }
  }

  #update(node, snapshot, now) {
    node.name = snapshot.name;
    node.kind = snapshot.kind;
    node.state = snapshot.state;
    node.ageMs = snapshot.ageMs;
    node.spawnedAt = snapshot.spawnedAt;
    node.waitsOn = snapshot.waitsOn;
    node.deeper = snapshot.hidden ?? 0;
    this.#merge(node, snapshot.children, now);
  }

  /** What to show, top to bottom: one row a node, and one for the rest of each group past the limit. */
  rows() {
    const rows = [];
    this.#addRows(rows, this.#root, null, '', false);
    return rows;
  }

  #addRows(rows, parent, parentRow, guides, gone) {
    const { children } = parent;
    const shown = parent.all ? children.length : Math.min(children.length, groupLimit);
    const hasTail = children.length > groupLimit && parentRow !== null;
    for (let i = 0; i < shown; i++) {
      const node = children[i];
      const last = i === children.length - 1 && !hasTail;
      const row = {
        key: node.key, node, parentRow, depth: parentRow ? parentRow.depth + 1 : 1,
        guides: parentRow ? guides + (last ? 'L' : 'T') : '',
        gone: gone || node.goneAt !== 0,
        open: node.children.length > 0 && !node.collapsed,
        position: i + 1, siblings: children.length,
      };
      rows.push(row);
      if (row.open) this.#addRows(rows, node, row, parentRow ? guides + (last ? ' ' : 'I') : '', row.gone);
    }
    if (hasTail) {
      rows.push({
        key: `${parent.key}-rest`, node: null, rest: parent, hidden: children.length - shown, parentRow, depth: parentRow.depth + 1,
        guides: `${guides}L`, gone, open: false, position: shown + 1, siblings: children.length,
      });
    }
  }

  /** Opens or closes a branch; a branch opened again starts with its first few children. */
  setOpen(node, open) {
    node.collapsed = !open;
    if (!open) node.all = false;
  }

  /** Shows the rest of a long group, or only its start again. */
  toggleRest(parent) {
    parent.all = !parent.all;
  }
}

const reusable = (node, now) => node.goneAt !== 0 && now - node.goneAt >= reusableAfterMs;

/** How many nodes are under this one. */
export const sizeOf = node => node.children.reduce((sum, child) => sum + 1 + sizeOf(child), 0);
