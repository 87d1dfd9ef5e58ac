import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../../app/flash";
import { useSession } from "../../app/session";
import { CliCommand } from "../../parts/CliCommand";
import { type Blueprint, BLUEPRINTS, packed, starterOf } from "./blueprints";
import { BlueprintChoice, CodeShown, type Origin, OriginTiles, ZipChoice } from "./CodeChoice";
import { commandsFor, make, type RoleChoice as Role } from "./creating";
import { problemOfName, problemOfRoleArn, roleNameFor } from "./naming";
import { type Chosen, RoleChoice } from "./RoleChoice";
import { type Family, HANDLERS, RUNTIMES } from "./runtimes";
import { useRuntimes } from "./useRuntimes";
import { codeOf } from "./zipFile";

const ARCHITECTURES = ["x86_64", "arm64"] as const;
const chance = () => Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A new function: from scratch, a blueprint or a .zip file. */
export default function CreateFunction() {
  const { connection, identity } = useSession();
  const [, navigate] = useLocation();
  const { busy, run } = useAction();
  const [origin, setOrigin] = useState<Origin>("scratch");
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const { options, first, isLoading } = useRuntimes();
  const [asked, setAsked] = useState<string | null>(null);
  const [blueprint, setBlueprint] = useState<Blueprint>(BLUEPRINTS[0] as Blueprint);
  const [given, setGiven] = useState<string | null>(null);
  const [architecture, setArchitecture] = useState<string>("x86_64");
  const [files, setFiles] = useState<File[]>([]);
  const [zipProblem, setZipProblem] = useState<string | null>(null);
  const [chosen, setChosen] = useState<Chosen>({ kind: "new", arn: "" });
  const [suffix] = useState(chance);
  const [tried, setTried] = useState(false);
  // Who has gone to another page in the meantime stays there.
  const isShown = useRef(false);
  useEffect(() => {
    isShown.current = true;
    return () => { isShown.current = false; };
  }, []);

  const wanted = origin === "blueprint" ? blueprint.family : null;
  const runtime = asked !== null && fits(asked, wanted) ? asked : first(wanted);
  const family = familyOf(runtime);
  const starter = origin === "blueprint" ? blueprint : starterOf(family);
  const handler = origin === "zip" ? (given ?? HANDLERS[family]) : starter.handler;
  const role: Role = chosen.kind === "new" ? { kind: "new", name: roleNameFor(name, suffix) } : { kind: "there", arn: chosen.arn };
  const nameProblem = problemOfName(name);
  const roleProblem = chosen.kind === "new" ? null : problemOfRoleArn(chosen.arn);
  const wish = { name, description, runtime, handler, architecture, role };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setTried(true);
    const zipped = origin === "zip" ? await codeOf(files[0], setZipProblem) : packed(starter);
    if (!zipped || nameProblem || roleProblem) return;
    const words = { doing: `Creating ${name}`, done: `${name} is created, and can be called.` };
    if (await run(words, () => make(connection, { ...wish, zipped })) && isShown.current) navigate(`/functions/${name}`);
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Form
        header={<Header variant="h1">Create function</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button formAction="none" variant="link" onClick={() => { navigate("/functions"); }}>Cancel</Button>
            <Button formAction="submit" variant="primary" loading={busy}>Create function</Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <OriginTiles origin={origin} onChange={setOrigin} />
          <Container header={<Header variant="h2">Basic information</Header>}>
            <SpaceBetween size="m">
              {origin === "blueprint" && <BlueprintChoice chosen={blueprint} onChoose={setBlueprint} />}
              <FormField label="Function name" errorText={tried ? nameProblem : null} constraintText="Letters, digits, hyphens and underscores.">
                <Input value={name} spellcheck={false} onChange={({ detail }) => { setName(detail.value.trim()); }} />
              </FormField>
              <FormField label={<>Description <i>- optional</i></>}>
                <Input value={description} onChange={({ detail }) => { setDescription(detail.value); }} />
              </FormField>
              <FormField label="Runtime">
                <Select
                  options={options(wanted)}
                  statusType={isLoading ? "loading" : "finished"}
                  loadingText="Asking which the server can run"
                  selectedOption={options(wanted).find(({ value }) => value === runtime) ?? null}
                  onChange={({ detail }) => { setAsked(detail.selectedOption.value ?? null); }}
                />
              </FormField>
              <FormField label="Architecture">
                <RadioGroup
                  value={architecture}
                  ariaLabel="Architecture"
                  items={ARCHITECTURES.map((value) => ({ value, label: value }))}
                  onChange={({ detail }) => { setArchitecture(detail.value); }}
                />
              </FormField>
              {origin === "zip" ? (
                <>
                  <ZipChoice
                    files={files}
                    problem={zipProblem}
                    onChange={(next) => {
                      setFiles(next);
                      setZipProblem(null);
                      if (next[0]) void codeOf(next[0], setZipProblem);
                    }}
                  />
                  <FormField label="Handler" description="File and function that are called: file.function">
                    <Input value={handler} spellcheck={false} onChange={({ detail }) => { setGiven(detail.value.trim()); }} />
                  </FormField>
                </>
              ) : (
                <CodeShown of={starter} />
              )}
            </SpaceBetween>
          </Container>
          <Container header={<Header variant="h2">Permissions</Header>}>
            <RoleChoice chosen={chosen} onChange={setChosen} newName={roleNameFor(name || "function", suffix)} problem={tried ? roleProblem : null} />
          </Container>
          <CliCommand command={commandsFor(wish, identity.account)} />
        </SpaceBetween>
      </Form>
    </form>
  );
}

const familyOf = (runtime: string): Family => RUNTIMES.find((one) => one.id === runtime)?.family ?? "provided";
const fits = (runtime: string, family: Family | null): boolean => family === null || familyOf(runtime) === family;
