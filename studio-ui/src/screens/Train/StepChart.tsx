import { type ReactElement, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useWidth } from "../../kit/charts";
import { duration, number } from "../../kit/format";
import { useTheme } from "../../shell/theme";

interface StepChartProps {
  steps: readonly { at: number; score: number }[];
  /** Where the line has come to, in seconds. */
  now: number;
  guess: number | null;
  loss: boolean;
  label: string;
}

const HEIGHT = 200;
// Seconds between the marks of the clock.
const TICKS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];

/** The best score so far, step by step, and what guessing scores as a dashed line. Losses are drawn by their size. */
export function StepChart({ steps, now, guess, loss, label }: StepChartProps): ReactElement {
  const [place, width] = useWidth<HTMLDivElement>(560);
  const [theme] = useTheme();
  const chart = useRef<uPlot | null>(null);
  const sign = loss ? -1 : 1;
  const at = [0, ...steps.map((step) => step.at), Math.max(now, steps.at(-1)?.at ?? 0)];
  const best = [null, ...steps.map((step) => sign * step.score), sign * (steps.at(-1)?.score ?? Number.NaN)];
  const data: uPlot.AlignedData = [at, best, at.map(() => (guess === null ? null : sign * guess))];

  // A theme's colours are read once: another theme is another chart.
  useEffect(() => {
    const holder = place.current;
    if (holder === null) {
      return;
    }
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-2"), font: "12px 'Atkinson Hyperlegible Next'", ticks: { show: false } };
    chart.current = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: (_self, _low, high) => [0, Math.max(high, 1)] }, y: { range: (_self, low, high) => roomy(low, high) } },
        axes: [
          { ...axis, size: 28, space: 90, incrs: TICKS, grid: { show: false }, values: (_self, values) => values.map((value) => (value === 0 ? "0 s" : duration(value).replace(".0", ""))) },
          { ...axis, size: 52, grid: { stroke: colour("--line"), width: 1 }, values: (_self, values) => values.map((value) => number(value)) },
        ],
        series: [
          {},
          { stroke: colour("--leaf"), width: 2, ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}), points: { show: false } },
          { stroke: colour("--ink-2"), width: 1, dash: [4, 4], points: { show: false } },
        ],
      },
      data,
      holder,
    );
    return () => {
      chart.current?.destroy();
      chart.current = null;
    };
    // The data are handed over below, without another chart.
  }, [theme]);

  useEffect(() => chart.current?.setSize({ width, height: HEIGHT }), [width]);
  useEffect(() => chart.current?.setData(data));
  return (
    <figure className="step-chart" role="img" aria-label={label}>
      <div ref={place} style={{ height: HEIGHT }} />
    </figure>
  );
}

function roomy(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) {
    return [0, 1];
  }
  // Never so near that the marks of the axis, of three digits, would be alike.
  const pad = Math.max((high - low) * 0.08, Math.abs(high) * 0.02, 1e-6);
  return [low - pad, high + pad];
}
