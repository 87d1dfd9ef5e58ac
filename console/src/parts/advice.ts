import type { ApiError } from "../api/transport";

/** What to do about a failure, as a sentence; empty when nothing is known. */
export function adviceFor(error: ApiError): string {
  if (error.isUnreachable) return "Start it again (lambdad serve), then retry.";
  if (error.isDenied) return "Ask whoever manages permissions, or see why under IAM → Why allowed or denied.";
  if (error.isMissing) return "It may have been deleted in the meantime: go back to the list.";
  if (error.code.includes("TooManyRequests") || error.code.includes("Throttl")) return "Wait a moment, then retry.";
  if (error.code.includes("ResourceConflict")) return "Another change is under way: wait until it is over, then retry.";
  return "";
}
