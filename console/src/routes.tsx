/** Every page there is: where it lies, under which heading it is found, and the code that shows it. */

import { type ComponentType, lazy } from "react";

interface Page {
  /** wouter's patterns. */
  path: string;
  /** In the side navigation; none for pages that are reached from others. */
  nav?: { section: string; text: string; href: string };
  component: ComponentType;
}

const page = (load: () => Promise<{ default: ComponentType }>) => lazy(load);

export const PAGES: readonly Page[] = [
  {
    path: "/functions",
    nav: { section: "Lambda", text: "Functions", href: "/functions" },
    component: page(() => import("./pages/functions/FunctionList")),
  },
  { path: "/functions/create", component: page(() => import("./pages/functions/CreateFunction")) },
];

export const HOME = "/functions";
