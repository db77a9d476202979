import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { initialize } from "./initialize.ts";
import { bindKernels, compileKernels, createArena, floatsAt } from "./kernels.ts";
import { createModel, modelBytes, type Batch, type Model } from "./model.ts";
import type { Random } from "./random.ts";
import { parameterCount, parametersOf, type Shape } from "./shape.ts";
import type { StepOrder, StepReport, WorkerPlan } from "./train-worker.ts";

export interface Trainer {
  /** A model over the weights in training, for the main thread to look at them with. */
  readonly model: Model;
  readonly weights: Float32Array;
  /** One step of AdamW on one batch a thread; returns the mean loss of a scored token. */
  step(batches: readonly Batch[], rate: number): Promise<number>;
  close(): Promise<void>;
}

const DECAY = 0.05;

/** Threads that train one model in one shared memory. `room` is the most tokens of a batch. */
export async function createTrainer(
  shape: Shape,
  { threads, room, random }: { threads: number; room: number; random: Random },
): Promise<Trainer> {
  const module = await compileKernels();
  const count = parameterCount(shape);
  const activations = modelBytes(shape, room);
  const arena = createArena((threads + 1) * activations + (threads + 3) * (count * 4 + 64) + 4096);
  const take = (): number => arena.take(count);
  const [weights, mean, variance] = [take(), take(), take()];
  const gradients = Array.from({ length: threads }, take);
  const sync = arena.take(64);
  const { memory } = arena;
  initialize(floatsAt(memory, weights, count), parametersOf(shape), random);
  const shared = { shape, module, memory, room, weights, mean, variance, gradients, sync };
  const workers = Array.from({ length: threads }, (_, index) => {
    const plan: WorkerPlan = { ...shared, index, activations: arena.take(activations / 4) };
    return new Worker(new URL("train-worker.ts", import.meta.url), { workerData: plan });
  });
  const kernels = bindKernels(module, memory);
  let steps = 0;

  return {
    model: createModel(shape, arena, kernels, { weights, gradient: weights, room }),
    weights: floatsAt(memory, weights, count),
    async step(batches, rate) {
      steps++;
      const scored = batches.reduce((sum, { rows }) => sum + rows.length, 0);
      const correction = Math.sqrt(1 - 0.98 ** steps) / (1 - 0.9 ** steps);
      const order = { scale: 1 / scored, rate: rate * correction, decay: 1 - rate * DECAY };
      const reports = await Promise.all(
        workers.map((worker, index) => ask(worker, { ...order, batch: batchAt(batches, index) })),
      );
      return reports.reduce((sum, { loss }) => sum + loss, 0) / scored;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function batchAt(batches: readonly Batch[], index: number): Batch {
  const batch = batches[index];
  if (!batch) throw new Error("a step needs one batch a thread");
  return batch;
}

async function ask(worker: Worker, order: StepOrder): Promise<StepReport> {
  const answer = once(worker, "message");
  worker.postMessage(order, []);
  const [report] = (await answer) as [StepReport]; // train-worker.ts sends nothing else
  return report;
}
