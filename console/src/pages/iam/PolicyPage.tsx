import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { iam, iamPages } from "../../api/iam";
import { childOf, textOf } from "../../api/query";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { pretty, Printed } from "../../parts/Printed";
import { useLoad } from "../../parts/useLoad";
import { PolicyEditor } from "./PolicyEditor";
import { PolicyVersions, type Version } from "./PolicyVersions";

/** One policy: its versions, what each says, and, of the account's own, new ones. */
export default function PolicyPage() {
  const { arn: given = "" } = useParams();
  const arn = decodeURIComponent(given);
  const name = arn.split("/").at(-1) ?? arn;
  const isOurs = !arn.includes(":iam::aws:");
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [, navigate] = useLocation();
  const [chosen, setChosen] = useState<string | null>(null);
  const [isEdited, setEdited] = useState(false);
  const [isDoomed, setDoomed] = useState(false);
  const versions = useLoad(
    () =>
      iamPages(connection, "ListPolicyVersions", { PolicyArn: arn }, "Versions", (one): Version => ({
        id: textOf(one, "VersionId"),
        isDefault: textOf(one, "IsDefaultVersion") === "true",
        created: textOf(one, "CreateDate"),
      })),
    arn,
  );
  const known = versions.value?.some(({ id }) => id === chosen) ? chosen : null;
  const current = known ?? versions.value?.find(({ isDefault }) => isDefault)?.id ?? "";
  const document = useLoad(async () => {
    if (!current) return "";
    const found = await iam(connection, "GetPolicyVersion", { PolicyArn: arn, VersionId: current });
    return decodeURIComponent(textOf(childOf(found, "PolicyVersion"), "Document"));
  }, `${arn} ${current}`);

  const save = async (text: string) => {
    const words = { doing: `Saving ${name}`, done: "The new version is in effect." };
    const done = await run(words, () => iam(connection, "CreatePolicyVersion", { PolicyArn: arn, PolicyDocument: text, SetAsDefault: true }));
    if (!done) return;
    setEdited(false);
    setChosen(null);
    versions.reload();
  };
  const remove = async () => {
    const done = await run({ doing: `Deleting ${name}`, done: `Policy ${name} is deleted.` }, async () => {
      for (const { id, isDefault } of versions.value ?? []) {
        if (!isDefault) await iam(connection, "DeletePolicyVersion", { PolicyArn: arn, VersionId: id });
      }
      await iam(connection, "DeletePolicy", { PolicyArn: arn });
    });
    if (done) navigate("/iam/policies");
    else versions.reload();
    setDoomed(false);
  };

  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={arn}
        actions={
          isOurs && (
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => { setDoomed(true); }}>Delete</Button>
              <Button disabled={!document.value} onClick={() => { setEdited(true); }}>Edit</Button>
            </SpaceBetween>
          )
        }
      >
        {name}
      </Header>
      <AsyncPanel load={versions} what="The policy could not be read">
        {(found) => (
          <SpaceBetween size="m">
            <Select
              ariaLabel="Version"
              selectedOption={{ value: current, label: current }}
              options={found.map(({ id, isDefault }) => ({ value: id, label: isDefault ? `${id} (in effect)` : id }))}
              onChange={({ detail }) => { setChosen(detail.selectedOption.value ?? null); }}
            />
            <AsyncPanel load={document} what="The document could not be read">
              {(text) =>
                isEdited ? (
                  <Container header={<Header variant="h2" description="Saved as a new version, which is in effect at once wherever the policy is attached." actions={<Button variant="link" onClick={() => { setEdited(false); }}>Cancel</Button>}>{`New version, from ${current}`}</Header>}>
                    <PolicyEditor key={current} label="Policy in JSON" text={pretty(text)} kind="identity" busy={busy} onSave={(next) => void save(next)} />
                    <CliCommand command={awsCommand("iam create-policy-version", { "policy-arn": arn, "policy-document": "file://policy.json" }) + " \\\n    --set-as-default"} />
                  </Container>
                ) : (
                  <Printed text={pretty(text)} label="Policy document" />
                )
              }
            </AsyncPanel>
            {isOurs && <PolicyVersions arn={arn} versions={found} onChange={versions.reload} />}
          </SpaceBetween>
        )}
      </AsyncPanel>
      <CliCommand command={awsCommand("iam get-policy-version", { "policy-arn": arn, "version-id": current || "v1" })} />
      {isDoomed && (
        <ConfirmDelete
          what={`policy ${name}`}
          command={awsCommand("iam delete-policy", { "policy-arn": arn })}
          busy={busy}
          onCancel={() => { setDoomed(false); }}
          onDelete={() => void remove()}
        >
          Its older versions go first. While it is attached to a role it cannot be deleted.
        </ConfirmDelete>
      )}
    </SpaceBetween>
  );
}
