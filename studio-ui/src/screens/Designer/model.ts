import type { Schemas } from "../../api/client";
import type { GlyphName } from "../../kit/Glyph";

export type Kind = Schemas["KindBody"];
export type Setting = Schemas["SettingBody"];
export type Palette = Schemas["Palette"];
export type Design = Schemas["DesignBody"];
export type Graph = Schemas["GraphBody"];
export type GraphNode = Schemas["NodeBody"];
export type NodeState = Schemas["NodeState"];
export type Port = Kind["gives"];
export type Table = Schemas["TableBody"];
export type Kinds = ReadonlyMap<string, Kind>;

// The server's names of pictures, and the kit's.
const GLYPHS: Record<string, GlyphName> = {
  table: "load",
  split: "split",
  leave_out: "omit",
  dates: "dates",
  text: "words",
  categories: "encode",
  impute: "clean",
  encode: "encode",
  scale: "scale",
  target: "aim",
  arithmetic: "sums",
  crosses: "weave",
  groups: "groups",
  pca: "axes",
  union: "beside",
  stack: "stacked",
  select: "select",
  baseline: "baseline",
  tree: "tree",
  linear: "blade",
  neighbors: "neighbours",
  svm: "margin",
  forest: "tree",
  boosting: "fern",
  network: "network",
  bouquet: "bouquet",
  scores: "evaluate",
  compare: "compare",
  deploy: "deploy",
};

export const glyphOf = (kind: Kind | undefined): GlyphName => (kind && GLYPHS[kind.glyph]) || "leaf";

export const PORT_WORDS: Record<Port, string> = {
  table: "a table",
  split: "a divided table",
  features: "prepared columns",
  model: "a model",
  scores: "scores",
  comparison: "a comparison",
  deployment: "a model at work",
};

export const titleOf = (node: GraphNode, kinds: Kinds): string => node.title || kinds.get(node.kind)?.title || node.kind;

/** The same, told apart from others of that title by what it takes from. */
export function nameOf(node: GraphNode, graph: Graph, kinds: Kinds): string {
  const title = titleOf(node, kinds);
  if (graph.nodes.filter((other) => titleOf(other, kinds) === title).length < 2) {
    return title;
  }
  const source = graph.nodes.find((other) => graph.edges.some((edge) => edge.source === other.id && edge.target === node.id));
  return source ? `${title} of ${titleOf(source, kinds)}` : title;
}

/** Whether anything takes what a kind gives. */
export const goesOn = (kind: Kind, kinds: Kinds): boolean => [...kinds.values()].some((other) => other.accepts.includes(kind.gives));

/** Whether the ports fit; the server has the last word, and says why not. */
export const fits = (giving: Kind | undefined, taking: Kind | undefined): boolean =>
  giving !== undefined && taking !== undefined && taking.accepts.includes(giving.gives);

/** An id that is free: of the kind, with a number where it is taken. */
export function freeId(graph: Graph, kind: string): string {
  const taken = new Set(graph.nodes.map((node) => node.id));
  let name = kind.replaceAll("_", "-");
  for (let number = 2; taken.has(name); number += 1) {
    name = `${kind.replaceAll("_", "-")}-${number}`;
  }
  return name;
}

/** The nodes, each after those that it takes from. */
export function inOrder(graph: Graph): GraphNode[] {
  const done = new Set<string>();
  const found: GraphNode[] = [];
  let left = [...graph.nodes];
  while (left.length > 0) {
    const ready = left.find((node) => graph.edges.every((edge) => edge.target !== node.id || done.has(edge.source))) ?? left[0];
    if (ready === undefined) {
      break;
    }
    found.push(ready);
    done.add(ready.id);
    left = left.filter((node) => node !== ready);
  }
  return found;
}

export function without(graph: Graph, ids: readonly string[]): Graph {
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => !ids.includes(node.id)),
    edges: graph.edges.filter((edge) => !ids.includes(edge.source) && !ids.includes(edge.target)),
  };
}

export const changed = (graph: Graph, id: string, change: Partial<GraphNode>): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
});
