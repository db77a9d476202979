import { createHash } from "node:crypto";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/**
 * A double of the model hub, from its documented wire format: the API with sizes and hashes, `resolve` that
 * leads to another host by a signed address, ranges, gated and private repositories, and broken connections.
 */
export interface Hub {
  readonly endpoint: string;
  /** Bytes of content that were sent. */
  sent: number;
  /** Every request: its path, and whether it had a token. */
  readonly asked: { readonly path: string; readonly hasToken: boolean }[];
  /** Cuts the connection after so many bytes of an answer, so many times. */
  breaks: { after: number; times: number };
  /** Waits before each piece of content, until it is told to go on. */
  gate: Promise<void> | undefined;
  /** What the API says of sizes and hashes, where that is not the truth. */
  lies: { readonly bytes?: number; readonly sha256?: string };
  ranges: boolean;
  token: string | undefined;
}

export async function startHub(
  repositories: Readonly<Record<string, Readonly<Record<string, Buffer>>>>,
): Promise<Hub> {
  const hub: Hub = {
    endpoint: "",
    sent: 0,
    asked: [],
    breaks: { after: 0, times: 0 },
    gate: undefined,
    lies: {},
    ranges: true,
    token: undefined,
  };
  const content = await listen((request, response) => void send(request, response));
  const api = await listen((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://hub");
    hub.asked.push({ path: pathname, hasToken: request.headers.authorization !== undefined });
    const [, id = ""] = /^\/(?:api\/models\/)?([\w.-]+\/[\w.-]+)\/re/.exec(pathname) ?? [];
    const files = repositories[id];
    const isAllowed =
      hub.token === undefined || request.headers.authorization === `Bearer ${hub.token}`;
    if (!files || !isAllowed) {
      const gated = files !== undefined;
      response.writeHead(gated ? 403 : 401, {
        "x-error-code": gated ? "GatedRepo" : "RepoNotFound",
      });
      response.end('{"error":"…"}');
    } else if (pathname.startsWith("/api/")) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(describe(id, files, hub.lies)));
    } else {
      const name = decodeURIComponent(
        pathname.split("/resolve/")[1]?.replace(/^[^/]+\//, "") ?? "",
      );
      response.writeHead(302, { location: `${content}/${id}/${name}?signature=secret` });
      response.end();
    }
  });

  async function send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://content");
    hub.asked.push({ path: pathname, hasToken: request.headers.authorization !== undefined });
    const [, id = "", name = ""] = /^\/([^/]+\/[^/]+)\/(.+)$/.exec(pathname) ?? [];
    const bytes = repositories[id]?.[name];
    const [, from = "0", to = "0"] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    if (!hub.ranges) {
      response.writeHead(200, { "content-length": bytes.length }).end(bytes);
      return;
    }
    const part = bytes.subarray(Number(from), Number(to) + 1);
    response.writeHead(206, {
      "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`,
      "content-length": part.length,
      etag: `"${sha256(bytes).slice(0, 12)}"`,
    });
    const isCut = hub.breaks.times > 0 && part.length > hub.breaks.after;
    if (isCut) hub.breaks.times -= 1;
    const given = isCut ? part.subarray(0, hub.breaks.after) : part;
    await hub.gate;
    hub.sent += given.length;
    response.write(given, () => (isCut ? response.destroy() : response.end()));
  }

  Object.assign(hub, { endpoint: api });
  return hub;
}

function describe(
  id: string,
  files: Readonly<Record<string, Buffer>>,
  lies: Hub["lies"],
): Record<string, unknown> {
  return {
    _id: "0",
    id,
    sha: "a".repeat(40),
    gated: false,
    cardData: { license: "apache-2.0" },
    siblings: Object.entries(files).map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: "b".repeat(40),
      lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134, ...rename(lies) },
    })),
  };
}

function rename({ bytes, sha256: hash }: Hub["lies"]) {
  return {
    ...(bytes !== undefined && { size: bytes }),
    ...(hash !== undefined && { sha256: hash }),
  };
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function listen(handle: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return `http://127.0.0.1:${port}`;
}
