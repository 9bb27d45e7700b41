// SPDX-License-Identifier: Apache-2.0
// browser.mjs URL SHOTS [STEPS]: use the pages of a fips-manifestd as a person would, in
// headless Chromium: filter, copy, follow links, with and without script, dark and
// light, phone and desktop. No console error, no request to elsewhere, no violation
// that axe-core finds, html-validate has nothing to say. Screenshots go to SHOTS. STEPS, a
// regular expression, picks some of the steps.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import assert from "node:assert/strict";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

const [url, shots, some = ""] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(shots, { recursive: true });

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

// a page that notes whatever goes wrong in it
async function open(path, options = {}) {
	// axe is put in by the test, which the page's own policy would refuse
	const context = await browser.newContext({ bypassCSP: options.bypassCSP ?? false, ...options });
	const page = await context.newPage();
	page.wrong = [];
	page.on("console", (m) => ["error", "warning"].includes(m.type()) &&
		page.wrong.push(`console: ${m.text()}`));
	page.on("pageerror", (e) => page.wrong.push(`error: ${e.message}`));
	page.on("requestfailed", (r) => page.wrong.push(`request: ${r.url()}`));
	page.on("request", (r) => r.url().startsWith(url) || r.url().startsWith("data:") ||
		page.wrong.push(`elsewhere: ${r.url()}`));
	await page.goto(url + path);
	return page;
}
const close = async (page) => {
	assert.deepEqual(page.wrong, []);
	await page.context().close();
};

