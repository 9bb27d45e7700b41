// SPDX-License-Identifier: Apache-2.0
// kubernetes.mjs FILE.yaml...: hold objects against Kubernetes' own OpenAPI schema of their
// kind. One line a file: "valid FILE" or "invalid FILE: why". Exit 0: all valid, 1: not
// all.
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

// "apps/v1", "DaemonSet" -> the class of that name
async function modelOf({ apiVersion, kind }) {
	const models = await import(`kubernetes-models/${apiVersion}`).catch(() => ({}));
	if (!models[kind])
		throw new Error(`no kind ${apiVersion} ${kind}`);
	return models[kind];
}

let failed = false;
for (const file of process.argv.slice(2)) {
	let why = "";
	try {
		for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
			if (document.errors.length)
				throw document.errors[0];
			const object = document.toJS();
			new (await modelOf(object))(object).validate();
		}
	} catch (e) {
		why = e.message.split("\n")[0];
	}
	console.log(why ? `invalid ${file}: ${why}` : `valid ${file}`);
	failed ||= why !== "";
}
process.exit(failed ? 1 : 0);
