// SPDX-License-Identifier: Apache-2.0
// tuf.mjs STATE URL OUT [TARGET...]: update from the tree at URL with tuf-js, a TUF client
// that shares nothing with ours; STATE/root.json is what it begins to trust. Fetches the
// targets into OUT under their percent-encoded paths. Prints a line "ROLE VERSION" for
// each role that is trusted then. Exit 0, or 1 with one line that says why.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Updater } from "tuf-js";

const [state, url, out, ...targets] = process.argv.slice(2);

async function main() {
	mkdirSync(out, { recursive: true });
	const updater = new Updater({
		metadataDir: state,
		metadataBaseUrl: `${url}/metadata`,
		targetDir: out,
		targetBaseUrl: `${url}/targets`,
		config: { fetchRetries: 0 },
	});
	await updater.refresh();
	for (const path of targets) {
		const info = await updater.getTargetInfo(path);
		if (!info)
			throw new Error(`no role vouches for ${path}`);
		const file = join(out, encodeURIComponent(path));
		if (!existsSync(file) || !(await updater.findCachedTarget(info, file)))
			await updater.downloadTarget(info, file);
		console.log(path, JSON.stringify(info.custom));
	}
	for (const name of readdirSync(state).filter((n) => n.endsWith(".json")).sort())
		console.log(name.slice(0, -5),
			JSON.parse(readFileSync(join(state, name), "utf8")).signed.version);
}

main().catch((e) => {
	console.error(`tuf.mjs: ${String(e.message).split("\n")[0]}`);
	process.exit(1);
});
