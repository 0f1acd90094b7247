import { createContext } from "react";

/** Whether the studio's server answers; `ask` finds that out at once. */
export interface Answering {
  away: boolean;
  /** When it answered last, in milliseconds. */
  at: number;
  ask: () => void;
}

export const Answers = createContext<Answering>({ away: false, at: 0, ask: () => undefined });
