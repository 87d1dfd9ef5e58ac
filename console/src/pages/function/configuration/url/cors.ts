/** CORS of a function URL: AWS's structure, and as it is edited. */

import { linesOf } from "../fields";

export interface Cors {
  AllowCredentials?: boolean;
  AllowHeaders?: string[];
  AllowMethods?: string[];
  AllowOrigins?: string[];
  ExposeHeaders?: string[];
  MaxAge?: number;
}

export interface CorsForm {
  /** Without, the function answers for itself. */
  isOn: boolean;
  origins: string;
  methods: readonly string[];
  headers: string;
  exposed: string;
  maxAgeS: string;
  credentials: boolean;
}

export function formOf(cors: Cors | undefined): CorsForm {
  return {
    isOn: cors !== undefined,
    origins: (cors?.AllowOrigins ?? []).join("\n"),
    methods: cors?.AllowMethods ?? [],
    headers: (cors?.AllowHeaders ?? []).join("\n"),
    exposed: (cors?.ExposeHeaders ?? []).join("\n"),
    maxAgeS: cors?.MaxAge === undefined ? "" : String(cors.MaxAge),
    credentials: cors?.AllowCredentials ?? false,
  };
}

/** What is not given is left out; `{}` takes CORS away. */
export function corsOf(form: CorsForm): Cors {
  if (!form.isOn) return {};
  const list = (text: string) => (linesOf(text).length ? linesOf(text) : undefined);
  const members: Record<keyof Cors, unknown> = {
    AllowCredentials: form.credentials,
    AllowHeaders: list(form.headers),
    AllowMethods: form.methods.length ? form.methods : undefined,
    AllowOrigins: list(form.origins),
    ExposeHeaders: list(form.exposed),
    MaxAge: form.maxAgeS.trim() === "" ? undefined : Number(form.maxAgeS),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
