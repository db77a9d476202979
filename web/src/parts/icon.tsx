/** Line icons on a 20-pixel grid, drawn for Weir. They repeat what a text beside them says. */
const PATHS = {
  overview: "M3 16.500h14M4.500 13l3.500-4.500 3.500 2.500L16 4.500",
  playground: "M3.500 4.500h13v9h-7l-3.500 3v-3h-2.500zM7 8h6M7 10.500h4",
  calls: "M3.500 5h4M5.500 10h7M9.500 15h7",
  models:
    "M10 3l6.500 3.500L10 10 3.500 6.500zM3.500 10.500L10 14l6.500-3.500M3.500 14L10 17.500 16.500 14",
  targets:
    "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM10 7a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM10 1.500v3M10 15.500v3M1.500 10h3M15.500 10h3",
  keys: "M12.500 11.500a4 4 0 1 0-4-4c0 .6.100 1.200.400 1.700L3.500 14.500v2h2.500v-2h2v-2h1.500l.800-.800c.700.500 1.400.800 2.200.800z",
  copy: "M7 7V3.500h9.500V13H13M3.500 7H13v9.500H3.500z",
  check: "M4 10.500l4 4 8-9",
  cross: "M5 5l10 10M15 5L5 15",
  shield: "M10 3l6 2v5c0 3.500-2.500 6-6 7.500C6.500 16 4 13.500 4 10V5zM10 7v3.500M10 13v.200",
  left: "M12 4l-6 6 6 6",
  exit: "M8 3.500H4v13h4M8.500 10h8M13.500 7l3 3-3 3",
  sun: "M10 6.500a3.500 3.500 0 1 1 0 7 3.500 3.500 0 0 1 0-7zM10 2v1.500M10 16.500V18M2 10h1.500M16.500 10H18M4.300 4.300l1.100 1.100M14.600 14.600l1.100 1.100M15.700 4.300l-1.100 1.100M5.400 14.600l-1.100 1.100",
  moon: "M16.500 11.500A7 7 0 1 1 8.500 3.500a5.500 5.500 0 0 0 8 8z",
  system: "M3 4h14v9.500H3zM7.500 17h5M10 13.500V17",
  stop: "M5.500 5.500h9v9h-9z",
  send: "M3.500 10h12M11 5.500l4.500 4.500-4.500 4.500",
  retry: "M16 10a6 6 0 1 1-1.800-4.300M16 3v3.500h-3.500",
  edit: "M4 16l.700-3.200L13.500 4l2.500 2.500-8.800 8.800z",
  plus: "M10 4v12M4 10h12",
  warning: "M10 3.500l7 12.500H3zM10 8.500v3.500M10 14v.200",
  image: "M3 4h14v12H3zM3 13.500l4-4 3.500 3.500 2-2 4.500 4M12.800 7.200v.200",
  code: "M7 6l-4 4 4 4M13 6l4 4-4 4M11 4.500l-2 11",
  tool: "M12.500 3.500a4 4 0 0 0-3.800 5.300l-5.200 5.200 2.500 2.500 5.200-5.200a4 4 0 0 0 5-5l-2.500 2.500-2.500-.500-.500-2.500z",
  pulse: "M2.500 10.500h3.500l2-5 3.500 9.500 2.500-6 1 1.500h2.500",
  pause: "M7 4.500v11M13 4.500v11",
  play: "M6.500 4.500l9 5.500-9 5.500z",
  wave: "M2.500 8c2.500-2 5-2 7.500 0s5 2 7.500 0M2.500 13c2.500-2 5-2 7.500 0s5 2 7.500 0",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      viewBox="0 0 20 20"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
