import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { iam } from "../../api/iam";
import { childOf, textOf } from "../../api/query";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel, Problem } from "../../parts/AsyncPanel";
import { awsCommand, CliCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { moment } from "../../parts/format";
import { PageLink } from "../../parts/PageLink";
import { pretty, Printed } from "../../parts/Printed";
import { useLoad } from "../../parts/useLoad";
import { EditPolicy } from "./EditPolicy";
import { deletePolicy, isOfAws, type PolicyDetails, policyOf, versionsOf } from "./policies";
import { PolicyHolders } from "./PolicyHolders";
import { PolicyVersions } from "./PolicyVersions";

/** One policy: its versions, what each says, and, of the account's own, new ones. */
export default function PolicyPage() {
  const { arn: given = "" } = useParams();
  const arn = decodeURIComponent(given);
  const name = arn.split("/").at(-1) ?? arn;
  const isOurs = !isOfAws(arn);
  const { connection } = useSession();
  const { busy, run } = useAction();
  const [, navigate] = useLocation();
  const [chosen, setChosen] = useState<string | null>(null);
  const [isEdited, setEdited] = useState(false);
  const [isDoomed, setDoomed] = useState(false);
  const details = useLoad(() => policyOf(connection, arn), arn);
  const versions = useLoad(() => versionsOf(connection, arn), arn);
  const known = versions.value?.some(({ id }) => id === chosen) ? chosen : null;
  const current = known ?? versions.value?.find(({ isDefault }) => isDefault)?.id ?? "";
  const document = useLoad(async () => {
    if (!current) return "";
    const found = await iam(connection, "GetPolicyVersion", { PolicyArn: arn, VersionId: current });
    return decodeURIComponent(textOf(childOf(found, "PolicyVersion"), "Document"));
  }, `${arn} ${current}`);

  const saved = () => {
    setEdited(false);
    setChosen(null);
    versions.reload();
    details.reload();
  };
  const remove = async () => {
    const done = await run({ doing: `Deleting ${name}`, done: `Policy ${name} is deleted.` }, () => deletePolicy(connection, arn));
    setDoomed(false);
    if (done) navigate("/iam/policies");
    else versions.reload();
  };

  if (versions.error?.isMissing && !versions.value) {
    return (
      <SpaceBetween size="m">
        <Header variant="h1">{name}</Header>
        <Problem error={versions.error} onRetry={versions.reload} what="There is no such policy any more" />
        <PageLink to="/iam/policies">To the list of policies</PageLink>
      </SpaceBetween>
    );
  }
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
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
      <AsyncPanel load={details} what="What the policy is could not be read">{(found) => <Summary arn={arn} details={found} />}</AsyncPanel>
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
                  <EditPolicy policy={{ name, arn }} from={current} text={pretty(text)} versions={found} onClose={() => { setEdited(false); }} onSaved={saved} />
                ) : (
                  <Printed text={pretty(text)} label="Policy document" />
                )
              }
            </AsyncPanel>
            {isOurs && <PolicyVersions arn={arn} versions={found} onChange={versions.reload} />}
          </SpaceBetween>
        )}
      </AsyncPanel>
      <PolicyHolders policy={{ name, arn }} />
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

function Summary({ arn, details }: { arn: string; details: PolicyDetails }) {
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: "ARN", value: <CopyToClipboard variant="inline" textToCopy={arn} copyButtonAriaLabel="Copy the ARN" copySuccessText="Copied" copyErrorText="Could not be copied" /> },
          { label: "Description", value: details.description || "–" },
          { label: "Creation date", value: moment(details.created) },
          { label: "Changed", value: moment(details.updated) },
        ]}
      />
    </Container>
  );
}
