import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { iam } from "../../api/iam";
import { listOf, textOf } from "../../api/query";
import { ApiError, type Connection } from "../../api/transport";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { moment } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";

interface Access {
  service: string;
  namespace: string;
  last: string;
}

const LOOKS = 20;
const EVERY_MS = 200;

async function accessesOf(connection: Connection, arn: string): Promise<Access[]> {
  const job = textOf(await iam(connection, "GenerateServiceLastAccessedDetails", { Arn: arn }), "JobId");
  for (let look = 0; look < LOOKS; look += 1) {
    const found = await iam(connection, "GetServiceLastAccessedDetails", { JobId: job });
    if (textOf(found, "JobStatus") === "COMPLETED") {
      return listOf(found, "ServicesLastAccessed").map((one) => ({
        service: textOf(one, "ServiceName"),
        namespace: textOf(one, "ServiceNamespace"),
        last: textOf(one, "LastAuthenticated"),
      }));
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  throw new ApiError("StillWorking", "The report is not ready yet.", 200, "");
}

/** Which services the role was used for, and when. */
export function LastAccessed({ arn }: { arn: string }) {
  const { connection } = useSession();
  const load = useLoad(() => accessesOf(connection, arn), arn);
  return (
    <AsyncPanel load={load} what="The last accesses could not be read">
      {(accesses) => (
        <Table
          items={accesses}
          trackBy="namespace"
          header={<Header variant="h2" description="Services that its policies allow. What happened in the last minutes may be missing.">Last accessed</Header>}
          empty={<Box textAlign="center">Its policies allow nothing.</Box>}
          columnDefinitions={[
            { id: "service", header: "Service", cell: (one) => one.service || one.namespace, isRowHeader: true },
            { id: "last", header: "Last accessed", cell: (one) => (one.last ? moment(one.last) : "not while anybody looked") },
          ]}
        />
      )}
    </AsyncPanel>
  );
}
