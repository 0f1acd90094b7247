import type { Graph, Table } from "./model";

/** What is known of a table already: what to predict, and which columns were left out or kept. */
export function ofTable(table: Table): Record<string, unknown> {
  return {
    source: table.id,
    ...(table.target ? { target: table.target } : {}),
    ...(table.ignore.length ? { ignore: table.ignore } : {}),
    ...(table.keep.length ? { keep: table.keep } : {}),
  };
}

/** The middle of the canvas, wherever it was moved to. */
export function middle(toFlow: (at: { x: number; y: number }) => { x: number; y: number }): { x: number; y: number } {
  const board = document.querySelector(".designer-board")?.getBoundingClientRect();
  return board ? toFlow({ x: board.x + board.width / 2 - 112, y: board.y + board.height / 2 - 28 }) : { x: 0, y: 0 };
}

/** The place that is wanted, or the first free one below it. */
export function freePlace(graph: Graph, wanted: { x: number; y: number }): { x: number; y: number } {
  const place = { ...wanted };
  while (graph.nodes.some((node) => Math.abs((node.x ?? 0) - place.x) < 180 && Math.abs((node.y ?? 0) - place.y) < 70)) {
    place.x += 250;
  }
  return place;
}
