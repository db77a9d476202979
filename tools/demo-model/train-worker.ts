/** One training thread: computes its share of the gradient, then updates its share of the weights. */
import { parentPort, workerData } from "node:worker_threads";
import { accumulate } from "./backward.ts";
import { bindKernels, floatsAt, type KernelModule, type SharedMemory } from "./kernels.ts";
import { createModel, type Batch } from "./model.ts";
import { parametersOf, type Shape } from "./shape.ts";

export interface WorkerPlan {
  readonly shape: Shape;
  readonly module: KernelModule;
  readonly memory: SharedMemory;
  /** Where this thread's activations go. */
  readonly activations: number;
  readonly room: number;
  readonly weights: number;
  readonly mean: number;
  readonly variance: number;
  /** One block a thread. */
  readonly gradients: readonly number[];
  readonly index: number;
  /** Two words for the barrier, then a double a thread for norms. */
  readonly sync: number;
}

export interface StepOrder {
  readonly batch: Batch;
  /** 1 / scored tokens of all threads. */
  readonly scale: number;
  /** Learning rate with Adam's bias correction. */
  readonly rate: number;
  /** What weights are multiplied with, a little under 1. */
  readonly decay: number;
}

export interface StepReport {
  /** Summed over this thread's scored tokens. */
  readonly loss: number;
  /** Of the whole gradient, before clipping. */
  readonly norm: number;
}

const MAX_NORM = 1;

function work(plan: WorkerPlan, report: (step: StepReport) => void): (order: StepOrder) => void {
  const { memory, shape, index, gradients, weights, mean, variance, sync, room } = plan;
  const kernels = bindKernels(plan.module, memory);
  const parameters = parametersOf(shape);
  const last = parameters.at(-1);
  const count = (last?.offset ?? 0) + (last?.columns ?? 0);
  const norms = parameters.find(({ isNorm }) => isNorm)?.offset ?? count;
  const gradient = gradients[index] ?? 0;
  const sum = gradients[0] ?? 0;
  const arena = { memory, take: takeFrom(plan.activations) };
  const model = createModel(shape, arena, kernels, { weights, gradient, room });
  const words = new Int32Array(memory.buffer, sync, 2);
  const squares = new Float64Array(memory.buffer, sync + 64, gradients.length);
  const share = Math.ceil(count / gradients.length / 4) * 4;
  const [from, to] = [index * share, Math.min(count, (index + 1) * share)];

  return ({ batch, scale, rate, decay }) => {
    floatsAt(memory, gradient, count).fill(0);
    const loss = accumulate(model, batch, scale);
    meet(words, gradients.length);
    for (const other of gradients.slice(1))
      kernels.add(sum + from * 4, other + from * 4, to - from);
    squares[index] = kernels.squares(sum + from * 4, to - from);
    meet(words, gradients.length);
    const norm = Math.sqrt(squares.reduce((all, part) => all + part));
    const clip = Math.min(1, MAX_NORM / norm);
    update(from, Math.min(to, norms), { rate, decay, clip });
    update(Math.max(from, norms), to, { rate, decay: 1, clip });
    report({ loss, norm });
  };

  function update(
    start: number,
    end: number,
    { rate, decay, clip }: { rate: number; decay: number; clip: number },
  ): void {
    if (end <= start) return;
    const [w, g, m, v] = [weights, sum, mean, variance].map((block) => block + start * 4);
    kernels.adam(w ?? 0, g ?? 0, m ?? 0, v ?? 0, end - start, rate, decay, clip);
  }
}

function takeFrom(start: number): (numbers: number) => number {
  let used = start;
  return (numbers) => {
    const at = used;
    used += Math.ceil((numbers * 4) / 64) * 64;
    return at;
  };
}

/** Waits until all threads have come here. */
function meet(words: Int32Array, threads: number): void {
  const round = Atomics.load(words, 1);
  if (Atomics.add(words, 0, 1) === threads - 1) {
    Atomics.store(words, 0, 0);
    Atomics.add(words, 1, 1);
    Atomics.notify(words, 1);
    return;
  }
  while (Atomics.load(words, 1) === round) Atomics.wait(words, 1, round);
}

const port = parentPort;
if (port) {
  const step = work(workerData as WorkerPlan, (report) => port.postMessage(report)); // from trainer.ts
  port.on("message", step);
}
