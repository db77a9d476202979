import { z } from "zod";
import { duration, environmentVariable } from "./fields.ts";

/** Who may sign in to the dashboard, beside those who have a key. */

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** https, but for a provider on this machine: an identity must not be read on its way. */
const secureUrl = z.url({ protocol: /^https?$/, error: "expected an https:// URL" }).refine(
  (text) => {
    const url = URL.parse(text); // null was told above
    return url === null || url.protocol === "https:" || LOOPBACK.test(url.hostname);
  },
  { error: "expected https:// (http:// is taken for localhost only)" },
);

const claimValues = z.array(z.string().min(1)).default([]);

const Oidc = z
  .strictObject({
    issuer: secureUrl.describe("As the provider names itself: its /.well-known is read there."),
    clientId: z.string().min(1),
    clientSecretEnv: environmentVariable
      .optional()
      .describe("The variable that holds the client's secret. Absent: a public client."),
    scopes: z.array(z.string().min(1)).default(["openid", "profile", "email"]),
    redirectUrl: z
      .url({ protocol: /^https?$/, error: "expected a URL that ends in /auth/callback" })
      .refine((text) => text.endsWith("/auth/callback"), {
        error: "expected a URL that ends in /auth/callback",
      })
      .optional()
      .describe("As registered at the provider. Absent: the address that the browser asked."),
    rolesClaim: z
      .string()
      .min(1)
      .default("groups")
      .describe("Where the provider says what somebody is; dots lead into objects."),
    roles: z
      .strictObject({ admin: claimValues, operator: claimValues, viewer: claimValues })
      .prefault({})
      .describe("Which of the claim's values make somebody what. The highest counts."),
    defaultRole: z
      .enum(["viewer", "none"])
      .default("none")
      .describe("What somebody is whom no value makes anything."),
    label: z.string().min(1).max(60).default("single sign-on").describe("On the login page."),
    session: duration("12h").describe("How long a sign-in lasts; the role is read anew at each."),
  })
  .describe("Sign-in by way of an OpenID Connect provider.");
export type OidcConfig = z.infer<typeof Oidc>;

export const Access = z
  .strictObject({ oidc: Oidc.optional() })
  .prefault({})
  .describe("Who may use the dashboard.");
