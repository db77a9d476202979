import { setImmediate as turn } from "node:timers/promises";
import { messageOf } from "../core/errors.ts";
import { type KeeperNeeds, type VaultRules, opened, toRow } from "./guard-vault-keeper.ts";

const EVERY_MS = 60_000;
const AT_ONCE = 200;

/** Every now and then: removes what has expired, and seals anew what an earlier key has sealed. */
export class VaultSweep {
  private readonly needs: KeeperNeeds;
  private cancel: (() => void) | undefined;
  private running: Promise<void> = Promise.resolve();
  private isOver = false;
  private told = "";

  constructor(needs: KeeperNeeds) {
    this.needs = needs;
  }

  /** From now on. */
  start(): void {
    if (this.isOver) return;
    this.running = this.sweep().then(() => {
      if (!this.isOver) this.cancel = this.needs.later(EVERY_MS, () => this.start());
    });
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.cancel?.();
    await this.running;
  }

  /** Once. Never rejects. */
  async sweep(): Promise<void> {
    const { store, rules, log } = this.needs;
    try {
      await store.expire();
      const now = rules();
      if (!now) return;
      const sealed = new Map(await store.keys());
      const [current = "", ...previous] = now.keys.ids;
      sealed.delete(current);
      for (const id of previous) {
        if (sealed.delete(id)) await this.reseal(id, now);
      }
      this.tellMissing(sealed);
    } catch (cause) {
      log.error("guard_vault_trouble", { kind: "sweep", reason: messageOf(cause) });
    }
  }

  private async reseal(keyId: string, { keys }: VaultRules): Promise<void> {
    const { store, log } = this.needs;
    for (;;) {
      const rows = await store.sealedBy(keyId, AT_ONCE);
      const anew = rows.flatMap((row) => {
        const ring = keys.of(row.tenant);
        return opened([row], ring).map(({ mapping }) => toRow(mapping, ring, row));
      });
      // What does not open by its own key is damaged: nobody can ever use it.
      if (rows.length > anew.length) {
        log.error("guard_vault_damaged", { keyId, rows: rows.length - anew.length });
      }
      await store.replace(rows, anew);
      if (rows.length < AT_ONCE || this.isOver) return;
      await turn();
    }
  }

  /** A key that weir.yaml has lost is told once. */
  private tellMissing(missing: ReadonlyMap<string, number>): void {
    const ids = [...missing.keys()].toSorted().join(" ");
    if (ids !== this.told && ids !== "") {
      this.needs.log.warn("guard_vault_key_missing", {
        keys: ids,
        mappings: [...missing.values()].reduce((sum, number) => sum + number, 0),
        hint: "What another key has sealed is not restored. Put that key into guard.vault.previousKeys, or let it expire.",
      });
    }
    this.told = ids;
  }
}
