import { useLocation, useSearch } from "wouter";

/** What a page shows stands in its address, so that it can be shared; a change replaces the address. */
export function useViewInAddress<View>(
  path: string,
  fromSearch: (search: string) => View,
  toSearch: (view: View) => string,
): [View, (view: View) => void] {
  const [, navigate] = useLocation();
  const view = fromSearch(useSearch());
  const change = (changed: View) => {
    const search = toSearch(changed);
    navigate(search === "" ? path : `${path}?${search}`, { replace: true });
  };
  return [view, change];
}
