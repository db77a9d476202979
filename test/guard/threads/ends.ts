import { parentPort } from "node:worker_threads";

/** A guard's thread that is killed while it looks. */
parentPort?.on("message", () => process.exit(1));
