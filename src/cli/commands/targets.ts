import { styleText } from "node:util";
import type { ModelList, TargetFacts, TargetTest } from "../../http/admin-schemas.ts";
import {
  type Command,
  JSON_OPTION,
  type Terminal,
  UsageError,
  type Values,
  text,
} from "../command.ts";
import { CLIENT_OPTIONS, askServer, request } from "../server-client.ts";
import { table } from "../table.ts";

/** `weir targets`: what answers the models of a running server, and whether it does. */
export const targets: Command = {
  name: "targets",
  summary: "List a server's targets, test them, ask and steer their engines",
  usage:
    "list | test | facts | drain | enable | sleep | wake | reset-prefix-cache | load-lora NAME PATH | unload-lora NAME",
  options: {
    ...CLIENT_OPTIONS,
    ...JSON_OPTION,
    model: { type: "string", short: "m", value: "MODEL", help: "only this model's targets" },
    target: { type: "string", short: "t", value: "ID", help: "only the target with this id" },
    level: { type: "string", value: "1|2", help: "for sleep: 2 lets the weights go too (1)" },
  },
  detail: `
test lets every target make a few tokens and fails (exit code 1) when one does not.
facts asks each upstream about its version, models and load, and names engine routes that answer
without the engine's key. drain sends a target no new calls until enable; what runs there may finish.
These and the other actions need --model and --target.`,
  async run(values, [action = "list", ...rest], terminal) {
    const chosen = await choose(values, terminal);
    if (action === "list") return list(chosen, values, terminal);
    if (action === "test") return test(chosen, values, terminal);
    if (action === "facts") return facts(chosen, values, terminal);
    return act(toAction(action, rest, values), chosen, values, terminal);
  },
};

type Target = ModelList["models"][number]["targets"][number] & { readonly of: string };

async function choose(values: Values, terminal: Terminal): Promise<Target[]> {
  const { models } = await askServer<ModelList>("/admin/v1/models", values, terminal);
  const [model, id] = [text(values, "model"), text(values, "target")];
  const all = models.flatMap(({ name, targets }) => targets.map((one) => ({ ...one, of: name })));
  const chosen = all.filter(
    (one) => (model === undefined || one.of === model) && (id === undefined || one.id === id),
  );
  if (chosen.length > 0) return chosen;
  const names = all.map((one) => `${one.of}: ${one.id}`).join("\n  ");
  throw new UsageError(`no such target; there are:\n  ${names}`);
}

function list(chosen: readonly Target[], values: Values, { print }: Terminal): number {
  if (values["json"]) {
    print(JSON.stringify(chosen, null, 2));
    return 0;
  }
  const rows = chosen.map(({ of, id, state, detail, url, abilities, routing }) => [
    of,
    id,
    detail === null ? state : `${state}: ${detail.slice(0, 60)}`,
    routing.isDrained ? "drained" : routing.breaker,
    String(routing.inFlight),
    routing.firstContentMs === null ? "" : `${Math.round(routing.firstContentMs)} ms`,
    url ?? "here",
    abilities.join(" "),
  ]);
  const heads = ["MODEL", "TARGET", "STATE", "BREAKER", "RUNNING", "FIRST", "AT", "ABILITIES"];
  print(table(heads, rows));
  return 0;
}

async function test(
  chosen: readonly Target[],
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const results: (TargetTest & { model: string; target: string })[] = [];
  for (const { of: model, id: target } of chosen) {
    const body = { model, target };
    const answer = await request("/admin/v1/targets/test", values, terminal, {
      method: "POST",
      body,
    });
    results.push({ model, target, ...((await answer.json()) as TargetTest) }); // our own server's
  }
  if (values["json"]) terminal.print(JSON.stringify(results, null, 2));
  else {
    const rows = results.map((one) => [
      one.model,
      one.target,
      mark(one.ok),
      one.firstContentMs === null ? "" : `${Math.round(one.firstContentMs)} ms`,
      one.error ?? JSON.stringify(one.text.slice(0, 40)),
    ]);
    terminal.print(table(["MODEL", "TARGET", "", "FIRST", "ANSWER"], rows));
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}

/** Colour only where somebody looks. */
function mark(ok: boolean): string {
  return styleText(ok ? "green" : "red", ok ? "ok" : "failed", { stream: process.stdout });
}

async function facts(
  chosen: readonly Target[],
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const found: Record<string, TargetFacts> = {};
  for (const { of: model, id: target, abilities } of chosen) {
    if (!abilities.includes("facts")) continue;
    const query = new URLSearchParams({ model, target });
    const path = `/admin/v1/targets/facts?${query.toString()}`;
    found[`${model} ${target}`] = await askServer<TargetFacts>(path, values, terminal);
  }
  if (values["json"]) terminal.print(JSON.stringify(found, null, 2));
  else for (const [name, one] of Object.entries(found)) terminal.print(describe(name, one));
  return 0;
}

function describe(
  name: string,
  { version, models, load, isSleeping, openRoutes }: TargetFacts,
): string {
  const shown = models.slice(0, 8).map(({ id, contextTokens }) => {
    return contextTokens === undefined ? id : `${id} (${contextTokens} tokens)`;
  });
  const lines = [
    version && `version   ${version}`,
    isSleeping && "asleep",
    `models    ${shown.join(", ")}${models.length > 8 ? `, ${models.length - 8} more` : ""}`,
    load &&
      `load      ${Object.entries(load)
        .map(([key, value]) => `${key} ${value}`)
        .join(", ")}`,
    openRoutes?.length &&
      `open      ${openRoutes.join(" ")} answer without the engine's key: let only Weir reach it`,
  ];
  return [name, ...lines.filter(Boolean).map((line) => `  ${line}`)].join("\n");
}

function toAction(action: string, [name, path]: readonly string[], values: Values) {
  switch (action) {
    case "sleep":
      return { action, level: Number(text(values, "level") ?? 1) };
    case "drain":
    case "enable":
    case "wake":
    case "reset-prefix-cache":
      return { action };
    case "load-lora":
      if (name !== undefined && path !== undefined) return { action, name, path };
      throw new UsageError("load-lora needs a NAME and a PATH, as the engine sees it");
    case "unload-lora":
      if (name !== undefined) return { action, name };
      throw new UsageError("unload-lora needs a NAME");
  }
  throw new UsageError(`unknown action "${action}"`);
}

async function act(
  asked: Record<string, unknown>,
  chosen: readonly Target[],
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const [one, second] = chosen;
  if (!one || second) throw new UsageError("say which target: --model MODEL --target ID");
  const body = { ...asked, model: one.of, target: one.id };
  await request("/admin/v1/targets/actions", values, terminal, { method: "POST", body });
  terminal.print("Done.");
  return 0;
}
