import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useEffect, useState } from "react";

export type Theme = "light" | "dark" | "system";

const KEY = "lambdad.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

/** The theme that was chosen, and the way to choose another; the system's own is followed as it changes. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => (localStorage.getItem(KEY) as Theme | null) ?? "system");
  useEffect(() => {
    const apply = () => {
      applyMode(theme === "dark" || (theme === "system" && dark.matches) ? Mode.Dark : Mode.Light);
    };
    apply();
    localStorage.setItem(KEY, theme);
    dark.addEventListener("change", apply);
    return () => {
      dark.removeEventListener("change", apply);
    };
  }, [theme]);
  return [theme, setTheme];
}
