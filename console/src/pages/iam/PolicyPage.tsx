import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useParams } from "wouter";
import { iam, iamPages } from "../../api/iam";
import { childOf, textOf } from "../../api/query";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { pretty, Printed } from "../../parts/Printed";
import { useLoad } from "../../parts/useLoad";

interface Version {
  id: string;
  isDefault: boolean;
}

/** One policy: its versions, and what each says. */
export default function PolicyPage() {
  const { arn: given = "" } = useParams();
  const arn = decodeURIComponent(given);
  const { connection } = useSession();
  const [chosen, setChosen] = useState<string | null>(null);
  const versions = useLoad(
    () => iamPages(connection, "ListPolicyVersions", { PolicyArn: arn }, "Versions", (one): Version => ({ id: textOf(one, "VersionId"), isDefault: textOf(one, "IsDefaultVersion") === "true" })),
    arn,
  );
  const current = chosen ?? versions.value?.find(({ isDefault }) => isDefault)?.id ?? "";
  const document = useLoad(async () => {
    if (!current) return "";
    const found = await iam(connection, "GetPolicyVersion", { PolicyArn: arn, VersionId: current });
    return decodeURIComponent(textOf(childOf(found, "PolicyVersion"), "Document"));
  }, `${arn} ${current}`);
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={arn}>{arn.split("/").at(-1)}</Header>
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
              {(text) => <Printed text={pretty(text)} label="Policy document" />}
            </AsyncPanel>
          </SpaceBetween>
        )}
      </AsyncPanel>
      <CliCommand command={awsCommand("iam get-policy-version", { "policy-arn": arn, "version-id": current || "v1" })} />
    </SpaceBetween>
  );
}
