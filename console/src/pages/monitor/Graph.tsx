import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import { colorChartsPaletteCategorical1, colorChartsPaletteCategorical2, colorChartsPaletteCategorical3, colorTextBodySecondary } from "@cloudscape-design/design-tokens";
import { moment, type Zone } from "../../parts/format";

const WIDTH = 420;
const HEIGHT = 140;
const COLOURS = [colorChartsPaletteCategorical1, colorChartsPaletteCategorical2, colorChartsPaletteCategorical3];

export interface Line {
  name: string;
  values: readonly (number | null)[];
}

/** Lines over time, with the same as a table for who cannot see them. */
export function Graph({
  title,
  lines,
  startMs,
  periodS,
  zone,
  show,
}: {
  title: string;
  lines: readonly Line[];
  startMs: number;
  periodS: number;
  zone: Zone;
  show: (value: number) => string;
}) {
  const known = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const highest = Math.max(...known, 0);
  const count = Math.max(...lines.map(({ values }) => values.length), 2);
  const x = (index: number) => (index / (count - 1)) * WIDTH;
  const y = (value: number) => HEIGHT - (highest === 0 ? 0 : (value / highest) * (HEIGHT - 10));
  const rows = lines[0]?.values.map((_, index) => index).filter((index) => lines.some(({ values }) => values[index] != null)) ?? [];
  return (
    <Container header={<Header variant="h3">{title}</Header>} fitHeight>
      {known.length === 0 ? (
        <Box color="text-body-secondary">Nothing was measured in this time.</Box>
      ) : (
        <>
          <svg viewBox={`-2 -4 ${WIDTH + 4} ${HEIGHT + 8}`} role="img" aria-label={`${title}: at most ${show(highest)}`} width="100%">
            <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} stroke={colorTextBodySecondary} strokeWidth={1} />
            <text x={0} y={8} fontSize={11} fill={colorTextBodySecondary}>{show(highest)}</text>
            {lines.map(({ name, values }, index) => (
              <g key={name} stroke={COLOURS[index]} fill={COLOURS[index]}>
                <path d={pathOf(values, x, y)} fill="none" strokeWidth={2} strokeDasharray={["", "6 3", "2 3"][index]} />
                {values.map((value, at) => (value === null ? null : <circle key={at} cx={x(at)} cy={y(value)} r={1.8} />))}
              </g>
            ))}
          </svg>
          <Box variant="small">{lines.map(({ name }, index) => <span key={name} className="legend"><span aria-hidden style={{ background: COLOURS[index] }} />{name} </span>)}</Box>
        </>
      )}
      <ExpandableSection headerText="Values" variant="footer">
        <table className="values">
          <thead><tr><th scope="col">Time</th>{lines.map(({ name }) => <th key={name} scope="col">{name}</th>)}</tr></thead>
          <tbody>
            {rows.map((index) => (
              <tr key={index}>
                <th scope="row">{moment(startMs + index * periodS * 1000, zone)}</th>
                {lines.map(({ name, values }) => <td key={name}>{values[index] == null ? "–" : show(values[index])}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </ExpandableSection>
    </Container>
  );
}

function pathOf(values: readonly (number | null)[], x: (index: number) => number, y: (value: number) => number): string {
  let pen = "M";
  return values
    .map((value, index) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const step = `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}
