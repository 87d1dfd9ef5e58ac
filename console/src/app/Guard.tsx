import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { Component, type ErrorInfo, type ReactNode } from "react";
import { isLoss } from "./loss";

/** A page that breaks leaves the others. */
export class Guard extends Component<{ children: ReactNode }, { broken: Error | null }> {
  override state: { broken: Error | null } = { broken: null };

  static getDerivedStateFromError(broken: Error) {
    return { broken };
  }

  override componentDidCatch(error: Error, info: ErrorInfo) {
    console.error(error, info.componentStack);
  }

  override render() {
    const { broken } = this.state;
    if (!broken) return this.props.children;
    return (
      <Box>
        <Box variant="h1">This page cannot be shown</Box>
        <Box variant="p">{isLoss(broken) ? LOST : `${broken.message}. Reload it; if that does not help, the server may be of another version.`}</Box>
        <Button onClick={() => { location.reload(); }}>Reload</Button>
      </Box>
    );
  }
}

const LOST = "The server does not answer, and this page was not loaded yet. Start it again (lambdad serve), then reload.";
