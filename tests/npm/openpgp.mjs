// SPDX-License-Identifier: Apache-2.0
// OpenPGP.js, an implementation that is not ours and not GnuPG's.
//
//   openpgp.mjs verify KEYS.asc FILE.asc COUNT    COUNT good signatures, or exit 1
//   openpgp.mjs sign SECRET.asc TEXT OUT [NOTATION]
//       cleartext-sign TEXT; NOTATION: the value of a notation, with \n for a newline
import { readFile, writeFile } from 'node:fs/promises';
import * as openpgp from 'openpgp';

const [action, keys, file, last, notation] = process.argv.slice(2);
const text = (path) => readFile(path, 'utf8');

async function verify() {
	const message = await openpgp.readCleartextMessage({ cleartextMessage: await text(file) });
	const verificationKeys = await openpgp.readKeys({ armoredKeys: await text(keys) });
	const { signatures } = await openpgp.verify({ message, verificationKeys });
	for (const s of signatures) {
		await s.verified;
		console.log(`good signature by ${s.keyID.toHex()}`);
	}
	if (signatures.length !== Number(last))
		throw new Error(`${signatures.length} signatures, not ${last}`);
}

async function sign() {
	const signingKeys = await openpgp.readPrivateKey({ armoredKey: await text(keys) });
	const message = await openpgp.createCleartextMessage({ text: (await text(file)).replace(/\n$/, '') });
	const signatureNotations = notation === undefined ? [] : [{
		name: 'attack@example.org', humanReadable: true, critical: false,
		value: new TextEncoder().encode(notation.replaceAll('\\n', '\n')),
	}];
	const signed = await openpgp.sign({ message, signingKeys, signatureNotations });
	// it writes CRLF, and no line feed behind the text
	await writeFile(last, signed.replaceAll('\r\n', '\n'));
}

await (action === 'sign' ? sign() : verify());
