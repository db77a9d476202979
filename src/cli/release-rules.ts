import type { RejudgeWish } from "../http/release-schemas.ts";
import { TOLERANCES } from "../ship/rollout/marks.ts";
import { UsageError, type Values, text } from "./command.ts";

/** The rules that `weir release rejudge` was asked for. Throws UsageError. */
export function rulesAsked(values: Values): Omit<RejudgeWish, "model"> {
  const said = [values["tolerate"] ?? []].flat().map(String);
  const tolerate = Object.fromEntries(said.map(toTolerance));
  const bound = text(values, "false-rollback");
  const worse = text(values, "miss-worse-than");
  const times = worse === undefined ? undefined : Number(worse);
  if (times !== undefined && !(times >= 1.1)) {
    throw new UsageError("--miss-worse-than is a number from 1.1 on, as 1.3");
  }
  return {
    ...(said.length > 0 && { tolerate }),
    ...(bound !== undefined && { falseRollback: toShare(bound, "--false-rollback") }),
    ...(times !== undefined && { missWorseThan: times }),
  };
}

function toTolerance(asked: string): [string, number] {
  const [name = "", share = ""] = asked.split("=");
  if (!(name in TOLERANCES)) {
    const names = Object.keys(TOLERANCES).join(", ");
    throw new UsageError(`--tolerate ${asked}: there is ${names}, as ttft=10%`);
  }
  return [name, toShare(share, `--tolerate ${name}`)];
}

function toShare(asked: string, option: string): number {
  const share = /^(\d+(?:\.\d+)?)%$/.exec(asked)?.[1];
  if (share === undefined) throw new UsageError(`${option} is a share, as 10%`);
  return Number(share) / 100;
}
