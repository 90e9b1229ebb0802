// From nothing to a platform token with Node 20 and nothing else. The dev server must be running.
// Usage: node examples/node/chain.mjs [BASE-URL] [ADMIN-CLIENT-FILE]
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const base = process.argv[2] ?? 'http://localhost:7070';
const admin = JSON.parse(readFileSync(process.argv[3] ?? 'data/dev/admin-client.json', 'utf8'));
const organisation = '991825827';
const scope = 'altinn:examples/chain.read';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url'));
function must(holds, what) {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}`);
  if (!holds) process.exit(1);
}

// A JWT grant (RFC 7523) says who asks, whom it asks and what for. It lives 120 seconds and works once.
async function maskinportenToken(clientId, kid, privateKey, scopes) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: admin.issuer, iss: clientId, scope: scopes, iat: now, exp: now + 120, jti: randomUUID() };
  const input = `${encode({ alg: 'RS256', kid })}.${encode(claims)}`;
  const assertion = `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const answer = await fetch(admin.token_endpoint, { method: 'POST', body });
  const { access_token, error_description } = await answer.json();
  must(answer.status === 200, `Maskinporten token for ${error_description ?? scopes}`);
  return access_token;
}

// 1. The admin client of the dev server gets a token for the admin API.
const adminKey = createPrivateKey({ key: admin.jwk, format: 'jwk' });
const adminToken = await maskinportenToken(admin.client_id, admin.jwk.kid, adminKey, admin.scopes.join(' '));
const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
const call = (method, path, body) => fetch(admin.issuer + path, { method, headers, body: body && JSON.stringify(body) });

// 2. Register a scope, grant it to an organisation, create a client with it, register the client's key.
let answer = await call('POST', 'scopes', { prefix: 'altinn', subscope: scope.split(':')[1], description: 'An example' });
must([201, 409].includes(answer.status), `scope ${scope}: ${answer.status}`);
answer = await call('PUT', `scopes/access/${organisation}?scope=${encodeURIComponent(scope)}`);
must(answer.status === 200, `organisation ${organisation}: ${(await answer.json()).state}`);
const scopes = [scope, 'altinn:serviceowner/instances.read'];
answer = await call('POST', 'clients', { client_name: 'chain', description: 'An example', scopes });
const client = await answer.json();
must(answer.status === 201, `client ${client.client_id}`);
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const kid = randomUUID();
const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
answer = await call('POST', `clients/${client.client_id}/jwks`, { keys: [jwk] });
must(answer.status === 201, `key ${kid}`);

// 3. The client gets a Maskinporten token and exchanges it.
const proof = await maskinportenToken(client.client_id, kid, privateKey, scopes.join(' '));
const address = `${base}/authentication/api/v1/exchange/maskinporten`;
const exchange = (token) => fetch(address, { headers: { authorization: `Bearer ${token}` } });
answer = await exchange(proof);
const token = await answer.text();
must(answer.status === 200, 'exchanged for a platform token');

// 4. Whoever receives it verifies it: discovery, key set, key id, algorithm, signature, issuer, times.
const issuer = `${base}/authentication/api/v1/openid/`;
const discovery = await (await fetch(`${issuer}.well-known/openid-configuration`)).json();
const { keys } = await (await fetch(discovery.jwks_uri)).json();
const [head, payload, signature] = token.split('.');
const key = keys.find((one) => one.kid === decode(head).kid);
must(discovery.issuer === issuer && key?.alg === decode(head).alg, 'it names a published key');
const hold = { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
must(verify('sha256', Buffer.from(`${head}.${payload}`), hold, Buffer.from(signature, 'base64url')), 'the signature holds');
const claims = decode(payload), now = Date.now() / 1000;
must(claims.iss === issuer && claims.nbf <= now + 10 && claims.exp > now, 'issuer and times hold');
console.log(claims);

// 5. A changed token is refused, and the refusal says why.
const parts = proof.split('.');
parts[1] = encode({ ...decode(parts[1]), consumer: { authority: 'iso6523-actorid-upis', ID: '0192:974760673' } });
answer = await exchange(parts.join('.'));
const problem = await answer.json();
must(answer.status === 401, `refused: ${problem.detail} See ./portvakt explain ${problem.decision_id}`);
