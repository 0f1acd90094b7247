import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import type { ReactElement } from "react";
import { Glyph } from "../../kit/Glyph";
import { type Kind, type NodeState, PORT_WORDS, glyphOf } from "./model";

export interface StepData extends Record<string, unknown> {
  title: string;
  kind: Kind | undefined;
  goesOn: boolean;
  state: NodeState | undefined;
  problem: string | undefined;
  /** While an edge is drawn: whether it may end here. */
  welcome: boolean | null;
}

export type StepNodeType = Node<StepData, "step">;

export const STATE_WORDS: Record<NodeState["state"], string> = {
  queued: "waits its turn",
  running: "at work",
  done: "done",
  failed: "failed",
  waiting: "waits for another step",
  interrupted: "interrupted",
};

/** A plant label: a glyph, a name, and how far the step is. */
export function StepNode({ data, selected }: NodeProps<StepNodeType>): ReactElement {
  const { kind, state } = data;
  const said = state?.state ?? (data.problem ? "problem" : "new");
  const told =
    state?.state === "done"
      ? (state.brief ?? "done")
      : state?.state === "running"
        ? (state.doing ?? "at work")
        : state
          ? STATE_WORDS[state.state]
          : (data.problem ?? kind?.group ?? "");
  return (
    <div className={`step step-${said}${selected ? " step-selected" : ""}${data.welcome === false ? " step-closed" : ""}`}>
      {kind !== undefined && kind.accepts.length > 0 && (
        <Handle
          type="target"
          position={Position.Top}
          className={`port${data.welcome ? " port-open" : ""}`}
          title={`${data.title} takes ${kind.accepts.map((port) => PORT_WORDS[port]).join(" or ")}`}
        />
      )}
      <span className="step-glyph">
        <Glyph name={glyphOf(kind)} />
      </span>
      <span className="step-words">
        <span className="step-title">{data.title}</span>
        <span className="step-told">{told}</span>
      </span>
      <span className="step-mark" aria-hidden />
      {state?.state === "running" && (
        <span className="step-bar" aria-hidden>
          <span className={state.share ? "" : "step-bar-unknown"} style={state.share ? { width: `${100 * state.share}%` } : undefined} />
        </span>
      )}
      {data.goesOn && kind !== undefined && (
        <Handle type="source" position={Position.Bottom} className="port" title={`${data.title} gives ${PORT_WORDS[kind.gives]}`} />
      )}
    </div>
  );
}
