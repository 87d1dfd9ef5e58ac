import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";

const MOST = 100_000;

/** Text as it was printed, as text whatever is in it; what is longer than a page can show is cut, and copied whole. */
export function Printed({ text, label }: { text: string; label: string }) {
  return (
    <div>
      {/* Scrolled by keyboard, too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="printed" tabIndex={0} aria-label={label}>{text.slice(0, MOST)}</pre>
      {text.length > MOST && (
        <Box variant="small">The first {MOST.toLocaleString("en-US")} of {text.length.toLocaleString("en-US")} characters are shown.</Box>
      )}
      <CopyToClipboard copyButtonText="Copy" copyErrorText="Could not be copied" copySuccessText="Copied" textToCopy={text} />
    </div>
  );
}

/** JSON with one member a line; anything else as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
