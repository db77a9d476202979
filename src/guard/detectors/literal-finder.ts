/**
 * Finds many literals in one pass over a text: Aho and Corasick's automaton (CACM 18(6), 1975), its
 * failure links resolved into one table beforehand. A step is one look-up, however many literals
 * there are; a search for each of them costs several times as much on a prompt's length.
 */
export interface LiteralFinder {
  /** Calls `hit` for every occurrence, overlapping ones too, by where they end. Stops when it returns true. */
  each(text: string, hit: (literal: number, start: number) => boolean | void): void;
}

/** Literals are ASCII; other characters in a text match nothing. */
const WIDTH = 128;

/** Set on a table entry whose state has found something: the loop looks no further otherwise. */
const FOUND = 0x8000;

export function createLiteralFinder(literals: readonly string[]): LiteralFinder {
  const { next, found } = build(literals);
  return {
    each(text, hit) {
      let state = 0;
      for (let at = 0; at < text.length; at++) {
        const code = text.charCodeAt(at);
        state = code < WIDTH ? (next[state * WIDTH + code] ?? 0) : 0;
        if (state < FOUND) continue;
        state -= FOUND;
        for (const literal of found[state] ?? []) {
          if (hit(literal, at + 1 - (literals[literal]?.length ?? 0))) return;
        }
      }
    },
  };
}

interface Node {
  readonly children: Map<number, number>;
  readonly hits: number[];
  /** The longest proper suffix of this node's text that is a node too. */
  fallback: number;
}

function build(literals: readonly string[]): {
  next: Uint16Array;
  found: (number[] | undefined)[];
} {
  const nodes: Node[] = [{ children: new Map(), hits: [], fallback: 0 }];
  for (const [index, literal] of literals.entries()) {
    let state = 0;
    for (const char of literal) state = childOf(nodes, state, char.charCodeAt(0));
    nodes[state]?.hits.push(index);
  }
  const next = new Uint16Array(nodes.length * WIDTH);
  // Breadth first: a node's fallback is shorter, so its row is complete when it is needed.
  const queue = [0];
  for (const state of queue) {
    const node = nodes[state];
    if (!node) continue;
    const fallbackRow = node.fallback * WIDTH;
    if (state !== 0) next.copyWithin(state * WIDTH, fallbackRow, fallbackRow + WIDTH);
    for (const [code, child] of node.children) {
      const target = nodes[child];
      if (!target) continue;
      target.fallback = state === 0 ? 0 : (next[fallbackRow + code] ?? 0);
      target.hits.push(...(nodes[target.fallback]?.hits ?? []));
      next[state * WIDTH + code] = child;
      queue.push(child);
    }
  }
  const found = nodes.map(({ hits }) => hits);
  return { next: next.map((state) => (found[state]?.length ? state + FOUND : state)), found };
}

function childOf(nodes: Node[], state: number, code: number): number {
  if (code >= WIDTH) throw new RangeError("a literal to find must be ASCII");
  const { children } = nodes[state] ?? { children: new Map<number, number>() };
  const known = children.get(code);
  if (known !== undefined) return known;
  nodes.push({ children: new Map(), hits: [], fallback: 0 });
  children.set(code, nodes.length - 1);
  return nodes.length - 1;
}
