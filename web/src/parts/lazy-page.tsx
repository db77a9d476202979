import { lazy, useState, type ComponentType } from "react";

/**
 * A page whose code comes when it is first shown, or before that by `preload`. One that is there
 * already is drawn at once: React holds what it had to wait for back for 300 ms, however soon it came.
 */
export function lazyPage<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let loaded: ComponentType<Props> | undefined;
  const fetched = async () => (loaded ??= await load());
  const Awaited = lazy(async () => ({ default: await fetched() })) as ComponentType<Props>; // takes what the page takes
  function LazyPage(props: Props) {
    // Chosen once: another component in its place would forget what the page knows.
    const [Page] = useState<ComponentType<Props>>(() => loaded ?? Awaited);
    return <Page {...props} />;
  }
  // Whoever shows the page hears of a failure.
  const preload = () => void fetched().catch(() => undefined);
  return Object.assign(LazyPage, { preload });
}
