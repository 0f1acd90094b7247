import { useEffect, useRef } from "react";

/** One line of a run's events. */
export interface RunEvent {
  kind: "run_started" | "phase" | "trial_started" | "trial_finished" | "best" | "note" | "run_finished";
  elapsed: number;
  data: Record<string, unknown>;
}

/**
 * Follows a run's events from its beginning. A browser that loses the server comes back by itself and goes on behind the
 * last event it saw. One stream a tab: a host gets six connections.
 */
export function useEvents(run: string | null, onEvent: (event: RunEvent) => void, onState: (state: string) => void): void {
  const heard = useRef({ onEvent, onState });
  heard.current = { onEvent, onState };
  useEffect(() => {
    if (run === null) {
      return;
    }
    const source = new EventSource(`/api/train/runs/${run}/events`);
    source.onmessage = (message: MessageEvent<string>) => heard.current.onEvent(JSON.parse(message.data) as RunEvent);
    source.addEventListener("state", (message: MessageEvent<string>) => {
      const state = JSON.parse(message.data) as string;
      if (state !== "running") {
        source.close();
      }
      heard.current.onState(state);
    });
    return () => source.close();
  }, [run]);
}
