import { project, forward, scoreRows } from "./forward.ts";
import { floatsAt } from "./kernels.ts";
import { loadBatch, type Batch, type LayerPlaces, type Model } from "./model.ts";
import { HEAD } from "./shape.ts";

/** Runs a batch both ways: adds its gradient times `scale` to the model's, returns the summed loss. */
export function accumulate(model: Model, batch: Batch, scale: number): number {
  const count = batch.tokens.length;
  loadBatch(model, batch);
  forward(model, 0, count);
  project(model, batch.rows.length);
  const loss = scoreRows(model, batch.rows.length, scale);
  backwardOutput(model, count, batch.rows.length);
  model.layers.toReversed().forEach((layer, index) => {
    const name = `blk.${model.layers.length - 1 - index}`;
    backwardTransform(model, layer, name, count);
    backwardAttention(model, layer, name, count);
  });
  const { kernels, shared, shape } = model;
  kernels.scatter(model.slope("token_embd.weight"), shared.dx, shared.tokens, count, shape.hidden);
  return loss;
}

function clear({ memory }: Model, place: number, numbers: number): void {
  floatsAt(memory, place, numbers).fill(0);
}

/** From the logits' gradient to `dx`, the gradient of the last layer's output. */
function backwardOutput(model: Model, count: number, rows: number): void {
  const { kernels, shared, shape, pack } = model;
  const { hidden, vocabulary } = shape;
  const embedding = "token_embd.weight";
  const { logits, picked, dattended: dpicked, dnormed, dx } = shared;
  const norm = "output_norm.weight";
  kernels.multiplyOuter(model.slope(embedding), logits, picked, vocabulary, hidden, rows, pack);
  clear(model, dpicked, rows * hidden);
  kernels.multiply(dpicked, logits, model.weight(embedding), rows, hidden, vocabulary, pack);
  clear(model, dnormed, count * hidden);
  kernels.scatter(dnormed, dpicked, shared.rows, rows, hidden);
  clear(model, dx, count * hidden);
  kernels.normBackward(
    dx,
    model.slope(norm),
    dnormed,
    shared.output,
    shared.outputScales,
    model.weight(norm),
    count,
    hidden,
  );
}

/** One matrix on the way back: its own gradient, and what it asks of its input (added to `dinput`). */
function backwardMatrix(
  model: Model,
  name: string,
  { dout, input, dinput }: { dout: number; input: number; dinput: number },
  [count, width, inputs]: readonly [number, number, number],
): void {
  const { kernels, pack } = model;
  kernels.multiplyOuter(model.slope(name), dout, input, width, inputs, count, pack);
  kernels.multiply(dinput, dout, model.weight(name), count, inputs, width, pack);
}

/** `dx` holds the gradient of the layer's output and leaves with that of its middle. */
function backwardTransform(model: Model, layer: LayerPlaces, name: string, count: number): void {
  const { kernels, shared, shape } = model;
  const { hidden, feedForward } = shape;
  const { dx, dgated, dgate, dup, dnormed } = shared;
  const { gated, gate, up, normed2, middle } = layer;
  clear(model, dgated, count * feedForward);
  const down = { dout: dx, input: gated, dinput: dgated };
  backwardMatrix(model, `${name}.ffn_down.weight`, down, [count, hidden, feedForward]);
  kernels.gateBackward(dgate, dup, dgated, gate, up, count * feedForward);
  clear(model, dnormed, count * hidden);
  for (const [part, dout] of [["ffn_gate", dgate] as const, ["ffn_up", dup] as const]) {
    const places = { dout, input: normed2, dinput: dnormed };
    backwardMatrix(model, `${name}.${part}.weight`, places, [count, feedForward, hidden]);
  }
  const norm = `${name}.ffn_norm.weight`;
  kernels.normBackward(
    dx,
    model.slope(norm),
    dnormed,
    middle,
    layer.scales2,
    model.weight(norm),
    count,
    hidden,
  );
}

/** `dx` holds the gradient of the layer's middle and leaves with that of its input. */
function backwardAttention(model: Model, layer: LayerPlaces, name: string, count: number): void {
  const { kernels, shared, shape, angles } = model;
  const { hidden, heads, kvHeads } = shape;
  const kv = kvHeads * HEAD;
  const { dx, dattended, dq, dk, dv, dnormed, positions } = shared;
  const { attended, lse, q, k, v, normed } = layer;
  clear(model, dattended, count * hidden);
  const output = { dout: dx, input: attended, dinput: dattended };
  backwardMatrix(model, `${name}.attn_output.weight`, output, [count, hidden, hidden]);
  clear(model, dq, count * hidden);
  clear(model, dk, count * kv);
  clear(model, dv, count * kv);
  const { starts, scores } = shared;
  const sizes = [count, heads, kvHeads];
  const kept = [dattended, attended, lse, q, k, v, starts, scores];
  kernels.attentionBackward(dq, dk, dv, ...kept, ...sizes);
  kernels.rotate(dq, positions, angles, count, heads, -1);
  kernels.rotate(dk, positions, angles, count, kvHeads, -1);
  clear(model, dnormed, count * hidden);
  const parts = [
    ["attn_q", dq, hidden] as const,
    ["attn_k", dk, kv] as const,
    ["attn_v", dv, kv] as const,
  ];
  for (const [part, dout, width] of parts) {
    const places = { dout, input: normed, dinput: dnormed };
    backwardMatrix(model, `${name}.${part}.weight`, places, [count, width, hidden]);
  }
  const norm = `${name}.attn_norm.weight`;
  kernels.normBackward(
    dx,
    model.slope(norm),
    dnormed,
    layer.x,
    layer.scales,
    model.weight(norm),
    count,
    hidden,
  );
}
