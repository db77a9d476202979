import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { WeirError } from "../../core/errors.ts";

export interface PagesNeeds {
  /** The built dashboard; absent when it was not built. */
  readonly dashboardFolder: string;
  /** Swagger UI's files, shipped in its package. */
  readonly docsFolder: string;
}

/** The docs page, which Swagger UI draws from /openapi.json. Its scripts are files: the CSP allows no others. */
const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Weir API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<main id="docs"><p>Loading the API reference. It needs JavaScript; the same document is at <a href="/openapi.json">/openapi.json</a>.</p></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>
</body>
</html>
`;

const DOCS_SCRIPT = `const dark = matchMedia("(prefers-color-scheme: dark)");
const show = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", show);
show();
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", deepLinking: true, tryItOutEnabled: true });
`;

const DOCS_STYLE = `body { margin: 0; font-family: system-ui, sans-serif; }
main > p { padding: 2rem; }
html.dark-mode, html.dark-mode body { background: #14181b; color: #e8ecee; }
`;

/** The dashboard, the API's docs, and a 404 that fits who asked: a page for browsers, JSON for programs. */
export async function pageRoutes(app: FastifyInstance, needs: PagesNeeds): Promise<void> {
  app.get("/docs", async (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(DOCS_PAGE),
  );
  app.get("/docs/page.js", async (_request, reply) =>
    reply.type("text/javascript; charset=utf-8").send(DOCS_SCRIPT),
  );
  app.get("/docs/page.css", async (_request, reply) =>
    reply.type("text/css; charset=utf-8").send(DOCS_STYLE),
  );
  await app.register(fastifyStatic, {
    root: needs.docsFolder,
    prefix: "/docs/assets/",
    decorateReply: false,
    index: false,
  });

  const hasDashboard = existsSync(join(needs.dashboardFolder, "index.html"));
  if (hasDashboard) {
    await app.register(fastifyStatic, {
      root: needs.dashboardFolder,
      prefix: "/",
      setHeaders(response, path) {
        // Built files carry a hash in their names; the page that names them does not.
        const isHashed = path.includes("/assets/");
        void response.header(
          "cache-control",
          isHashed ? "public, max-age=31536000, immutable" : "no-cache",
        );
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const wantsPage = request.method === "GET" && request.headers.accept?.includes("text/html");
    if (wantsPage && hasDashboard) return reply.sendFile("index.html");
    if (wantsPage) {
      return reply
        .code(404)
        .type("text/plain")
        .send("The dashboard is not built. Run: npm run build\n");
    }
    throw notFound(request.method, request.url);
  });
}

const POST_ONLY = /^\/v1\/(?:chat\/completions|completions|embeddings)$/;

function notFound(method: string, url: string): WeirError {
  const path = url.split("?")[0] ?? url;
  if (POST_ONLY.test(path)) {
    return new WeirError("method_not_allowed", `${path} takes POST, not ${method}.`);
  }
  return new WeirError(
    "not_found",
    `There is nothing at ${method} ${path.slice(0, 200)}. The API is described at /docs; inference is at /v1/chat/completions.`,
  );
}
