import type { RunEvent } from "../../api/events";

/** What a run's events add up to, so far. */
export interface Progress {
  /** Seconds on the clock of all sittings, and the best score from then on. */
  steps: { at: number; score: number }[];
  best: number | null;
  phase: string;
  trials: number;
  failed: number;
  running: Record<number, string>;
  /** Seconds that this sitting was given; null where only trials count. */
  time: number | null;
  /** When this sitting's last event came, by its own clock and by the browser's. */
  elapsed: number;
  heard: number;
  /** Seconds of the sittings before this one. */
  before: number;
  warnings: string[];
}

export const BEGINNING: Progress = {
  steps: [],
  best: null,
  phase: "starting",
  trials: 0,
  failed: 0,
  running: {},
  time: null,
  elapsed: 0,
  heard: 0,
  before: 0,
  warnings: [],
};

// What is said in figures that only researchers read, and what a run cannot be told here.
const PLAIN: Record<string, string> = {
  "fidelity-misleads":
    "How well a network does early in its training says little here about how well it does in the end: a better one may have been stopped too soon. More time helps.",
};

/** The next state; nothing is changed in place. */
export function after(progress: Progress, event: RunEvent): Progress {
  const { kind, data } = event;
  // A clock that goes back is that of another sitting.
  const again = event.elapsed < progress.elapsed - 0.5;
  const before = again ? progress.before + progress.elapsed : progress.before;
  const next: Progress = { ...progress, before, elapsed: event.elapsed, heard: performance.now(), running: again ? {} : progress.running };
  if (kind === "run_started") {
    next.time = typeof data.time === "number" ? data.time : null;
  } else if (kind === "phase") {
    next.phase = String(data.name);
  } else if (kind === "trial_started") {
    next.running = { ...next.running, [Number(data.number)]: String(data.name) };
    next.phase = "searching";
  } else if (kind === "trial_finished") {
    const { [Number(data.number)]: _, ...running } = next.running;
    next.running = running;
    next.trials += 1;
    next.failed += data.state === "failed" ? 1 : 0;
  } else if (kind === "best" && typeof data.score === "number" && (next.best === null || data.score > next.best)) {
    next.best = data.score;
    next.steps = [...next.steps, { at: before + event.elapsed, score: data.score }];
  } else if (kind === "note" && data.warning === true) {
    const told = PLAIN[String(data.code)] ?? `${String(data.what ?? "")} ${String(data.mend ?? "")}`.trim();
    next.warnings = next.warnings.includes(told) ? next.warnings : [...next.warnings, told];
  } else if (kind === "run_finished") {
    next.phase = "done";
    next.running = {};
  }
  return next;
}

export const PHASE_WORDS: Record<string, string> = {
  starting: "Starting",
  reading: "Reading the table",
  checking: "Looking the table over",
  baseline: "Growing a small tree first",
  searching: "Trying models",
  ensembling: "Blending the best",
  refitting: "Training the best again",
  saving: "Saving the model",
  done: "Done",
};
