import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import ExpandableSection from "@cloudscape-design/components/expandable-section";

/** A word as a POSIX shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** `aws` with its words; options without a value are left out, those that take none are `true`. */
export function awsCommand(words: string, options: Record<string, string | number | true | undefined>): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [value === true ? `--${name}` : `--${name} ${shellWord(String(value))}`],
  );
  return [`aws ${words}`, ...given, `--endpoint-url ${location.origin}`].join(" \\\n    ");
}

/** `lambdad` with its words, each as a shell takes it. */
export function lambdadCommand(words: readonly string[], options: Record<string, string | undefined> = {}): string {
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${shellWord(value)}`]));
  return ["lambdad", ...words.map(shellWord), ...given, `--endpoint ${location.origin}`].join(" ");
}

/** The command that does the same as the button beside it. */
export function CliCommand({ command }: { command: string }) {
  return (
    <ExpandableSection headerText={command.startsWith("lambdad ") ? "The same with lambdad's command" : "The same with the AWS CLI"} variant="footer">
      <Box variant="pre">{command}</Box>
      <CopyToClipboard
        copyButtonText="Copy"
        copyErrorText="Could not be copied"
        copySuccessText="Copied"
        textToCopy={command}
      />
    </ExpandableSection>
  );
}
