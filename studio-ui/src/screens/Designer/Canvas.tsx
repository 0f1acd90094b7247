import {
  Background,
  BackgroundVariant,
  type Connection,
  Controls,
  type Edge,
  type NodeChange,
  ReactFlow,
  applyNodeChanges,
  useReactFlow,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { type DragEvent, type ReactElement, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTheme } from "../../shell/theme";
import { type Graph, type Kinds, type NodeState, fits, goesOn, titleOf } from "./model";
import { StepNode, type StepNodeType } from "./StepNode";

export const DRAGGED = "application/x-hortus-kind";
export const FIT = { padding: 0.12, maxZoom: 1 };
const TYPES = { step: StepNode };
// Moves by arrow keys come one by one: they are one edit once they rest.
const REST = 350;

interface CanvasProps {
  graph: Graph;
  kinds: Kinds;
  states: Record<string, NodeState>;
  problems: Record<string, string>;
  selected: string | null;
  onSelect: (id: string | null) => void;
  onMove: (places: Record<string, { x: number; y: number }>) => void;
  onConnect: (source: string, target: string) => void;
  onRemove: (nodes: string[], edges: { source: string; target: string }[]) => void;
  onDropKind: (kind: string, at: { x: number; y: number }) => void;
}

export function Canvas({ graph, kinds, states, problems, selected, onSelect, onMove, onConnect, onRemove, onDropKind }: CanvasProps): ReactElement {
  const [theme] = useTheme();
  const flow = useReactFlow();
  const [drawing, setDrawing] = useState<string | null>(null);
  const [nodes, setNodes] = useState<StepNodeType[]>([]);
  const resting = useRef<{ timer: number; places: Record<string, { x: number; y: number }> }>({ timer: 0, places: {} });
  const count = graph.nodes.length;

  useEffect(() => {
    const giving = kinds.get(graph.nodes.find((node) => node.id === drawing)?.kind ?? "");
    setNodes((before) => {
      const known = new Map(before.map((node) => [node.id, node]));
      return graph.nodes.map((node) => {
        const kind = kinds.get(node.kind);
        const old = known.get(node.id);
        const place = resting.current.places[node.id] ?? { x: node.x ?? 0, y: node.y ?? 0 };
        return {
          ...old,
          id: node.id,
          type: "step" as const,
          position: old?.dragging ? old.position : place,
          selected: node.id === selected,
          ariaLabel: `${titleOf(node, kinds)}: ${states[node.id]?.state ?? "not run"}`,
          data: {
            title: titleOf(node, kinds),
            kind,
            goesOn: kind !== undefined && goesOn(kind, kinds),
            state: states[node.id],
            problem: problems[node.id],
            welcome: drawing === null || drawing === node.id ? null : fits(giving, kind),
          },
        };
      });
    });
  }, [graph, kinds, states, problems, selected, drawing]);

  const edges: Edge[] = useMemo(
    () =>
      graph.edges.map((edge) => ({
        id: `${edge.source}→${edge.target}`,
        source: edge.source,
        target: edge.target,
        className: states[edge.source]?.state === "done" ? "edge-done" : "",
        ariaLabel: `From ${edge.source} to ${edge.target}`,
      })),
    [graph.edges, states],
  );

  // Drawn anew when nodes come or go in another number, as at the beginning.
  const shown = useRef(0);
  useEffect(() => {
    if (shown.current === 0 && nodes.length > 0 && nodes.every((node) => node.measured)) {
      shown.current = nodes.length;
      void flow.fitView(FIT);
    }
  }, [nodes, flow]);

  const onNodesChange = useCallback(
    (changes: NodeChange<StepNodeType>[]) => {
      setNodes((before) => applyNodeChanges(changes, before));
      for (const change of changes) {
        if (change.type === "position" && change.position && !change.dragging) {
          resting.current.places[change.id] = change.position;
          window.clearTimeout(resting.current.timer);
          resting.current.timer = window.setTimeout(() => {
            const places = resting.current.places;
            resting.current.places = {};
            onMove(places);
          }, REST);
        }
        if (change.type === "select" && change.selected) {
          onSelect(change.id);
        }
      }
    },
    [onMove, onSelect],
  );

  return (
    <div
      className="canvas"
      onDragOver={(event: DragEvent) => {
        if (event.dataTransfer.types.includes(DRAGGED)) {
          event.preventDefault();
          event.dataTransfer.dropEffect = "copy";
        }
      }}
      onDrop={(event: DragEvent) => {
        const kind = event.dataTransfer.getData(DRAGGED);
        if (kind) {
          event.preventDefault();
          const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
          onDropKind(kind, { x: at.x - 112, y: at.y - 28 });
        }
      }}
    >
      <ReactFlow<StepNodeType>
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        colorMode={theme}
        onNodesChange={onNodesChange}
        onConnect={(wanted: Connection) => onConnect(wanted.source, wanted.target)}
        onConnectStart={(_event, from) => setDrawing(from.handleType === "source" ? from.nodeId : null)}
        onConnectEnd={() => setDrawing(null)}
        onNodeClick={(_event, node) => onSelect(node.id)}
        onPaneClick={() => onSelect(null)}
        onDelete={(gone) => onRemove(gone.nodes.map((node) => node.id), gone.edges)}
        deleteKeyCode={["Delete", "Backspace"]}
        connectionRadius={34}
        snapToGrid
        snapGrid={[10, 10]}
        minZoom={0.25}
        maxZoom={1.6}
        elevateNodesOnSelect
        aria-label={`The graph: ${count} steps`}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.4} />
        <Controls showInteractive={false} position="bottom-left" fitViewOptions={FIT} />
      </ReactFlow>
    </div>
  );
}
