/**
 * Calls as they came: times and sizes in columns, in the order of their arrival. Never changed once made.
 */
export interface Trace {
  readonly name: string;
  /** How long it is: what comes after the last call belongs to it as well. */
  readonly spanMs: number;
  /** Milliseconds from its beginning, never falling. */
  readonly at: Float64Array;
  readonly prompt: Int32Array;
  /** At least 1. */
  readonly output: Int32Array;
  /** Who called, by number: among equals the gateway gives each its turn. Absent: one and the same. */
  readonly client?: Int32Array;
  /** For each call the blocks of its prompt by their names: calls that begin alike share their first blocks. */
  readonly blocks?: readonly (readonly number[])[];
}

/** One call, while a trace is put together. */
export interface TraceCall {
  readonly at: number;
  readonly prompt: number;
  readonly output: number;
  readonly client?: number;
  readonly blocks?: readonly number[];
}

/** Tokens of a prompt block, as Mooncake's traces have it. */
export const BLOCK_TOKENS = 512;

export function traceOf(name: string, spanMs: number, calls: readonly TraceCall[]): Trace {
  const sorted = calls.toSorted((a, b) => a.at - b.at);
  const hasClients = calls.some(({ client }) => client !== undefined);
  const hasBlocks = calls.some(({ blocks }) => blocks !== undefined);
  return {
    name,
    spanMs,
    at: Float64Array.from(sorted, ({ at }) => at),
    prompt: Int32Array.from(sorted, ({ prompt }) => Math.max(1, prompt)),
    output: Int32Array.from(sorted, ({ output }) => Math.max(1, output)),
    ...(hasClients && { client: Int32Array.from(sorted, ({ client }) => client ?? 0) }),
    ...(hasBlocks && { blocks: sorted.map(({ blocks }) => blocks ?? []) }),
  };
}

/** The calls of a trace one by one. */
export function callsOf({ at, prompt, output, client, blocks }: Trace): TraceCall[] {
  return Array.from(at, (time, index) => {
    const [who, own] = [client?.[index], blocks?.[index]];
    return {
      at: time,
      prompt: prompt[index] ?? 1,
      output: output[index] ?? 1,
      ...(who !== undefined && { client: who }),
      ...(own && { blocks: own }),
    };
  });
}

/** The part from one time to another, as a trace that begins there. */
export function cut(trace: Trace, fromMs: number, toMs: number): Trace {
  const calls = callsOf(trace).filter(({ at }) => at >= fromMs && at < toMs);
  const end = Math.min(toMs, trace.spanMs);
  return traceOf(
    trace.name,
    end - fromMs,
    calls.map((call) => ({ ...call, at: call.at - fromMs })),
  );
}

/**
 * So many times the load, with the bursts as they are: each copy is turned by a part of the whole, and
 * shares neither clients nor prompts with the others.
 */
export function times(trace: Trace, factor: number): Trace {
  const copies = Array.from({ length: factor }, (_, copy) =>
    apart(trace, copy).map((call) => ({
      ...call,
      at: (call.at + (copy * trace.spanMs) / factor) % trace.spanMs,
    })),
  );
  return traceOf(`${trace.name} ×${factor}`, trace.spanMs, copies.flat());
}

/** Two traces at the same time, the second `afterMs` later. Their clients and prompts are not the same. */
export function together(name: string, one: Trace, other: Trace, afterMs: number): Trace {
  const later = apart(other, 1, [one, other]).map((call) => ({ ...call, at: call.at + afterMs }));
  const spanMs = Math.max(one.spanMs, other.spanMs + afterMs);
  return traceOf(name, spanMs, [...apart(one, 0), ...later]);
}

/** The calls with names of clients and blocks that no other copy has. */
function apart(trace: Trace, copy: number, among: readonly Trace[] = [trace]): TraceCall[] {
  const clients = copy * Math.max(...among.map(clientsOf));
  const blocks = copy * Math.max(...among.map(blocksOf));
  return callsOf(trace).map((call) => ({
    ...call,
    client: (call.client ?? 0) + clients,
    ...(call.blocks && { blocks: call.blocks.map((block) => block + blocks) }),
  }));
}

function clientsOf({ client = new Int32Array() }: Trace): number {
  return client.reduce((most, one) => Math.max(most, one), 0) + 1;
}

function blocksOf({ blocks = [] }: Trace): number {
  let most = 0;
  for (const own of blocks) for (const one of own) most = Math.max(most, one);
  return most + 1;
}
