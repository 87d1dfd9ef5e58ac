import { useState } from "react";
import { useAction } from "../../../../app/flash";
import { useSession } from "../../../../app/session";
import { Dialog } from "../Dialog";
import { ChoiceField, TextField } from "../fields";
import { withPermissions } from "./adding";
import { addCommand, EMPTY, permissionsOf, type Wanted, type Who } from "./statements";

const WHO = [
  { value: "service", label: "An AWS service" },
  { value: "account", label: "An account, user or role" },
  { value: "url", label: "Callers of the function URL" },
];
const PRINCIPALS: Record<Who, string> = { service: EMPTY.principal, account: "", url: "*" };
const ACTIONS = ["lambda:InvokeFunction", "lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:UpdateFunctionCode", "lambda:*"];
const ID = /^[A-Za-z0-9_-]{1,100}$/;

/** A dialog that adds a statement to the policy. */
export function AddStatement({ name, qualifier, changed, onClose }: { name: string; qualifier: string; changed: () => void; onClose: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const [wanted, setWanted] = useState<Wanted>(EMPTY);
  const permissions = permissionsOf(wanted);
  const set = (member: keyof Wanted) => (value: string) => { setWanted({ ...wanted, [member]: value }); };
  const field = (member: keyof Wanted, label: string, hint: string) => <TextField label={label} hint={hint} value={wanted[member]} set={set(member)} />;
  const add = async () => {
    const words = { doing: "Adding the statement", done: `Statement ${wanted.id} is added.` };
    if (!(await run(words, () => withPermissions(connection, { name, qualifier }, permissions)))) return;
    onClose();
    changed();
  };
  return (
    <Dialog
      title={`Add a permission to ${qualifier ? `${name}:${qualifier}` : name}`}
      says="Whoever is named may call from now on, whatever their own policies say of it in this account."
      command={permissions.map((one) => addCommand(name, qualifier, region, one)).join("\n")}
      button="Add statement"
      isReady={ID.test(wanted.id) && wanted.principal.trim() !== ""}
      busy={busy}
      failure={failure}
      onClose={onClose}
      onDo={() => void add()}
    >
      <ChoiceField label="Who" options={WHO} value={wanted.who} set={(who) => { setWanted({ ...wanted, who: who as Who, principal: PRINCIPALS[who as Who] }); }} />
      {field("id", "Statement ID", "Letters, digits, - and _; at most 100. Each once in a policy")}
      {field("principal", "Principal", wanted.who === "service" ? "s3.amazonaws.com, sns.amazonaws.com, events.amazonaws.com …" : "An account ID of 12 digits, the ARN of a user or role, or * for everybody")}
      {wanted.who === "url" ? (
        <ChoiceField label="Auth type of the URL" hint="Two statements are added: a call by URL needs both." options={["AWS_IAM", "NONE"]} value={wanted.authType} set={set("authType")} />
      ) : (
        <ChoiceField label="Action" options={ACTIONS} value={wanted.action} set={set("action")} />
      )}
      {wanted.who === "service" ? (
        <>
          {field("sourceArn", "Source ARN", "Only for this bucket, topic or rule; * and ? stand for any. Without, for all of them")}
          {field("sourceAccount", "Source account", "Whose the bucket is: an ARN of S3 does not say")}
        </>
      ) : (
        field("organisation", "Organisation ID", "Only for accounts of it; without, for whoever is named")
      )}
    </Dialog>
  );
}
