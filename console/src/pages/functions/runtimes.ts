/** The runtimes that functions can be created with here. */

export type Family = "python" | "nodejs" | "provided";

export interface Runtime {
  id: string;
  text: string;
  family: Family;
}

const python = ["3.14", "3.13", "3.12", "3.11", "3.10", "3.9"].map(
  (version): Runtime => ({ id: `python${version}`, text: `Python ${version}`, family: "python" }),
);
const node = ["24", "22", "20", "18"].map(
  (version): Runtime => ({ id: `nodejs${version}.x`, text: `Node.js ${version}.x`, family: "nodejs" }),
);
const provided: readonly Runtime[] = [
  { id: "provided.al2023", text: "Custom, Amazon Linux 2023", family: "provided" },
  { id: "provided.al2", text: "Custom, Amazon Linux 2", family: "provided" },
];

export const RUNTIMES: readonly Runtime[] = [...python, ...node, ...provided];

/** How people call a runtime; its id when nobody knows better. */
export const runtimeText = (id: string | undefined): string =>
  RUNTIMES.find((one) => one.id === id)?.text ?? id ?? "Image";

/** The handler that a new function of a family has. */
export const HANDLERS: Record<Family, string> = {
  python: "lambda_function.lambda_handler",
  nodejs: "index.handler",
  provided: "bootstrap",
};
