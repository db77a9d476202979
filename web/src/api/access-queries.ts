import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type {
  CreatedKey,
  KeyRow,
  SignInOptions,
  TenantRow,
  UserRow,
} from "../../../src/http/access-schemas.ts";
import type { LimitList, SpendList } from "../../../src/http/limit-schemas.ts";
import { patch, post, read, remove } from "./client.ts";

/** Keys, tenants, users and what they have used. */

const LIMITS_EVERY_MS = 5000;
const SPEND_EVERY_MS = 15_000;

/** What can be said of a key; an edit says only what changes. */
export type KeyWish = Pick<
  KeyRow,
  "name" | "scopes" | "tenant" | "expiresAt" | "models" | "limits" | "priority" | "note"
>;
export type TenantWish = Pick<TenantRow, "name" | "limits" | "models">;

/** How one may sign in; asked before anybody is there. */
export function useSignInOptions() {
  return useQuery({
    queryKey: ["sign-in-options"],
    queryFn: ({ signal }) => read<SignInOptions>("/auth/options", signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useKeys() {
  return useQuery({
    queryKey: ["keys"],
    queryFn: ({ signal }) => read<{ keys: KeyRow[] }>("/admin/v1/keys", signal),
  });
}

export function useTenants() {
  return useQuery({
    queryKey: ["tenants"],
    queryFn: ({ signal }) => read<{ tenants: TenantRow[] }>("/admin/v1/tenants", signal),
  });
}

export function useUsers() {
  return useQuery({
    queryKey: ["users"],
    queryFn: ({ signal }) => read<{ users: UserRow[] }>("/admin/v1/users", signal),
  });
}

/** What of their limits keys and tenants have used, every few seconds. */
export function useLimits() {
  return useQuery({
    queryKey: ["limits"],
    queryFn: ({ signal }) => read<LimitList>("/admin/v1/limits", signal),
    refetchInterval: LIMITS_EVERY_MS,
  });
}

/** What keys and tenants have spent today and this month. */
export function useSpend() {
  return useQuery({
    queryKey: ["spend"],
    queryFn: ({ signal }) => read<SpendList>("/admin/v1/spend", signal),
    refetchInterval: SPEND_EVERY_MS,
  });
}

export function useCreateKey() {
  return useChange((wish: KeyWish) => post<CreatedKey>("/admin/v1/keys", wish));
}

export function useEditKey(id: string) {
  return useChange((wish: KeyWish) => patch<KeyRow>(pathOf("keys", id), wish));
}

export function useRotateKey(id: string) {
  return useChange((graceSeconds: number) =>
    post<CreatedKey>(`${pathOf("keys", id)}/rotate`, { graceSeconds }),
  );
}

export function useRevokeKey(id: string) {
  return useChange(() => remove(pathOf("keys", id)));
}

export function useCreateTenant() {
  return useChange((wish: TenantWish & { id: string }) =>
    post<TenantRow>("/admin/v1/tenants", wish),
  );
}

export function useEditTenant(id: string) {
  return useChange((wish: Partial<TenantWish> & { disabled?: boolean }) =>
    patch<TenantRow>(pathOf("tenants", id), wish),
  );
}

export function useDropTenant(id: string) {
  return useChange(() => remove(pathOf("tenants", id)));
}

function pathOf(what: "keys" | "tenants", id: string): string {
  return `/admin/v1/${what}/${encodeURIComponent(id)}`;
}

/** A change of one may show in the other: how many keys a tenant has, whether a key's is disabled. */
function useChange<Wish, Answer>(change: (wish: Wish) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all(
        ["keys", "tenants", "limits"].map((name) => client.invalidateQueries({ queryKey: [name] })),
      ),
  });
}
