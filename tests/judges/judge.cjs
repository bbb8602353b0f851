// Judges inclusion proofs and checkpoints with the code that npm verifies its packages' origin by.
// Reads one question a line, answers each with a line: yes or no.
const { createPublicKey } = require("node:crypto");
const { createRequire } = require("node:module");
const { join } = require("node:path");
const { createInterface } = require("node:readline");

const packages = createRequire(join(process.argv[2], "package.json"));
const folder = join(process.argv[2], "node_modules", "@sigstore", "verify", "dist", "tlog");
const { verifyMerkleInclusion } = packages(join(folder, "merkle.js"));
const { verifyCheckpoint } = packages(join(folder, "checkpoint.js"));

const hex = (text) => Buffer.from(text, "hex");
const ED25519_HEADER = hex("302a300506032b6570032100");

function includes(question) {
  const entry = {
    canonicalizedBody: hex(question.Data),
    inclusionProof: { logIndex: String(question.Index), hashes: question.Proof.map(hex) },
  };
  verifyMerkleInclusion(entry, { logSize: BigInt(question.Size), logHash: hex(question.Root) });
}

function signed(question) {
  const [name, id, ...rest] = question.Key.split("+");
  const key = Buffer.from(rest.join("+"), "base64").subarray(1);
  const publicKey = createPublicKey({
    key: Buffer.concat([ED25519_HEADER, key]),
    format: "der",
    type: "spki",
  });
  const entry = { inclusionProof: { checkpoint: { envelope: question.Note } } };
  verifyCheckpoint(entry, [{ logID: hex(id), baseURL: name, publicKey }]);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const question = JSON.parse(line);
  try {
    ({ inclusion: includes, note: signed })[question.Kind](question);
    console.log("yes");
  } catch (error) {
    if (error.constructor.name !== "VerificationError") throw error;
    console.log("no");
  }
});
