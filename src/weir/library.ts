import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { Caller } from "../core/call.ts";
import { newId } from "../core/ids.ts";
import { contentsOf, metadataRows, tensorRows } from "../gguf/contents.ts";
import { MIX_NAMES, sizesOf } from "../gguf/quantize/mixes.ts";
import { readModel } from "../gguf/read-model.ts";
import type { App } from "../http/app.ts";
import type { Authorise } from "../http/authorise.ts";
import type { FileContents, LibraryFile } from "../http/library-schemas.ts";
import { libraryJobRoutes } from "../http/routes/library-jobs.ts";
import { libraryRoutes } from "../http/routes/library.ts";
import { defaultThreads } from "../serve/engine/threads.ts";
import { HUB } from "../serve/library/hub.ts";
import { Library } from "../serve/library/library.ts";
import { createPublicFetch } from "../serve/providers/public-fetch.ts";
import { Jobs } from "../serve/workshop/jobs.ts";
import { MeasuringJobs } from "../serve/workshop/measuring-jobs.ts";
import { Measurements } from "../serve/workshop/measurements.ts";
import { type ModelFile, ModelFiles, type ServedFile } from "../serve/workshop/model-files.ts";
import { Workshop, type WorkshopNeeds } from "../serve/workshop/workshop.ts";
import { DEMO_MODEL, type House } from "./house.ts";
import { openQuantizePool } from "./quantize-pool.ts";
import { ROOT } from "./release.ts";

/** The library of model files, and the work on them; `stack` ends what is under way. */
export function registerLibrary(
  { fastify }: App,
  house: House,
  { authorise, stack }: { readonly authorise: Authorise; readonly stack: AsyncDisposableStack },
): void {
  const log = house.log.part("library");
  const note = (event: string, { keyId, keyName }: Caller, subject: string) =>
    log.info(event, { subject, by: keyId, who: keyName });
  const needs = openWorkshop(house, stack);
  const { library, files, jobs, measurements } = needs;
  const workshop = new Workshop(needs);
  const measuring = new MeasuringJobs(needs);
  libraryRoutes(fastify, {
    authorise,
    note,
    async list() {
      const { name, text } = needs.sampleText();
      return {
        files: (await files.list()).map(toRow),
        unusedBytes: library.unusedBytes(),
        types: [...MIX_NAMES],
        sample: { name, characters: text.length },
      };
    },
    contents: async (ref) => readContents(await files.usable(ref, "ref")),
    remove: (ref) => workshop.remove(ref),
    clean: () => workshop.clean(),
    measurements: () => measurements.list(),
    dropMeasurement: (id) => measurements.remove(id),
  });
  libraryJobRoutes(fastify, {
    authorise,
    note,
    pull: (wish, by) => workshop.pull(wish, by),
    quantize: (wish, by) => workshop.quantize(wish, by),
    compare: (wish, by) => measuring.compare(wish, by),
    optimize: (wish, by) => measuring.optimize(wish, by),
    jobs: () => jobs.list(),
    job: (id) => jobs.find(id),
    cancel: (id) => jobs.cancel(id),
  });
}

function openWorkshop(house: House, stack: AsyncDisposableStack): WorkshopNeeds {
  const { settings, log } = house;
  const { secret } = settings;
  const library = new Library(join(settings.dataFolder, "library"));
  const endpoint = () => secret("HF_ENDPOINT") ?? house.live.config.library.hub ?? HUB;
  const fetcher = createPublicFetch(() => [
    ...house.live.config.library.allowedHosts,
    new URL(endpoint()).hostname,
  ]);
  stack.defer(() => fetcher.close());
  const jobs = new Jobs({ now: Date.now, newId: () => newId("job-"), log: log.part("library") });
  stack.defer(() => jobs.close());
  return {
    library,
    files: new ModelFiles(library, () => servedFiles(house)),
    jobs,
    measurements: new Measurements(join(library.folder, "measurements")),
    hub: () => ({ endpoint: endpoint(), token: secret("HF_TOKEN") }),
    fetch: fetcher.fetch,
    openPool: () => openQuantizePool({ threads: spareThreads() }),
    threads: defaultThreads(),
    sampleText: () => ({ name: "the sample text", text: readFileSync(SAMPLE, "utf8") }),
    now: Date.now,
  };
}

const SAMPLE = join(ROOT, "models", "sample.txt");

/** Calls are answered meanwhile: half of the cores stay theirs. */
function spareThreads(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

function servedFiles({ catalogue, settings: { folder } }: House): ServedFile[] {
  return catalogue.names().flatMap((model) =>
    catalogue.targets(model).flatMap(({ id, config }) => {
      if (config.provider !== "llama") return [];
      const { file } = config;
      const path = isAbsolute(file) ? file : resolve(folder, file);
      return [{ model, target: id, said: file, path: file === "demo" ? DEMO_MODEL : path }];
    }),
  );
}

function toRow({ isInLibrary, facts, usedBy, said, ...file }: ModelFile): LibraryFile {
  return {
    ...file,
    path: said,
    inLibrary: isInLibrary,
    usedBy: [...usedBy],
    facts: facts && { ...facts, quantized: facts.isQuantized },
  };
}

async function readContents(file: ModelFile): Promise<FileContents> {
  const model = await readModel(file.path);
  const { types, suspicious, ...described } = contentsOf(model);
  return {
    file: toRow(file),
    name: described.name ?? null,
    layers: described.layers ?? null,
    heads: described.heads ?? null,
    kvHeads: described.kvHeads ?? null,
    embeddingLength: described.embeddingLength ?? null,
    feedForwardLength: described.feedForwardLength ?? null,
    experts: described.experts ?? null,
    vocabularySize: described.vocabularySize ?? null,
    tokenizer: described.tokenizer ?? null,
    preTokenizer: described.preTokenizer ?? null,
    chatTemplate: described.chatTemplate ?? null,
    suspicious: [...suspicious],
    types: [...types],
    tensors: tensorRows(model).map(({ dimensions, ...row }) => ({
      ...row,
      dimensions: [...dimensions],
    })),
    metadata: metadataRows(model.whole.metadata),
    sizes: sizesOf(model.whole),
  };
}
