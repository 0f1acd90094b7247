import { useEffect, useState } from "react";

export type Theme = "light" | "dark";
const KEY = "hortus-theme";

function wanted(): Theme {
  const kept = window.localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") {
    return kept;
  }
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Set before anything is drawn, so that no page flashes. */
export function applyTheme(theme: Theme = wanted()): void {
  document.documentElement.dataset.theme = theme;
}

/** The theme, and how it is changed; charts that draw their own colours are told by an event of the window. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(wanted);
  useEffect(() => {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = (): void => {
      setTheme(wanted());
      applyTheme();
    };
    system.addEventListener("change", follow);
    window.addEventListener("hortus-theme", follow);
    return () => {
      system.removeEventListener("change", follow);
      window.removeEventListener("hortus-theme", follow);
    };
  }, []);
  return [
    theme,
    (next) => {
      window.localStorage.setItem(KEY, next);
      applyTheme(next);
      window.dispatchEvent(new Event("hortus-theme"));
    },
  ];
}
