// SPDX-License-Identifier: Apache-2.0
// ajv.mjs SCHEMA FILE...: hold JSON, YAML (.yaml) or lines of JSON (.jsonl) against a
// schema of JSON Schema 2020-12, which is itself held against the metaschema in ajv's
// strict mode. Other schemas of its folder can be referred to. One line a file: "valid
// FILE" or "invalid FILE: where: why". Exit 0: all valid, 1: not all, 2: no schema.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { parse } from "yaml";

const [schemaFile, ...files] = process.argv.slice(2);
const read = (file) => readFileSync(file, "utf8");

const ajv = new Ajv2020.default({ strict: true, strictTypes: false, strictRequired: false });
let validate;
try {
	for (const name of readdirSync(dirname(schemaFile)).sort()) {
		const path = join(dirname(schemaFile), name);
		if (!name.endsWith(".schema.json") || resolve(path) === resolve(schemaFile))
			continue;
		const other = JSON.parse(read(path));
		if (other.$id)
			ajv.addSchema(other);
	}
	validate = ajv.compile(JSON.parse(read(schemaFile)));
} catch (e) {
	console.error(`${schemaFile}: ${e.message}`);
	process.exit(2);
}

function documents(file) {
	const text = read(file);
	if (file.endsWith(".yaml"))
		return [parse(text)];
	if (file.endsWith(".jsonl"))
		return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
	return [JSON.parse(text)];
}

let failed = false;
for (const file of files) {
	let why = "";
	try {
		for (const document of documents(file))
			if (!validate(document)) {
				const { instancePath, message, params } = validate.errors[0];
				why = `${instancePath || "/"}: ${message} ${JSON.stringify(params)}`;
			}
	} catch (e) {
		why = e.message.split("\n")[0];
	}
	console.log(why ? `invalid ${file}: ${why}` : `valid ${file}`);
	failed ||= why !== "";
}
process.exit(failed ? 1 : 0);
