import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { iam, tagsOfRole } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { useLoad } from "../../parts/useLoad";
import { type Pair, Pairs } from "../function/configuration/Pairs";

/** The tags of a role. */
export function RoleTags({ role }: { role: string }) {
  const { connection } = useSession();
  const load = useLoad(() => tagsOfRole(connection, role), role);
  return (
    <AsyncPanel load={load} what="The tags could not be read">
      {(tags) => <Form key={JSON.stringify(tags)} role={role} known={tags} onSaved={load.reload} />}
    </AsyncPanel>
  );
}

function Form({ role, known, onSaved }: { role: string; known: Pair[]; onSaved: () => void }) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [pairs, setPairs] = useState(known);
  const save = async () => {
    const tags = pairs.filter(([key]) => key);
    const gone = known.map(([key]) => key).filter((key) => !tags.some(([one]) => one === key));
    const done = await run({ doing: "Saving the tags", done: "The tags are saved." }, async () => {
      if (tags.length) await iam(connection, "TagRole", { RoleName: role, Tags: tags.map(([Key, Value]) => ({ Key, Value })) });
      if (gone.length) await iam(connection, "UntagRole", { RoleName: role, TagKeys: gone });
    });
    if (done) onSaved();
  };
  return (
    <SpaceBetween size="s">
      <Pairs pairs={pairs} setPairs={setPairs} what="tag" most={50} />
      <Box variant="small">Conditions of policies see them as aws:ResourceTag and aws:PrincipalTag.</Box>
      <Button loading={busy} onClick={() => void save()}>Save tags</Button>
      <CliCommand command={awsCommand("iam tag-role", { "role-name": role, tags: JSON.stringify(pairs.filter(([key]) => key).map(([Key, Value]) => ({ Key, Value }))) })} />
    </SpaceBetween>
  );
}
