/** Fields of the panels: a label, what may stand there, and the value as text. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import Textarea from "@cloudscape-design/components/textarea";

interface FieldProps {
  label: string;
  value: string;
  set: (value: string) => void;
  /** What may stand there. */
  hint?: string;
  placeholder?: string;
}

export function TextField({ label, value, set, hint, placeholder, isNumber = false }: FieldProps & { isNumber?: boolean }) {
  return (
    <FormField label={label} constraintText={hint}>
      <Input
        value={value}
        spellcheck={false}
        onChange={({ detail }) => { set(detail.value); }}
        {...(placeholder ? { placeholder } : {})}
        {...(isNumber ? { type: "number" as const, inputMode: "numeric" as const } : {})}
      />
    </FormField>
  );
}

/** Several values, one a line. */
export function LinesField({ label, value, set, hint, placeholder }: FieldProps) {
  return (
    <FormField label={label} constraintText={hint}>
      <Textarea value={value} rows={2} spellcheck={false} onChange={({ detail }) => { set(detail.value); }} {...(placeholder ? { placeholder } : {})} />
    </FormField>
  );
}

export interface Option {
  value: string;
  label: string;
}

/** One of a few values; `options` are labels of their own unless told otherwise. */
export function ChoiceField({ label, value, set, hint, options }: FieldProps & { options: readonly (string | Option)[] }) {
  const all = options.map((one) => (typeof one === "string" ? { value: one, label: one } : one));
  return (
    <FormField label={label} constraintText={hint}>
      <Select
        selectedOption={all.find((one) => one.value === value) ?? null}
        options={all}
        onChange={({ detail }) => { set(detail.selectedOption.value ?? value); }}
      />
    </FormField>
  );
}

/** The lines that say something. */
export const linesOf = (text: string) => text.split("\n").map((line) => line.trim()).filter(Boolean);
