import Link, { type LinkProps } from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { useLocation, useRouter } from "wouter";

/** A link to a page of the console; `to` as in routes.tsx, without `/console`. */
export function PageLink({ to, children, ...more }: { to: string; children: ReactNode } & Pick<LinkProps, "variant" | "fontSize">) {
  const { base } = useRouter();
  const [, navigate] = useLocation();
  return (
    <Link
      {...more}
      href={base + to}
      onFollow={(event) => {
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </Link>
  );
}
