import { scaleLinear } from "d3-scale";
import type { ReactElement } from "react";
import type { Schemas } from "../../api/client";
import { Panel } from "../../kit/Panel";
import { useWidth } from "../../kit/charts";
import { number } from "../../kit/format";

type Found = Schemas["Errors"];

/** How far a regression is off: how often by how much, and each row's prediction against its truth. */
export function Errors({ found, target }: { found: Found; target: string }): ReactElement {
  const [place, width] = useWidth<HTMLDivElement>(420);
  return (
    <Panel title="How far off" className="errors">
      <p className="decision-told">
        Guessing the middle would be off by <b>{number(found.guess)}</b>. Half of the predictions are off by less than <b>{number(found.half)}</b>, nine of ten by less than{" "}
        <b>{number(found.most)}</b>.{found.uneven && " Large predictions are further off than small ones."}
      </p>
      <div ref={place}>
        <Offs found={found} width={width} />
        <Truths found={found} target={target} width={width} />
      </div>
    </Panel>
  );
}

function Offs({ found, width }: { found: Found; width: number }): ReactElement {
  const height = 104;
  const [low, high] = [found.bins[0] ?? -1, found.bins[found.bins.length - 1] ?? 1];
  const x = scaleLinear([low, high], [4, width - 4]);
  const most = Math.max(1, ...found.bars);
  return (
    <svg width={width} height={height} role="img" aria-label="How many rows are off by how much">
      {found.bars.map((rows, i) => {
        const [left, right] = [x(found.bins[i] ?? 0), x(found.bins[i + 1] ?? 0)];
        const tall = (72 * rows) / most;
        return <rect key={i} className="bar" x={left + 0.5} width={Math.max(1, right - left - 1)} y={80 - tall} height={tall} />;
      })}
      <line className="decision-here" x1={x(0)} x2={x(0)} y1={4} y2={84} />
      <text className="tick" x={4} y={98}>
        too high by {number(-low)}
      </text>
      <text className="tick" x={x(0)} y={98} textAnchor="middle">
        right
      </text>
      <text className="tick" x={width - 4} y={98} textAnchor="end">
        too low by {number(high)}
      </text>
    </svg>
  );
}

function Truths({ found, target, width }: { found: Found; target: string; width: number }): ReactElement {
  const height = 250;
  const pad = { left: 46, right: 18, top: 24, bottom: 36 };
  const ends: [number, number] = [Math.min(...found.true, ...found.predicted), Math.max(...found.true, ...found.predicted)];
  const x = scaleLinear(ends, [pad.left, width - pad.right]).nice(4);
  const y = scaleLinear(ends, [height - pad.bottom, pad.top]).nice(4);
  const [low, high] = x.domain() as [number, number];
  return (
    <svg width={width} height={height} role="img" aria-label={`Predicted against true ${target}; the nearer to the line, the better`}>
      <text className="tick" x={4} y={12}>
        true {target}
      </text>
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line className="rule" x1={pad.left} x2={width - pad.right} y1={y(tick)} y2={y(tick)} />
          <text className="tick" x={pad.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
            {number(tick)}
          </text>
          <text className="tick" x={x(tick)} y={height - pad.bottom + 16} textAnchor="middle">
            {number(tick)}
          </text>
        </g>
      ))}
      <text className="tick" x={width - pad.right} y={height - 4} textAnchor="end">
        predicted
      </text>
      <line className="decision-here" x1={x(low)} x2={x(high)} y1={y(low)} y2={y(high)} />
      {found.true.map((truth, i) => (
        <circle key={i} className="truth" cx={x(found.predicted[i] ?? 0)} cy={y(truth)} r={2.6} />
      ))}
    </svg>
  );
}
