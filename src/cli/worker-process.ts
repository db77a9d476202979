import type { Settings } from "../config/settings.ts";
import type { Log } from "../core/log.ts";
import type { Line } from "../weir/workers/worker.ts";

/** Whether a primary has started this process. `node:cluster` is loaded only where one may have. */
export function isWorker(): boolean {
  return process.send !== undefined && process.getBuiltinModule("node:cluster").isWorker;
}

/** This process as one of those that take calls, until its primary tells it to end or is gone. */
export async function runAsWorker(secret: Settings["secret"], log: Log): Promise<number> {
  const orphaned = () => process.exit(1);
  process.on("disconnect", orphaned);
  // A terminal's Ctrl-C reaches all processes: only the primary decides.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
  const { runWorker } = await import("../weir/workers/worker.ts");
  const line: Line = {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => void process.on("message", listener as (message: unknown) => void), // its primary's
  };
  // Why it could not start it has told its primary, which tells whoever started that.
  const status = await runWorker(secret, log, line).then(
    () => 0,
    () => 1,
  );
  process.off("disconnect", orphaned);
  await new Promise<void>((resolve) => {
    process.once("disconnect", resolve);
    process.disconnect?.();
  });
  process.exit(status);
}
