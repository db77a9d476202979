import { Socket } from "node:net";
import { workerData } from "node:worker_threads";
import { announceCancels } from "./cancel-memory.ts";

/** The thread that reads the cancel pipe while the host's main thread is inside llama.cpp. */

interface ListenerData {
  readonly memory: SharedArrayBuffer;
  readonly fd: number;
}

const { memory, fd } = workerData as ListenerData; // the host is the only one who starts this
const pipe = new Socket({ fd, readable: true, writable: false });
pipe.on("data", (bytes) => announceCancels(memory, bytes.length));
// The gateway is gone: nothing that is computed now will be read.
pipe.on("close", () => announceCancels(memory, 2 ** 30));
pipe.on("error", () => pipe.destroy());
