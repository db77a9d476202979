import { Client } from "langsmith";
import { Client as Client01 } from "langsmith-0-1-68";
import { expect, it } from "vitest";
import { ADMIN_KEY, type TestServer, startServer } from "../support/server.ts";

/** Datasets and examples with the vendor's own clients, newest and oldest. */

async function start() {
  const server = await startServer();
  const at = { apiUrl: new URL("/api/v1", server.url).href, apiKey: ADMIN_KEY };
  return { server, client: new Client(at), old: new Client01(at) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(items);
}

async function refused(answer: Response) {
  const { detail, param } = (await answer.json()) as { detail: string; param?: string };
  return { status: answer.status, detail, param };
}

const textOf = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("utf8");

it("makes, reads, lists, changes and deletes a dataset", async () => {
  const { client } = await start();
  const made = await client.createDataset("capitals", {
    description: "Questions",
    metadata: { team: "geo" },
  });
  expect(made).toMatchObject({ name: "capitals", description: "Questions", example_count: 0 });
  expect(await client.readDataset({ datasetName: "capitals" })).toMatchObject({ id: made.id });
  expect(await client.readDataset({ datasetId: made.id })).toMatchObject({ name: "capitals" });
  expect(await client.hasDataset({ datasetName: "rivers" })).toBe(false);
  await expect(client.createDataset("capitals")).rejects.toMatchObject({
    name: "LangSmithConflictError",
  });
  await client.createDataset("rivers");
  expect((await all(client.listDatasets({ metadata: { team: "geo" } }))).length).toBe(1);
  expect((await all(client.listDatasets({ datasetNameContains: "RIV" }))).length).toBe(1);
  expect((await all(client.listDatasets({ limit: 1 }))).length).toBe(2);
  const page = await all(client.datasets.listV2({ page_size: 1 }));
  expect(page.map(({ name }) => name)).toEqual(["rivers", "capitals"]);
  await client.updateDataset({ datasetName: "capitals", description: "Cities" });
  expect(await client.readDataset({ datasetName: "capitals" })).toMatchObject({
    description: "Cities",
  });
  await client.deleteDataset({ datasetName: "capitals" });
  expect(await client.hasDataset({ datasetId: made.id })).toBe(false);
});

it("keeps examples with splits, metadata and attachments, and finds them by each", async () => {
  const { client } = await start();
  const { id: datasetId } = await client.createDataset("d");
  const image = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
  const [first, second] = await client.createExamples([
    {
      dataset_id: datasetId,
      inputs: { q: "France?" },
      reference_outputs: { a: "Paris" },
      metadata: { level: 1, tags: { eu: true } },
      split: "train",
      attachments: { "map.png": { mimeType: "image/png", data: image } },
    },
    { dataset_id: datasetId, inputs: { q: "Peru?" }, split: ["test", "hard"] },
  ]);
  expect(first).toMatchObject({
    inputs: { q: "France?" },
    outputs: { a: "Paris" },
    metadata: { level: 1, dataset_split: ["train"] },
  });
  const names = async (query: Parameters<Client["listExamples"]>[0]) =>
    (await all(client.listExamples({ datasetId, ...query }))).map(
      ({ inputs }) => inputs?.["q"] as unknown,
    );
  expect(await names({})).toEqual(["France?", "Peru?"]);
  expect(await names({ splits: ["hard"] })).toEqual(["Peru?"]);
  expect(await names({ metadata: { tags: { eu: true } } })).toEqual(["France?"]);
  expect(await names({ exampleIds: [second?.id ?? ""] })).toEqual(["Peru?"]);
  expect(await names({ limit: 1, offset: 1 })).toEqual(["Peru?"]);
  const filter = `and(not(has(metadata, '{"level": 2}')), exists(metadata, "level"))`;
  expect(await names({ filter })).toEqual(["France?"]);
  expect(await client.listDatasetSplits({ datasetId })).toEqual(["hard", "test", "train"]);
  const [withFile] = await all(
    client.listExamples({ datasetId, includeAttachments: true, splits: ["train"] }),
  );
  const link = withFile?.attachments?.["map.png"];
  expect(link?.mime_type).toBe("image/png");
  const file = await fetch(link?.presigned_url ?? ""); // as SDKs do: without a key
  expect(new Uint8Array(await file.arrayBuffer())).toEqual(image);
  const [plain] = await all(client.listExamples({ datasetId, splits: ["train"] }));
  expect(plain).not.toHaveProperty("attachment_urls");
});

it("reads every version of a dataset, by time, by tag, and what changed between two", async () => {
  const { client } = await start();
  const { id: datasetId } = await client.createDataset("d");
  const one = await client.createExample({ q: 1 }, { a: 1 }, { datasetId });
  const v1 = await client.readDatasetVersion({ datasetId, tag: "latest" });
  const two = await client.createExample({ q: 2 }, { a: 2 }, { datasetId });
  await client.updateExample(one.id, { outputs: { a: "one" }, metadata: { seen: true } });
  const v2 = await client.readDatasetVersion({ datasetId, tag: "latest" });
  await client.updateDatasetTag({ datasetId, asOf: v1.as_of, tag: "first" });
  await client.deleteExample(two.id);

  const outputs = async (asOf?: string) =>
    (await all(client.listExamples({ datasetId, ...(asOf && { asOf }) })))
      .map((example) => String(example.outputs?.["a"]))
      .toSorted((a, b) => a.localeCompare(b));
  expect(await outputs()).toEqual(["one"]);
  expect(await outputs(v1.as_of)).toEqual(["1"]);
  expect(await outputs("first")).toEqual(["1"]);
  expect(await outputs(v2.as_of)).toEqual(["2", "one"]);
  expect(await client.readDatasetVersion({ datasetId, tag: "first" })).toEqual({
    as_of: v1.as_of,
    tags: ["first"],
  });
  const early = await client.readDatasetVersion({ datasetId, asOf: new Date() });
  expect(early.tags).toEqual(["latest"]);
  const diff = (fromVersion: string, toVersion: string) =>
    client.diffDatasetVersions({ datasetId, fromVersion, toVersion });
  expect(await diff(v1.as_of, v2.as_of)).toEqual({
    examples_added: [two.id],
    examples_modified: [one.id],
    examples_removed: [],
  });
  expect(await diff(v2.as_of, "latest")).toMatchObject({ examples_removed: [two.id] });
  expect(await client.readExample(one.id)).toMatchObject({
    metadata: { seen: true, dataset_split: ["base"] },
  });
});

it("changes splits of many examples, and says which are not there", async () => {
  const { client, server } = await start();
  const { id: datasetId } = await client.createDataset("d");
  const inputs = [{ q: 1 }, { q: 2 }, { q: 3 }];
  const made = await client.createExamples({ inputs, datasetId });
  const ids = made.map(({ id }) => id);
  await client.updateDatasetSplits({ datasetId, splitName: "gold", exampleIds: ids.slice(0, 2) });
  const gold = async () =>
    (await all(client.listExamples({ datasetId, splits: ["gold"] }))).map(({ id }) => id);
  expect(await gold()).toEqual(ids.slice(0, 2));
  const remove = { datasetId, splitName: "gold", exampleIds: ids.slice(0, 1), remove: true };
  await client.updateDatasetSplits(remove);
  expect(await gold()).toEqual(ids.slice(1, 2));
  const missing = crypto.randomUUID();
  const answer = await client.datasets.examples.updateMetadata(datasetId, {
    example_ids: [ids[0] ?? "", missing],
    operations: [{ key: "reviewed", operation: "SET", value: true }],
  });
  expect(answer.statuses.map(({ status }) => status)).toEqual(["UPDATED", "NOT_FOUND"]);
  const legacy = await server.call(
    `/api/v1/datasets/${datasetId}/splits`,
    { split_name: "old", examples: ids },
    { method: "PUT" },
  );
  expect(await legacy.json()).toEqual(["base", "gold", "old"]);
});

it("renames and retains attachments, and forgets hard-deleted examples with their bytes", async () => {
  const { client } = await start();
  const { id: datasetId } = await client.createDataset("d");
  const file = (text: string) => ({ mimeType: "text/plain", data: Buffer.from(text) });
  const [made] = await client.createExamples([
    {
      dataset_id: datasetId,
      inputs: {},
      attachments: { a: file("A"), b: file("B"), c: file("C") },
    },
  ]);
  const id = made?.id ?? "";
  await client.updateExamples([
    {
      id,
      dataset_id: datasetId,
      attachments_operations: { rename: { b: "renamed" }, retain: ["a"] },
      attachments: { d: file("D") },
    },
  ]);
  const { attachments = {} } = await client.readExample(id);
  const texts = Object.entries(attachments).map(async ([name, { presigned_url: url }]) => [
    name,
    textOf(await (await fetch(url)).arrayBuffer()),
  ]);
  expect(Object.fromEntries(await Promise.all(texts))).toEqual({ a: "A", renamed: "B", d: "D" });
  const before = await client.readDatasetVersion({ datasetId, tag: "latest" });
  await client.deleteExamples([id], { hardDelete: true });
  expect(await all(client.listExamples({ datasetId, asOf: before.as_of }))).toEqual([]);
  expect((await fetch(attachments["a"]?.presigned_url ?? "")).status).toBe(404);
});

it("checks inputs and outputs against the dataset's schemas, naming the field", async () => {
  const { client, server } = await start();
  const { id } = await client.createDataset("d", {
    inputsSchema: {
      type: "object",
      properties: { q: { type: "string" } },
      required: ["q"],
      additionalProperties: false,
    },
  });
  await client.createExample({ q: "fits" }, {}, { datasetId: id });
  const url = `/api/v1/platform/datasets/${id}/examples`;
  const wrong = await refused(await server.call(url, [{ inputs: { q: 7 } }]));
  expect(wrong).toMatchObject({
    status: 422,
    detail: expect.stringMatching(/inputs\.q: /) as string,
  });
  const body = { name: "e", inputs_schema_definition: { type: "nonsense" } };
  expect(await refused(await server.call("/api/v1/datasets", body))).toMatchObject({
    status: 400,
    param: "inputs_schema_definition",
  });
});

it("takes CSV and JSON lines, and gives CSV, JSON lines and fine-tuning files", async () => {
  const { client, server } = await start();
  const csv = '\uFEFFq,a,note\r\n"What, ""now""?",Paris,x\r\n"two\nlines",Lima,\r\n';
  const made = await client.uploadCsv({
    csvFile: new Blob([csv]),
    fileName: "cities.csv",
    inputKeys: ["q"],
    outputKeys: ["a"],
    description: "of a file",
    name: "cities",
  });
  expect(made).toMatchObject({ name: "cities", example_count: 2 });
  const examples = await all(client.listExamples({ datasetName: "cities" }));
  expect(examples.map(({ inputs, outputs }) => [inputs["q"], outputs?.["a"]])).toEqual([
    ['What, "now"?', "Paris"],
    ["two\nlines", "Lima"],
  ]);
  const lines = await client.readDatasetOpenaiFinetuning({ datasetName: "cities" });
  expect(lines[0]).toEqual({
    messages: [
      { role: "user", content: 'What, "now"?' },
      { role: "assistant", content: "Paris" },
    ],
  });
  const download = await server.call(`/api/v1/datasets/${made.id}/csv`);
  expect(await download.text()).toContain('"What, ""now""?",Paris');
  const form = new FormData();
  form.append("file", new Blob(['{"inputs":{"q":1}}\n']), "more.jsonl");
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const at = new URL(`/api/v1/examples/upload/${made.id}`, server.url);
  const uploaded = await fetch(at, { method: "POST", body: form, headers });
  expect(await uploaded.json()).toMatchObject({ count: 1 });
});

it("shares a dataset by a link that needs no key, and clones it from there", async () => {
  const { client, server } = await start();
  const { id: datasetId } = await client.createDataset("d");
  await client.createExamples({
    inputs: [{ q: 1 }, { q: 2 }],
    outputs: [{ a: 1 }, { a: 2 }],
    datasetId,
  });
  const share = await client.shareDataset(datasetId);
  expect(await client.readDatasetSharedSchema(datasetId)).toEqual(share);
  const stranger = new Client({ apiUrl: new URL("/api/v1", server.url).href, apiKey: "" });
  expect(await stranger.readSharedDataset(share.share_token)).toMatchObject({ name: "d" });
  expect(await stranger.listSharedExamples(share.share_token)).toHaveLength(2);
  await client.clonePublicDataset(share.share_token, { datasetName: "copy" });
  expect(await all(client.listExamples({ datasetName: "copy" }))).toHaveLength(2);
  await client.unshareDataset(datasetId);
  await expect(stranger.readSharedDataset(share.share_token)).rejects.toThrow(/404/);
});

it("serves the oldest client as well", async () => {
  const { old } = await start();
  const { id: datasetId } = await old.createDataset("d", { dataType: "kv" });
  const one = await old.createExample({ q: 1 }, { a: 1 }, { datasetId, split: "train" });
  const many = await old.createExamples({
    inputs: [{ q: 2 }, { q: "what is the capital of Peru" }],
    outputs: [{ a: 2 }, { a: "Lima" }],
    datasetId,
  });
  expect(many).toHaveLength(2);
  await old.updateExample(one.id, { outputs: { a: "one" } });
  await old.updateExamples([{ id: many[0]?.id ?? "", outputs: { a: "two" } }]);
  expect((await old.readExample(one.id)).outputs).toEqual({ a: "one" });
  await old.updateDatasetSplits({ datasetId, splitName: "s", exampleIds: [one.id] });
  expect(await old.listDatasetSplits({ datasetId })).toEqual(["base", "s", "train"]);
  await old.indexDataset({ datasetId });
  const [similar] = await old.similarExamples({ q: "capital of Peru?" }, datasetId, 1);
  expect(similar?.outputs).toEqual({ a: "Lima" });
  await old.deleteExample(one.id);
  expect(await all(old.listExamples({ datasetId }))).toHaveLength(2);
});

it("lets many writers change a dataset at once and loses nothing", async () => {
  const { client } = await start();
  const { id: datasetId } = await client.createDataset("d");
  const writers = Array.from({ length: 20 }, (_, q) =>
    client.createExample({ q }, {}, { datasetId }),
  );
  await Promise.all(writers);
  const found = await all(client.listExamples({ datasetId }));
  expect(new Set(found.map(({ inputs }) => inputs["q"] as number)).size).toBe(20);
});

it("keeps tenants apart", async () => {
  const { client, server } = await start();
  const { id: datasetId } = await client.createDataset("d");
  const example = await client.createExample({ q: 1 }, {}, { datasetId });
  const other = await otherTenant(server);
  expect(await all(other.listDatasets())).toEqual([]);
  expect(await other.hasDataset({ datasetId })).toBe(false);
  await expect(other.readExample(example.id)).rejects.toThrow(/404/);
  await expect(other.createExample({ q: 2 }, {}, { datasetId })).rejects.toThrow(/404/);
  await other.createDataset("d");
});

async function otherTenant(server: TestServer): Promise<Client> {
  await server.call("/admin/v1/tenants", { id: "shop" });
  const made = await server.call("/admin/v1/keys", {
    name: "shop's",
    tenant: "shop",
    scopes: ["traces"],
  });
  const { key } = (await made.json()) as { key: string };
  return new Client({ apiUrl: new URL("/api/v1", server.url).href, apiKey: key });
}

it.each<[method: string, path: string, body: unknown, status: number, field: string]>([
  ["POST", "/api/v1/datasets", { name: "" }, 400, "name"],
  ["POST", "/api/v1/datasets", { name: "x", data_type: "odd" }, 400, "data_type"],
  ["POST", "/api/v1/datasets", { name: "x", id: "no" }, 400, "id"],
  ["GET", "/api/v1/datasets/no-uuid", undefined, 422, "dataset"],
  ["GET", "/api/v1/datasets?metadata=[", undefined, 400, "metadata"],
  ["GET", "/api/v1/datasets?limit=x", undefined, 400, "limit"],
  ["GET", "/api/v2/datasets?cursor=x", undefined, 400, "cursor"],
  ["GET", "/api/v1/examples", undefined, 422, "dataset"],
  ["GET", "/api/v1/examples?dataset=DATASET&filter=odd(1)", undefined, 400, "filter"],
  ["GET", "/api/v1/examples?dataset=DATASET&as_of=nowhere", undefined, 404, "as_of"],
  ["GET", "/api/v1/examples?dataset=DATASET&order=odd", undefined, 400, "order"],
  ["POST", "/api/v1/examples", { inputs: {} }, 422, "dataset_id"],
  ["POST", "/api/v1/platform/datasets/DATASET/examples", [{ inputs: 1 }], 400, "[0].inputs"],
  ["POST", "/api/v1/platform/datasets/DATASET/examples", [{}], 400, "inputs"],
  ["PUT", "/api/v1/datasets/DATASET/tags", { tag: "x" }, 400, "as_of"],
  ["PUT", "/api/v1/datasets/DATASET/tags", { as_of: "latest", tag: "latest" }, 400, "tag"],
  ["GET", "/api/v1/datasets/DATASET/versions/diff", undefined, 422, "from_version"],
  ["PATCH", "/api/v1/platform/datasets/DATASET/examples/metadata", {}, 400, "example_ids"],
])("%s %s with %j is refused naming the field", async (method, path, body, status, field) => {
  const { client, server } = await start();
  const { id } = await client.createDataset("d");
  const answer = await server.call(path.replace("DATASET", id), body, { method });
  const { param, detail, status: found } = await refused(answer);
  expect({ found, param }).toEqual({ found: status, param: field });
  expect(detail.length).toBeGreaterThan(10);
});

it.each<[form: Record<string, string>, says: RegExp]>([
  [{ "no-uuid": "{}" }, /"no-uuid" begins with no example's UUID/],
  [{ ID: "[" }, /ID: is not valid JSON/],
  [{ ID: "[]" }, /"ID" must be a JSON object/],
  [{ ID: "{}", "ID.other": "{}" }, /"ID.other" is none that an example has/],
  [{ ID: '{"split": 5}' }, /ID: split/],
])("refuses the form %j", async (form, says) => {
  const { client, server } = await start();
  const { id } = await client.createDataset("d");
  const example = crypto.randomUUID();
  const body = new FormData();
  for (const [name, text] of Object.entries(form)) {
    body.append(name.replace("ID", example), new Blob([text], { type: "application/json" }));
  }
  const answer = await fetch(new URL(`/v1/platform/datasets/${id}/examples`, server.url), {
    method: "POST",
    headers: { "x-api-key": ADMIN_KEY },
    body,
  });
  const { status, detail } = await refused(answer);
  expect(status).toBe(400);
  expect(detail.replaceAll(example, "ID")).toMatch(says);
  expect(await all(client.listExamples({ datasetId: id }))).toEqual([]);
});

it("takes a form as the Python SDK writes it: no file names, bytes as they are", async () => {
  const { client, server } = await start();
  const { id } = await client.createDataset("d");
  const example = crypto.randomUUID();
  const bytes = Buffer.from([0, 13, 10, 45, 45, 255, 254, 0]);
  const part = (name: string, type: string, content: Buffer) => [
    Buffer.from(`--0123abcd\r\nContent-Disposition: form-data; name="${name}"\r\n`),
    Buffer.from(`Content-Type: ${type}\r\nContent-Length: ${content.length}\r\n\r\n`),
    content,
    Buffer.from("\r\n"),
  ];
  const json = (value: string) => Buffer.from(value);
  const body = Buffer.concat([
    ...part(example, "application/json", json('{"metadata": {"n": NaN}, "split": "train"}')),
    ...part(`${example}.inputs`, "application/json", json('{"q": "Städte"}')),
    ...part(`${example}.outputs`, "application/json", json("{}")),
    ...part(`${example}.attachment.raw.bin`, "application/octet-stream", bytes),
    Buffer.from("--0123abcd--\r\n"),
  ]);
  const answer = await fetch(new URL(`/api/v1/platform/datasets/${id}/examples`, server.url), {
    method: "POST",
    headers: {
      "x-api-key": ADMIN_KEY,
      "content-type": "multipart/form-data; boundary=0123abcd",
    },
    body,
  });
  expect(await answer.json()).toMatchObject({ count: 1, example_ids: [example] });
  const kept = await client.readExample(example);
  expect(kept).toMatchObject({
    inputs: { q: "Städte" },
    metadata: { n: null, dataset_split: ["train"] },
  });
  const file = await fetch(kept.attachments?.["raw.bin"]?.presigned_url ?? "");
  expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
});

it("refuses bodies that are no JSON, or nested without end, with 400", async () => {
  const { server } = await start();
  for (const body of [
    "{",
    `{"name": "x", "extra": {"a": ${"[".repeat(9000)}${"]".repeat(9000)}}}`,
  ]) {
    const answer = await server.call("/api/v1/datasets", body);
    const { status, detail } = await refused(answer);
    expect(status).toBe(400);
    expect(detail).toMatch(/^The body is (not valid JSON|nested deeper)/);
  }
});

it("takes an example's id once", async () => {
  const { client } = await start();
  const { id: datasetId } = await client.createDataset("d");
  const exampleId = crypto.randomUUID();
  await client.createExample({ q: 1 }, {}, { datasetId, exampleId });
  const again = client.createExample({ q: 2 }, {}, { datasetId, exampleId });
  await expect(again).rejects.toMatchObject({ name: "LangSmithConflictError" });
  expect((await client.readExample(exampleId)).inputs).toEqual({ q: 1 });
});
