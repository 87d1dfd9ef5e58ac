import { type FunctionConfiguration, lambda, pathOf } from "../../api/lambda";
import { ApiError, type Connection } from "../../api/transport";

const EVERY_MS = 300;
const WITHIN_MS = 60_000;

/** Wait until a function can be called as it was last changed; throws what is wrong with it. */
export async function settled(connection: Connection, name: string): Promise<FunctionConfiguration> {
  const until = Date.now() + WITHIN_MS;
  for (;;) {
    const found = await lambda<FunctionConfiguration>(connection, "GET", pathOf(name, "/configuration"));
    if (found.State === "Failed" || found.LastUpdateStatus === "Failed") {
      throw new ApiError("Failed", found.StateReason ?? found.LastUpdateStatusReason ?? "It cannot run.", 200, "");
    }
    if (found.State !== "Pending" && found.LastUpdateStatus !== "InProgress") return found;
    if (Date.now() > until) throw new ApiError("StillPending", "It is not ready yet. Look again in a minute.", 200, "");
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
