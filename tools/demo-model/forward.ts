import { floatsAt, wordsAt } from "./kernels.ts";
import { loadBatch, type Batch, type LayerPlaces, type Model } from "./model.ts";
import { HEAD } from "./shape.ts";

/**
 * Runs rows `from` … `from + count` through every layer. Earlier rows must have run before: their
 * keys and values are used, which is how text is generated token by token.
 */
export function forward(model: Model, from: number, count: number): void {
  const { kernels, shared, shape, layers } = model;
  const { hidden } = shape;
  const at = (place: number, width: number): number => place + from * width * 4;
  const first = layers[0]?.x ?? shared.output;
  kernels.gather(
    at(first, hidden),
    model.weight("token_embd.weight"),
    at(shared.tokens, 1),
    count,
    hidden,
  );
  layers.forEach((layer, index) => {
    const out = layers[index + 1]?.x ?? shared.output;
    attend(model, layer, `blk.${index}`, { from, count });
    transform(model, layer, `blk.${index}`, { from, count, out });
  });
  kernels.normForward(
    at(shared.outputNormed, hidden),
    at(shared.outputScales, 1),
    at(shared.output, hidden),
    model.weight("output_norm.weight"),
    count,
    hidden,
  );
}

interface Range {
  readonly from: number;
  readonly count: number;
}

/** middle = x + output(attention(norm(x))) */
function attend(model: Model, layer: LayerPlaces, name: string, { from, count }: Range): void {
  const { kernels, shared, shape } = model;
  const { hidden, heads, kvHeads } = shape;
  const kv = kvHeads * HEAD;
  const at = (place: number, width: number): number => place + from * width * 4;
  const weight = (part: string): number => model.weight(`${name}.${part}.weight`);
  const normed = at(layer.normed, hidden);
  const middle = at(layer.middle, hidden);
  const x = at(layer.x, hidden);

  kernels.normForward(normed, at(layer.scales, 1), x, weight("attn_norm"), count, hidden);
  const project = (out: number, part: string, width: number): number =>
    kernels.multiplyTransposed(at(out, width), normed, weight(part), count, width, hidden);
  project(layer.q, "attn_q", hidden);
  project(layer.k, "attn_k", kv);
  project(layer.v, "attn_v", kv);
  const positions = at(shared.positions, 1);
  kernels.rotate(at(layer.q, hidden), positions, model.angles, count, heads, 1);
  kernels.rotate(at(layer.k, kv), positions, model.angles, count, kvHeads, 1);
  kernels.attentionForward(
    layer.attended,
    layer.lse,
    layer.q,
    layer.k,
    layer.v,
    shared.starts,
    shared.scores,
    from,
    count,
    heads,
    kvHeads,
  );
  const attended = at(layer.attended, hidden);
  kernels.multiplyTransposed(middle, attended, weight("attn_output"), count, hidden, hidden);
  kernels.add(middle, x, count * hidden);
}

/** out = middle + down(silu(gate(norm(middle))) · up(norm(middle))) */
function transform(
  model: Model,
  layer: LayerPlaces,
  name: string,
  { from, count, out: next }: Range & { out: number },
): void {
  const { kernels, shape } = model;
  const { hidden, feedForward } = shape;
  const at = (place: number, width: number): number => place + from * width * 4;
  const weight = (part: string): number => model.weight(`${name}.${part}.weight`);
  const normed = at(layer.normed2, hidden);
  const middle = at(layer.middle, hidden);
  const [gate, up, gated] = [layer.gate, layer.up, layer.gated].map((p) => at(p, feedForward));
  const out = at(next, hidden);
  if (gate === undefined || up === undefined || gated === undefined) return;

  kernels.normForward(normed, at(layer.scales2, 1), middle, weight("ffn_norm"), count, hidden);
  kernels.multiplyTransposed(gate, normed, weight("ffn_gate"), count, feedForward, hidden);
  kernels.multiplyTransposed(up, normed, weight("ffn_up"), count, feedForward, hidden);
  kernels.gateForward(gated, gate, up, count * feedForward);
  kernels.multiplyTransposed(out, gated, weight("ffn_down"), count, hidden, feedForward);
  kernels.add(out, middle, count * hidden);
}

/** The logits of the batch's scored rows, as rows of `shared.logits`. */
export function project(model: Model, rows: number): void {
  const { kernels, shared, shape } = model;
  const { hidden, vocabulary } = shape;
  const table = model.weight("token_embd.weight");
  kernels.gather(shared.picked, shared.outputNormed, shared.rows, rows, hidden);
  kernels.multiplyTransposed(shared.logits, shared.picked, table, rows, vocabulary, hidden);
}

/** Which scored rows would have been answered with their target. */
export function hitsOf(model: Model, batch: Batch): Uint32Array {
  const rows = batch.rows.length;
  loadBatch(model, batch);
  forward(model, 0, batch.tokens.length);
  project(model, rows);
  scoreRows(model, rows, 1);
  return wordsAt(model.memory, model.shared.hits, rows).slice();
}

/** Turns logits into their gradient times `scale`; returns the sum of the rows' losses. */
export function scoreRows({ kernels, memory, shared, shape }: Model, rows: number, scale: number) {
  const { logits, losses, hits, targets } = shared;
  kernels.crossEntropy(logits, losses, hits, targets, rows, shape.vocabulary, scale);
  return floatsAt(memory, losses, rows).reduce((sum, loss) => sum + loss, 0);
}

/** Continues a text with the likeliest token until `stop` or `most` tokens. */
export function generate(
  model: Model,
  prompt: readonly number[],
  { stop, most }: { stop: number; most: number },
): number[] {
  const tokens = [...prompt];
  const end = Math.min(model.room, prompt.length + most);
  let from = 0;
  for (; tokens.length <= end;) {
    const starts = tokens.map(() => 0);
    loadBatch(model, { tokens, starts, rows: [tokens.length - 1], targets: [0] });
    forward(model, from, tokens.length - from);
    project(model, 1);
    from = tokens.length;
    const logits = floatsAt(model.memory, model.shared.logits, model.shape.vocabulary);
    const next = logits.indexOf(Math.max(...logits));
    if (next === stop || tokens.length === end) break;
    tokens.push(next);
  }
  return tokens.slice(prompt.length);
}
