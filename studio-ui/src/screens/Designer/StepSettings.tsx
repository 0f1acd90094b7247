import { type ReactElement, useState } from "react";
import { Button, IconButton } from "../../kit/Button";
import { ChoiceField, TextInput } from "../../kit/Fields";
import { Glyph } from "../../kit/Glyph";
import { SettingField } from "./SettingField";
import { type Graph, type GraphNode, type Kinds, type Table, fits, glyphOf, nameOf, titleOf } from "./model";

interface StepSettingsProps {
  node: GraphNode;
  graph: Graph;
  kinds: Kinds;
  tables: readonly Table[];
  problems: readonly { what: string; mend: string }[];
  running: boolean;
  onSet: (name: string, value: unknown) => void;
  onTitle: (title: string) => void;
  onConnect: (source: string, target: string) => void;
  onCut: (source: string, target: string) => void;
  onRemove: () => void;
  onRunTo: () => void;
  onClose: () => void;
}

/** What a step is, what it is set to, and what it is connected with. */
export function StepSettings(props: StepSettingsProps): ReactElement {
  const { node, graph, kinds, tables, problems } = props;
  const kind = kinds.get(node.kind);
  const [more, setMore] = useState(false);
  const values = node.settings ?? {};
  const columns = columnsAbove(graph, node, tables);
  const shown = (kind?.settings ?? []).filter((setting) => {
    if (setting.only === null) {
      return true;
    }
    const [other, wanted] = setting.only;
    const standing = values[other] ?? kind?.settings.find((one) => one.name === other)?.default;
    return wanted.includes(standing);
  });
  const field = (setting: (typeof shown)[number]): ReactElement => (
    <SettingField
      key={`${node.id} ${setting.name}`}
      setting={setting}
      value={values[setting.name]}
      columns={columns}
      tables={tables}
      onChange={(value) => props.onSet(setting.name, value)}
    />
  );
  const advanced = shown.filter((setting) => setting.advanced);
  return (
    <aside className="settings" aria-label="Settings">
      <header className="settings-head">
        <Glyph name={glyphOf(kind)} size={22} />
        <h2>{titleOf(node, kinds)}</h2>
        <IconButton glyph="cross" label="Close the settings" onPress={props.onClose} />
      </header>
      <div className="settings-body">
        <p className="quiet">{kind?.about}</p>
        {problems.map((problem) => (
          <p key={problem.what} className="settings-problem">
            <strong>{problem.what}</strong> {problem.mend}
          </p>
        ))}
        {shown.filter((setting) => !setting.advanced).map(field)}
        <Connections {...props} />
        {more && (
          <>
            <TextInput label="Called" value={node.title ?? ""} onChange={props.onTitle} placeholder={kind?.title ?? ""} />
            {advanced.map(field)}
          </>
        )}
        <Button small look="quiet" glyph={more ? "minus" : "plus"} onPress={() => setMore(!more)}>
          {more ? "Fewer settings" : "More settings"}
        </Button>
      </div>
      <footer className="settings-foot">
        <Button small glyph="play" onPress={props.onRunTo} disabled={props.running}>
          Run to here
        </Button>
        <Button small look="bloom" onPress={props.onRemove}>
          Remove
        </Button>
      </footer>
    </aside>
  );
}

/** What goes in and where it goes on to: all that the mouse can draw, without it. */
function Connections({ node, graph, kinds, onConnect, onCut }: StepSettingsProps): ReactElement {
  const kind = kinds.get(node.kind);
  const name = (id: string): string => {
    const found = graph.nodes.find((one) => one.id === id);
    return found ? nameOf(found, graph, kinds) : id;
  };
  const into = graph.edges.filter((edge) => edge.target === node.id);
  const onto = graph.edges.filter((edge) => edge.source === node.id);
  const possible = graph.nodes.filter(
    (other) => other.id !== node.id && fits(kind, kinds.get(other.kind)) && !onto.some((edge) => edge.target === other.id),
  );
  const line = (edge: { source: string; target: string }, word: string, other: string): ReactElement => (
    <li key={`${edge.source} ${edge.target}`}>
      <span>
        {word} <strong>{name(other)}</strong>
      </span>
      <IconButton glyph="cross" label={`Remove the connection ${word} ${name(other)}`} onPress={() => onCut(edge.source, edge.target)} />
    </li>
  );
  return (
    <section className="connections" aria-label="Connections">
      <ul>
        {into.map((edge) => line(edge, "from", edge.source))}
        {onto.map((edge) => line(edge, "to", edge.target))}
      </ul>
      {possible.length > 0 && (
        <ChoiceField
          label="Connect to"
          value={null}
          placeholder="Choose a step"
          choices={possible.map((other) => ({ id: other.id, label: nameOf(other, graph, kinds) }))}
          onChange={(target) => onConnect(node.id, target)}
        />
      )}
    </section>
  );
}

/** The columns of the table that a step's rows come from. */
function columnsAbove(graph: Graph, node: GraphNode, tables: readonly Table[]): string[] {
  const seen = new Set<string>();
  const waiting = [node.id];
  while (waiting.length > 0) {
    const id = waiting.pop();
    if (id === undefined || seen.has(id)) {
      continue;
    }
    seen.add(id);
    const found = graph.nodes.find((one) => one.id === id);
    if (found?.kind === "load") {
      return tables.find((table) => table.id === found.settings?.["source"])?.columns ?? [];
    }
    graph.edges.filter((edge) => edge.target === id).forEach((edge) => waiting.push(edge.source));
  }
  return [];
}
