import type { ReactElement } from "react";
import type { Schemas } from "../../api/client";
import { number, percent } from "../../kit/format";

interface SaidProps {
  answer: Schemas["Prediction"];
  target: string;
  /** What a warning is about: one of many inputs, or the one picture. */
  things: "input" | "picture";
}

/** What a model answered, with the probabilities of its likeliest classes. */
export function Said({ answer, target, things }: SaidProps): ReactElement {
  const shares = Object.entries(answer.probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  return (
    <div className="said">
      <p className="said-label">{target}</p>
      <p className="said-value">{typeof answer.value === "number" && answer.probabilities === null ? number(answer.value) : String(answer.value)}</p>
      {shares.length > 0 && (
        <ul className="shares">
          {shares.slice(0, 6).map(([name, share]) => (
            <li key={name}>
              <span className="share-name">{name}</span>
              <span className="driver-track" aria-hidden>
                <span className="driver-bar" style={{ width: `${100 * share}%` }} />
              </span>
              <span className="share-figure">{percent(share)}</span>
            </li>
          ))}
        </ul>
      )}
      {things === "input" && answer.warnings.length > 0 && <p className="told-bloom small">{answer.warnings.length === 1 ? "One input is" : `${answer.warnings.length} inputs are`} unlike anything that it was trained on: trust this less.</p>}
      {things === "picture" &&
        answer.warnings.map((warning) => (
          <p key={warning.code} className="told-bloom small">
            {warning.what} Trust this less.
          </p>
        ))}
    </div>
  );
}
