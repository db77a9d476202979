import { z } from "zod";
import { ROLES, SCOPES } from "../core/access.ts";
import { PRIORITIES } from "../core/call.ts";
import { parseDollars } from "../core/money.ts";

/** Keys, tenants, users and sign-ins in `/admin/v1`. Times are epoch milliseconds. Fields are only ever added. */

const count = z.int().min(1);
const nanos = z.int().min(1);
const amount = z
  .union([
    nanos,
    z.string().refine((text) => (parseDollars(text) ?? 0) > 0, {
      error: 'expected nano-dollars, or an amount such as "20 USD"',
    }),
  ])
  .transform((value) => (typeof value === "number" ? value : (parseDollars(value) ?? 0)))
  .describe('nano-dollars, or an amount such as "20 USD"');

/** What somebody may use; what is absent does not limit. */
export const LimitsRow = z.object({
  requestsPerMinute: z.number().optional(),
  requestsPerDay: z.number().optional(),
  tokensPerMinute: z.number().optional(),
  tokensPerDay: z.number().optional(),
  tokensPerMonth: z.number().optional(),
  concurrency: z.number().optional().describe("calls at the same time"),
  costPerMinute: z.number().optional().describe("nano-dollars"),
  costPerDay: z.number().optional().describe("nano-dollars"),
  costPerMonth: z.number().optional().describe("nano-dollars"),
});
export type LimitsRow = z.infer<typeof LimitsRow>;

export const LimitsWish = z.strictObject({
  requestsPerMinute: count.optional(),
  requestsPerDay: count.optional(),
  tokensPerMinute: count.optional(),
  tokensPerDay: count.optional(),
  tokensPerMonth: count.optional(),
  concurrency: count.optional(),
  costPerMinute: amount.optional(),
  costPerDay: amount.optional(),
  costPerMonth: amount.optional(),
});

const Scopes = z
  .array(z.enum(SCOPES))
  .min(1, "a key needs at least one scope")
  .transform((scopes) => [...new Set(scopes)]);

/** `*` at the end stands for any rest; elsewhere it would promise more than it keeps. */
const Models = z
  .array(
    z
      .string()
      .regex(/^[\w./:@-]*\*?$/, {
        error: 'expected a model\'s name, with * only at its end: "gpt-*"',
      })
      .min(1, "expected a model's name"),
  )
  .max(200)
  .nullable()
  .describe("the models that may be asked for, `*` at the end of a name for any rest; null: all");

const Note = z.string().max(500).nullable();
const Metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((entries) => Object.keys(entries).length <= 16, { error: "expected at most 16 entries" });

/** GET /admin/v1/keys; the secret itself is shown once, in the answers that make one. */
export const KeyRow = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string().describe("the first characters, to tell keys apart"),
  scopes: z.array(z.enum(SCOPES)),
  tenant: z.string().describe("the tenant's id"),
  state: z.enum(["active", "expired", "revoked", "disabled"]).describe("disabled: its tenant is"),
  createdAt: z.number(),
  lastUsedAt: z.number().nullable(),
  expiresAt: z.number().nullable(),
  previousUntil: z
    .number()
    .nullable()
    .describe("until when the secret before the last rotation is good as well"),
  models: z.array(z.string()).nullable(),
  limits: LimitsRow,
  priority: z.enum(PRIORITIES).nullable(),
  note: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  revoked: z.boolean(),
  fixed: z.boolean().describe("set by WEIR_ADMIN_KEY: only to be changed there"),
});
export type KeyRow = z.infer<typeof KeyRow>;
export const KeyList = z.object({ keys: z.array(KeyRow) });
export const CreatedKey = KeyRow.extend({ key: z.string().describe("shown once, kept as a hash") });
export type CreatedKey = z.infer<typeof CreatedKey>;

const KeyFields = {
  name: z.string().trim().min(1).max(100),
  scopes: Scopes,
  tenant: z.string(),
  expiresAt: z.int().nullable().describe("epoch milliseconds; null: never"),
  models: Models,
  limits: LimitsWish,
  priority: z.enum(PRIORITIES).nullable().describe("the highest that its calls may ask for"),
  note: Note,
  metadata: Metadata,
};

