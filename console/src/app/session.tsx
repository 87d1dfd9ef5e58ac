/** Who is signed in: credentials stay in this tab, and nowhere once it is closed. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { callerIdentity, type Identity } from "../api/sts";
import type { Credentials } from "../api/signature";
import { ApiError, type Connection } from "../api/transport";

const KEY = "lambdad.credentials";
const REGION = "lambdad.region";
/** A permissive server lets this key in as the account's root; one in enforce mode refuses it. */
const NOBODYS: Credentials = { accessKeyId: "test", secretAccessKey: "test" };

export interface Session {
  connection: Connection;
  identity: Identity;
  region: string;
  /** Nobody had to sign in. */
  isOpen: boolean;
  setRegion: (region: string) => void;
  signOut: () => void;
}

interface SignIn {
  state: "looking" | "out" | "in";
  session: Session | null;
  /** Why nobody is signed in any more, or the last attempt failed. */
  problem: ApiError | null;
  signIn: (credentials: Credentials) => Promise<void>;
  retry: () => void;
}

const Context = createContext<SignIn | null>(null);

export function useSignIn(): SignIn {
  const found = useContext(Context);
  if (!found) throw new Error("outside of SessionProvider");
  return found;
}

/** The session of a page that is only shown to who is signed in. */
export function useSession(): Session {
  const { session } = useSignIn();
  if (!session) throw new Error("nobody is signed in");
  return session;
}

function kept(): Credentials | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Credentials | null;
  } catch {
    return null;
  }
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<SignIn["state"]>("looking");
  const [problem, setProblem] = useState<ApiError | null>(null);
  const [who, setWho] = useState<{ credentials: Credentials; identity: Identity; isOpen: boolean } | null>(null);
  const [region, setRegionState] = useState(() => localStorage.getItem(REGION) ?? "us-east-1");
  const [attempt, setAttempt] = useState(0);

  const signOut = useCallback(() => {
    sessionStorage.removeItem(KEY);
    setWho(null);
    setProblem(null);
    setState("out");
  }, []);

  const expired = useCallback(() => {
    sessionStorage.removeItem(KEY);
    setWho(null);
    setProblem(new ApiError("ExpiredToken", "Your credentials are not valid any more. Sign in again.", 403, ""));
    setState("out");
  }, []);

  const enter = useCallback(
    async (credentials: Credentials, isOpen: boolean) => {
      const identity = await callerIdentity({ credentials, region });
      if (!isOpen) sessionStorage.setItem(KEY, JSON.stringify(credentials));
      setWho({ credentials, identity, isOpen });
      setProblem(null);
      setState("in");
    },
    [region],
  );

  useEffect(() => {
    if (state !== "looking") return;
    const known = kept();
    enter(known ?? NOBODYS, known === null).catch((error: unknown) => {
      const failure = error as ApiError;
      if (failure.isUnreachable || known) setProblem(failure);
      setState("out");
    });
  }, [state, enter, attempt]);

  const setRegion = useCallback((next: string) => {
    localStorage.setItem(REGION, next);
    setRegionState(next);
  }, []);

  const value = useMemo<SignIn>(
    () => ({
      state,
      problem,
      session: who && {
        connection: { credentials: who.credentials, region, onExpired: expired },
        identity: who.identity,
        isOpen: who.isOpen,
        region,
        setRegion,
        signOut,
      },
      signIn: (credentials) => enter(credentials, false),
      retry: () => {
        setProblem(null);
        setState("looking");
        setAttempt((count) => count + 1);
      },
    }),
    [state, problem, who, region, expired, setRegion, signOut, enter],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}
