import { z } from "zod";

/** Pulled models. */
export const Library = z
  .strictObject({
    hub: z
      .url({ protocol: /^https?$/, error: "expected an address such as https://hub.example" })
      .optional()
      .describe(
        "The model hub, or a mirror that speaks as it does; HF_ENDPOINT in the environment wins. HF_TOKEN opens what is gated.",
      ),
    allowedHosts: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "Hosts of private addresses, or without TLS, from which the dashboard and the admin API may pull. The hub's own host may always be asked.",
      ),
  })
  .prefault({})
  .describe("Where models are pulled from.");
