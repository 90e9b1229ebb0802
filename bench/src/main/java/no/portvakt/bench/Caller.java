package no.portvakt.bench;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.text.ParseException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.JwtGrant;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** A client of the platform's Maskinporten, made through the admin API, that gets tokens. */
final class Caller {
  private static final String PREFIX = "altinn";
  private static final String SUBSCOPE = "serviceowner/instances.read";
  private static final List<String> SCOPES = List.of(PREFIX + ":" + SUBSCOPE);

  private final HttpClient http = HttpClient.newHttpClient();
  private final String maskinporten;
  private final String issuer;
  private final GrantKey signing;
  private final String clientId;

  /** Registers the client; its key is the admin client's own, which is as good as another. */
  Caller(ServerProcess server) throws IOException, InterruptedException {
    this(server, "http://localhost:" + server.port(), false);
  }

  /** A client of a node that {@code serve} runs: the scope is made first. */
  static Caller ofNode(ServerProcess node, String base) throws IOException, InterruptedException {
    return new Caller(node, base, true);
  }

  private Caller(ServerProcess server, String base, boolean newScope)
      throws IOException, InterruptedException {
    maskinporten = "http://localhost:" + server.port() + "/maskinporten/";
    issuer = base + "/maskinporten/";
    try {
      Map<String, @Nullable Object> admin =
          Json.readObject(Files.readAllBytes(server.adminClient()));
      RSAKey key = RSAKey.parse(Json.write(admin.get("jwk")));
      signing = GrantKey.ofJwk(key.toJSONString());
      String adminToken =
          token(String.valueOf(admin.get("client_id")), "idporten:dcr.write idporten:scopes.write");
      if (newScope) {
        makeScope(adminToken);
      }
      Map<String, @Nullable Object> client =
          post(
              "clients",
              adminToken,
              Map.of("client_name", "bench", "description", "load", "scopes", SCOPES));
      clientId = String.valueOf(client.get("client_id"));
      Map<String, @Nullable Object> unused =
          post(
              "clients/" + clientId + "/jwks",
              adminToken,
              Map.of("keys", List.of(key.toPublicJWK().toJSONObject())));
      if (!unused.containsKey("keys")) {
        throw new IllegalStateException("The key was not registered: " + unused);
      }
    } catch (MalformedJson | ParseException e) {
      throw new IllegalStateException("The admin client's file is not of the expected form.", e);
    }
  }

  private void makeScope(String adminToken) throws IOException, InterruptedException {
    Map<String, @Nullable Object> scope =
        post(
            "scopes",
            adminToken,
            Map.of(
                "prefix",
                PREFIX,
                "subscope",
                SUBSCOPE,
                "description",
                "load",
                "accessible_for_all",
                true));
    if (!SCOPES.contains(String.valueOf(scope.get("name")))) {
      throw new IllegalStateException("The scope was not made: " + scope);
    }
  }

  /** A fresh Maskinporten token. */
  String token() throws IOException, InterruptedException {
    return token(clientId, String.join(" ", SCOPES));
  }

  /** A fresh grant. */
  String grant() {
    return grant(clientId);
  }

  /** A fresh grant of a client that has this one's key and scopes. */
  String grant(String client) {
    return grant(client, String.join(" ", SCOPES));
  }

  String clientId() {
    return clientId;
  }

  /** The token in the answer to a grant. */
  static String accessToken(String body) {
    try {
      return String.valueOf(Json.readObject(body).get("access_token"));
    } catch (MalformedJson e) {
      throw new IllegalStateException("The answer " + e.reason() + ".", e);
    }
  }

  private String grant(String client, String scope) {
    return JwtGrant.sign(signing, issuer, client, TokenRequest.of(scope), Instant.now());
  }

  private String token(String client, String scope) throws IOException, InterruptedException {
    String body =
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=" + grant(client, scope);
    return String.valueOf(
        send(HttpRequest.newBuilder(URI.create(maskinporten + "token"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(body)))
            .get("access_token"));
  }

  private Map<String, @Nullable Object> post(String path, String bearer, Map<String, ?> body)
      throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(URI.create(maskinporten + path))
            .header("Authorization", "Bearer " + bearer)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(Json.write(body))));
  }

  private Map<String, @Nullable Object> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    HttpResponse<String> response =
        http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() / 100 != 2) {
      throw new IllegalStateException(response.statusCode() + " " + response.body());
    }
    try {
      return Json.readObject(response.body());
    } catch (MalformedJson e) {
      throw new IllegalStateException("The answer " + e.reason() + ".", e);
    }
  }
}
