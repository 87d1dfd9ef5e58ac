import { lambda, pathOf } from "../../api/lambda";
import { encoded } from "../../api/signature";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { awsCommand } from "../../parts/CliCommand";
import { ConfirmDelete } from "../../parts/ConfirmDelete";

/** A version, or an alias that points to one. */
export interface Doomed {
  alias?: string;
  version: string;
}

/** Asks before a version or an alias is deleted. */
export function DeleteQualifier({ name, doomed: { alias, version }, onClose, onGone }: { name: string; doomed: Doomed; onClose: () => void; onGone: () => void }) {
  const { connection, region } = useSession();
  const { busy, run, failure } = useAction("here");
  const what = alias === undefined ? `version ${version}` : `alias ${alias}`;
  const remove = async () => {
    const words = { doing: `Deleting ${what}`, done: alias === undefined ? `Version ${version} is deleted.` : `Alias ${alias} is deleted; the version stays.` };
    const done = await run(words, () =>
      alias === undefined
        ? lambda(connection, "DELETE", pathOf(name), { query: { Qualifier: version } })
        : lambda(connection, "DELETE", pathOf(name, `/aliases/${encoded(alias)}`)),
    );
    if (!done) return;
    onClose();
    onGone();
  };
  const command =
    alias === undefined
      ? awsCommand("lambda delete-function", { "function-name": name, qualifier: version, region })
      : awsCommand("lambda delete-alias", { "function-name": name, name: alias, region });
  return (
    <ConfirmDelete what={`${what} of ${name}`} command={command} busy={busy} failure={failure} word={alias === undefined ? "delete" : null} onCancel={onClose} onDelete={() => void remove()}>
      {alias === undefined
        ? "Its code and configuration cannot be had back; who calls it by its number is refused. $LATEST and the other versions stay. A version that an alias points to is not deleted."
        : `Who calls ${name}:${alias} is refused from now on, by its URL, too. Version ${version} stays.`}
    </ConfirmDelete>
  );
}
