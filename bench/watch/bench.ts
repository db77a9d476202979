import { type Report, type Row, currentCommit, describeMachine, writeReport } from "../report.ts";
import { measureBeside } from "./beside-calls.ts";
import { measureIngest, measureSteadily } from "./ingest.ts";
import { measureQueries } from "./queries.ts";
import { measureStores } from "./stores.ts";

/** Trace ingest, and questions about many kept runs; each part by itself, for some take an hour. */

const SENDING =
  "The server has one core, the sender the other. Runs are sent as the LangSmith JS SDK does: 100 a request, zstd, 8 connections.";

export async function runIngest(): Promise<Report> {
  const rows = [
    ...(await measureIngest("full")),
    ...(await measureIngest("redacted")),
    ...(await measureBeside()),
  ];
  return report("watch-ingest", rows, [
    SENDING,
    "`accepted`: each stands in the append log. `readable`: every one of them is in the database, counted, and found by its words.",
  ]);
}

export async function runHour(): Promise<Report> {
  return report("watch-hour", await measureSteadily(), [SENDING]);
}

export async function runQueries(): Promise<Report> {
  return report("watch-queries", await measureQueries(), [
    "Medians and 95th percentiles of 40 questions, each with other values, on the reader's own connection.",
  ]);
}

export async function runStores(): Promise<Report> {
  return report("watch-stores", await measureStores(), [
    "200,000 runs of 7 days in each, one after the other, each database on this machine beside the bench.",
  ]);
}

function report(name: string, rows: readonly Row[], notes: readonly string[]): Report {
  const made = { name, commit: currentCommit(), machine: describeMachine(), notes, rows };
  writeReport(made);
  return made;
}
