// SPDX-License-Identifier: Apache-2.0
"use strict";
(() => {
	const root = document.documentElement.dataset.root;
	if (location.protocol.startsWith("http")) {
		const url = new URL(root, location.href).href.replace(/\/$/, "");
		for (const place of document.querySelectorAll(".server"))
			place.textContent = url;
	}

	for (const until of document.querySelectorAll(".until")) {
		if (new Date(until.querySelector("time").dateTime) > new Date())
			continue;
		until.classList.add("bad");
		until.append(": expired");
	}

	const units = [[1440, "day"], [60, "hour"], [1, "minute"]];
	const format = new Intl.RelativeTimeFormat("en");
	for (const since of document.querySelectorAll(".since")) {
		const minutes = (new Date() - new Date(since.querySelector("time").dateTime)) / 60000;
		const [size, unit] = units.find(([size]) => minutes >= size) ?? [];
		since.append(unit ? `, ${format.format(-Math.floor(minutes / size), unit)}` :
			minutes >= 0 ? ", just now" : "");
	}

	// the Clipboard API is there on https and localhost alone
	const copy = async (from) => {
		if (navigator.clipboard)
			return navigator.clipboard.writeText(from.textContent);
		getSelection().selectAllChildren(from);
		if (!document.execCommand("copy"))
			throw new Error("refused");
	};
	for (const block of document.querySelectorAll(".command")) {
		const button = block.querySelector("button");
		button.hidden = false;
		button.addEventListener("click", async () => {
			try {
				await copy(block.querySelector("pre"));
				button.textContent = "Copied";
			} catch {
				button.textContent = "Select and copy by hand";
			}
			setTimeout(() => { button.textContent = "Copy"; }, 2000);
		});
	}

	const filter = document.getElementById("filter");
	if (!filter)
		return;
	const el = filter.querySelector("select");
	const version = filter.querySelector("input");
	const rows = [...document.querySelectorAll("#manifests tbody tr")];
	const status = document.getElementById("shown");
	const apply = () => {
		const part = version.value.trim();
		let shown = 0;
		for (const row of rows) {
			row.hidden = (el.value && row.dataset.el !== el.value) ||
				!row.dataset.version.includes(part);
			shown += !row.hidden;
		}
		status.textContent = shown === rows.length ? "" :
			`${shown} of ${rows.length} shown`;
	};
	filter.hidden = false;
	filter.addEventListener("input", apply);
	apply(); // a browser may have kept what was typed before a reload
})();
