package no.portvakt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.text.ParseException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import no.portvakt.cli.DemoHttp.Reply;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.JwtGrant;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.server.AdminClient;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.tokens.ClaimNames;
import org.jspecify.annotations.Nullable;

/**
 * The demonstration: what an API owner, a consumer and a caller do, in order. It knows the platform
 * only by its addresses and the admin client.
 */
final class Demo {
  private static final String ORGANISATION = "991825827";
  private static final String SCOPE = "altinn:instances/metadata.read";

  private final Server server;
  private final Settings settings;
  private final DemoReport report;
  private final String maskinporten;
  private final DemoHttp http = new DemoHttp();

  Demo(Server server, Settings settings, DemoReport report) {
    this.server = server;
    this.settings = settings;
    this.report = report;
    this.maskinporten = server.addresses().maskinportenIssuer();
  }

  /** Runs every step; stops at the first that does not hold. */
  boolean run() {
    AdminClient admin = server.adminClient();
    if (admin == null) {
      throw new Portvakt.CannotDo("The demonstration needs the development data.");
    }
    String adminToken = adminToken(admin);
    if (adminToken == null || !registerScope(adminToken) || !grantScope(adminToken)) {
      return false;
    }
    String clientId = createClient(adminToken);
    RSAKey key = newKey();
    if (clientId == null || !registerKey(adminToken, clientId, key)) {
      return false;
    }
    String proof = maskinportenToken(clientId, key);
    String platformToken = proof == null ? null : exchange(proof);
    if (proof == null || platformToken == null || !verify(platformToken)) {
      return false;
    }
    return refuse(proof);
  }

  private @Nullable String adminToken(AdminClient admin) {
    DemoReport.Step step = report.step("The admin client gets a token for the admin API");
    String grant = grant(admin.clientId(), admin.key(), String.join(" ", AdminClient.SCOPES));
    Reply reply = requestToken(grant);
    step.show("grant", decoded(grant)).show("request", reply.request());
    step.show("answer", reply.status() + " with a token for " + reply.text("scope"));
    step.check("the answer is 200 with a bearer token", reply.status() == 200);
    return step.end() ? reply.text("access_token") : null;
  }

  private boolean registerScope(String adminToken) {
    DemoReport.Step step = report.step("An API owner registers a scope");
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("prefix", "altinn");
    body.put("subscope", "instances/metadata.read");
    body.put(
        "description",
        "Clients can access metadata for all instances for all apps of the organisation");
    Reply reply = http.send("POST", maskinporten + "scopes", adminToken, body);
    step.show("request", reply.request()).show("body", body).show("answer", reply.shown());
    step.check(
        "the scope " + SCOPE + " is registered now (201) or was by an earlier run (409)",
        reply.status() == 201 || reply.status() == 409);
    return step.end();
  }

  private boolean grantScope(String adminToken) {
    DemoReport.Step step = report.step("It gives an organisation access to the scope");
    Reply reply =
        http.send(
            "PUT",
            maskinporten + "scopes/access/" + ORGANISATION + "?scope=" + SCOPE,
            adminToken,
            null);
    step.show("request", reply.request()).show("answer", reply.shown());
    step.check("the access is APPROVED", "APPROVED".equals(reply.text("state")));
    return step.end();
  }

  private @Nullable String createClient(String adminToken) {
    DemoReport.Step step = report.step("The organisation creates a client with that scope");
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("client_name", "altinnOrgRead");
    body.put("client_type", "CONFIDENTIAL");
    body.put("description", "Client for accessing the my orgs app data");
    body.put("scopes", List.of(SCOPE, "altinn:serviceowner/instances.read"));
    body.put("token_reference", "SELF_CONTAINED");
    Reply reply = http.send("POST", maskinporten + "clients", adminToken, body);
    step.show("request", reply.request()).show("body", body).show("answer", reply.shown());
    step.check("the client has an id", reply.status() == 201 && reply.text("client_id") != null);
    return step.end() ? reply.text("client_id") : null;
  }

  private boolean registerKey(String adminToken, String clientId, RSAKey key) {
    DemoReport.Step step = report.step("It makes a key and registers the public half");
    Map<String, Object> body = Map.of("keys", List.of(key.toPublicJWK().toJSONObject()));
    Reply reply =
        http.send("POST", maskinporten + "clients/" + clientId + "/jwks", adminToken, body);
    step.show("request", reply.request()).show("key", "RSA 2048, kid " + key.getKeyID());
    step.check("the key is registered", reply.status() == 201);
    return step.end();
  }

  private @Nullable String maskinportenToken(String clientId, RSAKey key) {
    DemoReport.Step step =
        report.step("The client signs a JWT grant and gets a Maskinporten token");
    String grant = grant(clientId, key, SCOPE + " altinn:serviceowner/instances.read");
    Reply reply = requestToken(grant);
    String token = reply.text("access_token");
    step.show("grant", decoded(grant)).show("request", reply.request());
    step.show("token", token == null ? reply.shown() : decoded(token));
    step.check("the answer is 200 with a bearer token", reply.status() == 200 && token != null);
    return step.end() ? token : null;
  }

