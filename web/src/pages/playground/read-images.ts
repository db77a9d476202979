/** What one message may carry; the server refuses much larger bodies. */
const MOST_IMAGES = 4;
const MOST_BYTES = 4 * 1024 * 1024;

/** Files as data URLs, as many as there is room for, and what was wrong with the others. */
export async function readImages(
  files: readonly File[],
  present: number,
): Promise<{ images: string[]; problem: string | null }> {
  const right = files.filter(({ type, size }) => type.startsWith("image/") && size <= MOST_BYTES);
  const kept = right.slice(0, Math.max(0, MOST_IMAGES - present));
  const images = await Promise.all(kept.map(toDataUrl));
  if (right.length < files.length) return { images, problem: "Images of up to 4 MiB, please." };
  const problem = kept.length < right.length ? `At most ${MOST_IMAGES} images a message.` : null;
  return { images, problem };
}

function toDataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result as string));
    reader.addEventListener("error", () => reject(reader.error ?? new Error("unreadable file")));
    // Asked for as a URL, the result is a text.
    reader.readAsDataURL(file);
  });
}
