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
  { path: "/create/function", component: page(() => import("./pages/functions/CreateFunction")) },
  {
    path: "/layers",
    nav: { section: "Lambda", text: "Layers", href: "/layers" },
    component: page(() => import("./pages/layers/LayerList")),
  },
  { path: "/functions/:name/:tab?", component: page(() => import("./pages/function/FunctionPage")) },
  {
    path: "/logs",
    nav: { section: "CloudWatch", text: "Log groups", href: "/logs" },
    component: page(() => import("./pages/logs/LogGroups")),
  },
  { path: "/logs/:group", component: page(() => import("./pages/logs/LogGroup")) },
  {
    path: "/iam/roles",
    nav: { section: "IAM", text: "Roles", href: "/iam/roles" },
    component: page(() => import("./pages/iam/RoleList")),
  },
  { path: "/iam/roles/create", component: page(() => import("./pages/iam/CreateRole")) },
  { path: "/iam/roles/:name", component: page(() => import("./pages/iam/RolePage")) },
  {
    path: "/iam/policies",
    nav: { section: "IAM", text: "Policies", href: "/iam/policies" },
    component: page(() => import("./pages/iam/PolicyList")),
  },
  { path: "/iam/policies/create", component: page(() => import("./pages/iam/CreatePolicy")) },
  { path: "/iam/policies/:arn", component: page(() => import("./pages/iam/PolicyPage")) },
  {
    path: "/iam/why",
    nav: { section: "IAM", text: "Why allowed or denied", href: "/iam/why" },
    component: page(() => import("./pages/iam/Why")),
  },
  {
    path: "/operations/queue",
    nav: { section: "Operations", text: "Event queue", href: "/operations/queue" },
    component: page(() => import("./pages/operations/Queue")),
  },
  {
    path: "/operations/mappings",
    nav: { section: "Operations", text: "Event source mappings", href: "/operations/mappings" },
    component: page(() => import("./pages/operations/Mappings")),
  },
  {
    path: "/operations/environments",
    nav: { section: "Operations", text: "Environments", href: "/operations/environments" },
    component: page(() => import("./pages/operations/Environments")),
  },
  {
    path: "/operations/bill",
    nav: { section: "Operations", text: "Bill", href: "/operations/bill" },
    component: page(() => import("./pages/operations/Bill")),
  },
  {
    path: "/operations/settings",
    nav: { section: "Operations", text: "Settings", href: "/operations/settings" },
    component: page(() => import("./pages/operations/Settings")),
  },
];

export const HOME = "/functions";
