import Wizard from "@cloudscape-design/components/wizard";
import { useState } from "react";
import { useLocation } from "wouter";
import { BASIC_POLICY, createRole, iam, LAMBDA_TRUST } from "../../api/iam";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { ApiError } from "../../api/transport";
import { checked, problemOf, roleNameProblem } from "./policies";
import { NameStep, PermissionsStep, TrustStep } from "./RoleSteps";

const WORDS = {
  stepNumberLabel: (number: number) => `Step ${number}`,
  collapsedStepsLabel: (number: number, count: number) => `Step ${number} of ${count}`,
  navigationAriaLabel: "Steps",
  cancelButton: "Cancel",
  previousButton: "Previous",
  nextButton: "Next",
  submitButton: "Create role",
  optional: "optional",
};

/** A role in three steps: who takes it, what it may do, what it is called. */
export default function CreateRole() {
  const { connection } = useSession();
  const [, navigate] = useLocation();
  const { busy, run } = useAction();
  const [step, setStep] = useState(0);
  const [trust, setTrust] = useState(LAMBDA_TRUST);
  const [wrong, setWrong] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string[]>([BASIC_POLICY]);
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [isSent, setSent] = useState(false);

  const move = async (to: number) => {
    const problem = step === 0 ? await trustProblem() : null;
    setWrong(problem);
    if (problem === null) setStep(to);
  };
  const trustProblem = async () => {
    try {
      return problemOf(await checked(connection, trust, "trust"));
    } catch (error) {
      return error instanceof ApiError ? error.message : String(error);
    }
  };
  const create = async () => {
    setSent(true);
    if (roleNameProblem(name)) return;
    const words = { doing: `Creating role ${name}`, done: `Role ${name} is there.` };
    if (!(await run(words, () => createRole(connection, name, trust, description)))) return;
    // It is there: what cannot be attached now can be on its page.
    for (const arn of chosen) {
      const policy = arn.split("/").at(-1) ?? arn;
      await run({ doing: `Attaching ${policy}`, done: `${policy} is attached.` }, () => iam(connection, "AttachRolePolicy", { RoleName: name, PolicyArn: arn }));
    }
    navigate(`/iam/roles/${encodeURIComponent(name)}`);
  };

  return (
    <Wizard
      activeStepIndex={step}
      isLoadingNextStep={busy}
      onNavigate={({ detail }) => void move(detail.requestedStepIndex)}
      onCancel={() => { navigate("/iam/roles"); }}
      onSubmit={() => void create()}
      i18nStrings={WORDS}
      steps={[
        {
          title: "Trusted entity",
          description: "Who may take the role. Functions need Lambda.",
          content: <TrustStep trust={trust} setTrust={setTrust} problem={wrong} />,
        },
        {
          title: "Permissions",
          description: "The basic policy lets a function write its log.",
          content: <PermissionsStep chosen={chosen} setChosen={setChosen} />,
        },
        {
          title: "Name",
          content: (
            <NameStep
              name={name}
              setName={setName}
              problem={name || isSent ? roleNameProblem(name) : null}
              description={description}
              setDescription={setDescription}
              trust={trust}
              chosen={chosen}
            />
          ),
        },
      ]}
    />
  );
}
