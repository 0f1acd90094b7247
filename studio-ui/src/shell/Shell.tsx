import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Component, type ReactElement, type ReactNode, Suspense, useEffect, useMemo, useRef } from "react";
import { type Schemas, get, isAway } from "../api/client";
import { IconButton } from "../kit/Button";
import { Glyph } from "../kit/Glyph";
import { Failed } from "../kit/Notice";
import { Answers } from "../kit/answering";
import { score } from "../kit/format";
import { SCREENS, type Screen } from "../screens/table";
import { Away } from "./Away";
import { go, useRoute } from "./route";
import { useTheme } from "./theme";

export type RunLine = Schemas["RunLine"];
export const RUNS = ["runs"] as const;

/** Every run, asked for again while one is at work. */
function useAsked(): UseQueryResult<RunLine[]> {
  return useQuery({
    queryKey: RUNS,
    queryFn: () => get<RunLine[]>("/api/train/runs"),
    refetchInterval: (query) => (query.state.status === "error" || query.state.data?.some((run) => run.state === "running") ? 2000 : 10000),
  });
}

export const useRuns = (): RunLine[] | undefined => useAsked().data;

export const STATE_WORDS: Record<RunLine["state"], string> = {
  running: "at work",
  finished: "done",
  stopped: "stopped, best kept",
  interrupted: "interrupted",
  failed: "failed",
};

/** A screen that breaks says so, and the others stay. */
class Fence extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error !== null) {
      return (
        <div className="fence">
          <Failed error={this.state.error} again={() => window.location.reload()} />
        </div>
      );
    }
    return this.props.children;
  }
}

export function Shell(): ReactElement {
  const route = useRoute();
  const [theme, setTheme] = useTheme();
  const { error, dataUpdatedAt: at, refetch } = useAsked();
  const away = isAway(error);
  const answers = useMemo(() => ({ away, at, ask: () => void refetch({ cancelRefetch: false }) }), [away, at, refetch]);
  const screen = SCREENS.find((known) => known.path === route.screen);
  useEffect(() => {
    if (screen === undefined) {
      go("/data", true);
    } else {
      document.title = `${screen.label} · Hortus Studio`;
    }
  }, [screen]);
  const Shown = screen?.component;
  return (
    <div className="shell">
      <a className="skip" href="#screen">
        Skip to the screen
      </a>
      <header className="bar-top">
        <a
          className="brand"
          aria-label="Hortus"
          href="/data"
          onClick={(event) => {
            event.preventDefault();
            go("/data");
          }}
        >
          <Glyph name="sprout" size={22} />
          <span>Hortus</span>
        </a>
        <nav className="screens" aria-label="Screens">
          {SCREENS.map((known) => (
            <ScreenLink key={known.path} screen={known} here={known === screen} to={addressOf(known, route.rest[0])} />
          ))}
        </nav>
        <IconButton
          glyph={theme === "dark" ? "sun" : "moon"}
          label={theme === "dark" ? "Light colours" : "Dark colours"}
          onPress={() => setTheme(theme === "dark" ? "light" : "dark")}
        />
      </header>
      <RunsBar here={route.screen} run={route.rest[0]} />
      <Away away={away} />
      <main id="screen" className="screen" tabIndex={-1}>
        {Shown && (
          <Fence key={screen?.path}>
            <Suspense fallback={<div className="waiting" />}>
              <Answers.Provider value={answers}>
                <Shown rest={route.rest} query={route.query} />
              </Answers.Provider>
            </Suspense>
          </Fence>
        )}
      </main>
    </div>
  );
}

// Screens about one run stay with it when another of them is chosen.
const OF_RUN = ["train", "understand", "deploy", "networks", "notebooks"];

function addressOf(screen: Screen, id: string | undefined): string {
  const here = window.location.pathname.split("/")[1] ?? "";
  return id && OF_RUN.includes(here) && OF_RUN.includes(screen.path) ? `/${screen.path}/${id}` : `/${screen.path}`;
}

function ScreenLink({ screen, here, to }: { screen: Screen; here: boolean; to: string }): ReactElement {
  return (
    <a
      className={here ? "screen-link screen-here" : "screen-link"}
      href={to}
      {...(here ? { "aria-current": "page" as const } : {})}
      onClick={(event) => {
        if (!event.metaKey && !event.ctrlKey && !event.shiftKey) {
          event.preventDefault();
          go(to);
        }
      }}
    >
      <Glyph name={screen.glyph} size={18} />
      <span>{screen.label}</span>
    </a>
  );
}

// Pixels at the bar's end in which it fades.
const FADE = 44;

/** The last few runs with their state, one line under the screens' names. */
function RunsBar({ here, run }: { here: string; run: string | undefined }): ReactElement | null {
  const runs = useRuns();
  const bar = useRef<HTMLElement>(null);
  const there = runs !== undefined;
  // The run that is looked at is in sight.
  useEffect(() => {
    const chip = bar.current?.querySelector<HTMLElement>(".run-here");
    if (chip && bar.current) {
      bar.current.scrollLeft = chip.offsetLeft + chip.offsetWidth > bar.current.clientWidth - FADE ? chip.offsetLeft - FADE : 0;
    }
  }, [run, there]);
  if (!runs || runs.length === 0) {
    return null;
  }
  return (
    <nav className="runs" aria-label="Runs" ref={bar}>
      {runs.slice(0, 6).map((known) => {
        const to = `/${known.state !== "running" && OF_RUN.includes(here) ? here : "train"}/${known.id}`;
        const told = known.best === null ? "" : ` · ${score(known.score ?? known.best, known.loss)}`;
        return (
          <a
            key={known.id}
            href={to}
            className={`run-chip run-${known.state}${known.id === run ? " run-here" : ""}`}
            onClick={(event) => {
              if (!event.metaKey && !event.ctrlKey && !event.shiftKey) {
                event.preventDefault();
                go(to);
              }
            }}
          >
            <span className="run-mark" aria-hidden />
            <span className="run-name">{known.name}</span>
            <span className="run-told">
              {STATE_WORDS[known.state]}
              {told}
            </span>
          </a>
        );
      })}
    </nav>
  );
}
