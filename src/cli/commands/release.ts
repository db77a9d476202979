import { setTimeout as wait } from "node:timers/promises";
import {
  RELEASE_ACTIONS,
  type Rejudged,
  type ReleaseDetail,
  type ReleaseList,
  type ReleaseView,
} from "../../http/release-schemas.ts";
import { type Command, JSON_OPTION, type Terminal, UsageError, type Values } from "../command.ts";
import { explain, standingLine } from "../release-text.ts";
import { CLIENT_OPTIONS, askServer, request } from "../server-client.ts";
import { table } from "../table.ts";
import { rulesAsked } from "../release-rules.ts";

/** `weir release`: what takes over a model, by which evidence, and what an operator decides. */
export const release: Command = {
  name: "release",
  summary: "Look at releases, ask why, decide",
  usage:
    "[list | why | watch | pause | resume | promote | abort | restart | rejudge | journal] [MODEL]",
  options: {
    ...CLIENT_OPTIONS,
    ...JSON_OPTION,
    tolerate: {
      type: "string",
      multiple: true,
      value: "MARK=SHARE",
      help: "for rejudge: as ttft=10%; may be said again",
    },
    "false-rollback": { type: "string", value: "SHARE", help: "for rejudge: another bound, as 1%" },
    "miss-worse-than": { type: "string", value: "TIMES", help: "for rejudge: as 1.3" },
  },
  detail: `
A release is written in weir.yaml, as release: { candidate: … } beside a model's targets. MODEL may be
left out while there is one.

why tells the evidence of every mark, and each turn with its reason. watch draws it until it is decided;
its exit code is 0 for promoted, 1 for anything else. restart begins anew, with nothing known.
rejudge says what the recorded traffic would have come to by other rules. journal prints every bet.

  weir release watch chat
  weir release rejudge chat --tolerate ttft=10% --false-rollback 1%`,
  async run(values, [action = "list", name, ...rest], terminal) {
    if (rest.length > 0) throw new UsageError(`one model at a time, not also ${rest.join(" ")}`);
    if (action === "list") return list(values, terminal);
    const model = name ?? (await onlyOne(values, terminal));
    if (action === "why") return why(model, values, terminal);
    if (action === "watch") return watch(model, values, terminal);
    if (action === "rejudge") return rejudge(model, values, terminal);
    if (action === "journal") return journal(model, values, terminal);
    const known = RELEASE_ACTIONS.find((one) => one === action);
    if (!known) throw new UsageError(`unknown action "${action}"`);
    return act(known, model, values, terminal);
  },
};

async function all(values: Values, terminal: Terminal): Promise<ReleaseView[]> {
  return (await askServer<ReleaseList>("/admin/v1/releases", values, terminal)).releases;
}

async function onlyOne(values: Values, terminal: Terminal): Promise<string> {
  const releases = await all(values, terminal);
  const [first, second] = releases;
  if (first && !second) return first.model;
  if (!first) throw new UsageError("no model is being released: see weir release --help");
  throw new UsageError(`which of ${releases.map(({ model }) => model).join(", ")}?`);
}

async function list(values: Values, terminal: Terminal): Promise<number> {
  const releases = await all(values, terminal);
  if (values["json"]) terminal.print(JSON.stringify(releases, null, 2));
  else if (releases.length === 0) {
    terminal.print(
      "No model is being released. Write release: beside a model's targets in weir.yaml.",
    );
  } else {
    const rows = releases.map((one) => [
      one.model,
      one.candidate,
      stateOf(one),
      one.stages[one.stage]?.name ?? "",
      String(one.exposed),
      `${one.against.toPrecision(3)} of ${one.bound}`,
      one.why,
    ]);
    terminal.print(
      table(["MODEL", "CANDIDATE", "STATE", "STAGE", "EXPOSED", "EVIDENCE", "WHY"], rows),
    );
  }
  return 0;
}

function stateOf({ phase, isPaused }: ReleaseView): string {
  return isPaused && phase === "running" ? "running, paused" : phase;
}

function detailOf(model: string, values: Values, terminal: Terminal): Promise<ReleaseDetail> {
  const query = new URLSearchParams({ model });
  return askServer(`/admin/v1/releases/detail?${query.toString()}`, values, terminal);
}

async function why(model: string, values: Values, terminal: Terminal): Promise<number> {
  const detail = await detailOf(model, values, terminal);
  terminal.print(values["json"] ? JSON.stringify(detail, null, 2) : explain(detail));
  return 0;
}

const LOOK_MS = 1000;

async function watch(model: string, values: Values, terminal: Terminal): Promise<number> {
  let told = 0;
  for (;;) {
    const detail = await detailOf(model, values, terminal);
    for (const { why: reason, stage, phase } of detail.turns.slice(told)) {
      const where = phase === "running" ? (detail.stages[stage]?.name ?? "") : phase;
      if (!values["json"]) terminal.print(`${where}: ${reason}`);
    }
    told = detail.turns.length;
    if (values["json"]) terminal.print(JSON.stringify(detail));
    else terminal.redraw?.(detail.phase === "running" ? standingLine(detail) : "");
    if (detail.phase !== "running") return detail.phase === "promoted" ? 0 : 1;
    await wait(LOOK_MS);
  }
}

async function act(
  action: string,
  model: string,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const body = { model, action };
  const answer = await request("/admin/v1/releases/actions", values, terminal, {
    method: "POST",
    body,
  });
  const detail = (await answer.json()) as ReleaseDetail; // our own server's
  if (values["json"]) terminal.print(JSON.stringify(detail, null, 2));
  else terminal.print(`${model}: ${stateOf(detail)}. ${detail.why}`);
  return 0;
}

async function rejudge(model: string, values: Values, terminal: Terminal): Promise<number> {
  const body = { model, ...rulesAsked(values) };
  const answer = await request("/admin/v1/releases/rejudge", values, terminal, {
    method: "POST",
    body,
  });
  const judged = (await answer.json()) as Rejudged; // our own server's
  if (values["json"]) terminal.print(JSON.stringify(judged, null, 2));
  else {
    const when = judged.endedAt === null ? "" : ` at ${new Date(judged.endedAt).toISOString()}`;
    terminal.print(
      `By these rules it would be ${judged.phase}${when}, after ${judged.exposed} of the candidate's units (evidence ${judged.against.toPrecision(3)}).\n${judged.why}`,
    );
  }
  return 0;
}

async function journal(model: string, values: Values, terminal: Terminal): Promise<number> {
  const query = new URLSearchParams({ model });
  const path = `/admin/v1/releases/journal?${query.toString()}`;
  terminal.print((await (await request(path, values, terminal)).text()).trimEnd());
  return 0;
}
