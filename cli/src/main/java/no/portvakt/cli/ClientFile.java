package no.portvakt.cli;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.JwtGrant;
import no.portvakt.maskinporten.MaskinportenClientBuilder;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.server.database.OwnerOnly;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * A client of Maskinporten in a file, as {@code portvakt dev} writes its own: {@code issuer},
 * {@code token_endpoint}, {@code client_id}, {@code scopes} and {@code jwk}, the private key.
 */
final class ClientFile {
  private static final int LARGEST = 1024 * 1024;

  private final String issuer;
  private final String tokenEndpoint;
  private final String clientId;
  private final List<String> scopes;
  private final Map<?, ?> jwk;

  /**
   * @param scopes what it may ask for
   * @param jwk its private key (RFC 7517)
   */
  ClientFile(
      String issuer, String tokenEndpoint, String clientId, List<String> scopes, Map<?, ?> jwk) {
    this.issuer = issuer;
    this.tokenEndpoint = tokenEndpoint;
    this.clientId = clientId;
    this.scopes = scopes;
    this.jwk = jwk;
  }

  static ClientFile read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new CannotDo(
          "There is no client file "
              + file
              + "; `portvakt dev` writes one to dev/admin-client.json in its data folder.");
    }
    Map<String, @Nullable Object> members;
    try {
      members = Json.readObject(Input.read(file, LARGEST));
    } catch (MalformedJson e) {
      throw new CannotDo("The client file " + file + " " + e.reason() + ".");
    }
    if (members.get("issuer") instanceof String issuer
        && members.get("client_id") instanceof String clientId
        && members.get("jwk") instanceof Map<?, ?> jwk) {
      return new ClientFile(
          issuer,
          members.get("token_endpoint") instanceof String address ? address : issuer + "token",
          clientId,
          members.get("scopes") instanceof List<?> list
              ? list.stream().map(String::valueOf).toList()
              : List.of(),
          jwk);
    }
    throw new CannotDo("The client file " + file + " lacks issuer, client_id or jwk.");
  }

  /** A new key for grants: RSA, 2048 bits, RS256. */
  static RSAKey newKey() {
    try {
      return new RSAKeyGenerator(2048)
          .keyUse(KeyUse.SIGNATURE)
          .algorithm(JWSAlgorithm.RS256)
          .keyID(UUID.randomUUID().toString())
          .generate();
    } catch (JOSEException e) {
      throw new IllegalStateException("No RSA key can be made.", e);
    }
  }

  /** Refuses a place where something is already, so that no key is lost. */
  static void requireFree(Path file) {
    if (Files.exists(file)) {
      throw isThere(file);
    }
  }

  private static CannotDo isThere(Path file) {
    return new CannotDo("The file " + file + " is there already; name a new one.");
  }

  /** Writes a new file that only its owner can read. */
  void writeNew(Path file) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("issuer", issuer);
    members.put("token_endpoint", tokenEndpoint);
    members.put("client_id", clientId);
    members.put("scopes", scopes);
    members.put("jwk", jwk);
    try {
      Path folder = file.toAbsolutePath().getParent();
      Files.createDirectories(Objects.requireNonNull(folder, "a file is in a folder"));
      if (!OwnerOnly.createFile(file)) {
        throw isThere(file);
      }
      Files.writeString(file, Json.writePretty(members) + "\n");
    } catch (IOException e) {
      throw CannotDo.unwritable(file);
    }
  }

  String issuer() {
    return issuer;
  }

  List<String> scopes() {
    return scopes;
  }

  /** The same place, for another client with another key. */
  ClientFile with(String otherId, List<String> otherScopes, RSAKey key) {
    return new ClientFile(issuer, tokenEndpoint, otherId, otherScopes, key.toJSONObject());
  }

  /**
   * Says to a builder who the client is and where its Maskinporten is.
   *
   * @throws IllegalArgumentException when an address or the key can't be used
   */
  void applyTo(MaskinportenClientBuilder builder) {
    builder.issuer(issuer).tokenEndpoint(tokenEndpoint).clientId(clientId).key(key());
  }

  /** A new grant; who has it can get one token. */
  String grant(TokenRequest request, Instant now) {
    return JwtGrant.sign(key(), issuer, clientId, request, now);
  }

  private GrantKey key() {
    return GrantKey.ofJwk(Json.write(jwk));
  }

  @Override
  public String toString() {
    return "ClientFile[clientId=" + clientId + "]";
  }
}
