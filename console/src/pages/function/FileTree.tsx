import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import SideNavigation from "@cloudscape-design/components/side-navigation";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { bytes } from "../../parts/format";
import { fileOf, type Files, firstToShow, problemOfPath, withFile, without } from "./files";

const Editor = lazy(() => import("./Editor"));

type Naming = "new" | "rename";

/** The files of a function, and the editor of the one that was chosen. */
export function FileTree({
  files,
  changes,
  onChange,
  handler,
}: {
  files: Files;
  /** Paths at which something is not deployed. */
  changes: ReadonlySet<string>;
  onChange: (files: Files) => void;
  handler: string | undefined;
}) {
  const [wanted, setPath] = useState("");
  const [naming, setNaming] = useState<Naming | null>(null);
  const path = files.has(wanted) ? wanted : (firstToShow(files, handler) ?? [...files.keys()][0] ?? "");
  const file = files.get(path);

  const name = (given: string) => {
    const moved = naming === "rename" && file ? file : fileOf("");
    onChange(withFile(naming === "rename" ? without(files, path) : files, given, moved));
    setPath(given);
    setNaming(null);
  };

  return (
    <div className="files">
      <div>
        <SideNavigation
          header={{ text: "Files", href: "#" }}
          activeHref={`#${path}`}
          items={[...files.keys()].map((one) => ({ type: "link" as const, text: changes.has(one) ? `${one} ●` : one, href: `#${one}` }))}
          onFollow={(event) => {
            event.preventDefault();
            if (event.detail.href !== "#") setPath(event.detail.href.slice(1));
          }}
        />
        <Box padding="s">
          <SpaceBetween size="xs">
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => { setNaming("new"); }}>New file</Button>
              <Button disabled={!file} onClick={() => { setNaming("rename"); }}>Rename</Button>
              <Button disabled={!file} ariaLabel={`Delete ${path}`} onClick={() => { onChange(without(files, path)); }}>Delete</Button>
            </SpaceBetween>
            {naming && <Name key={`${naming} ${path}`} first={naming === "rename" ? path : ""} what={naming} files={files} onName={name} onCancel={() => { setNaming(null); }} />}
          </SpaceBetween>
        </Box>
      </div>
      <div>
        {file?.text == null ? (
          <Alert type="info" header={path}>
            {file ? `This file (${bytes(file.bytes.length)}) is no text in UTF-8 or too long to be edited here. It is kept as it is.` : "There are no files."}
          </Alert>
        ) : (
          <Suspense fallback={<StatusIndicator type="loading">Loading the editor</StatusIndicator>}>
            <Editor path={path} text={file.text} label={`Code of ${path}`} onChange={(text) => { onChange(withFile(files, path, fileOf(text))); }} />
            <Box variant="small">Press Escape, then Tab, to leave the editor.</Box>
          </Suspense>
        )}
      </div>
    </div>
  );
}

/** Asks for a file's path; Enter takes it. */
function Name({
  first,
  what,
  files,
  onName,
  onCancel,
}: {
  first: string;
  what: Naming;
  files: Files;
  onName: (path: string) => void;
  onCancel: () => void;
}) {
  const [path, setPath] = useState(first);
  const field = useRef<InputProps.Ref>(null);
  useEffect(() => {
    field.current?.focus(); // who has just asked for it types next
  }, []);
  const problem = path === first ? null : problemOfPath(path, files);
  const isReady = path !== first && problem === null;
  return (
    <FormField label={what === "new" ? "Path of the new file" : `New path of ${first}`} constraintText="Folders are separated by /" errorText={problem}>
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
          <Button disabled={!isReady} onClick={() => { onName(path); }}>{what === "new" ? "Create" : "Move"}</Button>
          <Button variant="link" onClick={onCancel}>Cancel</Button>
        </SpaceBetween>
      </SpaceBetween>
    </FormField>
  );
}
