import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { lazy, Suspense, useState } from "react";
import { bytes } from "../../parts/format";
import { FileActions } from "./FileActions";
import { FileList } from "./FileList";
import { fileOf, type Files, firstToShow, isFolder, moved, type SourceFile, withFile, withFolder, without } from "./files";
import { isLink } from "./modes";
import { foldersOf } from "./tree";

const Editor = lazy(() => import("./Editor"));

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
  const [wanted, setWanted] = useState("");
  const folders = new Set([...files.keys()].flatMap((path) => foldersOf(path)));
  const isThere = files.has(wanted) || folders.has(wanted);
  const path = isThere ? wanted : (firstToShow(files, handler) ?? [...files.keys()].find((one) => !isFolder(one)) ?? "");
  const file = files.get(path);

  return (
    <div className="files">
      <div>
        <SpaceBetween size="xs">
          <FileList files={files} changes={changes} chosen={path} onChoose={setWanted} />
          <FileActions
            files={files}
            chosen={path}
            folder={folders.has(path) ? path : (foldersOf(path).at(-1) ?? "")}
            onFile={(given) => { onChange(withFile(files, given, fileOf(""))); setWanted(given); }}
            onFolder={(given) => { onChange(withFolder(files, given)); setWanted(given); }}
            onMove={(given) => { onChange(moved(files, path, given)); setWanted(given); }}
            onDelete={() => { onChange(without(files, path)); }}
          />
        </SpaceBetween>
      </div>
      <div>
        {file?.text == null ? (
          <Alert type="info" header={path}>{whyNot(path, file, files)}</Alert>
        ) : (
          <Suspense fallback={<StatusIndicator type="loading">Loading the editor</StatusIndicator>}>
            <Editor path={path} text={file.text} label={`Code of ${path}`} onChange={(text) => { onChange(withFile(files, path, fileOf(text, file.mode))); }} />
            <Box variant="small">Press Escape, then Tab, to leave the editor.</Box>
          </Suspense>
        )}
      </div>
    </div>
  );
}

/** What is there instead of text to edit. */
function whyNot(path: string, file: SourceFile | undefined, files: Files): string {
  if (!file) {
    const within = [...files.keys()].filter((one) => one.startsWith(`${path}/`) && !isFolder(one)).length;
    return path ? `A folder with ${within} ${within === 1 ? "file" : "files"}.` : "There are no files.";
  }
  if (isLink(file.mode)) return `A link to ${new TextDecoder().decode(file.bytes)}. It is kept as it is.`;
  return `This file (${bytes(file.bytes.length)}) is no text in UTF-8 or too long to be edited here. It is kept as it is.`;
}
