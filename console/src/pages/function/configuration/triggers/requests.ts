/** From what is filled in to what is asked of the API, and back; pure. */

import type { Mapping } from "../../../../api/lambda";
import { type Setting, SETTINGS, type Source, sourceOf, type Values } from "./sources";

const DEFAULT_BATCH: Record<Source, string> = { sqs: "10", kinesis: "100", dynamodb: "100", msk: "100", kafka: "100" };

/** A new trigger of a kind, before anything is filled in. */
export const blank = (source: Source): Values => ({
  ...Object.fromEntries(settingsOf(source).map(({ id, initial }) => [id, initial ?? ""])),
  batch: DEFAULT_BATCH[source],
});

/** What a trigger is set to. */
export const valuesOf = (mapping: Mapping): Values =>
  Object.fromEntries(settingsOf(sourceOf(mapping)).map(({ id, read }) => [id, read(mapping)]));

export const settingsOf = (source: Source): Setting[] => SETTINGS.filter(({ of }) => of.includes(source));

/** Those that mean something beside the others. */
export const shownOf = <T extends Pick<Setting, "only">>(settings: readonly T[], values: Values): T[] =>
  settings.filter(({ only }) => only === undefined || values[only[0]] === only[1]);

export const isComplete = (source: Source, values: Values): boolean =>
  settingsOf(source).every(({ id, isNeeded }) => !isNeeded || (values[id] ?? "").trim() !== "");

/** Of CreateEventSourceMapping: what is filled in. */
export function creationOf(source: Source, target: string, values: Values, isEnabled: boolean): Record<string, unknown> {
  const given = shownOf(settingsOf(source), values).filter(({ id }) => (values[id] ?? "").trim() !== "");
  return { FunctionName: target, Enabled: isEnabled, ...written(given, source, values) };
}

/** Of UpdateEventSourceMapping: what is other than it was. */
export function changeOf(mapping: Mapping, values: Values): Record<string, unknown> {
  const source = sourceOf(mapping);
  const before = valuesOf(mapping);
  const changed = settingsOf(source).filter(({ id, isFixed }) => !isFixed && (values[id] ?? "") !== before[id]);
  return written(changed, source, values);
}

/** Settings of one structure are put together. */
function written(settings: readonly Setting[], source: Source, values: Values): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const { id, write } of settings) {
    for (const [member, value] of Object.entries(write((values[id] ?? "").trim(), source))) {
      const known = members[member];
      members[member] = isStructure(known) && isStructure(value) ? { ...known, ...value } : value;
    }
  }
  return members;
}

const isStructure = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
