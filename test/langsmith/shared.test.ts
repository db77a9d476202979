import { randomUUID } from "node:crypto";
import { RunTree } from "langsmith";
import { expect, it } from "vitest";
import { type Wire, keyOf, read, start, trace } from "./clients.ts";

/** What others may read by a link, and what is taken back. */

it("shares a trace with whoever has its link, nothing else, and takes that back", async () => {
  const { server, client } = await start();
  const { id, child } = await trace(server);
  const other = await trace(server);
  expect(await client.readRunSharedLink(id)).toBeUndefined();
  const link = await client.shareRun(id);
  expect(await client.shareRun(id)).toBe(link);
  const token = /\/public\/([^/]+)\/r$/.exec(link)?.[1] ?? "";
  const open = async (path: string, init?: RequestInit) =>
    fetch(`${server.url}/public/${token}${path}`, init);
  expect(await (await open("/run")).json()).toMatchObject({ id, outputs: { answer: "red fox" } });
  expect(await (await open(`/run/${child}`)).json()).toMatchObject({ id: child });
  expect((await open(`/run/${other.id}`)).status).toBe(404);
  const shared = await client.listSharedRuns(token);
  expect(shared.map((run) => run.id).toSorted()).toEqual([id, child].toSorted());
  expect(await client.listSharedRuns(token, { runIds: [child] })).toMatchObject([{ id: child }]);
  const asked = {
    method: "POST",
    body: JSON.stringify({ trace: other.id, session: [randomUUID()] }),
  };
  expect(((await (await open("/runs/query", asked)).json()) as { runs: Wire[] }).runs).toHaveLength(
    2,
  );
  const { items = [] } = await client.public.runs.query(token, { selects: ["ID"] });
  expect(items).toHaveLength(2);
  expect(
    await client.public.runs.retrieve(child, {
      share_token: token,
      selects: ["NAME"],
      start_time: new Date().toISOString(),
    }),
  ).toEqual({ name: "model" });
  await client.unshareRun(id);
  expect((await open("/run")).status).toBe(404);
});

it("shares a whole trace by the second version's routes", async () => {
  const { server, client } = await start();
  const { id, child, project } = await trace(server);
  const { share_token: token = "" } = await client.runs.share.create(child, {
    session_id: project,
    trace_id: id,
  });
  expect((await fetch(`${server.url}/public/${token}/run`)).status).toBe(200);
  expect(await client.runs.retrieve(id, { project_id: project, selects: ["SHARE_URL"] })).toEqual({
    share_url: `/public/${token}/r`,
  });
  await client.runs.share.delete(id, { session_id: project });
  expect((await fetch(`${server.url}/public/${token}/run`)).status).toBe(404);
});

it("hands out attachments by signed links that need no key", async () => {
  const { server, client } = await start("models: {}\ntraces: { capture: full }");
  const bytes = Uint8Array.from({ length: 5000 }, (_, index) => (index * 7) % 256);
  const run = new RunTree({
    name: "with a picture",
    client,
    project_name: "shop",
    inputs: {},
    attachments: {
      picture: ["image/png", bytes],
      page: ["text/html", new TextEncoder().encode("<b>x</b>")],
    },
  });
  await run.postRun();
  await run.end({});
  await run.patchRun();
  await client.flush();
  const { s3_urls: urls } = (await read(server, `/runs/${run.id}`)) as {
    s3_urls: Record<string, { presigned_url: string }>;
  };
  const picture = await fetch(urls["attachment.picture"]?.presigned_url ?? "");
  expect(picture.headers.get("content-type")).toBe("image/png");
  expect(new Uint8Array(await picture.arrayBuffer())).toEqual(bytes);
  const page = await fetch(urls["attachment.page"]?.presigned_url ?? "");
  // A page of somebody's is never shown as one of ours.
  expect([page.headers.get("content-type"), page.headers.get("content-disposition")]).toEqual([
    "application/octet-stream",
    "attachment",
  ]);
  const forged = (urls["attachment.page"]?.presigned_url ?? "").replace(/.$/, (last) =>
    last === "A" ? "B" : "A",
  );
  expect((await fetch(forged)).status).toBe(404);
});

it("deletes runs and traces, of its own tenant only", async () => {
  const { server, client } = await start();
  const [kept, gone] = [await trace(server), await trace(server)];
  const tracer = await keyOf(server, { scopes: ["traces"] });
  const answer = await server.call(
    "/api/v1/runs/delete",
    { session_id: gone.project, trace_ids: [gone.id] },
    { headers: { authorization: `Bearer ${tracer}` } },
  );
  expect(await answer.json()).toMatchObject({ deleted: 2 });
  const left = await Array.fromAsync(client.listRuns({ projectName: "shop" }));
  expect(left.map(({ id }) => id).toSorted()).toEqual([kept.id, kept.child].toSorted());
});
