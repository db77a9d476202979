import { currentCommit, describeMachine, type Report, toMarkdown, writeReport } from "../report.ts";
import { measureBeside } from "./beside-calls.ts";
import { measureIngest, measureSteadily } from "./ingest.ts";
import { measureQueries } from "./queries.ts";
import { measureStores } from "./stores.ts";

/** Trace ingest, and questions about many kept runs, with the SQLite store; the trace databases beside each other. */
export async function run(): Promise<Report> {
  const rows = [
    ...(await measureIngest("full")),
    ...(await measureIngest("redacted")),
    ...(await measureBeside()),
    ...(await measureSteadily()),
    ...(await measureQueries()),
    ...(await measureStores()),
  ];
  const report: Report = {
    name: "watch",
    commit: currentCommit(),
    machine: describeMachine(),
    notes: [
      "The server has one core, the sender the other. Runs are sent as the LangSmith JS SDK does: 100 a request, zstd, 8 connections.",
      "`accepted`: each stands in the append log. `readable`: every one of them is in the database, counted, and found by its words.",
      "Questions: medians and 95th percentiles of 40, each with other values, on the reader's own connection.",
      "SQLite, PostgreSQL and ClickHouse (Debian's) beside each other: 200,000 runs of 7 days, each on this machine beside the bench.",
    ],
    rows,
  };
  writeReport(report);
  return report;
}

if (import.meta.main) process.stdout.write(toMarkdown(await run()));
