import { useEffect, useLayoutEffect, useState, type RefObject } from "react";

/** Lines beyond the seen ones that exist too, so that a quick scroll shows no gap. */
const SPARE = 12;

/** The lines of a scrolled box that have to exist: from `first` up to and without `end`. */
export function rowsInView(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
): { first: number; end: number } {
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight) - SPARE));
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + SPARE);
  return { first, end: Math.max(first, end) };
}

/** Follows a box's scrolling and size. All lines are of one height. */
export function useRowsInView(
  box: RefObject<HTMLElement | null>,
  rowHeight: number,
  count: number,
): { first: number; end: number } {
  const [view, setView] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [box]);
  return rowsInView(view.top, view.height, rowHeight, count);
}

/** Scrolls the box as little as needed so that a line is in it. */
export function useShownRow(
  box: RefObject<HTMLElement | null>,
  rowHeight: number,
  row: number,
): void {
  useEffect(() => {
    const element = box.current;
    if (element === null || row < 0) return;
    const top = row * rowHeight;
    const bottom = top + rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight)
      element.scrollTop = bottom - element.clientHeight;
  }, [box, rowHeight, row]);
}
