import { setImmediate as turn } from "node:timers/promises";
import { type Told, inGroupsOf, sameFor, withParts } from "../guard/vault/grouping.ts";
import { placeholderFor } from "../guard/vault/placeholder.ts";
import { MOST_ATTEMPTS, type StandIns } from "../guard/vault/vault.ts";
import type { Mapping } from "../guard/vault/vault-keys.ts";
import type { VaultKeeper } from "./guard-vault-keeper.ts";
import type { Kept } from "./guard-vault-waiting.ts";

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
    let open = await search.first(values.slice(at, at + AT_ONCE));
    for (let attempt = 1; open.length > 0 && attempt < MOST_ATTEMPTS; attempt++) {
      open = await search.again(open, attempt);
    }
  }
  return search;
}

/** A value, a placeholder that it may get, and that one's name. */
interface Try {
  readonly told: Told;
  readonly placeholder: string;
  readonly name: string;
}

type Known = ReadonlyMap<string, readonly Kept[]>;

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

  /** Notes those that are placeholders themselves. Gives those that need another attempt. */
  async first(values: readonly Told[]): Promise<Told[]> {
    const tries = this.triesOf(values, 0);
    // Both in one question: whether they are placeholders, and whether theirs are taken.
    const names = [...values.map(sameFor), ...tries.map(({ name }) => name)];
    const known = await this.keeper.find(this.owner.tenant, names);
    return this.withoutTaken(
      tries.filter(({ told }) => !this.isPlaceholder(told, known)),
      known,
    );
  }

  async again(values: readonly Told[], attempt: number): Promise<Told[]> {
    const tries = this.triesOf(values, attempt);
    const names = tries.map(({ name }) => name);
    return this.withoutTaken(tries, await this.keeper.find(this.owner.tenant, names));
  }

  private triesOf(values: readonly Told[], attempt: number): Try[] {
    const key = this.keeper.rules?.keys.of(this.owner.tenant).current.placeholders;
    if (!key) return [];
    return values.map((told) => {
      const placeholder = placeholderFor(told, key, attempt);
      return { told, placeholder, name: sameFor({ ...told, value: placeholder }) };
    });
  }

  private isPlaceholder(told: Told, known: Known): boolean {
    const there = known.get(sameFor(told)) ?? [];
    const [kept] = there;
    if (!kept) return false;
    const placeholder = told.value;
    const original = inGroupsOf(placeholder, kept.mapping);
    this.placeholders.set(placeholder, placeholder);
    this.mappings.push(...withParts({ ...kept.mapping, placeholder, original }));
    this.keeper.keep(this.owner.tenant, kept.mapping, there);
    return true;
  }

  /** Gives a placeholder to each that may have it. */
  private withoutTaken(tries: readonly Try[], known: Known): Told[] {
    const { tenant, user } = this.owner;
    return tries.flatMap(({ told, placeholder, name }) => {
      const { detector, value: original } = told;
      const same = sameFor(told);
      const there = known.get(name) ?? [];
      const isOthers = there.some(
        ({ mapping }) =>
          mapping.detector !== detector || sameFor({ detector, value: mapping.original }) !== same,
      );
      if (isOthers || (this.taken.get(name) ?? same) !== same) return [told];
      const mapping = { placeholder, original, detector, user };
      this.taken.set(name, same);
      this.placeholders.set(original, placeholder);
      this.mappings.push(...withParts(mapping));
      this.keeper.keep(tenant, mapping, there);
      return [];
    });
  }
}
