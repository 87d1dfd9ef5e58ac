import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FileUpload from "@cloudscape-design/components/file-upload";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import Tiles from "@cloudscape-design/components/tiles";
import { type Blueprint, BLUEPRINTS } from "./blueprints";

export type Origin = "scratch" | "blueprint" | "zip";

export function OriginTiles({ origin, onChange }: { origin: Origin; onChange: (origin: Origin) => void }) {
  return (
    <Tiles
      value={origin}
      ariaLabel="What the function begins with"
      columns={4}
      onChange={({ detail }) => { onChange(detail.value as Origin); }}
      items={[
        { value: "scratch", label: "Author from scratch", description: "Begin with a function that says hello." },
        { value: "blueprint", label: "Use a blueprint", description: "Begin with the code of a common case." },
        { value: "zip", label: "Upload a .zip file", description: "Code that you have, with what it needs." },
        {
          value: "image",
          label: "Container image",
          description: "Not here: lambdad runs no container images. Upload what is in it as a .zip file, a program of any language as bootstrap.",
          disabled: true,
        },
      ]}
    />
  );
}

export function BlueprintChoice({ chosen, onChoose }: { chosen: Blueprint; onChoose: (one: Blueprint) => void }) {
  const options = BLUEPRINTS.map((one) => ({ value: one.id, label: one.title, description: one.about }));
  return (
    <FormField label="Blueprint">
      <Select
        options={options}
        selectedOption={options.find(({ value }) => value === chosen.id) ?? null}
        onChange={({ detail }) => {
          const next = BLUEPRINTS.find((one) => one.id === detail.selectedOption.value);
          if (next) onChoose(next);
        }}
      />
    </FormField>
  );
}

export function CodeShown({ of: { file, code } }: { of: Blueprint }) {
  return (
    <ExpandableSection headerText={`Its code: ${file}`}>
      <Box variant="pre"><span className="code">{code}</span></Box>
    </ExpandableSection>
  );
}

interface ZipProps {
  files: File[];
  problem: string | null;
  onChange: (files: File[]) => void;
}

export function ZipChoice({ files, problem, onChange }: ZipProps) {
  return (
    <FormField label="Deployment package" description="A .zip file of up to 50 MB with the code at its top." errorText={problem}>
      <FileUpload
        value={files}
        onChange={({ detail }) => { onChange(detail.value); }}
        accept=".zip,application/zip"
        showFileSize
        i18nStrings={{
          uploadButtonText: () => "Choose file",
          dropzoneText: () => "Drop the .zip file here",
          removeFileAriaLabel: () => "Remove the file",
          limitShowFewer: "Show fewer",
          limitShowMore: "Show more",
          errorIconAriaLabel: "Error",
          warningIconAriaLabel: "Warning",
        }}
      />
    </FormField>
  );
}
