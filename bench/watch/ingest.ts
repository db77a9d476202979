import type { Row } from "../report.ts";
import { KEY, startSender, startServer } from "./server.ts";

const RUNS = Number(process.env["WEIR_BENCH_RUNS"] ?? 400_000);
const SECONDS = Number(process.env["WEIR_BENCH_SECONDS"] ?? 3600);
const STEADY_RATE = 2000;
const SERVER_CORE = 0;
const SENDER_CORE = 1;

/** LangSmith's multipart endpoint into SQLite: the whole server on one core, the sender on the other. */
export async function measureIngest(capture: "full" | "redacted"): Promise<Row[]> {
  const server = await startServer(`traces: { capture: ${capture} }`, SERVER_CORE);
  const sender = await startSender(server.url, RUNS, 0, SENDER_CORE);
  try {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const idleMiB = server.rssMiB();
    let mostMiB = 0;
    const watching = setInterval(() => (mostMiB = Math.max(mostMiB, server.rssMiB())), 200);
    const began = performance.now();
    const { seconds, runs, refused } = await sender.send();
    await untilCounted(server.url, runs);
    const merged = (performance.now() - began) / 1000;
    clearInterval(watching);
    const perRun = server.databaseBytes() / runs;
    const name = `capture: ${capture}`;
    const accepted = runs / seconds;
    return [
      {
        what: `runs accepted, ${name} (${refused} bodies told to wait)`,
        value: accepted,
        unit: "runs/s",
        target: "≥ 20000",
        met: accepted >= 20_000,
      },
      { what: `runs accepted and readable, ${name}`, value: runs / merged, unit: "runs/s" },
      {
        what: `most memory above idle, ${name}`,
        value: mostMiB - idleMiB,
        unit: "MiB",
        target: "≤ 250",
        met: mostMiB - idleMiB <= 250,
      },
      {
        what: `bytes on disk for a run of ${Math.round(sender.rawBytesPerRun)} bytes of JSON, ${name}`,
        value: perRun,
        unit: "bytes",
        ratio: perRun / sender.rawBytesPerRun,
      },
    ];
  } finally {
    sender.stop();
    await server.stop();
  }
}

/** Memory while runs come steadily for an hour: everything is read back as it comes in. */
export async function measureSteadily(): Promise<Row[]> {
  const server = await startServer("", SERVER_CORE);
  const sender = await startSender(server.url, STEADY_RATE * SECONDS, STEADY_RATE, SENDER_CORE);
  try {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const idleMiB = server.rssMiB();
    const samples: number[] = [];
    const watching = setInterval(() => samples.push(server.rssMiB() - idleMiB), 1000);
    const { runs, refused } = await sender.send();
    await untilCounted(server.url, runs);
    clearInterval(watching);
    const quarter = Math.ceil(samples.length / 4);
    const mostOf = (part: readonly number[]) => Math.max(0, ...part);
    const mostMiB = mostOf(samples);
    return [
      {
        what: `most memory above idle in ${SECONDS} s of ${STEADY_RATE} runs/s (${refused} bodies told to wait)`,
        value: mostMiB,
        unit: "MiB",
        target: "≤ 250",
        met: mostMiB <= 250,
      },
      {
        what: "the last quarter's most memory, by the first's",
        value: mostOf(samples.slice(-quarter)),
        unit: "MiB",
        ratio: mostOf(samples.slice(-quarter)) / mostOf(samples.slice(0, quarter)),
      },
    ];
  } finally {
    sender.stop();
    await server.stop();
  }
}

/** Everything that was accepted can be read. */
async function untilCounted(url: string, runs: number): Promise<void> {
  const to = Math.ceil(Date.now() / 3_600_000) * 3_600_000;
  const address = `${url}/admin/v1/figures?from=${to - 4 * 3_600_000}&to=${to + 3_600_000}`;
  for (;;) {
    const answer = await fetch(address, { headers: { authorization: `Bearer ${KEY}` } });
    const { figures } = (await answer.json()) as { figures: { runs: number }[] };
    if ((figures[0]?.runs ?? 0) >= runs) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
