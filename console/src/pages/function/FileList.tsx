import Icon from "@cloudscape-design/components/icon";
import Link from "@cloudscape-design/components/link";
import TreeView from "@cloudscape-design/components/tree-view";
import { useState } from "react";
import type { Files } from "./files";
import { foldersOf, type Node, treeOf } from "./tree";

/** Folders and files; the arrow keys go through them, Enter shows one. */
export function FileList({
  files,
  changes,
  chosen,
  onChoose,
}: {
  files: Files;
  changes: ReadonlySet<string>;
  chosen: string;
  onChoose: (path: string) => void;
}) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const folders = new Set([...files.keys()].flatMap((path) => foldersOf(path)));
  const open = [...folders].filter((path) => !closed.has(path));
  // What is not deployed in a folder that is closed is seen on it.
  const isMarked = ({ path, children }: Node) =>
    changes.has(path) || changes.has(`${path}/`) || (children !== null && [...changes].some((one) => one.startsWith(`${path}/`)));
  return (
    <TreeView<Node>
      ariaLabel="Files"
      items={treeOf(files)}
      getItemId={({ path }) => path}
      getItemChildren={({ children }) => children ?? undefined}
      expandedItems={open}
      onItemToggle={({ detail: { id, expanded } }) => { setClosed((known) => (expanded ? without(known, id) : new Set([...known, id]))); }}
      i18nStrings={{ expandButtonLabel: ({ path }) => `Open ${path}`, collapseButtonLabel: ({ path }) => `Close ${path}` }}
      renderItem={(node) => ({
        icon: <Icon name={node.children ? "folder" : "file"} />,
        announcementLabel: node.path,
        content: (
          <span className={node.path === chosen ? "chosen" : undefined} aria-current={node.path === chosen}>
            <Link
              href={`#${node.path}`}
              onFollow={(event) => {
                event.preventDefault();
                onChoose(node.path);
              }}
            >
              {node.name}
            </Link>
            {isMarked(node) && <span title="Not deployed" role="img" aria-label="not deployed"> ●</span>}
          </span>
        ),
      })}
    />
  );
}

const without = (known: ReadonlySet<string>, path: string) => new Set([...known].filter((one) => one !== path));
