package no.portvakt.maskinporten;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeyStoreKeys;
import no.portvakt.tokens.NearestName;
import no.portvakt.tokens.PemKeys;
import org.jspecify.annotations.Nullable;

/** A client's settings by name, as environment variables and properties give them. */
final class ClientSettings {
  private static final String PREFIX = "maskinporten.";

  /** The names, each also an environment variable; docs/maskinporten-client.md explains them. */
  static final List<String> NAMES =
      List.of(
          "client-id",
          "client-jwk",
          "pem-file",
          "pem-password",
          "pkcs12-file",
          "pkcs12-password",
          "pkcs12-alias",
          "key-id",
          "enterprise-certificate",
          "algorithm",
          "well-known-url",
          "issuer",
          "token-endpoint",
          "scopes",
          "platform-url",
          "allow-plain-http",
          "cache-size",
          "minimum-life",
          "deadline",
          "connect-timeout",
          "request-timeout",
          "retry-unknown-key",
          "grant-life");

  private static final Set<String> PASSWORDS = Set.of("pem-password", "pkcs12-password");

  private final Map<String, String> values;

  private ClientSettings(Map<String, String> values) {
    this.values = values;
  }

  /**
   * What the variables say. Others with the same beginning are passed over: Kubernetes adds such
   * for a service of that name.
   */
  static ClientSettings ofEnvironment(Map<String, String> environment) {
    Map<String, String> values = new TreeMap<>();
    for (String name : NAMES) {
      String value = environment.get(variable(name));
      if (value != null) {
        put(values, name, value);
      }
    }
    return new ClientSettings(values);
  }

  /**
   * What the properties say.
   *
   * @throws IllegalArgumentException when a name is not known
   */
  static ClientSettings ofProperties(Map<String, String> properties) {
    Map<String, String> values = new TreeMap<>();
    properties.forEach((name, value) -> {
      if (name.startsWith(PREFIX)) {
        String own = name.substring(PREFIX.length());
        if (!NAMES.contains(own)) {
          throw new IllegalArgumentException(
              "The property "
                  + Answer.shown(name)
                  + " is not known; "
                  + PREFIX
                  + NearestName.of(own, NAMES)
                  + " is the nearest that is.");
        }
        put(values, own, value);
      }
    });
    return new ClientSettings(values);
  }

  /** Keeps a value without the white space around it; a file often ends with a line break. */
  private static void put(Map<String, String> values, String name, String value) {
    if (!value.isBlank()) {
      values.put(name, PASSWORDS.contains(name) ? value : value.strip());
    }
  }

  /** A setting in both its forms. */
  static String named(String name) {
    return PREFIX + name + " (" + variable(name) + ")";
  }

  /** Hands the settings to a builder. */
  void applyTo(MaskinportenClientBuilder builder) {
    if ("true".equals(values.get("allow-plain-http"))) {
      builder.allowPlainHttp();
    }
    set("client-id", builder::clientId);
    set("well-known-url", builder::wellKnownUrl);
    set("issuer", builder::issuer);
    set("token-endpoint", builder::tokenEndpoint);
    set("scopes", builder::scopes);
    set("platform-url", builder::platformUrl);
    set("cache-size", value -> builder.cacheSize(number(value)));
    set("minimum-life", value -> builder.minimumLife(duration(value)));
    set("deadline", value -> builder.deadline(duration(value)));
    set("connect-timeout", value -> builder.connectTimeout(duration(value)));
    set("request-timeout", value -> builder.requestTimeout(duration(value)));
    set("retry-unknown-key", value -> builder.retryUnknownKey(duration(value)));
    set("grant-life", value -> builder.grantLife(duration(value)));
    key(builder);
  }

  private void set(String name, Consumer<String> setter) {
    String value = values.get(name);
    if (value != null) {
      try {
        setter.accept(value);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(named(name) + ": " + e.getMessage(), e);
      }
    }
  }

  /** The one key, named in the one way. */
  private void key(MaskinportenClientBuilder builder) {
    List<String> sources = new ArrayList<>();
    for (String name : List.of("client-jwk", "pem-file", "pkcs12-file")) {
      if (values.containsKey(name)) {
        sources.add(name);
      }
    }
    if (sources.size() > 1) {
      throw new IllegalArgumentException(
          "There is one key, but " + String.join(" and ", sources) + " are set.");
    }
    set("algorithm", GrantKey::algorithm);
    set("client-jwk", value -> builder.key(GrantKey.ofJwk(value)));
    set("pem-file", value -> builder.key(pem(file(value))));
    set("pkcs12-file", value -> builder.key(pkcs12(file(value))));
    if (!sources.contains("pem-file") && !sources.contains("pkcs12-file")) {
      for (String name : List.of("key-id", "enterprise-certificate", "algorithm")) {
        if (values.containsKey(name)) {
          throw new IllegalArgumentException(
              named(name) + " is for a key in pem-file or pkcs12-file.");
        }
      }
    }
  }

  private GrantKey pem(byte[] file) {
    String pem = new String(file, StandardCharsets.US_ASCII);
    String keyId = keyId();
    char[] password = password("pem-password");
    return keyId != null
        ? GrantKey.ofPem(pem, password, keyId, algorithm())
        : GrantKey.of(PemKeys.read(pem, password), null, algorithm());
  }

  private GrantKey pkcs12(byte[] file) {
    char[] password = password("pkcs12-password");
    if (password == null) {
      throw new IllegalArgumentException("It needs " + named("pkcs12-password") + ".");
    }
    String alias = values.get("pkcs12-alias");
    if (alias != null) {
      return GrantKey.of(KeyStoreKeys.ofPkcs12(file, password, alias), keyId(), algorithm());
    }
    List<KeyMaterial> keys = KeyStoreKeys.ofPkcs12(file, password);
    if (keys.size() > 1) {
      throw new IllegalArgumentException(
          "It holds several keys; " + named("pkcs12-alias") + " says which.");
    }
    return GrantKey.of(keys.get(0), keyId(), algorithm());
  }

  private String algorithm() {
    return values.getOrDefault("algorithm", GrantKey.RS256);
  }

  /** The {@code kid}, or null for the certificate; one of them must be said. */
  private @Nullable String keyId() {
    String keyId = values.get("key-id");
    boolean certificate = "true".equals(values.get("enterprise-certificate"));
    if ((keyId != null) == certificate) {
      throw new IllegalArgumentException(
          "Set either "
              + named("key-id")
              + ", or "
              + named("enterprise-certificate")
              + " to true; not "
              + (certificate ? "both." : "neither."));
    }
    return keyId;
  }

  private char @Nullable [] password(String name) {
    String value = values.get(name);
    return value == null ? null : value.toCharArray();
  }

  private static byte[] file(String path) {
    try {
      return Files.readAllBytes(Path.of(path));
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException("The file can't be read.", e);
    }
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("This is no whole number.", e);
    }
  }

  private static Duration duration(String text) {
    try {
      return Duration.parse(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("This is no duration in the form PT30S.", e);
    }
  }

  private static String variable(String name) {
    return (PREFIX + name).toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }
}
