/** LangSmith's sort key of a root: it follows from its start and its id. */
export function rootOrder(at: number, id: string): string {
  const ms = Math.floor(at);
  const time = new Date(ms).toISOString().replaceAll(/[-:]/g, "");
  const micros = String(Math.round((at - ms) * 1000)).padStart(3, "0");
  return `${time.slice(0, 15)}${time.slice(16, 19)}${micros}Z${id}`;
}
