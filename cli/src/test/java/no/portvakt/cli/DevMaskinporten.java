package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** A developer's platform, and the admin client that sets clients up at its Maskinporten. */
final class DevMaskinporten implements AutoCloseable {
  static final String DIGDIR = "991825827";

  private final TestPlatform platform;
  private final MaskinportenClient admin;
  private final HttpClient http;

  private DevMaskinporten(TestPlatform platform, MaskinportenClient admin) {
    this.platform = platform;
    this.admin = admin;
    TokenRequest scopes =
        TokenRequest.of(
            "idporten:dcr.write idporten:scopes.read idporten:scopes.write portvakt:registry.write");
    this.http = admin.authorized(HttpClient.newHttpClient(), scopes, URI.create(base()));
  }

  /** A platform with its files in a folder. */
  static DevMaskinporten start(Path data) throws Exception {
    TestPlatform platform = TestPlatform.start(data);
    Map<String, @Nullable Object> file = TestPlatform.read(platform.adminFile());
    return new DevMaskinporten(
        platform,
        MaskinportenClient.builder()
            .clientId(String.valueOf(file.get("client_id")))
            .key(GrantKey.ofJwk(Json.write(file.get("jwk"))))
            .issuer(String.valueOf(file.get("issuer")))
            .build());
  }

  String base() {
    return platform.base();
  }

  String issuer() {
    return base() + "/maskinporten/";
  }

  String wellKnownUrl() {
    return issuer() + ".well-known/oauth-authorization-server";
  }

  /** A new client of digdir with these scopes and no keys. */
  String newClient(String... scopes) throws Exception {
    return String.valueOf(
        post("clients", Map.of("client_name", "t", "description", "t", "scopes", List.of(scopes)))
            .get("client_id"));
  }

  /** Registers a scope of the prefix {@code altinn}, and gives an organisation access. */
  void grant(String subscope, String organisation) throws Exception {
    grant(subscope, organisation, Map.of());
  }

  /** Registers a scope with further settings, and gives an organisation access. */
  void grant(String subscope, String organisation, Map<String, ?> settings) throws Exception {
    Map<String, Object> body = new HashMap<>(settings);
    body.putAll(Map.of("prefix", "altinn", "subscope", subscope, "description", "t"));
    post("scopes", body);
    put(AccessCommand.path("altinn:" + subscope, organisation), Map.of());
  }

  /** What the admin API makes of a body. */
  Map<String, @Nullable Object> post(String path, Map<String, ?> body) throws Exception {
    return send("POST", path, body);
  }

  /** The same with PUT. */
  Map<String, @Nullable Object> put(String path, Map<String, ?> body) throws Exception {
    return send("PUT", path, body);
  }

  private Map<String, @Nullable Object> send(String method, String path, Map<String, ?> body)
      throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(issuer() + path))
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(Json.write(body)))
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 201);
    return Json.readObject(answer.body());
  }

  @Override
  public void close() {
    admin.close();
    platform.close();
  }
}
