// SPDX-License-Identifier: Apache-2.0
// OpenPGP.js, an implementation that is not ours and not GnuPG's.
//
//   openpgp.mjs verify FILE.asc KEY.asc...    one good signature by each, or exit 1
//   openpgp.mjs sign SECRET.asc TEXT OUT [NOTATION]
//       cleartext-sign TEXT; NOTATION: the value of a notation, with \n for a newline
import { readFile, writeFile } from 'node:fs/promises';
import * as openpgp from 'openpgp';

const [action, ...args] = process.argv.slice(2);
const text = (path) => readFile(path, 'utf8');

async function verify([file, ...keys]) {
	const message = await openpgp.readCleartextMessage({ cleartextMessage: await text(file) });
	const verificationKeys = await Promise.all(
		keys.map(async (key) => openpgp.readKey({ armoredKey: await text(key) })));
	const { signatures } = await openpgp.verify({ message, verificationKeys });
	for (const s of signatures) {
		await s.verified;
		console.log(`good signature by ${s.keyID.toHex()}`);
	}
	if (signatures.length !== keys.length)
		throw new Error(`${signatures.length} signatures by ${keys.length} keys`);
}

async function sign([secret, file, out, notation]) {
	const signingKeys = await openpgp.readPrivateKey({ armoredKey: await text(secret) });
	const message = await openpgp.createCleartextMessage({ text: (await text(file)).replace(/\n$/, '') });
	const signatureNotations = notation === undefined ? [] : [{
		name: 'attack@example.org', humanReadable: true, critical: false,
		value: new TextEncoder().encode(notation.replaceAll('\\n', '\n')),
	}];
	const signed = await openpgp.sign({ message, signingKeys, signatureNotations });
	// it writes CRLF, and no line feed behind the text
	await writeFile(out, signed.replaceAll('\r\n', '\n'));
}

await (action === 'sign' ? sign : verify)(args);
