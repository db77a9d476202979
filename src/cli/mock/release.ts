/** Whether the imitated release is older than `other`; none given means the newest. */
export function isBefore(version: string | undefined, other: string): boolean {
  if (version === undefined) return false;
  const [ours, theirs] = [version, other].map((one) => one.split(".").map(Number));
  for (const [index, part] of (theirs ?? []).entries()) {
    const difference = (ours?.[index] ?? 0) - part;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
