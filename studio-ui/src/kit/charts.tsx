import { scaleLinear } from "d3-scale";
import { curveStepAfter, line } from "d3-shape";
import { type ReactElement, useLayoutEffect, useRef, useState } from "react";

/** The width a chart has, as its container grows and shrinks. */
export function useWidth<T extends HTMLElement>(first = 480): [React.RefObject<T | null>, number] {
  const place = useRef<T | null>(null);
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    if (place.current === null) {
      return;
    }
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.max(120, entry.contentRect.width)));
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  return [place, width];
}

interface HistogramProps {
  /** How many rows are in each bin. */
  counts: readonly number[];
  height?: number;
  width: number;
  label: string;
  /** A bin that is marked; -1 for none. */
  marked?: number;
}

/** Bars side by side, as over a table's column. */
export function Histogram({ counts, height = 44, width, label, marked = -1 }: HistogramProps): ReactElement {
  const top = Math.max(1, ...counts);
  const bin = width / Math.max(1, counts.length);
  return (
    <svg className="histogram" width={width} height={height} role="img" aria-label={label}>
      {counts.map((value, place) => {
        const tall = value === 0 ? 0 : Math.max(1.5, (value / top) * (height - 1));
        return <rect key={place} className={place === marked ? "bar bar-marked" : "bar"} x={place * bin} y={height - tall} width={Math.max(1, bin - 1)} height={tall} />;
      })}
      <line className="rule" x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
    </svg>
  );
}

interface IntervalBarProps {
  value: number | null;
  low: number | null;
  high: number | null;
  /** The ends of the scale that all bars of a list share. */
  from: number;
  to: number;
  width: number;
  best?: boolean;
  label: string;
}

/** A score as a dot with its 95 % interval as a hairline. */
export function IntervalBar({ value, low, high, from, to, width, best = false, label }: IntervalBarProps): ReactElement {
  const height = 20;
  const x = scaleLinear([from, to], [5, width - 5]).clamp(true);
  return (
    <svg className="interval" width={width} height={height} role="img" aria-label={label}>
      <line className="rule" x1={0} x2={width} y1={height / 2} y2={height / 2} />
      {low !== null && high !== null && (
        <rect className={best ? "span span-best" : "span"} x={x(low)} y={height / 2 - 3.5} width={Math.max(2, x(high) - x(low))} height={7} rx={2} />
      )}
      {value !== null && <circle className={best ? "dot dot-best" : "dot"} cx={x(value)} cy={height / 2} r={4} />}
    </svg>
  );
}

interface BarProps {
  share: number;
  low?: number;
  high?: number;
  width: number;
  height?: number;
  negative?: boolean;
  label: string;
}

/** A bar from the left, with an interval where there is one; shares of the width. */
export function Bar({ share, low, high, width, height = 14, negative = false, label }: BarProps): ReactElement {
  const x = scaleLinear([0, 1], [0, width]).clamp(true);
  return (
    <svg className="bar-chart" width={width} height={height} role="img" aria-label={label}>
      <rect className={negative ? "bar bar-bloom" : "bar"} x={0} y={2} width={Math.max(1, x(share))} height={height - 4} />
      {low !== undefined && high !== undefined && <path className="whisker" d={`M${x(low)} ${height / 2}H${x(high)} M${x(low)} ${height / 2 - 3}v6 M${x(high)} ${height / 2 - 3}v6`} />}
    </svg>
  );
}

export interface Point {
  x: number;
  y: number;
}

interface CurveProps {
  points: readonly Point[];
  width: number;
  height: number;
  step?: boolean;
  label: string;
  shownX: (value: number) => string;
  shownY: (value: number) => string;
}

/** One line with its own axes, labelled directly. */
export function Curve({ points, width, height, step = false, label, shownX, shownY }: CurveProps): ReactElement {
  const pad = { left: 48, right: 12, top: 10, bottom: 24 };
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const x = scaleLinear([Math.min(...xs), Math.max(...xs)], [pad.left, width - pad.right]);
  const y = scaleLinear([Math.min(...ys), Math.max(...ys)], [height - pad.bottom, pad.top]).nice(4);
  const drawn = line<Point>().x((point) => x(point.x)).y((point) => y(point.y));
  const path = (step ? drawn.curve(curveStepAfter) : drawn)([...points]);
  return (
    <svg className="curve" width={width} height={height} role="img" aria-label={label}>
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line className="rule" x1={pad.left} x2={width - pad.right} y1={y(tick)} y2={y(tick)} />
          <text className="tick" x={pad.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
            {shownY(tick)}
          </text>
        </g>
      ))}
      {x.ticks(Math.max(2, Math.floor(width / 110))).map((tick) => (
        <text key={tick} className="tick" x={x(tick)} y={height - 6} textAnchor="middle">
          {shownX(tick)}
        </text>
      ))}
      {path && <path className="line" d={path} />}
    </svg>
  );
}
