/**
 * Sends runs to POST /runs/multipart: `node sender.ts URL KEY RUNS RATE` – as fast as they are taken with RATE 0. Its bodies
 * are made before it says `ready`, if they have room in memory; with the line `go` it sends, and says what became of them.
 */
import { once } from "node:events";
import { Agent, request } from "node:http";
import { zstdCompressSync } from "node:zlib";
import { createRuns, multipartOf } from "./synthetic.ts";

const [, , url = "", key = "", runs = "0", rate = "0"] = process.argv;
const PER_BODY = 100;
const CONNECTIONS = 8;
const SPREAD_MS = 60_000;

const MOST_PREPARED = 10_000;

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const next = createRuns(Date.now() & 0xffff);
const count = Math.ceil(Number(runs) / PER_BODY);
const isPrepared = count <= MOST_PREPARED;
const startAt = Date.now() - SPREAD_MS;
let rawBytes = 0;
let made = 0;
const bodies = Array.from({ length: isPrepared ? count : 1 }, (_, index) => createBody(index));
process.stdout.write(
  `${JSON.stringify({ ready: true, rawBytesPerRun: rawBytes / made / PER_BODY })}\n`,
);
await once(process.stdin, "data");

const latencies: number[] = [];
let refused = 0;
let sent = 0;
const startedAt = performance.now();
await Promise.all(Array.from({ length: CONNECTIONS }, sendAll));
const seconds = (performance.now() - startedAt) / 1000;
latencies.sort((a, b) => a - b);
process.stdout.write(
  `${JSON.stringify({ seconds, runs: (count - refused) * PER_BODY, refused, p99Ms: latencies[Math.floor(latencies.length * 0.99)] })}\n`,
);
process.exit(0);

async function sendAll(): Promise<void> {
  for (;;) {
    const index = sent;
    if (index >= count) return;
    sent += 1;
    const body = bodies[index] ?? createBody(index);
    if (Number(rate) > 0) {
      const dueAt = startedAt + (index * PER_BODY * 1000) / Number(rate);
      const wait = dueAt - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    const began = performance.now();
    const status = await post(body);
    latencies.push(performance.now() - began);
    if (status === 429 || status === 503) {
      refused += 1;
    } else if (status !== 202) throw new Error(`the server answered ${status}`);
  }
}

/** Of runs of the last minute; those that are made while others are sent are of just now. */
function createBody(index: number) {
  const at = (n: number) =>
    isPrepared
      ? startAt + ((index * PER_BODY + n) / (count * PER_BODY)) * SPREAD_MS
      : Date.now() - PER_BODY + n;
  const sending = Array.from({ length: PER_BODY }, (_, n) => next(at(n)));
  made += 1;
  rawBytes += Buffer.byteLength(
    JSON.stringify(sending.map((run) => ({ ...run.main, ...run, main: undefined, id: undefined }))),
  );
  const { contentType, body } = multipartOf(sending);
  return { contentType, body: zstdCompressSync(body) };
}

function post({ contentType, body }: ReturnType<typeof createBody>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request(
      `${url}/runs/multipart`,
      {
        method: "POST",
        agent,
        headers: {
          "content-type": contentType,
          "content-encoding": "zstd",
          "content-length": body.length,
          "x-api-key": key,
        },
      },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    sending.on("error", reject);
    sending.end(body);
  });
}
