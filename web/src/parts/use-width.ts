import { useLayoutEffect, useState, type RefObject } from "react";

/** The width of an element, as the window changes. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const box = element.current;
    if (box === null) return undefined;
    const look = () => setWidth(Math.max(260, box.clientWidth));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
