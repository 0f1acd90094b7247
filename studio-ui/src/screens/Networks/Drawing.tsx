import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { type Schemas, get } from "../../api/client";
import { Failed } from "../../kit/Notice";

type Panel = Schemas["Drawing"]["panels"][number];
const TALL = 26;
// So wide (pixels) a drawing may be that is made smaller where there is less room.
const MOST = 760;

/** A network's graphs, drawn from the places that the server gives: every name is text, and the colours are the theme's. */
export function Drawing({ id, trial }: { id: string; trial: number }): ReactElement {
  const { data, error } = useQuery({
    queryKey: ["drawing", id, trial],
    queryFn: () => get<Schemas["Drawing"]>(`/api/networks/${id}/${trial}/drawing`),
    staleTime: Infinity,
  });
  if (error) {
    return <Failed error={error} />;
  }
  if (!data) {
    return <div className="drawing-ghost" />;
  }
  return (
    <div className="drawings">
      {data.panels.map((panel) => (
        <figure key={panel.title} className="drawing">
          <figcaption>{panel.title}</figcaption>
          <div className="drawing-scroll" tabIndex={0} role="region" aria-label={panel.title}>
            <Graph panel={panel} arrow={`arrow-${trial}-${data.panels.indexOf(panel)}`} />
          </div>
        </figure>
      ))}
    </div>
  );
}

function Graph({ panel, arrow }: { panel: Panel; arrow: string }): ReactElement {
  const steps = Object.values(panel.points).filter((point) => point.kind !== "bend");
  return (
    <svg className={panel.width > MOST ? "network-drawing network-drawing-long" : "network-drawing"} width={panel.width + 4} height={panel.height + 4} viewBox={`-2 -2 ${panel.width + 4} ${panel.height + 4}`} role="img" aria-label={`${panel.title}: ${steps.map((point) => point.label).join(", ")}`}>
      <defs>
        <marker id={arrow} viewBox="0 0 8 8" refX={7} refY={4} markerWidth={7} markerHeight={7} orient="auto">
          <path className="drawing-head" d="M0 0 8 4 0 8z" />
        </marker>
      </defs>
      {panel.paths.map((names) => (
        <path key={names.join(" ")} className="drawing-edge" d={curve(names.flatMap((name) => panel.points[name] ?? []))} markerEnd={`url(#${arrow})`} />
      ))}
      {Object.entries(panel.points).map(([name, point]) =>
        point.kind === "bend" ? null : (
          <g key={name}>
            <rect className={point.kind === "map" ? "drawing-map" : "drawing-step"} x={point.x - point.width / 2} y={point.y - TALL / 2} width={point.width} height={TALL} rx={point.kind === "map" ? TALL / 2 : 4} />
            <text x={point.x} y={point.y}>
              {point.label}
            </text>
          </g>
        ),
      )}
    </svg>
  );
}

/** From the right edge of the first, through the bends, to the left edge of the last. */
function curve(stops: readonly Panel["points"][string][]): string {
  const [first, ...rest] = stops;
  if (!first) {
    return "";
  }
  let [x, y] = [first.x + first.width / 2, first.y];
  let drawn = `M${x} ${y}`;
  for (const stop of rest) {
    const left = stop.x - stop.width / 2;
    const middle = (x + left) / 2;
    drawn += `C${middle} ${y} ${middle} ${stop.y} ${left} ${stop.y}`;
    [x, y] = [stop.x + stop.width / 2, stop.y];
  }
  return drawn;
}
