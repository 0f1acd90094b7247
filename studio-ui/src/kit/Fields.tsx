import type { ReactElement, ReactNode } from "react";
import {
  Button,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  NumberField,
  Popover,
  Radio,
  RadioGroup,
  Select,
  SelectValue,
  Slider,
  SliderOutput,
  SliderThumb,
  SliderTrack,
  Switch,
  Text,
  TextField,
} from "react-aria-components";
import { Glyph } from "./Glyph";

export interface Choice {
  id: string;
  label: string;
  told?: string;
}

interface ChoiceFieldProps {
  label: string;
  value: string | null;
  choices: readonly Choice[];
  onChange: (id: string) => void;
  told?: ReactNode;
  placeholder?: string;
  disabled?: boolean;
  hideLabel?: boolean;
}

/** One of many, in a list that opens. */
export function ChoiceField({ label, value, choices, onChange, told, placeholder, disabled = false, hideLabel = false }: ChoiceFieldProps): ReactElement {
  return (
    <Select
      className="field"
      aria-label={label}
      value={value}
      onChange={(key) => key !== null && onChange(String(key))}
      isDisabled={disabled}
      placeholder={placeholder ?? "Choose"}
    >
      {!hideLabel && <Label className="field-label">{label}</Label>}
      <Button className="field-box field-choice">
        <SelectValue>{({ defaultChildren, isPlaceholder, selectedText }) => (isPlaceholder ? defaultChildren : selectedText)}</SelectValue>
        <Glyph name="down" size={16} />
      </Button>
      {told && (
        <Text slot="description" className="field-told">
          {told}
        </Text>
      )}
      <Popover className="popover">
        <ListBox className="list" items={choices}>
          {(choice) => (
            <ListBoxItem className="list-item" id={choice.id} textValue={choice.label}>
              <Text slot="label">{choice.label}</Text>
              {choice.told && (
                <Text slot="description" className="list-told">
                  {choice.told}
                </Text>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}

interface RadioFieldProps {
  label: string;
  value: string;
  choices: readonly Choice[];
  onChange: (id: string) => void;
  disabled?: boolean;
}

/** One of a few, all of them in sight. */
export function RadioField({ label, value, choices, onChange, disabled = false }: RadioFieldProps): ReactElement {
  return (
    <RadioGroup className="field" value={value} onChange={onChange} isDisabled={disabled}>
      <Label className="field-label">{label}</Label>
      <div className="radios">
        {choices.map((choice) => (
          <Radio key={choice.id} value={choice.id} className="radio">
            <span className="radio-dot" />
            <span>
              <span className="radio-label">{choice.label}</span>
              {choice.told && <span className="radio-told">{choice.told}</span>}
            </span>
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}

interface TextInputProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  told?: string;
  error?: string;
  placeholder?: string;
  hideLabel?: boolean;
}

export function TextInput({ label, value, onChange, told, error, placeholder, hideLabel = false }: TextInputProps): ReactElement {
  return (
    <TextField className="field" aria-label={label} value={value} onChange={onChange} isInvalid={Boolean(error)}>
      {!hideLabel && <Label className="field-label">{label}</Label>}
      <Input className="field-box" placeholder={placeholder ?? ""} />
      {told && (
        <Text slot="description" className="field-told">
          {told}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}

interface NumberInputProps {
  label: string;
  value: number;
  onChange: (value: number) => void;
  low?: number;
  high?: number;
  step?: number;
  told?: string;
  format?: Intl.NumberFormatOptions;
}

export function NumberInput({ label, value, onChange, low, high, step, told, format }: NumberInputProps): ReactElement {
  return (
    <NumberField
      className="field"
      value={value}
      onChange={onChange}
      {...(low === undefined ? {} : { minValue: low })}
      {...(high === undefined ? {} : { maxValue: high })}
      {...(step === undefined ? {} : { step })}
      {...(format === undefined ? {} : { formatOptions: format })}
    >
      <Label className="field-label">{label}</Label>
      <Input className="field-box" />
      {told && (
        <Text slot="description" className="field-told">
          {told}
        </Text>
      )}
    </NumberField>
  );
}

interface SlideProps {
  label: string;
  value: number;
  low: number;
  high: number;
  step: number;
  onChange: (value: number) => void;
  shown: (value: number) => string;
}

export function Slide({ label, value, low, high, step, onChange, shown }: SlideProps): ReactElement {
  return (
    <Slider className="field slider" value={value} minValue={low} maxValue={high} step={step} onChange={(v) => onChange(Array.isArray(v) ? (v[0] ?? low) : (v as number))}>
      <div className="slider-head">
        <Label className="field-label">{label}</Label>
        <SliderOutput className="slider-value">{shown(value)}</SliderOutput>
      </div>
      <SliderTrack className="slider-track">
        <SliderThumb className="slider-thumb" />
      </SliderTrack>
    </Slider>
  );
}

export function Toggle({ children, on, onChange, disabled = false }: { children: ReactNode; on: boolean; onChange: (on: boolean) => void; disabled?: boolean }): ReactElement {
  return (
    <Switch className="switch" isSelected={on} onChange={onChange} isDisabled={disabled}>
      <span className="switch-track" />
      {children}
    </Switch>
  );
}
