import { iam, type PolicyRef } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";

/** Takes a managed policy from a role, after the question. */
export function DetachPolicy({ role, policy, onClose, onDone }: { role: string; policy: PolicyRef; onClose: () => void; onDone: () => void }) {
  const { connection } = useSession();
  const { busy, run, failure } = useAction("here");
  const detach = async () => {
    const words = { doing: `Detaching ${policy.name}`, done: `${policy.name} is detached from ${role}.` };
    if (!(await run(words, () => iam(connection, "DetachRolePolicy", { RoleName: role, PolicyArn: policy.arn })))) return;
    onClose();
    onDone();
  };
  return (
    <ConfirmDelete
      what={`${policy.name} from ${role}`}
      verb="Detach"
      word={null}
      command={awsCommand("iam detach-role-policy", { "role-name": role, "policy-arn": policy.arn })}
      busy={busy}
      failure={failure}
      onCancel={onClose}
      onDelete={() => void detach()}
    >
      Whoever has the role, functions too, loses at once what only this policy allows. The policy itself stays.
    </ConfirmDelete>
  );
}
