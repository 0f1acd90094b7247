import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useContext, useEffect, useRef, useState } from "react";
import { ApiError, get, isAway, post, send as write } from "../../api/client";
import { Answers } from "../../kit/answering";
import type { Design, Graph, NodeState } from "./model";

interface Told {
  event: "started" | "node" | "finished";
  node?: string;
  state?: NodeState["state"] | "kept";
  share?: number;
  doing?: string;
}

export interface Editing {
  design: Design;
  graph: Graph;
  states: Record<string, NodeState>;
  error: unknown;
  /** Sends an edit; the page shows it at once, and the server's word follows. */
  edit: (graph: Graph, label: string) => void;
  undo: () => void;
  redo: () => void;
  restore: (revision: number) => void;
  rename: (name: string) => void;
  run: (only?: string[]) => void;
  stop: () => void;
  /** Sends again what could not be sent; what was refused is let go. */
  again: () => void;
}

/** A graph with its history and the run it is in: edits go to the server one after the other. */
export function useDesign(first: Design): Editing {
  const [design, setDesign] = useState(first);
  const [graph, setGraph] = useState(first.graph);
  const [live, setLive] = useState<Record<string, NodeState>>({});
  const [error, setError] = useState<unknown>(null);
  const now = useRef(first);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const waiting = useRef(0);
  const unsent = useRef<[string, (after: number) => unknown][]>([]);
  const cache = useQueryClient();
  const address = `/api/designer/graphs/${first.id}`;

  const take = useCallback(
    (found: Design) => {
      now.current = found;
      setDesign(found);
      // What was edited meanwhile stays in sight until the server has it too.
      if (waiting.current === 0) {
        setGraph(found.graph);
      }
      cache.setQueryData(["design", found.id], found);
      void cache.invalidateQueries({ queryKey: ["designs"] });
    },
    [cache],
  );

  const enqueue = useCallback(
    (path: string, body: (after: number) => unknown) => {
      waiting.current += 1;
      queue.current = queue.current.then(async () => {
        let found: Design | null = null;
        try {
          found = await post<Design>(address + path, body(now.current.revision));
          setError(null);
          if (path === "/edit") {
            // An edit is the whole graph: what came before it is in it.
            unsent.current = [];
          }
        } catch (refused) {
          setError(refused);
          if (isAway(refused)) {
            unsent.current.push([path, body]);
          } else if (refused instanceof ApiError) {
            found = await get<Design>(address).catch(() => null);
          }
        }
        waiting.current -= 1;
        if (found !== null) {
          take(found);
        }
      });
    },
    [address, take],
  );

  /** What nobody was there to take goes before what comes after it. */
  const again = useCallback(() => {
    setError(null);
    unsent.current.splice(0).forEach(([path, body]) => enqueue(path, body));
  }, [enqueue]);

  const { away, at } = useContext(Answers);
  useEffect(() => {
    if (!away && unsent.current.length > 0) {
      again();
    }
  }, [away, at, again]);

  const send = useCallback(
    (path: string, body: (after: number) => unknown) => {
      again();
      enqueue(path, body);
    },
    [again, enqueue],
  );

  const edit = useCallback(
    (next: Graph, label: string) => {
      setGraph(next);
      send("/edit", (after) => ({ graph: next, label, after }));
    },
    [send],
  );

  useEffect(() => {
    if (!design.running) {
      return;
    }
    const source = new EventSource(`${address}/events?after=${design.offset}`);
    const over = (): void => {
      void get<Design>(address).then((found) => {
        setLive({});
        take(found);
      });
    };
    source.onmessage = (message: MessageEvent<string>) => {
      const told = JSON.parse(message.data) as Told;
      if (told.event === "node" && told.node !== undefined && told.state !== undefined) {
        const { node, state, share, doing } = told;
        const shown = state === "kept" ? "done" : state;
        setLive((before) => ({ ...before, [node]: { ...before[node], state: shown, share: share ?? null, doing: doing ?? null } }));
        if (shown === "done" || shown === "failed") {
          void get<Design>(address).then((found) => take(found));
        }
      }
    };
    source.addEventListener("state", (message: MessageEvent<string>) => {
      if (message.data !== '"running"') {
        source.close();
        over();
      }
    });
    return () => source.close();
  }, [address, design.running, design.offset, take]);

  const states = design.running ? { ...design.states, ...onlyNews(design.states, live) } : design.states;
  return {
    design,
    graph,
    states,
    error,
    edit,
    undo: () => send("/undo", (after) => ({ after })),
    redo: () => send("/redo", (after) => ({ after })),
    restore: (revision) => send("/restore", (after) => ({ revision, after })),
    rename: (name) => {
      write<Design>("PATCH", address, { name }).then(take, setError);
    },
    run: (only = []) => {
      setLive({});
      send("/run", () => ({ only }));
    },
    stop: () => send("/stop", () => ({})),
    again,
  };
}

/** What a stream said of nodes, where the server's own word is not as far yet. */
function onlyNews(known: Record<string, NodeState>, live: Record<string, NodeState>): Record<string, NodeState> {
  return Object.fromEntries(Object.entries(live).filter(([name, one]) => !(known[name]?.state === "done" && one.state === "done") && known[name]?.state !== "failed"));
}
