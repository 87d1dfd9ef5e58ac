import Box from "@cloudscape-design/components/box";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import { memo } from "react";
import type { LogEvent } from "../../api/logs";
import { moment, type Zone } from "../../parts/format";
import { shownAs } from "./lines";

/** Events, one below the other. */
export function LogLines({ events, zone, isPretty, label }: { events: readonly LogEvent[]; zone: Zone; isPretty: boolean; label: string }) {
  if (events.length === 0) return <Box color="text-body-secondary">No events.</Box>;
  return (
    // Scrolled by keyboard, too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="log" role="log" aria-label={label} tabIndex={0}>
      {events.map((event, index) => <Line key={event.eventId ?? index} event={event} zone={zone} isPretty={isPretty} />)}
    </div>
  );
}

/** Drawn once, however many come after it. */
const Line = memo(function Line({ event, zone, isPretty }: { event: LogEvent; zone: Zone; isPretty: boolean }) {
  const { text, cut } = shownAs(event.message, isPretty);
  return (
    <div>
      <time>{moment(event.timestamp, zone, true)}</time>
      {text}
      {cut > 0 && (
        <>
          {` … ${cut.toLocaleString("en-US")} more characters `}
          <CopyToClipboard variant="inline" textToDisplay="" textToCopy={event.message} copyButtonAriaLabel="Copy the whole event" copySuccessText="Copied" copyErrorText="Could not be copied" />
        </>
      )}
    </div>
  );
});
