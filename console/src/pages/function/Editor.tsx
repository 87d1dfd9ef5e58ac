import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { bracketMatching, defaultHighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { darkEditor } from "./darkEditor";

function languageOf(path: string): Extension {
  if (/\.(m|c)?jsx?$/.test(path)) return javascript({ jsx: true });
  if (/\.(m|c)?tsx?$/.test(path)) return javascript({ typescript: true });
  if (path.endsWith(".py")) return python();
  if (path.endsWith(".json")) return json();
  return [];
}

const coloursOfNow = (): Extension =>
  document.body.classList.contains("awsui-dark-mode") ? darkEditor : syntaxHighlighting(defaultHighlightStyle, { fallback: true });

/** Text to be edited; `path` says what language it is. A new path begins anew with `text`. */
export default function Editor({
  path,
  text,
  label,
  onChange,
}: {
  path: string;
  text: string;
  label: string;
  onChange: (text: string) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const first = useRef(text);
  const told = useRef(onChange);
  useEffect(() => {
    told.current = onChange;
  });
  useEffect(() => {
    first.current = text;
    // Only of the moment another file is shown: what is typed must not begin the editor anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [path]);
  useEffect(() => {
    if (!place.current) return;
    const colours = new Compartment();
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          // Tab indents after Escape leaves the field: https://codemirror.net/examples/tab/
          keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, indentWithTab]),
          languageOf(path),
          colours.of(coloursOfNow()),
          // A file of Windows stays one.
          first.current.includes("\r\n") ? EditorState.lineSeparator.of("\r\n") : [],
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current(update.state.sliceDoc());
          }),
        ],
      }),
    });
    const watcher = new MutationObserver(() => {
      view.dispatch({ effects: colours.reconfigure(coloursOfNow()) });
    });
    watcher.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    return () => {
      watcher.disconnect();
      view.destroy();
    };
  }, [path, label]);
  return <div className="editor" ref={place} />;
}
