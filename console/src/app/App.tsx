import AppLayout from "@cloudscape-design/components/app-layout";
import Box from "@cloudscape-design/components/box";
import { I18nProvider } from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { Suspense } from "react";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";
import { forgetDrafts } from "../pages/function/drafts";
import { HOME, PAGES } from "../routes";
import { Flashes, FlashProvider } from "./flash";
import { Guard } from "./Guard";
import { REGIONS } from "./regions";
import { SessionProvider, useSession, useSignIn } from "./session";
import { SignInPage } from "./SignIn";
import { type Theme, useTheme } from "./theme";

export const BASE = "/console";

export function App() {
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <SessionProvider>
        <FlashProvider>
          <Router base={BASE}>
            <Front />
          </Router>
        </FlashProvider>
      </SessionProvider>
    </I18nProvider>
  );
}

function Front() {
  const { state } = useSignIn();
  const [theme, setTheme] = useTheme();
  if (state === "looking") return <StatusIndicator type="loading">Loading</StatusIndicator>;
  return state === "in" ? <Shell theme={theme} setTheme={setTheme} /> : <SignInPage />;
}

const THEMES: readonly { id: Theme; text: string }[] = [
  { id: "light", text: "Light" },
  { id: "dark", text: "Dark" },
  { id: "system", text: "As the system" },
];

function Shell({ theme, setTheme }: { theme: Theme; setTheme: (theme: Theme) => void }) {
  const { identity, isOpen, region, setRegion, signOut } = useSession();
  const [location, navigate] = useLocation();
  return (
    <>
      <a className="skip" href="#content">Skip to the content</a>
      <div id="top">
        <TopNavigation
          identity={{ href: `${BASE}${HOME}`, title: "lambdad", onFollow: (event) => { event.preventDefault(); navigate(HOME); } }}
          utilities={[
            {
              type: "menu-dropdown",
              text: region,
              ariaLabel: `Region ${region}`,
              items: REGIONS.map((id) => ({ id, text: id })),
              onItemClick: ({ detail }) => { setRegion(detail.id); },
            },
            {
              type: "menu-dropdown",
              iconName: "settings",
              ariaLabel: "Appearance",
              title: "Appearance",
              items: THEMES.map(({ id, text }) => ({ id, text, itemType: "checkbox", checked: id === theme })),
              onItemClick: ({ detail }) => { setTheme(detail.id as Theme); },
            },
            {
              type: "menu-dropdown",
              text: isOpen ? `Account ${identity.account}` : (identity.arn.split("/").at(-1) ?? identity.arn),
              iconName: "user-profile",
              description: identity.arn,
              items: [
                { id: "account", text: `Account ${identity.account}`, disabled: true },
                isOpen ? { id: "out", text: "Sign in with an access key" } : { id: "out", text: "Sign out" },
              ],
              onItemClick: ({ detail }) => { if (detail.id === "out" && forgetDrafts()) signOut(); },
            },
          ]}
        />
      </div>
      <AppLayout
        headerSelector="#top"
        toolsHide
        notifications={<Flashes />}
        stickyNotifications
        navigation={<Navigation location={location} navigate={navigate} />}
        ariaLabels={{
          navigation: "Pages",
          navigationClose: "Close the list of pages",
          navigationToggle: "Open the list of pages",
          notifications: "Notifications",
        }}
        content={
          <div id="content" tabIndex={-1}>
            <Guard key={location}>
              <Suspense fallback={<StatusIndicator type="loading">Loading</StatusIndicator>}>
                <Switch>
                  {PAGES.map(({ path, component }) => (
                    <Route key={path} path={path} component={component} />
                  ))}
                  <Route path="/"><Redirect to={HOME} replace /></Route>
                  <Route>
                    <Box variant="h1">There is no such page</Box>
                    <Box>Choose one from the list of pages.</Box>
                  </Route>
                </Switch>
              </Suspense>
            </Guard>
          </div>
        }
      />
    </>
  );
}

function Navigation({ location, navigate }: { location: string; navigate: (to: string) => void }) {
  const sections = new Map<string, SideNavigationProps.Link[]>();
  for (const { nav } of PAGES) {
    if (nav) {
      const links = sections.get(nav.section) ?? [];
      links.push({ type: "link", text: nav.text, href: BASE + nav.href });
      sections.set(nav.section, links);
    }
  }
  const items = [...sections].map(([text, links]): SideNavigationProps.Section => ({ type: "section", text, items: links }));
  const first = PAGES.find(({ nav }) => nav && (location === nav.href || location.startsWith(`${nav.href}/`)));
  return (
    <SideNavigation
      activeHref={BASE + (first?.nav?.href ?? location)}
      items={items}
      onFollow={(event) => {
        event.preventDefault();
        navigate(event.detail.href.slice(BASE.length));
      }}
    />
  );
}
