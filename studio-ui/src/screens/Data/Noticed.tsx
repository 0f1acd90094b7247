import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useState } from "react";
import { get, post, troubleOf } from "../../api/client";
import { Button } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Failed } from "../../kit/Notice";
import { plural } from "../../kit/format";
import { type FindingView, type Findings, TABLES, type TableView, changed } from "./queries";

/** What we noticed: one sentence a finding, each with Fix and Ignore; what was decided can be taken back. */
export function Noticed({ table }: { table: TableView }): ReactElement {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const key = [...TABLES, table.id, "findings"];
  const found = useQuery({
    queryKey: key,
    queryFn: () => get<Findings>(`/api/data/tables/${table.id}/findings`),
    enabled: table.target !== null,
    // What was seen stays in sight while the table is looked over again.
    placeholderData: (before) => before,
  });

  async function say(finding: FindingView, choice: "fix" | "ignore" | null): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const { code, columns, what } = finding;
      const next = await post<Findings>(`/api/data/tables/${table.id}/decisions`, { code, columns, what, choice });
      client.setQueryData(key, next);
      await changed(client, table.id);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  }

  const trouble = troubleOf(found);
  const open = found.data?.findings.filter((finding) => finding.choice === null) ?? [];
  const decided = found.data?.findings.filter((finding) => finding.choice !== null) ?? [];
  return (
    <aside className="noticed" aria-label="What we noticed" aria-busy={found.isFetching || busy}>
      <header className="noticed-head">
        <h2>What we noticed</h2>
        {found.isFetching && <span className="quiet">looking …</span>}
      </header>
      {error !== null && <Failed error={error} />}
      {trouble !== null && <Failed error={trouble} />}
      {table.target === null && (
        <p className="quiet noticed-first">Choose what to predict. Then the table is looked over for what would make a model's score lie.</p>
      )}
      {table.target !== null && found.data && open.length === 0 && (
        <p className="noticed-none">
          <Glyph name="check" /> {decided.length > 0 ? "Nothing is left to decide." : "Nothing here would make a model's score lie."}
        </p>
      )}
      <ul className="findings">
        {open.map((finding) => (
          <li key={`${finding.code} ${finding.columns.join(" ")} ${finding.what}`} className={`finding finding-${finding.severity}`}>
            <p className="finding-what">{bold(finding.what, finding.columns)}</p>
            {finding.evidence && <p className="finding-evidence">{finding.evidence}</p>}
            <div className="finding-said">
              <Button small look={finding.severity === "serious" ? "leaf" : "plain"} disabled={busy} onPress={() => void say(finding, "fix")} label={`Fix: ${finding.fix}. ${finding.what}`}>
                Fix: {lower(finding.fix)}
              </Button>
              <Button small look="quiet" disabled={busy} onPress={() => void say(finding, "ignore")} label={`Ignore: ${finding.what}`}>
                Ignore
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {decided.length > 0 && (
        <section aria-label="Decided">
          <h3 className="decided-head">{plural(decided.length, "decision")}</h3>
          <ul className="decided">
            {decided.map((finding) => (
              <li key={`${finding.code} ${finding.columns.join(" ")}`}>
                <Glyph name={finding.choice === "fix" ? "check" : "minus"} size={16} />
                <span>
                  {bold(finding.what, finding.columns)} <span className="outcome">{finding.outcome}</span>
                </span>
                <Button small look="quiet" disabled={busy} onPress={() => void say(finding, null)} label={`Undo: ${finding.what}`}>
                  Undo
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {table.notes.concat(found.data?.notes ?? []).length > 0 && (
        <section aria-label="Good to know">
          <h3 className="decided-head">Good to know</h3>
          <ul className="decided">
            {[...new Set(table.notes.concat(found.data?.notes ?? []))].map((note) => (
              <li key={note}>
                <span className="quiet">{note}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </aside>
  );
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** The sentence with the columns that it names, which it has in quotes, in bold. */
function bold(sentence: string, columns: readonly string[]): ReactNode[] {
  const quoted = [...columns].sort((a, b) => b.length - a.length).map((name) => `'${name}'`);
  let parts: ReactNode[] = [sentence];
  quoted.forEach((name, place) => {
    parts = parts.flatMap<ReactNode>((part) =>
      typeof part === "string"
        ? part.split(name).flatMap<ReactNode>((text, step) => (step === 0 ? [text] : [<b key={`${place} ${step} ${text}`}>{name.slice(1, -1)}</b>, text]))
        : [part],
    );
  });
  return parts;
}
