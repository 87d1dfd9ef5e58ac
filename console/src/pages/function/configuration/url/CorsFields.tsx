import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import FormField from "@cloudscape-design/components/form-field";
import Multiselect from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { LinesField, TextField } from "../fields";
import type { CorsForm } from "./cors";

const METHODS = ["*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].map((value) => ({ value, label: value === "*" ? "* (all)" : value }));

/** What pages of other origins may do with the URL. */
export function CorsFields({ form, set }: { form: CorsForm; set: (form: CorsForm) => void }) {
  return (
    <SpaceBetween size="m">
      <Checkbox
        checked={form.isOn}
        description="The URL answers preflight requests and adds the headers itself. Without, the function does."
        onChange={({ detail }) => { set({ ...form, isOn: detail.checked }); }}
      >
        Configure cross-origin resource sharing (CORS)
      </Checkbox>
      {form.isOn && (
        <ColumnLayout columns={2}>
          <LinesField label="Allow origins" hint="One a line: https://app.example.com, or *" value={form.origins} set={(origins) => { set({ ...form, origins }); }} />
          <FormField label="Allow methods" constraintText="At most 6">
            <Multiselect
              selectedOptions={METHODS.filter(({ value }) => form.methods.includes(value))}
              options={METHODS}
              placeholder="Choose methods"
              deselectAriaLabel={({ value }) => `Leave out ${value}`}
              onChange={({ detail }) => { set({ ...form, methods: detail.selectedOptions.flatMap(({ value }) => value ?? []) }); }}
            />
          </FormField>
          <LinesField label="Allow headers" hint="Names that pages may send, one a line" value={form.headers} set={(headers) => { set({ ...form, headers }); }} />
          <LinesField label="Expose headers" hint="Names of the answer that pages may read, one a line" value={form.exposed} set={(exposed) => { set({ ...form, exposed }); }} />
          <TextField label="Max age (s)" hint="0 to 86,400: how long browsers keep what they were told" isNumber value={form.maxAgeS} set={(maxAgeS) => { set({ ...form, maxAgeS }); }} />
          <Checkbox
            checked={form.credentials}
            description="Cookies and authorization headers of the page's visitor."
            onChange={({ detail }) => { set({ ...form, credentials: detail.checked }); }}
          >
            Allow credentials
          </Checkbox>
        </ColumnLayout>
      )}
    </SpaceBetween>
  );
}
