import { useQuery } from "@tanstack/react-query";
import { ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { type ReactElement, useCallback, useEffect, useMemo, useState } from "react";
import { get, isAway, post } from "../../api/client";
import { Button, IconButton, Link } from "../../kit/Button";
import { Failed, Notice } from "../../kit/Notice";
import { Canvas, FIT } from "./Canvas";
import { Results } from "./Results";
import { StepList } from "./StepList";
import { StepPalette } from "./StepPalette";
import { StepSettings } from "./StepSettings";
import { Versions } from "./Versions";
import { type Design, type Graph, type Kind, type Kinds, type Table, changed, fits, freeId, nameOf, without } from "./model";
import { freePlace, middle, ofTable } from "./placing";
import { tidied } from "./tidy";
import { useDesign } from "./useDesign";

export function Editor({ design, kinds }: { design: Design; kinds: Kinds }): ReactElement {
  return (
    <ReactFlowProvider>
      <Board first={design} kinds={kinds} />
    </ReactFlowProvider>
  );
}

/** The canvas with all around it. */
function Board({ first, kinds }: { first: Design; kinds: Kinds }): ReactElement {
  const editing = useDesign(first);
  const { design, graph, states, edit } = editing;
  const flow = useReactFlow();
  const tables = useQuery({ queryKey: ["design-tables"], queryFn: () => get<Table[]>("/api/designer/tables") }).data ?? [];
  const [selected, setSelected] = useState<string | null>(null);
  const [view, setView] = useState<"canvas" | "list">("canvas");
  const [drawer, setDrawer] = useState(true);
  const [steps, setSteps] = useState(false);
  const [refused, setRefused] = useState("");
  const [said, setSaid] = useState("");

  const node = graph.nodes.find((one) => one.id === selected);
  const problems = useMemo(() => {
    const found: Record<string, { what: string; mend: string }[]> = {};
    design.problems.forEach((problem) => (found[problem.node] ??= []).push(problem));
    return found;
  }, [design.problems]);
  const firstProblems = useMemo(() => Object.fromEntries(Object.entries(problems).map(([id, all]) => [id, all[0]?.what ?? ""])), [problems]);
  const name = useCallback(
    (id: string): string => {
      const found = graph.nodes.find((one) => one.id === id);
      return found ? nameOf(found, graph, kinds) : id;
    },
    [graph, kinds],
  );

  const add = useCallback(
    (kind: Kind, at: { x: number; y: number } | null) => {
      const id = freeId(graph, kind.name);
      const from = at === null ? graph.nodes.find((one) => one.id === selected) : undefined;
      const place = at ?? freePlace(graph, from ? { x: from.x ?? 0, y: (from.y ?? 0) + 100 } : middle(flow.screenToFlowPosition));
      const settings = kind.name === "load" && tables[0] ? ofTable(tables[0]) : {};
      const made = { id, kind: kind.name, settings, title: "", x: Math.round(place.x / 10) * 10, y: Math.round(place.y / 10) * 10 };
      const edges = from && fits(kinds.get(from.kind), kind) ? [...graph.edges, { source: from.id, target: id }] : graph.edges;
      edit({ ...graph, nodes: [...graph.nodes, made], edges }, `Added ${kind.title}`);
      setSelected(id);
      setSaid(edges === graph.edges ? `${kind.title} added.` : `${kind.title} added after ${name(from?.id ?? "")}.`);
    },
    [graph, selected, tables, kinds, edit, flow, name],
  );

  const connect = useCallback(
    (source: string, target: string) => {
      post<{ why: string }>(`/api/designer/graphs/${design.id}/refusal`, { source, target }).then(
        ({ why }) => {
          setRefused(why);
          if (why === "") {
            edit({ ...graph, edges: [...graph.edges, { source, target }] }, `Connected ${name(source)} to ${name(target)}`);
            setSaid(`${name(source)} connected to ${name(target)}.`);
          }
        },
        () => setRefused("The studio does not answer."),
      );
    },
    [design.id, graph, edit, name],
  );

  const remove = useCallback(
    (ids: string[], edges: { source: string; target: string }[] = []) => {
      const kept = without(graph, ids);
      const gone = (edge: { source: string; target: string }): boolean => edges.some((one) => one.source === edge.source && one.target === edge.target);
      const next: Graph = { ...kept, edges: kept.edges.filter((edge) => !gone(edge)) };
      edit(next, ids.length ? `Removed ${ids.map(name).join(", ")}` : "Removed a connection");
      if (selected !== null && ids.includes(selected)) {
        setSelected(null);
      }
    },
    [graph, edit, name, selected],
  );

  const move = useCallback(
    (places: Record<string, { x: number; y: number }>) => {
      const moved = graph.nodes.filter((one) => {
        const place = places[one.id];
        return place !== undefined && (place.x !== one.x || place.y !== one.y);
      });
      if (moved.length > 0) {
        const nodes = graph.nodes.map((one) => ({ ...one, ...places[one.id] }));
        edit({ ...graph, nodes }, `Moved ${moved.map((one) => name(one.id)).join(", ")}`);
      }
    },
    [graph, edit, name],
  );

  const set = (setting: string, value: unknown): void => {
    if (node === undefined) {
      return;
    }
    const { [setting]: _, ...others } = node.settings ?? {};
    const settings = value === undefined ? others : { ...others, [setting]: value };
    const chosen = setting === "source" ? tables.find((table) => table.id === value) : undefined;
    if (chosen) {
      edit(changed(graph, node.id, { settings: ofTable(chosen) }), `Chose ${chosen.name}`);
      return;
    }
    const label = kinds.get(node.kind)?.settings.find((one) => one.name === setting)?.label ?? setting;
    edit(changed(graph, node.id, { settings }), `Set ${label} of ${name(node.id)}`);
  };

  const tidy = (): void => {
    void tidied(graph).then((next) => {
      edit(next, "Tidied up");
      window.setTimeout(() => void flow.fitView(FIT), 80);
    });
  };

  // The drawer takes room from the canvas: the step that was chosen stays in sight.
  useEffect(() => {
    if (selected === null || view !== "canvas") {
      return;
    }
    const timer = window.setTimeout(() => {
      const board = document.querySelector(".designer-board")?.getBoundingClientRect();
      const box = document.querySelector(`.react-flow__node[data-id="${CSS.escape(selected)}"]`)?.getBoundingClientRect();
      if (board && box && (box.bottom > board.bottom - 8 || box.top < board.top + 8 || box.left < board.left + 8 || box.right > board.right - 8)) {
        const at = flow.screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
        void flow.setCenter(at.x, at.y, { zoom: flow.getZoom() });
      }
    }, 60);
    return () => window.clearTimeout(timer);
  }, [selected, drawer, view, flow]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const writing = event.target instanceof HTMLElement && event.target.closest("input, textarea, [contenteditable]");
      if (writing || !(event.ctrlKey || event.metaKey)) {
        return;
      }
      const key = event.key.toLowerCase();
      if (key === "z" || key === "y") {
        event.preventDefault();
        (key === "y" || event.shiftKey ? editing.redo : editing.undo)();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [editing]);

  const failed = Object.values(states).filter((state) => state.state === "failed").length;
  return (
    <div className={`designer${steps ? " designer-steps" : ""}`}>
      <header className="designer-bar">
        <Link to="/designer">Graphs</Link>
        <input
          className="designer-name"
          aria-label="The graph's name"
          defaultValue={design.name}
          key={design.name}
          maxLength={200}
          onBlur={(event) => event.target.value.trim() && event.target.value !== design.name && editing.rename(event.target.value.trim())}
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
        <span className="designer-tools">
          <span className="only-narrow">
            <Button small look="quiet" glyph="plus" onPress={() => setSteps(!steps)}>
              Steps
            </Button>
          </span>
          <IconButton glyph="undo" label={design.undo ? `Undo: ${design.undo}` : "Undo"} onPress={editing.undo} disabled={design.undo === null} />
          <IconButton glyph="redo" label="Redo" onPress={editing.redo} disabled={!design.redo} />
          <Button small look="quiet" onPress={tidy} disabled={graph.nodes.length < 2}>
            Tidy up
          </Button>
          <Versions design={design.id} revision={design.revision} onRestore={editing.restore} />
          <Button small look="quiet" glyph={view === "canvas" ? "menu" : "graph"} onPress={() => setView(view === "canvas" ? "list" : "canvas")}>
            {view === "canvas" ? "As a list" : "As a drawing"}
          </Button>
          <a className="button button-quiet button-small" href={`/api/designer/graphs/${design.id}/script`} download={`${design.name}.py`}>
            Python script
          </a>
        </span>
        {design.running ? (
          <Button glyph="stop" onPress={editing.stop}>
            Stop
          </Button>
        ) : (
          <Button look="leaf" glyph="play" onPress={() => editing.run()} disabled={graph.nodes.length === 0}>
            Run
          </Button>
        )}
      </header>
      <StepPalette kinds={[...kinds.values()]} onAdd={(kind) => (add(kind, null), setSteps(false))} />
      <div className="designer-middle">
        <div className="designer-board">
          {view === "canvas" ? (
            <Canvas
              graph={graph}
              kinds={kinds}
              states={states}
              problems={firstProblems}
              selected={selected}
              onSelect={setSelected}
              onMove={move}
              onConnect={connect}
              onRemove={remove}
              onDropKind={(kind, at) => {
                const found = kinds.get(kind);
                if (found) {
                  add(found, at);
                }
              }}
            />
          ) : (
            <StepList
              graph={graph}
              kinds={kinds}
              states={states}
              problems={firstProblems}
              selected={selected}
              onSelect={setSelected}
              onConnect={connect}
              onRemove={(id) => remove([id])}
            />
          )}
          {graph.nodes.length === 0 && (
            <p className="designer-empty">
              <span className="only-wide">
                Begin with <strong>Load data</strong>: drag it here from the left, or press it.
              </span>
              <span className="only-narrow">
                Press <strong>Steps</strong> above, and begin with <strong>Load data</strong>.
              </span>
            </p>
          )}
          <div className="designer-notices">
            {refused && <Notice what={refused} action={{ label: "I see", onPress: () => setRefused("") }} />}
            {editing.error !== null && <Failed error={editing.error} {...(isAway(editing.error) ? {} : { again: editing.again })} />}
            {failed > 0 && !design.running && !node && <Notice what={`${failed === 1 ? "A step has" : `${failed} steps have`} failed.`} mend="Choose it to see why." />}
          </div>
          <p className="visually-hidden" role="status">
            {said}
          </p>
        </div>
        {node && (
          <div className={`drawer${drawer ? "" : " drawer-shut"}`}>
            <button type="button" className="drawer-handle" aria-expanded={drawer} onClick={() => setDrawer(!drawer)}>
              {drawer ? "Hide results" : `Results of ${name(node.id)}`}
            </button>
            {drawer && <Results design={design.id} node={node.id} title={name(node.id)} state={states[node.id]} problem={problems[node.id]?.[0]} />}
          </div>
        )}
      </div>
      {node && (
        <StepSettings
          key={node.id}
          node={node}
          graph={graph}
          kinds={kinds}
          tables={tables}
          problems={problems[node.id] ?? []}
          running={design.running}
          onSet={set}
          onTitle={(title) => edit(changed(graph, node.id, { title }), "Renamed a step")}
          onConnect={connect}
          onCut={(source, target) => remove([], [{ source, target }])}
          onRemove={() => remove([node.id])}
          onRunTo={() => editing.run([node.id])}
          onClose={() => setSelected(null)}
        />
      )}
    </div>
  );
}
