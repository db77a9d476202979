import { WeirError } from "../core/errors.ts";

/** Does long work that Ctrl-C ends cleanly: what it has begun to write goes, and the command says so. */
export async function untilBrokenOff<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    stop.abort(new WeirError("invalid_request", "It was broken off, and nothing was kept."));
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, onSignal);
  }
}
