import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { own } from "../../api/own";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { lambdadCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { sourceOf, timeProblem } from "./sources";
import type { PolledMapping } from "./types";

const PLACES = [
  { value: "trim-horizon", label: "Its beginning", description: "Everything that is still there comes once more." },
  { value: "latest", label: "Its end", description: "What was not read yet never comes." },
  { value: "time", label: "A time" },
];

/** Has a mapping read its source from somewhere else on; AWS has nothing like it. */
export function ResetCheckpoint({ mapping, onCancel, onDone }: { mapping: PolledMapping; onCancel: () => void; onDone: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const [place, setPlace] = useState("trim-horizon");
  const [time, setTime] = useState("");
  const problem = place === "time" && time ? timeProblem(time, new Date()) : null;
  const to = place === "time" ? time : place;
  const reset = async () => {
    const words = { doing: `Resetting ${mapping.uuid}`, done: `${sourceOf(mapping)} is read from there on.` };
    if (await run(words, () => own(connection, "POST", "mappings/reset", { body: { uuid: mapping.uuid, to } }))) onDone();
  };
  return (
    <ConfirmDelete
      what={`the checkpoint of ${sourceOf(mapping)}`}
      verb="Reset"
      word="reset"
      command={lambdadCommand(["mappings", "reset", mapping.uuid], { to: to || "TIME", region })}
      busy={busy}
      disabled={place === "time" && (!time || problem !== null)}
      failure={failure}
      onCancel={onCancel}
      onDelete={() => void reset()}
    >
      <SpaceBetween size="m">
        <div>
          Beyond AWS, where a mapping is deleted and made anew for that. The call under way ends first; what was read before is forgotten, so
          records come twice, or never. A mapping that is disabled begins there when it is enabled.
        </div>
        <FormField label="Read from">
          <RadioGroup value={place} items={PLACES} onChange={({ detail }) => { setPlace(detail.value); }} />
        </FormField>
        {place === "time" && (
          <FormField label="Time" constraintText="ISO 8601, UTC when it names no zone" {...(problem ? { errorText: problem } : {})}>
            <Input value={time} placeholder="2026-11-27T12:00:00Z" spellcheck={false} onChange={({ detail }) => { setTime(detail.value.trim()); }} />
          </FormField>
        )}
      </SpaceBetween>
    </ConfirmDelete>
  );
}
