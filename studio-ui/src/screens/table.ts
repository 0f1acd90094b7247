import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { GlyphName } from "../kit/Glyph";

export interface Screen {
  path: string;
  label: string;
  glyph: GlyphName;
  /** What the screen is handed: what stands behind its path. */
  component: LazyExoticComponent<ComponentType<ScreenProps>>;
}

export interface ScreenProps {
  rest: string[];
  query: URLSearchParams;
}

// Every screen is one line here, and one in src/hortus/studio/app.py.
export const SCREENS: readonly Screen[] = [
  { path: "data", label: "Data", glyph: "sheet", component: lazy(() => import("./Data/Data")) },
  { path: "train", label: "Train", glyph: "sprout", component: lazy(() => import("./Train/Train")) },
  { path: "understand", label: "Understand", glyph: "lens", component: lazy(() => import("./Understand/Understand")) },
  { path: "designer", label: "Designer", glyph: "graph", component: lazy(() => import("./Designer/Designer")) },
  { path: "deploy", label: "Deploy", glyph: "pot", component: lazy(() => import("./Deploy/Deploy")) },
  { path: "networks", label: "Networks", glyph: "network", component: lazy(() => import("./Networks/Networks")) },
  { path: "compare", label: "Compare", glyph: "compare", component: lazy(() => import("./Compare/Compare")) },
  { path: "notebooks", label: "Notebooks", glyph: "notebook", component: lazy(() => import("./Notebooks/Notebooks")) },
];
