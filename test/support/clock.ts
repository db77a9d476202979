/** Time that a test moves: what was to run later runs when its time has come, in order. */
export function testClock() {
  const due: { at: number; run: () => void }[] = [];
  const clock = {
    at: 1_000,
    later(ms: number, run: () => void) {
      const entry = { at: clock.at + ms, run };
      due.push(entry);
      return () => {
        const place = due.indexOf(entry);
        if (place !== -1) due.splice(place, 1);
      };
    },
    pass(ms: number) {
      const until = clock.at + ms;
      for (;;) {
        const next = due.toSorted((a, b) => a.at - b.at).find(({ at }) => at <= until);
        if (!next) break;
        due.splice(due.indexOf(next), 1);
        clock.at = Math.max(clock.at, next.at);
        next.run();
      }
      clock.at = until;
    },
    get waiting() {
      return due.length;
    },
  };
  return clock;
}
