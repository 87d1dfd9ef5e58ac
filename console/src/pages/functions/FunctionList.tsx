import Header from "@cloudscape-design/components/header";
export default function FunctionList() {
  return <Header variant="h1">Functions</Header>;
}
