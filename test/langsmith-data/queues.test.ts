import { Client } from "langsmith";
import { Client as Client03 } from "langsmith-0-3-87";
import { expect, it } from "vitest";
import { ADMIN_KEY, startServer } from "../support/server.ts";

/** Annotation queues and feedback configs with the vendor's clients. */

async function start() {
  const server = await startServer();
  const apiUrl = new URL("/api/v1", server.url).href;
  const client = new Client({ apiUrl, apiKey: ADMIN_KEY, autoBatchTracing: false });
  return { server, apiUrl, client };
}

/** Runs of a project, each a trace of its own, oldest first. */
async function makeRuns(client: Client, names: readonly string[]): Promise<string[]> {
  const ids = names.map(() => crypto.randomUUID());
  for (const [index, name] of names.entries()) {
    await client.createRun({
      id: ids[index] ?? "",
      name,
      run_type: "chain",
      inputs: { of: name },
      outputs: { done: true },
      start_time: Date.now() - 10_000 + index,
      end_time: Date.now(),
      project_name: "reviewed",
    });
  }
  return ids;
}

const statusOf = (answer: Response) => answer.status;

it("makes, lists, changes and deletes a queue with its rubric", async () => {
  const { client } = await start();
  await client.createFeedbackConfig({
    feedbackKey: "tone",
    feedbackConfig: { type: "continuous", min: 0, max: 1 },
  });
  const queue = await client.createAnnotationQueue({
    name: "Daily",
    description: "every day",
    rubricInstructions: "Be fair.",
    rubricItems: [{ feedback_key: "tone", is_required: true }],
  });
  await client.createAnnotationQueue({ name: "Weekly" });
  expect(await client.readAnnotationQueue(queue.id)).toMatchObject({
    name: "Daily",
    rubric_instructions: "Be fair.",
    rubric_items: [
      { feedback_key: "tone", is_required: true, feedback_config: { feedback_config: { max: 1 } } },
    ],
  });
  const names = async (options?: Parameters<Client["listAnnotationQueues"]>[0]) =>
    (await Array.fromAsync(client.listAnnotationQueues(options))).map(({ name }) => name);
  expect((await names()).toSorted((a, b) => a.localeCompare(b))).toEqual(["Daily", "Weekly"]);
  expect(await names({ nameContains: "week" })).toEqual(["Weekly"]);
  expect(await names({ queueIds: [queue.id] })).toEqual(["Daily"]);
  await client.updateAnnotationQueue(queue.id, { name: "Nightly" });
  expect(await client.annotationQueues.retrieve(queue.id)).toMatchObject({
    name: "Nightly",
    description: "every day",
  });
  await client.deleteAnnotationQueue(queue.id);
  await expect(client.readAnnotationQueue(queue.id)).rejects.toThrow(/404/);
});

it("shows runs one by one until each is reviewed", async () => {
  const { client } = await start();
  const ids = await makeRuns(client, ["one", "two", "three"]);
  const { id } = await client.createAnnotationQueue({ name: "q" });
  await client.addRunsToAnnotationQueue(id, ids);
  await client.addRunsToAnnotationQueue(id, ids.slice(0, 1)); // once more changes nothing
  expect(await client.getSizeFromAnnotationQueue(id)).toEqual({ size: 3 });
  const listed = await Array.fromAsync(client.listRunsFromAnnotationQueue(id));
  expect(listed.map(({ id: runId, inputs }) => [runId, inputs["of"] as string])).toEqual([
    [ids[0], "one"],
    [ids[1], "two"],
    [ids[2], "three"],
  ]);
  const first = await client.getRunFromAnnotationQueue(id, 0);
  expect(first).toMatchObject({ id: ids[0], name: "one", added_at: expect.any(String) as string });
  const { queue_run_id: item } = await client.annotationQueues.retrieveRun(0, { queue_id: id });
  await client.annotationQueues.createRunStatus(item, { status: "completed" });
  expect((await client.getRunFromAnnotationQueue(id, 0)).id).toBe(ids[1]);
  const done = await client.annotationQueues.runs.list(id, { status: "completed" });
  expect(done).toMatchObject([{ id: ids[0], completed_by: [expect.any(String)] }]);
  expect(await client.annotationQueues.retrieveSize(id)).toEqual({ size: 2 });
  expect(await client.annotationQueues.retrieveTotalSize(id)).toEqual({ size: 3 });
  expect(await client.annotationQueues.retrieveTotalArchived(id)).toEqual({ size: 1 });
  await client.createFeedback(ids[0] ?? "", "tone", { score: 0.5 });
  expect(await client.annotationQueues.export(id, {})).toMatchObject([
    { id: ids[0], feedback: [{ key: "tone", score: 0.5 }] },
  ]);
  await client.deleteRunFromAnnotationQueue(id, ids[1] ?? "");
  expect((await client.getRunFromAnnotationQueue(id, 0)).id).toBe(ids[2]);
  await expect(client.getRunFromAnnotationQueue(id, 5)).rejects.toThrow(/404/);
  const queues = await client.annotationQueues.retrieveQueues(ids[2] ?? "");
  expect(queues.map((queue) => queue.name)).toEqual(["q"]);
});

