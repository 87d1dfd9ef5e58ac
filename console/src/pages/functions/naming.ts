/** Names of functions and roles, as AWS has them. */

const NAME = /^[a-zA-Z0-9-_]{1,64}$/;
const ROLE_ARN = /^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/?[a-zA-Z0-9+=,.@\-_/]+$/;
const MOST_OF_ROLE = 64;

/** What is wrong with the name of a new function; null when it will do. */
export function problemOfName(name: string): string | null {
  if (name === "") return "Give the function a name.";
  if (name.length > 64) return `A name has at most 64 characters; this one has ${name.length}.`;
  if (!NAME.test(name)) return "A name has letters, digits, hyphens and underscores, and no spaces.";
  return null;
}

export function problemOfRoleArn(arn: string): string | null {
  return ROLE_ARN.test(arn) ? null : "Write the role's ARN: arn:aws:iam::<account>:role/<name>.";
}

/** The name of a role made for a function: as AWS's console calls it. */
export function roleNameFor(name: string, chance: string): string {
  const end = `-role-${chance}`;
  return name.slice(0, MOST_OF_ROLE - end.length) + end;
}
