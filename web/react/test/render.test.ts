import { load } from "js-yaml";
import { expect, test } from "vitest";
import { render } from "../src/render.ts";

const result = {
  status: "completed",
  text: 'a < b & c > "d"\nand\u0001 \u{1f600} \ud800',
  dates: ["2024-01-05", "12:30", "yes", "null", "0x1f"],
  nested: { empty: {}, none: null, list: [], "a b": 1.5, '"<&\n': true },
};

test("YAML reads back as what was written, texts that look like other values too", async () => {
  expect(load(await render(result, "yaml"))).toEqual(result);
});

test("XML has the service's form: characters that XML forbids are replaced, names that it forbids are entries", async () => {
  expect(await render(result, "xml")).toBe(`<?xml version='1.0' encoding='utf-8'?>
<result>
  <status>completed</status>
  <text>a &lt; b &amp; c &gt; "d"
and\ufffd \u{1f600} \ufffd</text>
  <dates>
    <item>2024-01-05</item>
    <item>12:30</item>
    <item>yes</item>
    <item>null</item>
    <item>0x1f</item>
  </dates>
  <nested>
    <empty />
    <none null="true" />
    <list />
    <entry name="a b">1.5</entry>
    <entry name="&quot;&lt;&amp;&#10;">true</entry>
  </nested>
</result>
`);
});
