import { useState } from "react";
import { lambda, type Mapping } from "../../../../api/lambda";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { awsCommand } from "../../../../parts/CliCommand";
import { ConfirmDelete } from "../../../../parts/ConfirmDelete";
import { Dialog } from "../Dialog";
import { changeOf, settingsOf, valuesOf } from "./requests";
import { SettingFields } from "./SettingFields";
import { MAPPINGS, nameOf, sourceOf } from "./sources";

interface Props {
  mapping: Mapping;
  changed: () => void;
  onClose: () => void;
}

/** Change what can be changed of a mapping. */
export function EditTrigger({ mapping, changed, onClose }: Props) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const [values, setValues] = useState(() => valuesOf(mapping));
  const body = changeOf(mapping, values);
  const save = async () => {
    const words = { doing: "Changing the trigger", done: "The trigger is being changed." };
    if (!(await run(words, () => lambda(connection, "PUT", MAPPINGS + mapping.UUID, { body })))) return;
    onClose();
    changed();
  };
  return (
    <Dialog
      title={`Edit the trigger of ${nameOf(mapping)}`}
      says="Batches that are under way end as they began; those after have what is new."
      command={awsCommand("lambda update-event-source-mapping", { uuid: mapping.UUID, "cli-input-json": JSON.stringify(body), region })}
      button="Save trigger"
      isReady={Object.keys(body).length > 0}
      busy={busy}
      failure={failure}
      onClose={onClose}
      onDo={() => void save()}
    >
      <SettingFields settings={settingsOf(sourceOf(mapping)).filter(({ isFixed }) => !isFixed)} values={values} set={setValues} />
    </Dialog>
  );
}

/** Asks before a mapping is deleted. */
export function RemoveTrigger({ mapping, changed, onClose }: Props) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const remove = async () => {
    const words = { doing: "Removing the trigger", done: "The trigger is being removed; its source keeps what it holds." };
    if (!(await run(words, () => lambda(connection, "DELETE", MAPPINGS + mapping.UUID)))) return;
    onClose();
    changed();
  };
  return (
    <ConfirmDelete
      verb="Remove"
      what="the trigger"
      command={awsCommand("lambda delete-event-source-mapping", { uuid: mapping.UUID, region })}
      busy={busy}
      failure={failure}
      word={null}
      onCancel={onClose}
      onDelete={() => void remove()}
    >
      {nameOf(mapping)} is read no longer for this function, and stays with what it holds. How far it was read is forgotten: a trigger that
      is added later begins anew. To stop for a while, disable it instead.
    </ConfirmDelete>
  );
}
