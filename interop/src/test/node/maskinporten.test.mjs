// The packages jose and oauth4webapi against a running platform. Without an identifier of a local
// Maskinporten nothing can run: see NodeJsTest, which sets PLATFORM.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, errors, importJWK, jwtVerify, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';

const { issuer, platform, clientId, jwk, scope, resource } = JSON.parse(process.env.PLATFORM);
const insecure = { [oauth.allowInsecureRequests]: true }; // plain HTTP, on loopback only
const client = { client_id: clientId };
const key = await importJWK(jwk, 'RS256');

const discover = async (algorithm) => {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...insecure }));
};
const authority = await discover('oauth2');

const grant = (claims = {}, kid = jwk.kid) =>
  new SignJWT({ scope, resource, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(clientId)
    .setAudience(claims.aud ?? issuer)
    .setIssuedAt()
    .setExpirationTime('60s')
    .setJti(claims.jti ?? crypto.randomUUID())
    .sign(key);

async function token(assertion) {
  const response = await oauth.genericTokenEndpointRequest(
    authority, client, oauth.None(), 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion: await assertion }, insecure);
  return oauth.processGenericTokenEndpointResponse(authority, client, response);
}

const refused = (status, error, code) => (problem) => {
  assert.ok(problem instanceof oauth.ResponseBodyError, problem.stack);
  assert.equal(problem.status, status);
  assert.equal(problem.error, error);
  assert.match(problem.error_description, /\(trace_id: [0-9a-f]{32}\)$/);
  assert.equal(problem.cause.error_uri, code && `${issuer}errors/${code}`);
  return true;
};

test('finds Maskinporten at the address of RFC 8414', () => {
  assert.equal(authority.issuer, issuer);
  assert.equal(authority.token_endpoint, `${issuer}token`);
});

test('gets a token for a grant and verifies it by the published keys', async () => {
  const answer = await token(grant());
  assert.equal(answer.token_type, 'bearer');
  assert.equal(answer.scope, scope);
  assert.ok(answer.expires_in > 110 && answer.expires_in <= 120, `${answer.expires_in}`);
  const keys = createRemoteJWKSet(new URL(authority.jwks_uri));
  const { payload } = await jwtVerify(answer.access_token, keys, { issuer, audience: resource, algorithms: ['RS256'] });
  assert.equal(payload.client_id, clientId);
  assert.equal(payload.consumer.ID, '0192:991825827');
});

test('gets a platform token and verifies it by the published keys', async () => {
  const { access_token: proof } = await token(grant());
  const exchange = `${platform.replace(/openid\/$/, '')}exchange/maskinporten`;
  const answer = await fetch(exchange, { headers: { authorization: `Bearer ${proof}` } });
  assert.equal(answer.status, 200);
  const url = new URL(platform);
  const found = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
  const keys = createRemoteJWKSet(new URL(found.jwks_uri));
  const { payload } = await jwtVerify(await answer.text(), keys, { issuer: platform });
  assert.equal(payload.org, 'digdir');
  await assert.rejects(jwtVerify(proof, keys, { issuer: platform }), errors.JWKSNoMatchingKey);
});

test('refuses a token for another audience', async () => {
  const { access_token: other } = await token(grant());
  const { access_token: none } = await token(grant({ resource: undefined }));
  const keys = createRemoteJWKSet(new URL(authority.jwks_uri));
  for (const wrong of [other, none]) {
    await assert.rejects(
      jwtVerify(wrong, keys, { issuer, audience: 'https://other.example' }), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud' });
  }
});

test('refuses a token that was changed', async () => {
  const { access_token: one } = await token(grant());
  const { access_token: two } = await token(grant());
  assert.equal(decodeProtectedHeader(one).alg, 'RS256');
  const mixed = [...one.split('.').slice(0, 2), two.split('.')[2]].join('.');
  const keys = createRemoteJWKSet(new URL(authority.jwks_uri));
  await assert.rejects(jwtVerify(mixed, keys), errors.JWSSignatureVerificationFailed);
});

test('reads why a grant is refused', async () => {
  await assert.rejects(token(grant({ aud: 'https://maskinporten.no/' })), refused(400, 'invalid_grant', 'MP-110'));
  await assert.rejects(token(grant({ scope: 'altinn:other' })), refused(400, 'invalid_scope', 'MP-200'));
  await assert.rejects(token(grant({}, 'unknown')), refused(400, 'invalid_grant', undefined));
});

test('reads that a grant was used before', async () => {
  const assertion = await grant();
  await token(assertion);
  await assert.rejects(token(assertion), refused(400, 'invalid_grant', 'MP-012'));
});
