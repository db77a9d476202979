import { type FileHandle, open } from "node:fs/promises";
import { WeirError } from "../core/errors.ts";
import type { GgufFile, TensorInfo } from "./read-gguf.ts";

const PIECE_BYTES = 4 * 1024 * 1024;

/** The tensors of a model's parts, open to be read until it is disposed of. */
export class ModelTensors implements AsyncDisposable {
  private readonly handles = new Map<TensorInfo, FileHandle>();
  private readonly stack = new AsyncDisposableStack();

  static async open(parts: readonly GgufFile[]): Promise<ModelTensors> {
    const tensors = new ModelTensors();
    try {
      for (const { path, tensors: own } of parts) {
        const handle = await open(path, "r");
        tensors.stack.defer(() => handle.close());
        for (const tensor of own) tensors.handles.set(tensor, handle);
      }
      return tensors;
    } catch (cause) {
      await tensors[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Bytes of a tensor, from its byte `at` on. Throws WeirError where the file has lost them since. */
  async read(tensor: TensorInfo, at: number, length: number): Promise<Uint8Array> {
    const handle = this.handles.get(tensor);
    if (!handle) throw new WeirError("internal", `${tensor.name} is in no part of the model.`);
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const position = tensor.offset + at + filled;
      const { bytesRead } = await handle.read(bytes, filled, length - filled, position);
      if (bytesRead === 0) {
        throw new WeirError("invalid_config", "The file has become shorter while it was read.");
      }
      filled += bytesRead;
    }
    return bytes;
  }

  /** A tensor as it is, piece by piece; `onBytes` is told each piece that was taken. */
  async *copy(
    tensor: TensorInfo,
    { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes: (bytes: number) => void },
  ): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < tensor.bytes; at += PIECE_BYTES) {
      signal?.throwIfAborted();
      const piece = await this.read(tensor, at, Math.min(PIECE_BYTES, tensor.bytes - at));
      yield piece;
      onBytes(piece.length);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}
