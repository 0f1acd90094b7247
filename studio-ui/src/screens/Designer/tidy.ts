import type { Graph } from "./model";

// A node's size on the canvas, as designer.css has it.
export const WIDTH = 224;
export const HEIGHT = 56;

/** Every step below those that it takes from, with few crossings. */
export async function tidied(graph: Graph): Promise<Graph> {
  const { graphlib, layout } = await import("@dagrejs/dagre");
  const drawn = new graphlib.Graph().setGraph({ rankdir: "TB", nodesep: 30, ranksep: 42 }).setDefaultEdgeLabel(() => ({}));
  graph.nodes.forEach((node) => drawn.setNode(node.id, { width: WIDTH, height: HEIGHT }));
  graph.edges.forEach((edge) => drawn.setEdge(edge.source, edge.target));
  layout(drawn);
  const place = (id: string): { x: number; y: number } => {
    const { x, y } = drawn.node(id);
    return { x: Math.round((x - WIDTH / 2) / 10) * 10, y: Math.round((y - HEIGHT / 2) / 10) * 10 };
  };
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, ...place(node.id) })) };
}