it("waits for as many reviewers as the queue asks for", async () => {
  const { client, server, apiUrl } = await start();
  const [run = ""] = await makeRuns(client, ["one"]);
  const made = await server.call("/admin/v1/keys", { name: "second", scopes: ["traces"] });
  const { key } = (await made.json()) as { key: string };
  const second = new Client({ apiUrl, apiKey: key });
  const { id } = await client.createAnnotationQueue({ name: "q" });
  await client.annotationQueues.update(id, { num_reviewers_per_item: 2 });
  const { items = [] } = await client.annotationQueues.items.create(id, {
    items: [{ item_type: "RUN", run_id: run }],
  });
  const item = items[0]?.id ?? "";
  const answer = await client.annotationQueues.items.createStatus(item, { status: "completed" });
  expect(answer).toMatchObject({ is_archived: false });
  const count = async (who: Client, status: string) =>
    (await who.annotationQueues.items.retrieveCount(id, { status })).count;
  expect(await count(client, "needs_my_review")).toBe(0);
  expect(await count(client, "needs_others_review")).toBe(1);
  expect(await count(second, "needs_my_review")).toBe(1);
  await second.annotationQueues.items.createStatus(item, { status: "completed" });
  expect(await count(second, "archived")).toBe(1);
  const placed = await client.annotationQueues.items.retrievePlacement(item, { queue_id: id });
  expect(placed).toMatchObject({ section: "archived", position: 0 });
});

it("takes threads, whole projects, and runs by key, page by page", async () => {
  const { client } = await start();
  const ids = await makeRuns(client, ["one", "two", "three"]);
  const project = await client.readProject({ projectName: "reviewed" });
  const { id } = await client.createAnnotationQueue({ name: "q" });
  const startTime = new Date();
  const sessionId = project.id;
  await client.addRunsToAnnotationQueue(id, [{ runId: ids[2] ?? "", sessionId, startTime }]);
  await client.annotationQueues.items.create(id, {
    items: [{ item_type: "THREAD", thread_id: "t-1", project_id: project.id }],
  });
  await client.annotationQueues.populate({ queue_id: id, session_ids: [project.id] });
  const pages = client.annotationQueues.items.list(id, { status: "needs_my_review", page_size: 2 });
  const items = await Array.fromAsync(pages);
  expect(items.map(({ run_id, thread_id }) => run_id ?? thread_id)).toEqual([
    ids[2],
    "t-1",
    ids[0],
    ids[1],
  ]);
  await client.annotationQueues.items.deleteAll(id, { item_ids: [items[1]?.id ?? ""] });
  await client.annotationQueues.runs.deleteAll(id, {
    delete_all: true,
    exclude_run_ids: [ids[0] ?? ""],
  });
  expect(await client.annotationQueues.retrieveTotalSize(id)).toEqual({ size: 1 });
});

it("keeps tenants apart", async () => {
  const { client, server, apiUrl } = await start();
  const [run = ""] = await makeRuns(client, ["one"]);
  const { id } = await client.createAnnotationQueue({ name: "q" });
  const { items = [] } = await client.annotationQueues.items.create(id, {
    items: [{ item_type: "RUN", run_id: run }],
  });
  await server.call("/admin/v1/tenants", { id: "shop" });
  const wish = { name: "shop's", tenant: "shop", scopes: ["traces"] };
  const { key } = (await (await server.call("/admin/v1/keys", wish)).json()) as { key: string };
  const shop = new Client({ apiUrl, apiKey: key });
  expect(await Array.fromAsync(shop.listAnnotationQueues())).toEqual([]);
  await expect(shop.readAnnotationQueue(id)).rejects.toThrow(/404/);
  await expect(shop.deleteAnnotationQueue(id)).rejects.toThrow(/404/);
  const item = items[0]?.id ?? "";
  const review = shop.annotationQueues.items.createStatus(item, { status: "completed" });
  await expect(review).rejects.toThrow(/404/);
  const own = await shop.createAnnotationQueue({ name: "q" });
  await expect(shop.addRunsToAnnotationQueue(own.id, [run])).rejects.toThrow(/404.*run_id/);
});

