import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import { ChoiceField, LinesField, TextField } from "../fields";
import { shownOf } from "./requests";
import type { Setting, Values } from "./sources";

type Shown = Pick<Setting, "id" | "label" | "hint" | "input" | "only">;

/** A field for each setting. */
export function SettingFields({ settings, values, set }: { settings: readonly Shown[]; values: Values; set: (values: Values) => void }) {
  return (
    <ColumnLayout columns={2}>
      {shownOf(settings, values).map((setting) => (
        <Field key={setting.id} setting={setting} value={values[setting.id] ?? ""} set={(value) => { set({ ...values, [setting.id]: value }); }} />
      ))}
    </ColumnLayout>
  );
}

function Field({ setting: { label, hint, input }, value, set }: { setting: Shown; value: string; set: (value: string) => void }) {
  switch (input) {
    case "text":
    case "number":
      return <TextField label={label} hint={hint} value={value} set={set} isNumber={input === "number"} />;
    case "lines":
      return <LinesField label={label} hint={hint} value={value} set={set} />;
    case "tick":
      return <Checkbox checked={value !== ""} description={hint} onChange={({ detail }) => { set(detail.checked ? "yes" : ""); }}>{label}</Checkbox>;
    default:
      return <ChoiceField label={label} hint={hint} options={input} value={value} set={set} />;
  }
}
