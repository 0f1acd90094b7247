import { useSyncExternalStore } from "react";

/** Where the window is: "/train/0123456789ab?target=y" is screen "train" with the rest ["0123456789ab"]. */
export interface Route {
  screen: string;
  rest: string[];
  query: URLSearchParams;
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

const address = (): string => window.location.pathname + window.location.search;

export function useRoute(): Route {
  const here = new URL(useSyncExternalStore(subscribe, address), window.location.origin);
  const [screen = "", ...rest] = here.pathname.split("/").filter(Boolean);
  return { screen, rest, query: here.searchParams };
}

/** Goes to another address of the studio. */
export function go(to: string, replace = false): void {
  if (to !== address()) {
    window.history[replace ? "replaceState" : "pushState"](null, "", to);
    listeners.forEach((listener) => listener());
  }
}
