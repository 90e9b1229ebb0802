package no.portvakt.server;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.text.ParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * The development platform's own Maskinporten client, which may use the admin API; kept in {@code
 * <data>/dev/admin-client.json} with its private key, so that scripts can use it.
 *
 * @param clientId its id
 * @param key its key pair
 */
public record AdminClient(String clientId, RSAKey key) {
  /** The scopes it may ask for. */
  public static final List<String> SCOPES =
      List.of(
          "idporten:dcr.read",
          "idporten:dcr.write",
          "idporten:dcr.modify",
          "idporten:dcr.altinn",
          "idporten:scopes.read",
          "idporten:scopes.write",
          "portvakt:registry.write");

  /** Those that it had in the first version. */
  static final Set<String> FIRST_SCOPES =
      SCOPES.stream()
          .filter(scope -> !scope.startsWith("portvakt:"))
          .collect(Collectors.toUnmodifiableSet());

  /** A new client with a new key. */
  static AdminClient create() {
    try {
      return new AdminClient(
          UUID.randomUUID().toString(),
          new RSAKeyGenerator(2048)
              .keyUse(KeyUse.SIGNATURE)
              .algorithm(JWSAlgorithm.RS256)
              .keyID("admin-" + UUID.randomUUID())
              .generate());
    } catch (JOSEException e) {
      throw new IllegalStateException("No RSA key can be made.", e);
    }
  }

  /** The client in a file, or null when there is no file. */
  static @Nullable AdminClient read(Path file) {
    if (!Files.exists(file)) {
      return null;
    }
    try {
      Map<String, @Nullable Object> members = Json.readObject(Files.readAllBytes(file));
      if (members.get("client_id") instanceof String id
          && members.get("jwk") instanceof Map<?, ?> jwk) {
        RSAKey key = RSAKey.parse(Json.write(jwk));
        if (key.isPrivate() && key.getKeyID() != null) {
          return new AdminClient(id, key);
        }
      }
      throw new BadSettings(unreadable(file));
    } catch (IOException e) {
      throw new UncheckedIOException("The admin client " + file + " can't be read.", e);
    } catch (MalformedJson | ParseException | IllegalArgumentException e) {
      throw new BadSettings(unreadable(file)); // the cause says no more than that
    }
  }

  /** Writes the client where scripts find it, readable for its owner alone. */
  void write(Path file, Addresses addresses) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("issuer", addresses.maskinportenIssuer());
    members.put("token_endpoint", addresses.maskinportenIssuer() + "token");
    members.put("client_id", clientId);
    members.put("scopes", SCOPES);
    members.put("jwk", key.toJSONObject());
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Path fresh = Files.createTempFile(file.toAbsolutePath().getParent(), "admin", ".tmp");
      if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
      }
      Files.writeString(fresh, Json.writePretty(members) + "\n");
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("The admin client " + file + " can't be written.", e);
    }
  }

  private static String unreadable(Path file) {
    return "The admin client " + file + " is not of the expected form; delete it for a new one.";
  }

  @Override
  public String toString() {
    return "AdminClient[clientId=" + clientId + "]";
  }
}
