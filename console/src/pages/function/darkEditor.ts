/** The editor in the dark: colours that stand out by 4.5 to 1 at least, as WCAG AA asks. */

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme(
  {
    "&": { color: "#e6e6ea", backgroundColor: "#161d26" },
    ".cm-gutters": { color: "#b4b4bb", backgroundColor: "#161d26", border: "none" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "#1f2833" },
    ".cm-cursor": { borderLeftColor: "#ffffff" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "#2e4a6b" },
  },
  { dark: true },
);

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.definitionKeyword], color: "#d7a6ff" },
  { tag: [tags.string, tags.special(tags.string)], color: "#9fe0a4" },
  { tag: [tags.number, tags.bool, tags.null], color: "#ffc285" },
  { tag: [tags.comment], color: "#b0b8c4", fontStyle: "italic" },
  { tag: [tags.propertyName, tags.variableName], color: "#9fd3ff" },
  { tag: [tags.function(tags.variableName), tags.className, tags.typeName], color: "#ffe08a" },
]);

export const darkEditor = [theme, syntaxHighlighting(colours)];
