import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useRef, useState } from "react";
import { type Files, problemOfPath, without } from "./files";

type Naming = "file" | "folder" | "move";

const LABELS: Record<Naming, (chosen: string) => string> = {
  file: () => "Path of the new file",
  folder: () => "Path of the new folder",
  move: (chosen) => `New path of ${chosen}`,
};

interface Props {
  files: Files;
  /** A file or a folder; "" when there is none. */
  chosen: string;
  /** In which something new is made; "" for the top. */
  folder: string;
  onFile: (path: string) => void;
  onFolder: (path: string) => void;
  onMove: (path: string) => void;
  onDelete: () => void;
}

/** What can be done with the files and the folders. */
export function FileActions({ files, chosen, folder, onFile, onFolder, onMove, onDelete }: Props) {
  const [naming, setNaming] = useState<Naming | null>(null);
  const take = { file: onFile, folder: onFolder, move: onMove };
  const begin = naming === "move" ? chosen : folder && `${folder}/`;
  return (
    <Box>
      <SpaceBetween size="xs">
        <SpaceBetween direction="horizontal" size="xs">
          <Button onClick={() => { setNaming("file"); }}>New file</Button>
          <Button onClick={() => { setNaming("folder"); }}>New folder</Button>
          <Button disabled={!chosen} onClick={() => { setNaming("move"); }}>Rename</Button>
          <Button disabled={!chosen} ariaLabel={`Delete ${chosen}`} onClick={onDelete}>Delete</Button>
        </SpaceBetween>
        {naming && (
          <Name
            key={`${naming} ${chosen}`}
            first={begin}
            label={LABELS[naming](chosen)}
            button={naming === "move" ? "Move" : "Create"}
            others={naming === "move" ? without(files, chosen) : files}
            onName={(path) => { setNaming(null); take[naming](path); }}
            onCancel={() => { setNaming(null); }}
          />
        )}
      </SpaceBetween>
    </Box>
  );
}

interface NameProps {
  first: string;
  label: string;
  button: string;
  /** Whose paths are taken. */
  others: Files;
  onName: (path: string) => void;
  onCancel: () => void;
}

/** Asks for a path; Enter takes it, Escape gives up. */
function Name({ first, label, button, others, onName, onCancel }: NameProps) {
  const [path, setPath] = useState(first);
  const field = useRef<InputProps.Ref>(null);
  useEffect(() => {
    field.current?.focus(); // who has just asked for it types next
  }, []);
  const problem = path === first ? null : problemOfPath(path, others);
  const isReady = path !== first && problem === null;
  return (
    <FormField label={label} constraintText="Folders are separated by /" errorText={problem}>
      <SpaceBetween size="xs">
        <Input
          ref={field}
          value={path}
          spellcheck={false}
          onChange={({ detail }) => { setPath(detail.value); }}
          onKeyDown={({ detail }) => {
            if (detail.key === "Enter" && isReady) onName(path);
            if (detail.key === "Escape") onCancel();
          }}
        />
        <SpaceBetween direction="horizontal" size="xs">
          <Button disabled={!isReady} onClick={() => { onName(path); }}>{button}</Button>
          <Button variant="link" onClick={onCancel}>Cancel</Button>
        </SpaceBetween>
      </SpaceBetween>
    </FormField>
  );
}
