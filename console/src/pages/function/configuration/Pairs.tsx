import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Input from "@cloudscape-design/components/input";

export type Pair = [string, string];

/** Names and values to be edited. */
export function Pairs({ pairs, setPairs, what, most }: { pairs: Pair[]; setPairs: (pairs: Pair[]) => void; what: string; most: number }) {
  const set = (index: number, pair: Pair) => {
    setPairs(pairs.map((one, at) => (at === index ? pair : one)));
  };
  return (
    <AttributeEditor
      items={pairs}
      addButtonText={`Add ${what}`}
      removeButtonText="Remove"
      disableAddButton={pairs.length >= most}
      empty={`No ${what}.`}
      onAddButtonClick={() => { setPairs([...pairs, ["", ""]]); }}
      onRemoveButtonClick={({ detail }) => { setPairs(pairs.filter((_, at) => at !== detail.itemIndex)); }}
      definition={[
        {
          label: "Key",
          control: ([key, value], index) => <Input value={key} ariaLabel={`Key ${index + 1}`} spellcheck={false} onChange={({ detail }) => { set(index, [detail.value, value]); }} />,
        },
        {
          label: "Value",
          control: ([key, value], index) => <Input value={value} ariaLabel={`Value ${index + 1}`} spellcheck={false} onChange={({ detail }) => { set(index, [key, detail.value]); }} />,
        },
      ]}
    />
  );
}
