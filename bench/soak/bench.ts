import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startUpstream, startWeir } from "../gateway/contenders.ts";
import { memoryOf } from "../gateway/held.ts";
import { CHAT, CHAT_STREAM, runWrk } from "../gateway/wrk.ts";
import { currentCommit, describeMachine, type Report, toMarkdown, writeReport } from "../report.ts";

/** Whether memory grows under load: ten minutes of whole and streamed calls, everything on. */

const MINUTES = Number(process.env["WEIR_SOAK_MINUTES"] ?? 10);
const SLICE_SECONDS = 10;
/** Caches fill and the collector finds its pace: that is not growth. */
const WARM_UP_SLICES = 6;

export async function run(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "weir-soak-"));
  chmodSync(folder, 0o755); // nginx's worker is another user, and reads the answers here
  const upstream = await startUpstream(folder);
  const weir = await startWeir(folder, upstream.url, "weir-soak");
  const mebibytes: number[] = [];
  let failed = 0;
  let calls = 0;
  try {
    const slices = WARM_UP_SLICES + (MINUTES * 60) / SLICE_SECONDS;
    for (let slice = 0; slice < slices; slice++) {
      const load = { connections: 64, seconds: SLICE_SECONDS, folder };
      const streams = {
        ...CHAT_STREAM,
        body: { ...(CHAT_STREAM.body as object), model: "chat-stream" },
      };
      const result = await runWrk(weir, load, slice % 2 === 0 ? CHAT : streams);
      failed += result.failed;
      calls += result.perSecond * SLICE_SECONDS;
      if (slice >= WARM_UP_SLICES) mebibytes.push(memoryOf(weir) / 2 ** 20);
      process.stderr.write(
        `slice ${slice + 1} of ${slices}: ${(memoryOf(weir) / 2 ** 20).toFixed(0)} MiB\n`,
      );
    }
  } finally {
    await weir.stop();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const slope = slopeOf(mebibytes) * (60 / SLICE_SECONDS);
  const report: Report = {
    name: "soak",
    commit: currentCommit(),
    machine: describeMachine(),
    notes: [
      `${MINUTES} minutes at 64 connections after a warm-up, whole and streamed calls in turn: ${Math.round(calls / 1000)} thousand calls, ${failed} failed.`,
      "The slope is a least-squares line through resident memory, read every 10 s. Limits, not peers.",
    ],
    rows: [
      {
        what: "growth of resident memory under load",
        value: slope,
        unit: "MiB a minute",
        target: "≤ 1",
        met: slope <= 1,
      },
      { what: "resident memory at the end", value: mebibytes.at(-1) ?? 0, unit: "MiB" },
      { what: "most resident memory", value: Math.max(...mebibytes), unit: "MiB" },
    ],
  };
  writeReport(report);
  return report;
}

/** The rise of a least-squares line, for each step. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let above = 0;
  let below = 0;
  for (const [at, value] of values.entries()) {
    above += (at - middle) * (value - mean);
    below += (at - middle) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

if (import.meta.main) process.stdout.write(toMarkdown(await run()));
