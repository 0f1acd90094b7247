import type { ReactElement } from "react";
import { Button } from "../../kit/Button";
import { ChoiceField } from "../../kit/Fields";
import { Glyph } from "../../kit/Glyph";
import { STATE_WORDS } from "./StepNode";
import { type Graph, type Kinds, type NodeState, fits, glyphOf, inOrder, nameOf } from "./model";

interface StepListProps {
  graph: Graph;
  kinds: Kinds;
  states: Record<string, NodeState>;
  problems: Record<string, string>;
  selected: string | null;
  onSelect: (id: string) => void;
  onConnect: (source: string, target: string) => void;
  onRemove: (id: string) => void;
}

/** The graph as a list: all that the canvas can do, by keyboard and by ear. */
export function StepList({ graph, kinds, states, problems, selected, onSelect, onConnect, onRemove }: StepListProps): ReactElement {
  const name = (id: string): string => {
    const found = graph.nodes.find((one) => one.id === id);
    return found ? nameOf(found, graph, kinds) : id;
  };
  return (
    <div className="step-list">
      <table className="table">
        <caption className="visually-hidden">The steps, in the order in which the rows go</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Takes from</th>
            <th scope="col">How far</th>
            <th scope="col">Connect to</th>
            <th scope="col">
              <span className="visually-hidden">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {inOrder(graph).map((node) => {
            const kind = kinds.get(node.kind);
            const state = states[node.id];
            const title = nameOf(node, graph, kinds);
            const possible = graph.nodes.filter(
              (other) =>
                other.id !== node.id &&
                fits(kind, kinds.get(other.kind)) &&
                !graph.edges.some((edge) => edge.source === node.id && edge.target === other.id),
            );
            const sources = graph.edges.filter((edge) => edge.target === node.id).map((edge) => name(edge.source));
            return (
              <tr key={node.id} className={node.id === selected ? "row-here" : ""} data-step={node.id}>
                <td>
                  <button type="button" className="list-step" aria-pressed={node.id === selected} onClick={() => onSelect(node.id)}>
                    <Glyph name={glyphOf(kind)} size={18} />
                    {title}
                  </button>
                </td>
                <td>{sources.join(", ") || <span className="quiet">{kind?.accepts.length ? "nothing yet" : "begins"}</span>}</td>
                <td className={state?.state === "failed" || (!state && problems[node.id]) ? "list-problem" : ""}>
                  {state ? (state.state === "done" ? (state.brief ?? "done") : STATE_WORDS[state.state]) : (problems[node.id] ?? "not run")}
                </td>
                <td>
                  {possible.length > 0 && (
                    <ChoiceField
                      hideLabel
                      label={`Connect ${title} to`}
                      value={null}
                      placeholder="Choose a step"
                      choices={possible.map((other) => ({ id: other.id, label: nameOf(other, graph, kinds) }))}
                      onChange={(target) => onConnect(node.id, target)}
                    />
                  )}
                </td>
                <td>
                  <Button small look="quiet" label={`Remove ${title}`} onPress={() => onRemove(node.id)}>
                    Remove
                  </Button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
