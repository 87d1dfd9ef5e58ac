import { problemOfZip } from "./archive";

/** What is in the file that was chosen; null when it will not do, and why is told. */
export async function codeOf(file: File | undefined, tell: (problem: string | null) => void): Promise<Uint8Array | null> {
  if (!file) {
    tell("Choose the .zip file with the code.");
    return null;
  }
  try {
    // Looked at before it is read: it may be of any size.
    const problem =
      problemOfZip(file.name, file.size, new Uint8Array(await file.slice(0, 4).arrayBuffer()));
    tell(problem);
    return problem ? null : new Uint8Array(await file.arrayBuffer());
  } catch {
    tell(`${file.name} cannot be read: choose it again.`);
    return null;
  }
}
