import { scaleLog, scaleLinear } from "d3-scale";
import type { ReactElement } from "react";
import { useWidth } from "../../kit/charts";
import { number } from "../../kit/format";
import { COSTS, type Cost, type Network } from "./Networks";

interface FrontProps {
  networks: readonly Network[];
  front: readonly number[];
  cost: Cost;
  metric: string;
  loss: boolean;
  chosen: number | null;
  choose: (trial: number) => void;
}

const APART = 64;

/** The ones, twos and fives of every power of ten between two ends. */
function round([low, high]: readonly [number, number]): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log10(high / low)) + 2 }, (_, i) => Math.floor(Math.log10(low)) + i);
  return powers.flatMap((power) => [1, 2, 5].map((one) => Number(`${one}e${power}`))).filter((tick) => tick >= low && tick <= high);
}

/** Those whose labels do not touch. */
function apart(ticks: readonly number[], x: (price: number) => number): number[] {
  return ticks.reduce<number[]>((kept, tick) => (kept.length > 0 && x(tick) - x(kept.at(-1) ?? 0) < APART ? kept : [...kept, tick]), []);
}

/** Score against price, a point a network; the Pareto front is joined by steps. */
export function Front({ networks, front, cost, metric, loss, chosen, choose }: FrontProps): ReactElement {
  const [place, width] = useWidth<HTMLDivElement>(560);
  const height = 280;
  const pad = { left: 54, right: 20, top: 26, bottom: 42 };
  const points = networks.flatMap((network) => (network[cost] === null || network[cost] === undefined || network.score === null ? [] : [{ network, price: Math.max(network[cost], 1e-9), score: network.score }]));
  const prices = points.map((point) => point.price);
  const scores = points.map((point) => point.score);
  const wide = Math.max(...prices) / Math.min(...prices) > 8;
  const ends: [number, number] = wide ? [Math.min(...prices) / 1.25, Math.max(...prices) * 1.25] : [0.96 * Math.min(...prices), 1.04 * Math.max(...prices)];
  const x = (wide ? scaleLog(ends, [pad.left, width - pad.right]) : scaleLinear(ends, [pad.left, width - pad.right])) as (price: number) => number;
  const span = Math.max(...scores) - Math.min(...scores) || 0.1;
  const bounds: [number, number] = [Math.min(...scores) - 0.08 * span, Math.max(...scores) + 0.08 * span];
  const y = scaleLinear(loss ? [bounds[1], bounds[0]] : bounds, [height - pad.bottom, pad.top]);
  const ticks = wide ? apart(round(ends), x) : scaleLinear(ends, [0, 1]).ticks(Math.max(2, Math.floor(width / 130)));
  const best = front.flatMap((trial) => points.find((point) => point.network.trial === trial) ?? []);
  const line = best.map((point, i) => (i === 0 ? `M${x(point.price)} ${y(point.score)}` : `H${x(point.price)}V${y(point.score)}`)).join("");
  return (
    <div ref={place}>
      <svg width={width} height={height} role="group" aria-label={`${metric} against ${COSTS[cost].axis}`}>
        <text className="tick" x={4} y={12}>
          {metric}
          {loss ? " (the smaller the better)" : ""}
        </text>
        {y.ticks(4).map((tick) => (
          <g key={tick}>
            <line className="rule" x1={pad.left} x2={width - pad.right} y1={y(tick)} y2={y(tick)} />
            <text className="tick" x={pad.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
              {number(tick)}
            </text>
          </g>
        ))}
        {ticks.map((tick) => (
          <text key={tick} className="tick" x={x(tick)} y={height - pad.bottom + 18} textAnchor="middle">
            {COSTS[cost].told(tick)}
          </text>
        ))}
        <text className="tick" x={width - pad.right} y={height - 4} textAnchor="end">
          {COSTS[cost].axis}
        </text>
        {line && <path className="front-line" d={`${line}H${width - pad.right}`} />}
        {points.map(({ network, price, score }) => {
          const on = front.includes(network.trial);
          const told = `Network ${network.trial}: ${metric} ${number(score)} at ${COSTS[cost].told(price)}${on ? ", on the front" : ""}`;
          return (
            <g
              key={network.trial}
              className={`front-point${on ? " front-on" : ""}${network.chosen ? " front-kept" : ""}${network.trial === chosen ? " front-here" : ""}`}
              role="button"
              tabIndex={0}
              aria-label={told}
              aria-pressed={network.trial === chosen}
              onClick={() => choose(network.trial)}
              onKeyDown={(event) => {
                if (event.key === "Enter" || event.key === " ") {
                  event.preventDefault();
                  choose(network.trial);
                }
              }}
            >
              <title>{told}</title>
              <circle className="front-reach" cx={x(price)} cy={y(score)} r={14} />
              <circle className="front-ring" cx={x(price)} cy={y(score)} r={9.5} />
              <circle className="front-dot" cx={x(price)} cy={y(score)} r={on ? 5.5 : 4} />
            </g>
          );
        })}
      </svg>
    </div>
  );
}