/** POST /admin/v1/keys. */
export const NewKey = z.strictObject({
  name: KeyFields.name,
  scopes: KeyFields.scopes.default(["inference"]),
  tenant: KeyFields.tenant.default("default"),
  expiresAt: KeyFields.expiresAt.default(null),
  models: KeyFields.models.default(null),
  limits: KeyFields.limits.default({}),
  priority: KeyFields.priority.default(null),
  note: KeyFields.note.default(null),
  metadata: KeyFields.metadata.default({}),
});
export type NewKey = z.infer<typeof NewKey>;

/** PATCH /admin/v1/keys/:id: what is absent stays; `limits`, `models` and `metadata` are replaced whole. */
export const KeyChange = z.strictObject(KeyFields).partial();
export type KeyChange = z.infer<typeof KeyChange>;

const DAY_SECONDS = 86_400;

/** POST /admin/v1/keys/:id/rotate. */
export const KeyRotation = z
  .strictObject({
    graceSeconds: z
      .int()
      .min(0)
      .max(365 * DAY_SECONDS)
      .default(DAY_SECONDS)
      .describe("how long the old secret stays good; 0: it ends at once"),
  })
  .nullish()
  .transform((wish) => ({ graceSeconds: wish?.graceSeconds ?? DAY_SECONDS }));

export const TenantRow = z.object({
  id: z.string(),
  name: z.string(),
  limits: LimitsRow,
  models: z.array(z.string()).nullable(),
  createdAt: z.number(),
  disabled: z.boolean(),
  keys: z.number().describe("how many of its keys are not revoked"),
});
export type TenantRow = z.infer<typeof TenantRow>;
export const TenantList = z.object({ tenants: z.array(TenantRow) });

const TenantFields = {
  name: z.string().trim().min(1).max(100),
  limits: LimitsWish,
  models: Models,
  disabled: z.boolean(),
};
export const TENANT_ID = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** POST /admin/v1/tenants. */
export const NewTenant = z.strictObject({
  id: z.string().regex(TENANT_ID, {
    error: "expected up to 63 small letters, digits and ._- that begin with a letter or digit",
  }),
  name: TenantFields.name.optional().describe("absent: the id"),
  limits: TenantFields.limits.default({}),
  models: TenantFields.models.default(null),
  disabled: TenantFields.disabled.default(false),
});
export type NewTenant = z.infer<typeof NewTenant>;

/** PATCH /admin/v1/tenants/:id. */
export const TenantChange = z.strictObject(TenantFields).partial();
export type TenantChange = z.infer<typeof TenantChange>;

/** GET /admin/v1/users: who signed in by way of an identity provider. */
export const UserRow = z.object({
  id: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  subject: z.string(),
  issuer: z.string(),
  role: z.enum(ROLES).describe("as of the last sign-in"),
  createdAt: z.number(),
  lastSignInAt: z.number(),
});
export type UserRow = z.infer<typeof UserRow>;
export const UserList = z.object({ users: z.array(UserRow) });

/** GET /admin/v1/session: who is signed in. 401 when nobody is. */
export const Session = z.object({
  key: z.string().describe("the key's name, or the user's e-mail"),
  scopes: z.array(z.string()),
  role: z.enum(ROLES),
  user: z.object({ email: z.string().nullable(), name: z.string().nullable() }).nullable(),
  version: z.string(),
});
export type Session = z.infer<typeof Session>;
export const Login = z.strictObject({ key: z.string().min(1) });

/** GET /auth/options: how somebody may sign in. Asked before anybody is. */
export const SignInOptions = z.object({
  oidc: z.object({ label: z.string(), url: z.string() }).nullable(),
});
export type SignInOptions = z.infer<typeof SignInOptions>;

/** POST /auth/logout: where the browser goes to sign out at the provider too. */
export const SignedOut = z.object({ url: z.string().nullable() });
