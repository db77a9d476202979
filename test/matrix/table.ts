import { SCENARIOS, type Scenario } from "./cannot.ts";

export type Outcome = "pass" | "cannot" | "fail";

export interface Cell {
  readonly client: string;
  readonly vendor: string;
  readonly scenario: Scenario;
  readonly isStreamed: boolean;
  readonly outcome: Outcome;
}

const SIGNS: Readonly<Record<Outcome, string>> = { pass: "●", cannot: "–", fail: "✗" };

/** Providers down, scenarios across, one table for each client; the left sign is whole, the right one streamed. */
export function tableOf(cells: readonly Cell[]): string {
  const clients = [...new Set(cells.map(({ client }) => client))];
  return [...clients.map((client) => clientTable(client, cells)), summaryOf(cells)].join("\n\n");
}

function clientTable(client: string, cells: readonly Cell[]): string {
  const own = cells.filter((cell) => cell.client === client);
  const vendors = [...new Set(own.map(({ vendor }) => vendor))];
  const head = row(client, [...SCENARIOS]);
  const rows = vendors.map((vendor) =>
    row(
      vendor,
      SCENARIOS.map((scenario) => signs(own, vendor, scenario)),
    ),
  );
  return [head, ...rows].join("\n");
}

function signs(cells: readonly Cell[], vendor: string, scenario: Scenario): string {
  const here = cells.filter((cell) => cell.vendor === vendor && cell.scenario === scenario);
  return [false, true]
    .map((isStreamed) => {
      const cell = here.find((one) => one.isStreamed === isStreamed);
      return cell ? SIGNS[cell.outcome] : " ";
    })
    .join("");
}

function row(name: string, columns: readonly string[]): string {
  const padded = columns.map((column, at) => column.padEnd((SCENARIOS[at]?.length ?? 0) + 2));
  return (name.padEnd(18) + padded.join("")).trimEnd();
}

/** One line of figures. */
export function summaryOf(cells: readonly Cell[]): string {
  const count = (outcome: Outcome) => cells.filter((cell) => cell.outcome === outcome).length;
  return `matrix: ${count("pass")} cells pass, ${count("cannot")} cannot exist, ${count("fail")} fail`;
}