const { manifests } = await (await fetch(url + "/index.json")).json();
const view = "/" + manifests[0].path.replace(/\.json\.asc$/, ".html");
const none = "/not/there";
const kinds = {
	desktop: { viewport: { width: 1280, height: 900 } },
	phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

async function accessible(path, name, options) {
	const page = await open(path, { ...options, bypassCSP: true });
	await page.addScriptTag({ content: axe });
	const { violations } = await page.evaluate(() => axe.run(document));
	const found = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html}`));
	assert.deepEqual(found, [], name);
	// nothing is wider than the screen
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
	await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
	if (path === none) // which the browser notes, too
		page.wrong = page.wrong.filter((w) => !w.includes("status of 404"));
	await close(page);
}

const steps = {
	async "both pages, in every dress, break no rule of accessibility"() {
		for (const [kind, options] of Object.entries(kinds))
			for (const colorScheme of ["light", "dark"]) {
				await accessible("/", `page-${kind}-${colorScheme}`, { ...options, colorScheme });
				await accessible(view, `view-${kind}-${colorScheme}`, { ...options, colorScheme });
			}
		for (const colorScheme of ["light", "dark"])
			await accessible(none, `none-${colorScheme}`, { ...kinds.phone, colorScheme });
	},

	async "on paper nothing is cut off"() {
		for (const path of ["/", view]) {
			const page = await open(path, { viewport: { width: 718, height: 1000 } }); // A4
			await page.emulateMedia({ media: "print" });
			const cut = await page.locator(".scroll, pre").evaluateAll((all) =>
				all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent));
			assert.deepEqual(cut, [], path);
			await close(page);
		}
	},

	async "the filter shows what was asked for"() {
		const page = await open("/", kinds.desktop);
		const rows = page.locator("#manifests tbody tr");
		const all = await rows.count();
		assert.equal(all, manifests.length);
		await page.getByLabel("EL version").selectOption(manifests[0].el);
		const wanted = manifests.filter((m) => m.el === manifests[0].el).length;
		assert.equal(await rows.filter({ visible: true }).count(), wanted);
		await page.getByLabel("EL version").selectOption("");
		await page.getByLabel("Kubernetes version").fill("v9.9");
		assert.equal(await rows.filter({ visible: true }).count(), 0);
		assert.equal(await page.locator("#shown").textContent(), `0 of ${all} shown`);
		await page.getByLabel("Kubernetes version").fill(manifests[0].kubernetes);
		assert.ok(await rows.filter({ visible: true }).count() >= 1);
		await page.keyboard.press("Enter");
		await page.screenshot({ path: join(shots, "filtered.png") });
		await close(page);
	},

	async "a command is copied whole, with this server's URL"() {
		const page = await open("/", { ...kinds.desktop, permissions: ["clipboard-read", "clipboard-write"] });
		const blocks = page.locator(".command");
		for (let i = 0; i < await blocks.count(); i++) {
			await blocks.nth(i).getByRole("button", { name: "Copy" }).click();
			await blocks.nth(i).getByRole("button", { name: "Copied" }).waitFor();
			const copied = await page.evaluate(() => navigator.clipboard.readText());
			assert.equal(copied, await blocks.nth(i).locator("pre").textContent());
			assert.ok(!copied.includes("manifests.example"), copied);
		}
		assert.ok((await page.locator(".command pre").first().textContent()).includes(url));
		await close(page);
	},

	async "without the Clipboard API it is copied all the same"() {
		const page = await open("/", kinds.desktop);
		await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
		await page.locator(".command button").first().click();
		await page.getByRole("button", { name: "Copied" }).waitFor();
		assert.equal(await page.evaluate(() => getSelection().toString().trim()),
			(await page.locator(".command pre").first().textContent()).trim());
		await close(page);
	},

	async "every link leads somewhere"() {
		for (const path of ["/", view, none]) {
			const page = await open(path);
			const links = await page.locator("a").evaluateAll((a) => a.map((e) => e.href));
			assert.ok(links.length >= 1);
			for (const link of links)
				assert.equal((await fetch(link)).status, 200, link);
			await page.context().close();
		}
	},

	async "from the table to a manifest and back"() {
		const page = await open("/", kinds.desktop);
		await page.getByRole("link", { name: /^what it lists/ }).first().click();
		await page.waitForURL("**/*.html");
		const heading = await page.getByRole("heading", { level: 1 }).textContent();
		assert.ok(heading.includes(manifests[0].kubernetes), heading);
		assert.ok((await page.content()).includes(manifests[0].digest));
		await page.getByRole("link", { name: "All manifests" }).click();
		await page.waitForURL(url + "/");
		await close(page);
	},

	async "a mirror's site says what it has, since when, and where from"() {
		const { site } = await (await fetch(url + "/healthz")).json();
		const page = await open("/", kinds.desktop);
		const heading = page.getByRole("heading", { name: "This site" });
		assert.equal(await heading.count(), site ? 1 : 0);
		if (site) {
			const told = async (term) =>
				page.locator(`dt:text-is("${term}") + dd`).textContent();
			assert.equal(await told("Site"), site.name);
			assert.equal(await told("Came from"), site.source);
			assert.match(await told("Snapshot arrived"), /^\d{4}-\d\d-\d\d \d\d:\d\d UTC, (just now|\d+ minutes? ago)$/);
			assert.equal(await told("Snapshot"), `version ${site.snapshot.version}${site.snapshot.sha256}`);
		}
		await close(page);
	},

	async "without script everything is there, with no dead control"() {
		const page = await open("/", { ...kinds.desktop, javaScriptEnabled: false });
		assert.equal(await page.locator("#manifests tbody tr").count(), manifests.length);
		assert.ok(!await page.locator("#filter").isVisible());
		assert.equal(await page.locator("button").filter({ visible: true }).count(), 0);
		await page.screenshot({ path: join(shots, "no-script.png"), fullPage: true });
		await close(page);
	},

	async "the policy stops what is not the page's own"() {
		const page = await open("/");
		await page.evaluate(() => {
			const script = document.createElement("script");
			script.textContent = "window.ran = true";
			document.body.append(script);
		});
		assert.equal(await page.evaluate(() => window.ran), undefined);
		assert.ok(page.wrong.some((w) => w.includes("Content Security Policy")));
		await page.context().close();
	},

	async "the HTML is valid"() {
		const judge = new HtmlValidate({
			extends: ["html-validate:standard", "html-validate:a11y"],
			// the digests in the policy speak of the text as it stands
			rules: { "require-sri": "off", "no-inline-style": "error" },
		});
		for (const path of ["/", "/index.html", view, none]) {
			const text = await (await fetch(url + path, { headers: { accept: "text/html" } })).text();
			const report = await judge.validateString(text, path);
			const said = report.results.flatMap((r) => r.messages.map((m) => `${path}:${m.line}: ${m.ruleId}: ${m.message}`));
			assert.deepEqual(said, []);
		}
	},
};

let failed = 0;
for (const [name, step] of Object.entries(steps).filter(([name]) => name.match(some))) {
	try {
		await step();
		console.log(`ok    ${name}`);
	} catch (e) {
		failed++;
		console.log(`FAIL  ${name}: ${e.message}`);
	}
}
await browser.close();
process.exit(failed ? 1 : 0);
