import Box from "@cloudscape-design/components/box";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useLocation, useParams, useRouter } from "wouter";
import { deleteFunction, type FunctionConfiguration, getFunction } from "../../api/lambda";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { AsyncPanel, Problem } from "../../parts/AsyncPanel";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";
import { PageLink } from "../../parts/PageLink";
import { useLoad } from "../../parts/useLoad";
import { draftKey, useDraft } from "./drafts";
import { Overview } from "./Overview";
import { TABS } from "./tabs";

/** One function: what surrounds it, its code, tests, graphs, log and configuration. */
export default function FunctionPage() {
  const { name: given = "", tab: wanted } = useParams();
  const tab = TABS.some(({ id }) => id === wanted) ? (wanted as string) : "code";
  const name = decodeURIComponent(given);
  const { connection, region, identity } = useSession();
  const { base } = useRouter();
  const [, navigate] = useLocation();
  const [isDoomed, setDoomed] = useState(false);
  const { busy, run } = useAction();
  const load = useLoad(() => getFunction(connection, name), `${region} ${name}`);

  const [draft, setDraft] = useDraft(draftKey(identity.arn, region, name));

  const remove = async () => {
    const words = { doing: `Deleting ${name}`, done: `Function ${name} is deleted.` };
    if (await run(words, () => deleteFunction(connection, name))) {
      setDraft(null);
      navigate("/functions");
    } else {
      load.reload(); // it may be gone already
    }
    setDoomed(false);
  };

  return (
    <SpaceBetween size="l">
      <BreadcrumbGroup
        ariaLabel="Where this page is"
        items={[{ text: "Functions", href: `${base}/functions` }, { text: name, href: `${base}/functions/${given}` }]}
        onFollow={(event) => {
          event.preventDefault();
          navigate(event.detail.href.slice(base.length));
        }}
      />
      <Header variant="h1" actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={() => { setDoomed(true); }}>Delete</Button>
            {tab !== "test" && <Button onClick={() => { navigate(`/functions/${given}/test`); }}>Test</Button>}
          </SpaceBetween>
        }>
        {name}
      </Header>
      {load.error?.isMissing ? (
        <SpaceBetween size="m">
          <Problem error={load.error} onRetry={load.reload} what="There is no such function any more" />
          <PageLink to="/functions">To the list of functions</PageLink>
        </SpaceBetween>
      ) : (
        <AsyncPanel load={load} what="The function could not be read">
          {(details) => (
            <SpaceBetween size="l">
              <State configuration={details.Configuration} />
              <Overview name={name} configuration={details.Configuration} />
              <Tabs
                activeTabId={tab}
                onChange={({ detail }) => { navigate(`/functions/${given}/${detail.activeTabId}`); }}
                tabs={TABS.map(({ id, label, component: Tab }) => ({
                  id,
                  label: id === "code" && draft ? `${label} ●` : label,
                  content: id === tab ? <Tab name={name} details={details} reload={load.reload} onDelete={() => { setDoomed(true); }} /> : null,
                }))}
              />
            </SpaceBetween>
          )}
        </AsyncPanel>
      )}
      {isDoomed && (
        <ConfirmDelete
          what={`function ${name}`}
          command={awsCommand("lambda delete-function", { "function-name": name, region })}
          busy={busy}
          onCancel={() => { setDoomed(false); }}
          onDelete={() => void remove()}
        >
          Its code, versions, aliases, URL and event source mappings&#39; target go with it; its log stays. Events that wait for it are dropped.
        </ConfirmDelete>
      )}
    </SpaceBetween>
  );
}

function State({ configuration }: { configuration: FunctionConfiguration }) {
  if (configuration.State === "Failed" || configuration.LastUpdateStatus === "Failed") {
    const why = configuration.StateReason ?? configuration.LastUpdateStatusReason ?? "";
    return <StatusIndicator type="error">{`Failed: ${why}`}</StatusIndicator>;
  }
  if (configuration.State === "Pending" || configuration.LastUpdateStatus === "InProgress") {
    return <StatusIndicator type="in-progress">{configuration.State === "Pending" ? "Being created" : "Being updated"}</StatusIndicator>;
  }
  return configuration.Description ? <Box color="text-body-secondary">{configuration.Description}</Box> : null;
}
