import { floatsAt, wordsAt, type Arena, type Kernels, type SharedMemory } from "./kernels.ts";
import { HEAD, parametersOf, ROPE_BASE, type Shape } from "./shape.ts";

/** Tokens of one or more conversations laid end to end. */
export interface Batch {
  readonly tokens: readonly number[];
  /** For each token, the row where its conversation begins. */
  readonly starts: readonly number[];
  /** Rows whose next token is scored, and that token. */
  readonly rows: readonly number[];
  readonly targets: readonly number[];
}

/** Widths of what a pass keeps of every layer, for the way back. A row is a token. */
function layerWidths({ hidden, feedForward, heads, kvHeads }: Shape) {
  return {
    x: hidden,
    normed: hidden,
    scales: 1,
    q: hidden,
    k: kvHeads * HEAD,
    v: kvHeads * HEAD,
    attended: hidden,
    lse: heads,
    middle: hidden,
    normed2: hidden,
    scales2: 1,
    gate: feedForward,
    up: feedForward,
    gated: feedForward,
  };
}

/** Widths of what there is once: input words, the end of the network, gradients on their way down. */
function sharedWidths({ hidden, feedForward, kvHeads, vocabulary }: Shape) {
  return {
    tokens: 1,
    starts: 1,
    positions: 1,
    rows: 1,
    targets: 1,
    losses: 1,
    hits: 1,
    scores: 1,
    output: hidden,
    outputNormed: hidden,
    outputScales: 1,
    picked: hidden,
    logits: vocabulary,
    dx: hidden,
    dnormed: hidden,
    dattended: hidden,
    dq: hidden,
    dk: kvHeads * HEAD,
    dv: kvHeads * HEAD,
    dgate: feedForward,
    dup: feedForward,
    dgated: feedForward,
  };
}

export type LayerPlaces = Readonly<Record<keyof ReturnType<typeof layerWidths>, number>>;
type SharedPlaces = Readonly<Record<keyof ReturnType<typeof sharedWidths>, number>>;

/** A model's parameters and one thread's room to run them: addresses in the shared memory. */
export interface Model {
  readonly shape: Shape;
  readonly kernels: Kernels;
  readonly memory: SharedMemory;
  /** Most tokens of a batch. */
  readonly room: number;
  readonly layers: readonly LayerPlaces[];
  readonly shared: SharedPlaces;
  readonly angles: number;
  /** Scratch memory of the matrix products. */
  readonly pack: number;
  /** Address of a parameter. */
  weight(name: string): number;
  /** Address of a parameter's gradient. */
  slope(name: string): number;
}

/** A batch has this many spare rows: kernels work in fours. */
const SPARE = 4;

/** Bytes that `createModel` takes from the arena. */
export function modelBytes(shape: Shape, room: number): number {
  const sum = (widths: Record<string, number>): number =>
    Object.values(widths).reduce((all, width) => all + width * (room + SPARE) * 4 + 64, 0);
  const once = (shape.context * HEAD + packNumbers(shape)) * 4 + 128;
  return shape.layers * sum(layerWidths(shape)) + sum(sharedWidths(shape)) + once;
}

/** As `multiplyOuter` asks for the widest output. */
function packNumbers({ vocabulary, feedForward, hidden }: Shape): number {
  return 256 * (16 + Math.max(vocabulary, feedForward, hidden));
}

/** `weights` and `gradient` are the addresses of blocks laid out by `parametersOf`. */
export function createModel(
  shape: Shape,
  arena: Arena,
  kernels: Kernels,
  { weights, gradient, room }: { weights: number; gradient: number; room: number },
): Model {
  const parameters = parametersOf(shape);
  const offsets = new Map(parameters.map(({ name, offset }) => [name, offset * 4]));
  const angles = arena.take(shape.context * HEAD);
  fillAngles(floatsAt(arena.memory, angles, shape.context * HEAD));
  return {
    shape,
    kernels,
    memory: arena.memory,
    room,
    layers: Array.from({ length: shape.layers }, () => places(layerWidths(shape))),
    shared: places(sharedWidths(shape)),
    angles,
    pack: arena.take(packNumbers(shape)),
    weight: (name) => weights + offsetOf(name),
    slope: (name) => gradient + offsetOf(name),
  };

  function offsetOf(name: string): number {
    const offset = offsets.get(name);
    if (offset === undefined) throw new Error(`there is no parameter ${name}`);
    return offset;
  }

  function places<Name extends string>(widths: Record<Name, number>): Record<Name, number> {
    const rows = room + SPARE;
    const entries = Object.entries<number>(widths).map(([name, width]) => [
      name,
      arena.take(rows * width),
    ]);
    return Object.fromEntries(entries) as Record<Name, number>; // the same names as `widths`
  }
}

/** Per position 16 cosines, then 16 sines. */
function fillAngles(table: Float32Array): void {
  const pairs = HEAD / 2;
  table.forEach((_, at) => {
    const position = Math.floor(at / HEAD);
    const angle = position / ROPE_BASE ** ((2 * (at % pairs)) / HEAD);
    table[at] = at % HEAD < pairs ? Math.cos(angle) : Math.sin(angle);
  });
}

/** Puts a batch's words where the kernels read them. */
export function loadBatch({ memory, shared, room }: Model, batch: Batch): void {
  const { tokens, starts, rows, targets } = batch;
  if (tokens.length > room) throw new Error(`${tokens.length} tokens, room for ${room}`);
  wordsAt(memory, shared.tokens, tokens.length).set(tokens);
  wordsAt(memory, shared.starts, tokens.length).set(starts);
  wordsAt(memory, shared.positions, tokens.length).set(starts.map((start, row) => row - start));
  wordsAt(memory, shared.rows, rows.length).set(rows);
  wordsAt(memory, shared.targets, rows.length).set(targets);
}
