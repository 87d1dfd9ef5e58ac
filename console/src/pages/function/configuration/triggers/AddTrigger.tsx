import Checkbox from "@cloudscape-design/components/checkbox";
import { type ReactNode, useState } from "react";
import { lambda } from "../../../../api/lambda";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { awsCommand } from "../../../../parts/CliCommand";
import { Dialog } from "../Dialog";
import { ChoiceField } from "../fields";
import { withPermissions } from "../permissions/adding";
import { addCommand } from "../permissions/statements";
import { type CallerKind, CALLERS, statementIdOf, type Target } from "./callers/kinds";
import { blank, creationOf, isComplete, settingsOf } from "./requests";
import { SettingFields } from "./SettingFields";
import { MAPPINGS, type Source, SOURCES, type Values } from "./sources";

interface Props {
  name: string;
  qualifier: string;
  target: Target;
  changed: () => void;
  onClose: () => void;
}

const KINDS = [...SOURCES, ...CALLERS].map(({ value, label }) => ({ value, label }));

/** Which kind of trigger, and then what it needs. */
export function AddTrigger(props: Props) {
  const [kind, setKind] = useState("sqs");
  const caller = CALLERS.find(({ value }) => value === kind);
  const choice = <ChoiceField label="Source" options={KINDS} value={kind} set={setKind} />;
  return caller ? <Called key={kind} {...props} kind={caller} choice={choice} /> : <Polled key={kind} {...props} source={kind as Source} choice={choice} />;
}

function Polled({ name, qualifier, source, choice, changed, onClose }: Props & { source: Source; choice: ReactNode }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const [values, setValues] = useState<Values>(() => blank(source));
  const [isEnabled, setEnabled] = useState(true);
  const body = creationOf(source, qualifier ? `${name}:${qualifier}` : name, values, isEnabled);
  const add = async () => {
    const words = { doing: "Adding the trigger", done: isEnabled ? "The trigger is being enabled." : "The trigger is there; it is not enabled." };
    if (!(await run(words, () => lambda(connection, "POST", MAPPINGS, { body })))) return;
    onClose();
    changed();
  };
  return (
    <Dialog
      title="Add a trigger"
      says="An event source mapping is made: the source is read, and the function is called with batches of its records. The role must allow reading."
      command={awsCommand("lambda create-event-source-mapping", { "cli-input-json": JSON.stringify(body), region })}
      button="Add trigger"
      isReady={isComplete(source, values)}
      busy={busy}
      failure={failure}
      onClose={onClose}
      onDo={() => void add()}
    >
      {choice}
      <SettingFields settings={settingsOf(source)} values={values} set={setValues} />
      <Checkbox checked={isEnabled} onChange={({ detail }) => { setEnabled(detail.checked); }}>Enable the trigger</Checkbox>
    </Dialog>
  );
}

function Called({ name, qualifier, target, kind, choice, changed, onClose }: Props & { kind: CallerKind; choice: ReactNode }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const [values, setValues] = useState<Values>(() => Object.fromEntries(kind.fields.map(({ id, initial }) => [id, initial ?? ""])));
  const source = kind.sourceArn(values, target);
  const permission = {
    StatementId: statementIdOf(kind, source),
    Principal: kind.principal,
    Action: "lambda:InvokeFunction",
    SourceArn: source,
    // An ARN of S3 does not say whose the bucket is.
    ...(kind.value === "s3" ? { SourceAccount: target.account } : {}),
  };
  const add = async () => {
    const words = { doing: "Adding the trigger", done: `${kind.label} ${source.split(":").at(-1) ?? ""} calls the function from now on.` };
    const connect = () => kind.connect(connection, values, target);
    if (!(await run(words, () => withPermissions(connection, { name, qualifier }, [permission], connect, true)))) return;
    onClose();
    changed();
  };
  return (
    <Dialog
      title="Add a trigger"
      says={`A statement of the resource policy lets ${kind.principal} call the function, and the service is told to. When it refuses, the statement is taken back.`}
      command={[addCommand(name, qualifier, region, permission), ...kind.commands(values, target)].join("\n")}
      button="Add trigger"
      isReady={kind.fields.every(({ id, isNeeded }) => !isNeeded || (values[id] ?? "").trim() !== "")}
      busy={busy}
      failure={failure}
      onClose={onClose}
      onDo={() => void add()}
    >
      {choice}
      <SettingFields settings={kind.fields} values={values} set={setValues} />
    </Dialog>
  );
}
