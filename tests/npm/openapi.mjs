// SPDX-License-Identifier: Apache-2.0
// openapi.mjs FILE URL: FILE is a good OpenAPI 3.1 description, by the linter's
// recommended rules, and the server at URL answers every route as it says: with a
// status, media type and headers that are there, and JSON that its schema takes.
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import Ajv2020 from "ajv/dist/2020.js";
import { createConfig, lint } from "@redocly/openapi-core";

const [file, url] = process.argv.slice(2);
const doc = JSON.parse(readFileSync(file, "utf8"));
let failed = 0;
const check = (name, why) => {
	failed += Boolean(why);
	console.log(why ? `FAIL  ${name}: ${why}` : `ok    ${name}`);
};

const config = await createConfig({ extends: ["recommended-strict"] });
const problems = await lint({ ref: file, config });
check("the linter has nothing to say", problems.map((p) => `${p.location[0].pointer}: ${p.message}`).join("; "));

const ajv = new Ajv2020.default({ strict: false, validateFormats: false });
const resolve = (v) => v?.$ref ? v.$ref.split("/").slice(1).reduce((o, k) => o[k.replace(/~1/g, "/")], doc) : v;
const schemaOf = (schema) => ajv.compile({ ...schema, components: doc.components });

// what a parameter is filled with
const index = await (await fetch(url + "/index.json")).json();
const [, kubernetes, signed] = index.manifests[0].path.split("/");
const digest = index.manifests[0].digest;
const targets = {
	"/manifests/{kubernetes}/{file}": [`/manifests/${kubernetes}/${signed}`,
		`/manifests/${kubernetes}/${signed.replace(".json.asc", ".html")}`, "/manifests/v0.0.0/none"],
	"/tool/{file}": ["/tool/SHA256SUMS", `/${index.tools[0].path}`, `/${index.tools[0].path}.sha256`, "/tool/none"],
	"/metadata/{file}": ["/metadata/none"],
	"/digests/{sha256}": [`/digests/${digest}`, `/digests/${"0".repeat(64)}`, "/digests/none"],
};
const asks = [
	{ method: "GET", headers: {} },
	{ method: "HEAD", headers: {} },
	{ method: "GET", headers: { range: "bytes=0-9" } },
	{ method: "GET", headers: { range: "bytes=999999999-" } },
	{ method: "GET", headers: { "if-match": '"other"' } },
	{ method: "GET", headers: { "if-none-match": "*" } },
	{ method: "GET", headers: { "accept-encoding": "identity;q=0" } },
	{ method: "GET", headers: { accept: "text/html" } },
];

async function judge(path, item, target, { method, headers }) {
	const response = await fetch(url + target, { method, headers, redirect: "error" });
	const said = resolve(item.get.responses[response.status]);
	assert.ok(said, `${response.status} is not described`);
	for (const name of Object.keys(said.headers ?? {}))
		assert.ok(response.headers.has(name) || response.status === 304, `no header ${name}`);
	const text = await response.text();
	if (method === "HEAD" || response.status === 304)
		return assert.equal(text, "");
	const type = response.headers.get("content-type").split(";")[0];
	const content = said.content[type];
	assert.ok(content, `${type} is not described`);
	if (type.endsWith("json") && response.status !== 206) {
		const validate = schemaOf(content.schema);
		assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors));
	}
}

for (const [path, item] of Object.entries(doc.paths)) {
	const seen = new Set();
	let why = "";
	for (const target of targets[path] ?? [path])
		for (const ask of asks)
			try {
				await judge(path, item, target, ask);
			} catch (e) {
				why ||= `${ask.method} ${target} ${JSON.stringify(ask.headers)}: ${e.message}`;
			}
	check(path, why);
}
check("the server serves this very description",
	await (await fetch(url + "/openapi.json")).text() === readFileSync(file, "utf8") ? "" : "it differs");
process.exit(failed ? 1 : 0);
