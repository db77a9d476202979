import type { FastifyInstance } from "fastify";

/** SDKs warn about older ones than 0.18.0 when their newer reads are used. */
const LANGSMITH_VERSION = "0.18.0";

/**
 * What SDKs ask before they send anything. `batch_ingest_config` is whole: without one of its fields
 * the Python SDK's sending thread dies. `ch_query_enabled` and `sdb_query_enabled` are left out: so
 * SDKs use the reads that every release has.
 */
const INFO = {
  version: LANGSMITH_VERSION,
  batch_ingest_config: {
    use_multipart_endpoint: true,
    size_limit: 100,
    size_limit_bytes: 20_971_520,
    scale_up_qsize_trigger: 1000,
    scale_up_nthreads_limit: 16,
    scale_down_nempty_trigger: 4,
  },
  instance_flags: {
    gzip_body_enabled: true,
    zstd_compression_enabled: true,
    dataset_examples_multipart_enabled: true,
    examples_multipart_enabled: true,
  },
};

/** `GET /info`, which needs no key. */
export function infoRoutes(app: FastifyInstance, { version }: { readonly version: string }): void {
  app.get("/api/v1/info", async () => ({ ...INFO, server: `weir ${version}` }));
}
