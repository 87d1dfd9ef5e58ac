import { all, lambda } from "./lambda";
import { encoded } from "./signature";
import type { Connection } from "./transport";

const layers = "/2018-10-31/layers";

export interface LayerVersion {
  LayerVersionArn: string;
  Version: number;
  Description?: string;
  CreatedDate: string;
  CompatibleRuntimes?: string[];
  CompatibleArchitectures?: string[];
  LicenseInfo?: string;
}

export interface Layer {
  LayerName: string;
  LayerArn: string;
  LatestMatchingVersion: LayerVersion;
}

export const listLayers = (connection: Connection) => all<Layer>(connection, layers, "Layers");

export const listLayerVersions = (connection: Connection, name: string) =>
  all<LayerVersion>(connection, `${layers}/${encoded(name)}/versions`, "LayerVersions");

export const publishLayerVersion = (connection: Connection, name: string, body: Record<string, unknown>) =>
  lambda<LayerVersion>(connection, "POST", `${layers}/${encoded(name)}/versions`, { body });

export const deleteLayerVersion = (connection: Connection, name: string, version: number) =>
  lambda<unknown>(connection, "DELETE", `${layers}/${encoded(name)}/versions/${version}`);
