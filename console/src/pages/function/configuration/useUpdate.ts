import { lambda, pathOf } from "../../../api/lambda";
import { useAction } from "../../../app/flash";
import { useSession } from "../../../app/session";
import { settled } from "../settled";
import type { TabProps } from "../tabs";

/** Change members of a function's configuration, wait until they hold, and read the function again. */
export function useUpdate({ name, reload }: Pick<TabProps, "name" | "reload">) {
  const { connection } = useSession();
  const { busy, run } = useAction();
  const update = async (words: { doing: string; done: string }, body: Record<string, unknown>) => {
    const done = await run(words, async () => {
      await lambda(connection, "PUT", pathOf(name, "/configuration"), { body });
      await settled(connection, name);
    });
    if (done) reload();
    return done;
  };
  return { busy, update };
}
