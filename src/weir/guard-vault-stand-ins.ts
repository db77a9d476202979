import { setImmediate as turn } from "node:timers/promises";
import { type Told, inGroupsOf, sameFor, withParts } from "../guard/vault/grouping.ts";
import { placeholderFor } from "../guard/vault/placeholder.ts";
import { MOST_ATTEMPTS, type StandIns } from "../guard/vault/vault.ts";
import type { Mapping } from "../guard/vault/vault-keys.ts";
import type { VaultKeeper } from "./guard-vault-keeper.ts";

/** Whose values these are. `user` is who the request says, "" where it does not. */
interface Owner {
  readonly tenant: string;
  readonly user: string;
}

/** So many values are looked up at once; then other calls go on. */
const AT_ONCE = 200;

/**
 * Placeholders for a request's values, as they were before and as every replica gives them. A value that
 * is a known placeholder stands for itself, and answers get what it stands for. Never rejects.
 */
export async function keptStandIns(
  values: readonly Told[],
  owner: Owner,
  keeper: VaultKeeper,
): Promise<StandIns> {
  const search = new Search(values, owner, keeper);
  for (let at = 0; at < values.length; at += AT_ONCE) {
    if (at > 0) await turn();
    let open = await search.withoutKnown(values.slice(at, at + AT_ONCE));
    for (let attempt = 0; open.length > 0 && attempt < MOST_ATTEMPTS; attempt++) {
      open = await search.attempt(open, attempt);
    }
  }
  return search;
}

class Search implements StandIns {
  readonly placeholders = new Map<string, string>();
  readonly mappings: Mapping[] = [];
  private readonly owner: Owner;
  private readonly keeper: VaultKeeper;
  /** Names that are given in this request, and to which value. */
  private readonly taken: Map<string, string>;

  constructor(values: readonly Told[], owner: Owner, keeper: VaultKeeper) {
    this.owner = owner;
    this.keeper = keeper;
    this.taken = new Map(values.map((told) => [sameFor(told), ""]));
  }

  /** Notes those that are placeholders themselves, and gives the others. */
  async withoutKnown(values: readonly Told[]): Promise<Told[]> {
    const { tenant } = this.owner;
    const known = await this.keeper.find(tenant, values.map(sameFor));
    return values.filter((told) => {
      const there = known.get(sameFor(told)) ?? [];
      const [kept] = there;
      if (!kept) return true;
      const placeholder = told.value;
      const original = inGroupsOf(placeholder, kept.mapping);
      this.placeholders.set(placeholder, placeholder);
      this.mappings.push(...withParts({ ...kept.mapping, placeholder, original }));
      this.keeper.keep(tenant, kept.mapping, there);
      return false;
    });
  }

  /** Gives those whose placeholder is another value's. */
  async attempt(values: readonly Told[], attempt: number): Promise<Told[]> {
    const { tenant, user } = this.owner;
    const key = this.keeper.rules?.keys.of(tenant).current.placeholders;
    if (!key) return [];
    const tried = values.map((told) => {
      const placeholder = placeholderFor(told, key, attempt);
      return { told, placeholder, name: sameFor({ ...told, value: placeholder }) };
    });
    const known = await this.keeper.find(
      tenant,
      tried.map(({ name }) => name),
    );
    return tried.flatMap(({ told, placeholder, name }) => {
      const same = sameFor(told);
      const there = known.get(name) ?? [];
      const isOthers = there.some(
        ({ mapping }) => sameFor({ ...told, value: mapping.original }) !== same,
      );
      if (isOthers || (this.taken.get(name) ?? same) !== same) return [told];
      const mapping = { placeholder, original: told.value, detector: told.detector, user };
      this.taken.set(name, same);
      this.placeholders.set(told.value, placeholder);
      this.mappings.push(...withParts(mapping));
      this.keeper.keep(tenant, mapping, there);
      return [];
    });
  }
}
