import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { type Schemas, get, post, troubleOf } from "../../api/client";
import { Button, Link } from "../../kit/Button";
import { type Choice, ChoiceField, RadioField } from "../../kit/Fields";
import { Glyph, type GlyphName } from "../../kit/Glyph";
import { Failed } from "../../kit/Notice";
import { RUNS } from "../../shell/Shell";
import { go } from "../../shell/route";

type Questions = Schemas["Questions"];
type Use = Questions["use"];

const TIMES: readonly Choice[] = [
  { id: "15", label: "15 seconds", told: "A first look" },
  { id: "60", label: "1 minute", told: "Enough for a small table" },
  { id: "300", label: "5 minutes" },
  { id: "1200", label: "20 minutes", told: "For a table that matters" },
  { id: "3600", label: "1 hour" },
  { id: "28800", label: "8 hours", told: "Over night" },
];

const SPECIMENS: readonly [GlyphName, string][] = [
  ["blade", "linear"],
  ["tree", "trees"],
  ["fern", "boosting"],
  ["neighbours", "neighbours"],
  ["network", "networks"],
  ["bouquet", "blended"],
];

/** The four questions; what the table's findings call for is chosen already. */
export function Asking({ table }: { table: string }): ReactElement {
  const client = useQueryClient();
  const [target, setTarget] = useState<string | null>(null);
  const [metric, setMetric] = useState<string | null>(null);
  const [seconds, setSeconds] = useState("60");
  const [use, setUse] = useState<Use | null>(null);
  const [columns, setColumns] = useState<Partial<Record<Use, string>>>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const asked = useQuery({
    queryKey: ["questions", table, target],
    queryFn: () => get<Questions>(`/api/train/questions?table=${table}${target === null ? "" : `&target=${encodeURIComponent(target)}`}`),
    placeholderData: keepPreviousData,
  });
  const trouble = troubleOf(asked);
  if (trouble !== null) {
    return (
      <div className="fence">
        <Failed error={trouble} />
      </div>
    );
  }
  const questions = asked.data;
  if (!questions) {
    return <div className="waiting" />;
  }
  const images = questions.kind === "image";
  const wantedUse = use ?? questions.use;
  const offered = { random: [], later: questions.times, groups: questions.groups }[wantedUse];
  const column = wantedUse === "random" ? null : (columns[wantedUse] ?? (wantedUse === questions.use ? questions.column : null) ?? offered[0] ?? null);
  const matter = metric !== null && questions.matters.some((known) => known.metric === metric) ? metric : questions.matter;

  async function begin(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const wanted = { table, target: questions?.target ?? null, metric: matter, seconds: Number(seconds), use: wantedUse, column };
      const run = await post<Schemas["RunLine"]>("/api/train/runs", wanted);
      await client.invalidateQueries({ queryKey: RUNS });
      go(`/train/${run.id}`);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }

  return (
    <div className="train">
      <form
        className="asking"
        aria-label="Four questions"
        onSubmit={(event) => {
          event.preventDefault();
        }}
      >
        <header>
          <h1>{questions.name}</h1>
          <Link to={`/data/${table}`}>Look at the {images ? "images" : "table"}</Link>
        </header>
        {!images && (
          <ChoiceField
            label="What shall be predicted?"
            value={questions.target}
            choices={questions.targets.map((answer) => ({ id: answer.name, label: answer.name, told: answer.told }))}
            onChange={setTarget}
            told={questions.targets.find((answer) => answer.name === questions.target)?.told}
          />
        )}
        <ChoiceField
          label="What matters most?"
          value={matter}
          choices={questions.matters.map((known) => ({ id: known.metric, label: known.label, told: known.told }))}
          onChange={setMetric}
          told={questions.matters.find((known) => known.metric === matter)?.told}
          disabled={questions.matters.length === 0}
        />
        <ChoiceField label="How long may it take?" value={seconds} choices={TIMES} onChange={setSeconds} told="It can be stopped at any time; the best is kept." />
        {!images && (
          <div className="asking-use">
            <RadioField
              label="On which rows will it be used?"
              value={wantedUse}
              choices={[
                { id: "random", label: "Rows like these", told: "Judged on rows taken at random" },
                ...(questions.times.length > 0 ? [{ id: "later", label: "Later ones", told: "Judged on what comes last" }] : []),
                ...(questions.groups.length > 0 ? [{ id: "groups", label: "New customers, patients, sites", told: "Judged on groups it has not seen" }] : []),
              ]}
              onChange={(value) => setUse(value as Use)}
            />
            {wantedUse !== "random" && (
              <ChoiceField
                label={wantedUse === "later" ? "Ordered by" : "Grouped by"}
                value={column}
                choices={offered.map((name) => ({ id: name, label: name }))}
                onChange={(name) => setColumns({ ...columns, [wantedUse]: name })}
              />
            )}
          </div>
        )}
        {error !== null && <Failed error={error} />}
        <Button look="leaf" glyph="sprout" disabled={busy || (!images && questions.target === null)} onPress={() => void begin()}>
          {busy ? "Beginning …" : "Train"}
        </Button>
      </form>
      <div className="before">
        <ul className="specimens" aria-label="What will be tried">
          {SPECIMENS.filter(([glyph]) => !images || glyph === "network").map(([glyph, name]) => (
            <li key={name}>
              <Glyph name={glyph} size={36} />
              {name}
            </li>
          ))}
        </ul>
        <p className="before-told">
          {images
            ? "Networks of many shapes will be drawn, trained and judged on images they have not seen; the best is kept."
            : "Models of many families will be tried, judged on rows they have not seen, and the best of them blended."}
        </p>
        <p className="quiet">{images ? "The first score is there once a network has been trained." : "The first score is there within seconds."} You can close this tab meanwhile.</p>
      </div>
    </div>
  );
}
