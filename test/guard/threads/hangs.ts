import { parentPort } from "node:worker_threads";

/** A guard's thread whose detector never comes back. */
parentPort?.on("message", () => {
  for (;;);
});