it("serves an older client as well", async () => {
  const { client, apiUrl } = await start();
  const old = new Client03({ apiUrl, apiKey: ADMIN_KEY });
  const ids = await makeRuns(client, ["one"]);
  const queue = await old.createAnnotationQueue({ name: "old" });
  await old.addRunsToAnnotationQueue(queue.id, ids);
  expect((await old.getRunFromAnnotationQueue(queue.id, 0)).name).toBe("one");
  expect(await old.getSizeFromAnnotationQueue(queue.id)).toEqual({ size: 1 });
  await old.deleteAnnotationQueue(queue.id);
});

it("keeps what scores may be, and changes categories", async () => {
  const { client } = await start();
  const feedbackConfig = {
    type: "categorical" as const,
    categories: [
      { value: 0, label: "bad" },
      { value: 1, label: "good" },
    ],
  };
  const made = await client.createFeedbackConfig({ feedbackKey: "verdict", feedbackConfig });
  expect(await client.createFeedbackConfig({ feedbackKey: "verdict", feedbackConfig })).toEqual(
    made,
  );
  const other = { feedbackKey: "verdict", feedbackConfig: { type: "freeform" as const } };
  await expect(client.createFeedbackConfig(other)).rejects.toThrow(/409/);
  await client.addFeedbackCategories("verdict", [{ value: 2, label: "great" }]);
  const clash = client.addFeedbackCategories("verdict", [{ value: 3, label: "great" }]);
  await expect(clash).rejects.toThrow(/400.*add_categories/);
  const left = await client.removeFeedbackCategories("verdict", [0]);
  expect(left.feedback_config.categories?.map(({ value }) => value)).toEqual([1, 2]);
  await expect(client.removeFeedbackCategories("verdict", [1])).rejects.toThrow(/at least two/);
  await client.updateFeedbackConfig("verdict", { isLowerScoreBetter: true });
  const listed = await Array.fromAsync(client.listFeedbackConfigs({ nameContains: "verd" }));
  expect(listed).toMatchObject([{ feedback_key: "verdict", is_lower_score_better: true }]);
  await client.deleteFeedbackConfig("verdict");
  expect(await Array.fromAsync(client.listFeedbackConfigs())).toEqual([]);
});

it.each<[method: string, path: string, body: unknown, status: number, field: string]>([
  ["POST", "/annotation-queues", {}, 400, "name"],
  [
    "PATCH",
    "/annotation-queues/QUEUE",
    { num_reviewers_per_item: 0 },
    400,
    "num_reviewers_per_item",
  ],
  ["GET", "/annotation-queues/no-uuid", undefined, 422, "queue"],
  ["GET", "/annotation-queues/QUEUE/runs?status=odd", undefined, 400, "status"],
  ["POST", "/annotation-queues/QUEUE/runs", ["no-uuid"], 400, "[0]"],
  ["POST", "/annotation-queues/QUEUE/runs", [crypto.randomUUID()], 404, "run_id"],
  ["GET", "/annotation-queues/QUEUE/run/0", undefined, 404, "index"],
  ["GET", "/annotation-queues/QUEUE/run/-1", undefined, 404, "index"],
  ["POST", "/platform/annotation-queues/QUEUE/items", { items: [{}] }, 400, "items[0].run_id"],
  ["POST", "/feedback-configs", { feedback_key: "k" }, 400, "feedback_config"],
  [
    "POST",
    "/feedback-configs",
    { feedback_key: "k", feedback_config: { type: "continuous", min: 2, max: 1 } },
    400,
    "feedback_config.max",
  ],
  ["DELETE", "/feedback-configs", undefined, 400, "feedback_key"],
])("%s %s with %j is refused naming the field", async (method, path, body, status, field) => {
  const { client, server } = await start();
  const { id } = await client.createAnnotationQueue({ name: "q" });
  const answer = await server.call(`/api/v1${path.replace("QUEUE", id)}`, body, { method });
  const { param } = (await answer.json()) as { param?: string };
  expect({ status: statusOf(answer), param }).toEqual({ status, param: field });
});
