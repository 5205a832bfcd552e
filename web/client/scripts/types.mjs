// Makes src/schema.ts from the published schema of results; with --check, says whether it is as it would be made.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const root = new URL("../../../", import.meta.url);
const schema = JSON.parse(await readFile(new URL("docs/schemas/result.json", root), "utf8"));
for (const each of [schema, ...Object.values(schema.$defs)]) {
  for (const property of Object.values(each.properties)) delete property.title; // else each becomes a type
}
const made = await compile(schema, "ProcessingResult", {
  additionalProperties: true,
  bannerComment: "// Made from docs/schemas/result.json by `npm run types`; not to be edited.",
  style: { printWidth: 110 },
});
const file = new URL("../src/schema.ts", import.meta.url);
if (!process.argv.includes("--check")) {
  await writeFile(file, made);
} else if ((await readFile(file, "utf8")) !== made) {
  console.error("client/src/schema.ts is not what docs/schemas/result.json says: npm run types");
  process.exit(1);
}
