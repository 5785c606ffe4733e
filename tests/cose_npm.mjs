// cose_npm.mjs - makes and checks envelopes with the npm library @auth0/cose, an outside client.
//
// usage: node cose_npm.mjs COSE_TOOL     prints `ok` and `FAIL` lines
//
// cbor-x writes a number from 2^32 on as a float unless it is a BigInt, and a BigInt always in eight
// bytes: what is below 2^32 is given as a number, what is above as a BigInt.
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import { Algorithms, Headers, ProtectedHeaders, Sign1, UnprotectedHeaders } from "@auth0/cose";
import { Encoder } from "cbor-x";

const tool = process.argv[2];
const cbor = new Encoder({ tagUint8Array: false, useRecords: false, mapsAsObjects: false });
let failed = 0;

function result(good, text) {
	console.log(`${good ? "ok" : "FAIL"} ${text}`);
	failed += good ? 0 : 1;
}

function run(...words) {
	try {
		return { code: 0, out: execFileSync(tool, words, { encoding: "utf8" }).trim() };
	} catch (error) {
		return { code: error.status, out: String(error.stdout).trim() };
	}
}

function flipped(bytes, index) {
	const copy = Buffer.from(bytes);
	copy[index] ^= 1;
	return copy;
}

async function verified(bytes, key) {
	try {
		await Sign1.decode(bytes).verify(key);
		return true;
	} catch {
		return false;
	}
}

const seed = randomBytes(32);
const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
const publicKey = createPublicKey(privateKey);
const key = Buffer.from(publicKey.export({ format: "jwk" }).x, "base64url");

// The header of an envelope (docs/formats.md) and an order as its payload.
const genesis = randomBytes(32);
const header = new Map([
	[Headers.Algorithm, Algorithms.EdDSA],
	[Headers.KeyID, key],
	[-65537, [genesis, 0, 70000, 1750496400000000000n]],
]);
const payload = cbor.encode([2, 1750496400, 1, 7000, 220000]);

const theirs = Buffer.from(
	(await Sign1.sign(new ProtectedHeaders([...header]), new UnprotectedHeaders([]), payload,
		privateKey)).encode());
const read = run("verify", key.toString("hex"), theirs.toString("hex"));
result(read.code === 0 && read.out === payload.toString("hex"),
	"an envelope made by @auth0/cose is verified: " + (read.code ? read.out : "payload equal"));

let refused = 0;
for (let index = 0; index < theirs.length; index++)
	refused += run("verify", key.toString("hex"), flipped(theirs, index).toString("hex")).code === 1;
result(refused === theirs.length,
	`each of its ${theirs.length} bytes changed in turn is refused: ${refused}`);

const stranger = randomBytes(32).toString("hex");
result(run("verify", stranger, theirs.toString("hex")).code === 1, "under another key it is refused");

const made = run("sign", seed.toString("hex"), cbor.encode(header).toString("hex"),
	payload.toString("hex"));
const ours = Buffer.from(made.out, "hex");
result(made.code === 0 && ours.equals(theirs), "ours over the same content is equal to theirs");
result(await verified(ours, publicKey), "ours is verified by @auth0/cose");
result(!(await verified(flipped(ours, ours.length - 1), publicKey)),
	"ours with its last byte changed is refused by @auth0/cose");
process.exit(failed ? 1 : 0);