  private @Nullable String exchange(String proof) {
    DemoReport.Step step = report.step("The client exchanges it for a platform token");
    Reply reply = http.get(exchangeAddress(), proof, null);
    String token = reply.body();
    boolean granted = reply.status() == 200;
    step.show("request", reply.request()).show("token", granted ? decoded(token) : reply.shown());
    step.check("the answer is 200 with the bare token", granted);
    Reply quoted = http.get(exchangeAddress(), proof, "application/json");
    step.check(
        "with Accept: application/json it is a JSON string",
        quoted.status() == 200 && quoted.body().startsWith("\"ey"));
    return step.end() ? token : null;
  }

  private boolean verify(String token) {
    DemoReport.Step step =
        report.step("Whoever receives the token verifies it, by discovery alone");
    String issuer = server.addresses().platformIssuer();
    Reply discovery = http.get(issuer + ".well-known/openid-configuration", null, null);
    Reply keys = http.get(String.valueOf(discovery.text("jwks_uri")), null, null);
    step.show("request", discovery.request() + "\n" + keys.request());
    step.check("discovery names this issuer", issuer.equals(discovery.text("issuer")));
    try {
      JWKSet published = JWKSet.parse(keys.body());
      DefaultJWTProcessor<?> processor = new DefaultJWTProcessor<>();
      processor.setJWSKeySelector(
          new JWSVerificationKeySelector<>(
              published.getKeys().stream()
                  .map(key -> JWSAlgorithm.parse(key.getAlgorithm().getName()))
                  .collect(Collectors.toSet()),
              new ImmutableJWKSet<>(published)));
      processor.setJWTClaimsSetVerifier(
          new DefaultJWTClaimsVerifier<>(
              new JWTClaimsSet.Builder().issuer(issuer).build(), Set.of("exp", "scope", "jti")));
      JWTClaimsSet claims = processor.process(token, null);
      step.check("the signature is that of a published key, and the times hold", true);
      step.check("the issuer is " + issuer, issuer.equals(claims.getIssuer()));
      step.check(
          "it speaks for organisation " + ORGANISATION + " (digdir)",
          ORGANISATION.equals(claims.getStringClaim(ClaimNames.URN_ORG_NUMBER))
              && "digdir".equals(claims.getStringClaim(ClaimNames.URN_ORG)));
    } catch (ParseException | BadJOSEException | JOSEException e) {
      step.check("the token holds: " + e.getMessage(), false);
    }
    return step.end();
  }

  private boolean refuse(String proof) {
    DemoReport.Step step =
        report.step("A token with another organisation written into it is refused");
    String tampered = withOrganisation(proof, "974760673");
    Reply reply = http.get(exchangeAddress(), tampered, null);
    step.show("request", reply.request()).show("answer", reply.shown());
    step.show("header", "WWW-Authenticate: " + reply.challenge());
    step.show(
        "why",
        settings.data() == null
            ? "an operator sees each rule with ./portvakt explain <decision id>"
            : "./portvakt explain "
                + reply.text("decision_id")
                + " --data "
                + settings.data()
                + " shows an operator each rule");
    step.check("the answer is 401", reply.status() == 401);
    return step.end();
  }

  /** The token with another organisation in its payload, and the signature that it had. */
  private static String withOrganisation(String token, String other) {
    String[] parts = token.split("\\.", -1);
    String payload = new String(Base64.getUrlDecoder().decode(parts[1]), UTF_8);
    String changed = payload.replace(ORGANISATION, other);
    return parts[0]
        + "."
        + Base64.getUrlEncoder().withoutPadding().encodeToString(changed.getBytes(UTF_8))
        + "."
        + parts[2];
  }

  private String grant(String clientId, RSAKey key, String scope) {
    return JwtGrant.sign(
        GrantKey.ofJwk(key.toJSONString()),
        maskinporten,
        clientId,
        TokenRequest.of(scope),
        Instant.now());
  }

  private Reply requestToken(String grant) {
    return http.form(
        maskinporten + "token",
        Map.of("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", grant));
  }

  private static RSAKey newKey() {
    try {
      return new RSAKeyGenerator(2048)
          .keyUse(KeyUse.SIGNATURE)
          .algorithm(JWSAlgorithm.RS256)
          .keyID("demo-" + UUID.randomUUID())
          .generate();
    } catch (JOSEException e) {
      throw new IllegalStateException("No RSA key can be made.", e);
    }
  }

  /** A token's header and claims as a person wants to read them; the signature stays out. */
  private static Object decoded(String token) {
    try {
      SignedJWT jwt = SignedJWT.parse(token);
      Map<String, Object> parts = new LinkedHashMap<>();
      parts.put("header", jwt.getHeader().toJSONObject());
      parts.put("claims", jwt.getPayload().toJSONObject());
      return parts;
    } catch (ParseException e) {
      return "not a token";
    }
  }

  private String exchangeAddress() {
    return server.addresses().authentication() + "/exchange/maskinporten";
  }
}
