// Makes src/schema.ts from the published schema of results and src/messages.ts from the AsyncAPI document; with
// --check, says whether they are as they would be made.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

/** What notifications are: events of the log, in which what is not known is null. */
const STEPS = [
  "DocumentReceived",
  "ProcessingStarted",
  "QualityValidated",
  "ProcessingFailed",
  "ResultDelivered",
  "ResultNotice",
];
/** What of the WebSocket's messages the client names; what these are made of comes with them. */
const MESSAGES = [
  "ProcessDocument",
  "StartStream",
  "ListJobs",
  "JobPage",
  "Subscribed",
  "SubscribeChannel",
  "ChannelSubscribed",
  "ProcessingProgress",
  ...STEPS,
];
/** What says what a property may be. */
const KINDS = ["type", "anyOf", "allOf", "oneOf", "enum", "const", "$ref", "tsType"];
const root = new URL("../../../", import.meta.url);

async function published(name) {
  return JSON.parse(await readFile(new URL(`docs/schemas/${name}.json`, root), "utf8"));
}

function properties(schemas) {
  return schemas.flatMap(each => Object.values(each.properties ?? {}));
}

/** As the compiler knows it: tuples in the former way, and what is not said of a property is not known. */
function plain(schema) {
  for (const property of properties([schema, ...Object.values(schema.$defs)]))
    if (!KINDS.some(kind => kind in property)) property.tsType = "unknown";
  const text = JSON.stringify(schema).replaceAll('"prefixItems":', '"items":');
  return JSON.parse(text);
}

function compiled(schema, name, { from, additionalProperties }) {
  for (const property of properties([schema, ...Object.values(schema.$defs)])) delete property.title; // else each becomes a type
  return compile(plain(schema), name, {
    additionalProperties,
    bannerComment: `// Made from docs/schemas/${from}.json by \`npm run types\`; not to be edited.`,
    style: { printWidth: 110 },
  });
}

async function messages(results) {
  const { schemas } = (await published("asyncapi")).components;
  const text = JSON.stringify(schemas).replace(/"\$ref":"#\/components\/schemas\/(\w+)"/g, (_, name) =>
    name in results.$defs ? `"tsType":"${name}"` : `"$ref":"#/$defs/${name}"`,
  );
  const $defs = JSON.parse(text);
  for (const [name, schema] of Object.entries($defs)) {
    for (const property of properties([schema])) {
      // Elsewhere what may be left out is left out rather than null.
      if (property.default === null && !STEPS.includes(name))
        property.anyOf = property.anyOf?.filter(({ type }) => type !== "null");
      delete property.default; // else what it stands beside becomes a type of its own
    }
  }
  const schema = { oneOf: MESSAGES.map(name => ({ $ref: `#/$defs/${name}` })), $defs };
  const made = await compiled(schema, "Message", { from: "asyncapi", additionalProperties: false });
  const used = Object.keys(results.$defs).filter(name => new RegExp(`: ${name}\\b`).test(made));
  return made.replace("\n\n", `\nimport type { ${used.join(", ")} } from "./schema.ts";\n\n`);
}

const results = await published("result");
const files = {
  "schema.ts": await compiled(results, "ProcessingResult", { from: "result", additionalProperties: true }),
  "messages.ts": await messages(results),
};
for (const [name, text] of Object.entries(files)) {
  const file = new URL(`../src/${name}`, import.meta.url);
  if (!process.argv.includes("--check")) {
    await writeFile(file, text);
  } else if ((await readFile(file, "utf8")) !== text) {
    console.error(`client/src/${name} is not what the published schemas say: npm run types`);
    process.exitCode = 1;
  }
}
