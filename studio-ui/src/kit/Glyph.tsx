import type { ReactElement } from "react";

// Line art on a 24 px grid, 1.5 px stroke: one glyph per screen, per model family and per kind of step.
const DRAWN = {
  // Screens
  sheet: "M5 3h11l3 3v15H5z M16 3v3h3 M8 10h8 M8 13.5h8 M8 17h5",
  sprout: "M12 21v-9 M12 15c-4.5 0-6.5-2.2-6.5-6.5 4.5 0 6.5 2.2 6.5 6.5Z M12 12c0-4 2-6 6-6 0 4-2 6-6 6Z",
  lens: "M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12Z M15 15l5 5 M10.5 13.5v-4 M10.5 11c-1.8 0-2.5-.8-2.5-2.5 1.8 0 2.5.8 2.5 2.5Z",
  graph: "M4 5h5v4H4z M15 10h5v4h-5z M4 15h5v4H4z M9 7h3v4.2h3 M9 17h3v-4.2",
  pot: "M6 12h12l-1.5 9h-9z M5 9.5h14V12H5z M12 9.5V6 M12 6.5c0-2.5 1.3-3.8 4-3.8 0 2.5-1.3 3.8-4 3.8Z",
  network: "M5 6h.01 M5 12h.01 M5 18h.01 M12 8.5h.01 M12 15.5h.01 M19 12h.01 M5 6l7 2.5L5 12l7 3.5L5 18 M5 6l7 9.5 M5 18l7-9.5 M12 8.5l7 3.5-7 3.5",
  compare: "M4 4h6v16H4z M14 4h6v16h-6z M6 8h2 M6 12h2 M16 8h2 M16 12h2 M16 16h2",
  notebook: "M6 3h12v18H6z M6 7H4 M6 12H4 M6 17H4 M9.5 8h5 M9.5 12h5",
  // Model families
  blade: "M5 21C6 12 10 6 19 3c-1 9-5 14-14 18Z M5 21 15 8",
  tree: "M12 21v-7 M12 14 7 9 M12 14l5-5 M7 9 4.5 5.5 M7 9V5 M17 9V5 M17 9l2.5-3.5",
  fern: "M6 21C9 14 12 9 17 3 M8.4 16.2 5 14 M8.4 16.2l4.4.6 M10.4 12.4 7 10 M10.4 12.4l4.6.6 M12.6 9 9.8 6.6 M12.6 9l4 .5",
  bouquet: "M8 21l4-7 4 7 M12 14V8 M12 14 6.5 8.5 M12 14l5.5-5.5 M12 8a2.2 2.2 0 1 1 0-4.4A2.2 2.2 0 0 1 12 8Z M6 8.8a2 2 0 1 1 .1-4 2 2 0 0 1-.1 4Z M18 8.8a2 2 0 1 0-.1-4 2 2 0 0 0 .1 4Z",
  neighbours: "M12 10.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z M6 5.5h.01 M18.5 7h.01 M5 17h.01 M17 18h.01 M10.6 10.9 6 5.5 M13.6 11.3 18.5 7 M10.5 13 5 17 M13.2 13.3 17 18",
  margin: "M4 20 20 4 M4 14 14 4 M10 20 20 10 M6 6h.01 M9 8h.01 M17 17h.01 M15 20h.01",
  baseline: "M4 12h16 M4 12l2-2 M4 12l2 2 M20 12l-2-2 M20 12l-2 2",
  // Steps of a graph
  load: "M12 3v11 M8 10.5l4 4 4-4 M4 16v4h16v-4",
  split: "M12 21v-7 M12 14 6 8V3 M12 14l6-6V3",
  clean: "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11Z M9.5 15a2.7 2.7 0 0 0 2.5 2.3",
  encode: "M4 6h6 M4 12h6 M4 18h6 M13 12h3 M17 7l3 5-3 5",
  scale: "M5 20V4 M5 20h15 M9 16V12 M13 16V9 M17 16V6",
  features: "M12 12m-2.2 0a2.2 2.2 0 1 0 4.4 0 2.2 2.2 0 1 0-4.4 0 M12 9.8V4 M12 14.2V20 M9.8 12H4 M14.2 12H20 M10.4 10.4 6.5 6.5 M13.6 13.6l3.9 3.9 M13.6 10.4l3.9-3.9 M10.4 13.6l-3.9 3.9",
  dates: "M4 6h16v14H4z M4 10h16 M8 3v4 M16 3v4 M8 14h2 M14 14h2 M8 17h2",
  words: "M4 18 8.5 6 13 18 M5.6 14h5.8 M16 18v-7 M16 14.5a2.5 2.5 0 1 1 0 2 M16 14.5v2",
  sums: "M5 7.5h5 M7.5 5v5 M14 7.5h5 M5 17h5 M14 15.5h5 M14 18.5h5",
  weave: "M4 8h16 M4 16h16 M8 4v16 M16 4v16",
  groups: "M8.5 4a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z M15.5 11a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z M8 8.5h.01 M10 7h.01 M15 15h.01 M17 16.5h.01",
  beside: "M4 5h6v14H4z M14 5h6v14h-6z M10 12h4",
  stacked: "M5 19h14 M7 15h10 M9 11h6 M12 8V4 M10 6l2-2 2 2",
  aim: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Z M12 8.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7Z M12 12h.01",
  axes: "M5 19 19 5 M15 5h4v4 M5 19l-1-5 M8 20l-3-1 M8 9l7 7",
  leaf: "M5 19C5 10 10 5 20 4c0 10-5 15-14 14 M5 21v-2c3-5 6-7 9-8.5",
  omit: "M5 4h5v16H5z M14 4h5v16h-5z M13 21 20 3",
  select: "M4 5h16l-6 8v6l-4-2v-4z",
  search: "M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12Z M15 15l5 5",
  evaluate: "M4 20h16 M6 16l4-5 3 3 5-8",
  deploy: "M12 20V8 M7 12.5 12 7.5l5 5 M5 4h14",
  image: "M4 5h16v14H4z M8.5 8.2a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8Z M4 17l5-4 4 3 3-2.5 4 3.5",
  // Everything else
  drop: "M12 15V4 M8 8l4-4 4 4 M4 14v6h16v-6",
  check: "M5 12.5 10 17.5 19.5 7",
  cross: "M6 6l12 12 M18 6 6 18",
  plus: "M12 5v14 M5 12h14",
  minus: "M5 12h14",
  undo: "M8 5 4 9l4 4 M4 9h9a6 6 0 0 1 0 12h-3",
  redo: "M16 5l4 4-4 4 M20 9h-9a6 6 0 0 0 0 12h3",
  stop: "M6.5 6.5h11v11h-11z",
  play: "M7 4.5v15l12-7.5z",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z M12 2.5v2 M12 19.5v2 M2.5 12h2 M19.5 12h2 M5.3 5.3l1.4 1.4 M17.3 17.3l1.4 1.4 M18.7 5.3l-1.4 1.4 M6.7 17.3l-1.4 1.4",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
  wilted: "M12 21v-6c0-5-1.5-8-5-8 M7 7c-2.5 0-3.8 1.5-3.8 4.5C6 11.5 7 10 7 7Z M12 15c1-4 3-5.5 6-5.5 0 3.5-2 5.5-6 5.5Z",
  down: "M6 9.5l6 6 6-6",
  right: "M9.5 6l6 6-6 6",
  copy: "M9 9h11v11H9z M15 9V4H4v11h5",
  menu: "M4 7h16 M4 12h16 M4 17h16",
} as const;

export type GlyphName = keyof typeof DRAWN;

// The learners' names in a leaderboard, and the plant that each family is.
const FAMILIES: Record<string, GlyphName> = {
  linear: "blade",
  svm: "margin",
  neighbors: "neighbours",
  tree: "tree",
  trees: "tree",
  forest: "tree",
  extra_trees: "tree",
  lightgbm: "fern",
  xgboost: "fern",
  catboost: "fern",
  mlp: "network",
  network: "network",
  ensemble: "bouquet",
  baseline: "baseline",
};

export const familyGlyph = (model: string): GlyphName => FAMILIES[model] ?? "sprout";

interface GlyphProps {
  name: GlyphName;
  size?: number;
  /** Said by a screen reader; without it the glyph is an ornament. */
  label?: string;
}

export function Glyph({ name, size = 20, label }: GlyphProps): ReactElement {
  return (
    <svg
      className="glyph"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={(1.5 * 24) / Math.max(size, 16)}
      strokeLinecap="round"
      strokeLinejoin="round"
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      <path d={DRAWN[name]} />
    </svg>
  );
}
