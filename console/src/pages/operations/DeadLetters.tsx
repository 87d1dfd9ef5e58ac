import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { getFunction } from "../../api/lambda";
import { messagesIn } from "../../api/sqs";
import { type Connection, orNothing } from "../../api/transport";
import { useSession } from "../../app/session";
import { AsyncPanel } from "../../parts/AsyncPanel";
import { count } from "../../parts/format";
import { useLoad } from "../../parts/useLoad";

interface Kept {
  /** ARN of a queue or topic; empty without one. */
  target: string;
  /** Topics keep nothing: null. */
  messages: number | null;
}

async function deadLettersOf(connection: Connection, name: string): Promise<Kept> {
  const found = await orNothing(getFunction(connection, name));
  const target = found?.Configuration.DeadLetterConfig?.TargetArn ?? "";
  return { target, messages: target.includes(":sqs:") ? await messagesIn(connection, target) : null };
}

/** Where events of a function go that failed for good, and how many are there. */
export function DeadLetters({ name }: { name: string }) {
  const { connection } = useSession();
  const load = useLoad(() => deadLettersOf(connection, name), name);
  return (
    <SpaceBetween size="s">
      <Header variant="h3">Dead letters</Header>
      <AsyncPanel load={load} what="The dead-letter queue could not be read">
        {({ target, messages }) => (
          <KeyValuePairs
            columns={2}
            items={[
              { label: "Dead-letter queue", value: target || "The function has none." },
              { label: "Messages in it", value: messages === null ? "–" : count(messages) },
            ]}
          />
        )}
      </AsyncPanel>
    </SpaceBetween>
  );
}
