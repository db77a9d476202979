import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Batches that wait on disk, oldest first, up to so many bytes. They outlive the process. */
export interface SpillFolder {
  readonly bytes: number;
  readonly count: number;
  /** False where there is no room for it. Rejects where the disk refuses. */
  add(batch: Uint8Array): Promise<boolean>;
  /** The oldest; undefined where none is left. It stays until `removeOldest`. */
  oldest(): Promise<Uint8Array | undefined>;
  removeOldest(): Promise<void>;
}

interface Spilled {
  readonly name: string;
  readonly bytes: number;
}

const NAME = /^\d{12}\.batch$/;

export async function openSpillFolder(folder: string, maxBytes: number): Promise<SpillFolder> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).toSorted();
  const sizes = names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size }));
  const spilled: Spilled[] = await Promise.all(sizes);
  let next = Number.parseInt(names.at(-1) ?? "0", 10) + 1;

  const total = () => spilled.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    get bytes() {
      return total();
    },
    get count() {
      return spilled.length;
    },
    async add(batch) {
      if (total() + batch.length > maxBytes) return false;
      const name = `${String(next++).padStart(12, "0")}.batch`;
      const path = join(folder, name);
      // Half a batch must not look like one after a crash.
      await writeFile(`${path}.part`, batch);
      await rename(`${path}.part`, path);
      spilled.push({ name, bytes: batch.length });
      return true;
    },
    async oldest() {
      const [first] = spilled;
      return first && readFile(join(folder, first.name));
    },
    async removeOldest() {
      const first = spilled.shift();
      if (first) await rm(join(folder, first.name), { force: true });
    },
  };
}
