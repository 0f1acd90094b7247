import { type ReactElement, useEffect, useState } from "react";
import { Checkbox, CheckboxGroup, FieldError, Input, Label, Text, TextField } from "react-aria-components";
import { ChoiceField, Toggle } from "../../kit/Fields";
import { Glyph } from "../../kit/Glyph";
import { number } from "../../kit/format";
import type { Setting, Table } from "./model";

interface SettingFieldProps {
  setting: Setting;
  value: unknown;
  columns: readonly string[];
  tables: readonly Table[];
  /** undefined: as it is by default. */
  onChange: (value: unknown) => void;
}

const NONE = "\u0000none";

/** One field of a step's form. */
export function SettingField({ setting, value, columns, tables, onChange }: SettingFieldProps): ReactElement | null {
  const { type, label, help } = setting;
  const shown = value === undefined ? setting.default : value;
  if (type === "stored") {
    return shown ? <p className="field-told">{`${label}: as the search left it.`}</p> : null;
  }
  if (type === "flag") {
    // What is found by itself is shown as it would be for a table of a thousand rows.
    const on = Boolean(shown ?? setting.typical);
    return (
      <div className="field">
        <Toggle on={on} onChange={onChange}>
          {label}
        </Toggle>
        {help && <span className="field-told">{help}</span>}
      </div>
    );
  }
  if (type === "table") {
    const choices = tables.map((table) => ({ id: table.id, label: table.name, told: `${table.columns.length} columns` }));
    return <ChoiceField label={label} value={(shown as string) || null} choices={choices} onChange={onChange} placeholder={choices.length ? "Choose a table" : "Bring a table in first"} />;
  }
  if (type === "column") {
    const choices = [...(setting.required ? [] : [{ id: NONE, label: "none" }]), ...columns.map((name) => ({ id: name, label: name }))];
    return (
      <ChoiceField
        label={label}
        value={(shown as string) || (setting.required ? null : NONE)}
        choices={choices}
        onChange={(id) => onChange(id === NONE ? undefined : id)}
        told={help}
        placeholder="Choose a column"
      />
    );
  }
  if (type === "choice") {
    const standard = shown === null || shown === undefined ? setting.typical : shown;
    const place = setting.choices.findIndex((choice) => choice.value === standard);
    return (
      <ChoiceField
        label={label}
        value={place < 0 ? null : String(place)}
        choices={setting.choices.map((choice, index) => ({ id: String(index), label: choice.label }))}
        onChange={(id) => onChange(setting.choices[Number(id)]?.value)}
        told={help}
      />
    );
  }
  if (type === "columns" || type === "names") {
    const choices = type === "names" ? setting.choices.map((choice) => ({ id: String(choice.value), label: choice.label })) : columns.map((name) => ({ id: name, label: name }));
    return <ManyField label={label} help={help} choices={choices} value={(shown as string[]) ?? []} onChange={(next) => onChange(next.length ? next : undefined)} />;
  }
  return <WrittenField setting={setting} value={shown} onChange={onChange} />;
}

interface ManyFieldProps {
  label: string;
  help: string;
  choices: readonly { id: string; label: string }[];
  value: readonly string[];
  onChange: (value: string[]) => void;
}

/** Some of several, all of them in sight. */
function ManyField({ label, help, choices, value, onChange }: ManyFieldProps): ReactElement {
  return (
    <CheckboxGroup className="field" value={[...value]} onChange={onChange}>
      <Label className="field-label">{label}</Label>
      <div className="many">
        {choices.map((choice) => (
          <Checkbox key={choice.id} value={choice.id} className="many-item">
            <span className="many-box">
              <Glyph name="check" size={16} />
            </span>
            <span>{choice.label}</span>
          </Checkbox>
        ))}
        {choices.length === 0 && <span className="field-told">Choose a table first.</span>}
      </div>
      {help && (
        <Text slot="description" className="field-told">
          {help}
        </Text>
      )}
    </CheckboxGroup>
  );
}

/** A number, numbers or a word, sent when it is left or entered: half a number is no setting. */
function WrittenField({ setting, value, onChange }: { setting: Setting; value: unknown; onChange: (value: unknown) => void }): ReactElement {
  const standing = Array.isArray(value) ? value.join(", ") : value === null || value === undefined ? "" : String(value);
  const [text, setText] = useState(standing);
  const [error, setError] = useState("");
  useEffect(() => {
    setText(standing);
    setError("");
  }, [standing]);
  const send = (): void => {
    if (text.trim() === standing) {
      return;
    }
    const found = read(setting, text.trim());
    if (isFault(found)) {
      setError(found.error);
    } else {
      setError("");
      onChange(found);
    }
  };
  const typical = setting.typical ?? null;
  const bounds = setting.low !== null && setting.high !== null ? `${number(setting.low)} to ${number(setting.high)}` : "";
  return (
    <TextField className="field" value={text} onChange={setText} onBlur={send} isInvalid={error !== ""}>
      <Label className="field-label">{setting.label}</Label>
      <Input
        className="field-box"
        inputMode={setting.type === "word" ? "text" : "decimal"}
        placeholder={typical === null ? "" : `by itself, about ${number(Number(typical))}`}
        onKeyDown={(event) => event.key === "Enter" && send()}
      />
      <Text slot="description" className="field-told">
        {setting.help}
        {bounds && ` ${setting.soft ? "Usually" : "From"} ${bounds}.`}
      </Text>
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}

interface Fault {
  error: string;
}

const isFault = (found: unknown): found is Fault => typeof found === "object" && found !== null && "error" in found;

function read(setting: Setting, text: string): unknown {
  if (text === "") {
    // An empty field is what is found by itself; where there is a default, null says "none".
    return setting.default === null ? undefined : null;
  }
  if (setting.type === "word") {
    return text;
  }
  const parts = setting.type === "numbers" ? text.split(/[,;\s]+/) : [text.replace(",", ".")];
  const found = parts.map(Number);
  if (found.some((one) => !Number.isFinite(one))) {
    return { error: "Write a number, such as 0.5." };
  }
  const first = found[0] ?? 0;
  if (setting.type === "numbers") {
    return found;
  }
  if (setting.type === "whole" && !Number.isInteger(first)) {
    return { error: "Write a whole number." };
  }
  if (!setting.soft && ((setting.low !== null && first < setting.low) || (setting.high !== null && first > setting.high))) {
    return { error: `From ${number(setting.low)} to ${number(setting.high)} is possible.` };
  }
  return first;
}
