package no.portvakt.server;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.exchange.PlatformClaims;
import no.portvakt.server.issuer.SigningKeys;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads settings from YAML over others that hold where it says nothing. A key that does not exist
 * is refused with the nearest one that does ({@code docs/operations.md} lists them all).
 */
public final class SettingsFile {
  /** A settings file does not hold; the message names the key and says what it takes. */
  public static final class BadSettings extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadSettings(String sentence) {
      super(sentence);
    }
  }

  private final String where;
  private final Map<?, ?> members;

  private SettingsFile(String where, Map<?, ?> members) {
    this.where = where;
    this.members = members;
  }

  /**
   * Reads a file.
   *
   * @throws BadSettings when a key or a value does not hold
   */
  public static Settings read(Path file, Settings base) {
    Object document;
    try (Reader reader = Files.newBufferedReader(file)) {
      LoaderOptions options = new LoaderOptions();
      options.setAllowDuplicateKeys(false);
      document = new Yaml(new SafeConstructor(options)).load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException("The settings " + file + " can't be read.", e);
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark();
      String line = mark == null ? "" : " in line " + (mark.getLine() + 1);
      throw new BadSettings(
          "The settings " + file + " are not YAML: " + e.getProblem() + line + ".");
    } catch (YAMLException e) {
      throw new BadSettings("The settings " + file + " are not YAML.");
    }
    if (document != null && !(document instanceof Map<?, ?>)) {
      throw new BadSettings("The settings " + file + " are not keys with values.");
    }
    SettingsFile root = new SettingsFile("", document instanceof Map<?, ?> map ? map : Map.of());
    root.known("base-url", "listen", "signing", "exchange", "maskinporten");
    SettingsFile listen = root.section("listen");
    listen.known("host", "port");
    SettingsFile signing = root.section("signing");
    signing.known("algorithm", "keys-max-age", "together");
    SettingsFile maskinporten = root.section("maskinporten");
    maskinporten.known("anchors");
    String anchors = maskinporten.text("anchors", null);
    String baseUrl = root.text("base-url", base.baseUrl());
    String problem = baseUrl == null ? null : Addresses.problemOf(baseUrl);
    if (problem != null) {
      throw new BadSettings("base-url can't be used: " + problem + ".");
    }
    return new Settings(
        new Settings.Listen(
            String.valueOf(listen.text("host", base.listen().host())),
            listen.number("port", base.listen().port(), 0, 65_535)),
        baseUrl,
        base.data(),
        new Settings.Signing(
            signing.word(
                "algorithm",
                base.signing().algorithm(),
                new LinkedHashSet<>(SigningKeys.ALGORITHMS)),
            Duration.ofSeconds(
                signing.number(
                    "keys-max-age", (int) base.signing().keysMaxAge().toSeconds(), 1, 604_800)),
            signing.number("together", base.signing().together(), 1, 1024)),
        exchange(root.section("exchange"), base.exchange()),
        anchors == null ? base.maskinporten() : new Settings.Maskinporten(Path.of(anchors)),
        base.development());
  }

  private static Settings.Exchange exchange(SettingsFile section, Settings.Exchange base) {
    section.known(
        "profile",
        "lifetime",
        "bound-by-proof",
        "collapse-arrays",
        "claim-families",
        "audiences",
        "maskinporten");
    PlatformClaims.Options tokens = base.tokens();
    boolean altinn = section.word("profile", "strict", Set.of("strict", "altinn")).equals("altinn");
    Set<PlatformClaims.Family> families = new LinkedHashSet<>();
    for (String name : section.texts("claim-families")) {
      if (!name.equals("short") && !name.equals("urn")) {
        throw section.bad("claim-families", "takes short and urn");
      }
      families.add(PlatformClaims.Family.valueOf(name.toUpperCase(Locale.ROOT)));
    }
    return new Settings.Exchange(
        new PlatformClaims.Options(
            section.number("lifetime", (int) tokens.lifetimeSeconds(), 1, 86_400),
            section.flag("bound-by-proof", tokens.boundByProof()),
            section.flag("collapse-arrays", altinn || tokens.collapseArrays()),
            families.isEmpty() ? tokens.families() : families),
        issuers(section),
        new LinkedHashSet<>(section.texts("audiences")));
  }

  private static List<Settings.Issuer> issuers(SettingsFile exchange) {
    List<Settings.Issuer> issuers = new ArrayList<>();
    for (Object item : exchange.list("maskinporten")) {
      String where = "exchange.maskinporten[" + issuers.size() + "]";
      SettingsFile entry =
          new SettingsFile(where + ".", item instanceof Map<?, ?> map ? map : Map.of());
      entry.known("issuer", "metadata", "jwks", "algorithms", "audiences");
      String issuer = entry.text("issuer", null);
      String metadata = entry.text("metadata", null);
      String jwks = entry.text("jwks", null);
      if (issuer == null || (metadata == null) == (jwks == null)) {
        throw new BadSettings(where + " needs issuer, and one of metadata and jwks.");
      }
      if (issuers.stream().anyMatch(it -> it.issuer().equals(issuer))) {
        throw new BadSettings(where + " names the issuer " + issuer + " a second time.");
      }
      Set<String> algorithms = new LinkedHashSet<>(entry.texts("algorithms"));
      if (!TrustedIssuer.RSA_ALGORITHMS.containsAll(algorithms)) {
        throw entry.bad("algorithms", "takes RS256, RS384 and RS512");
      }
      issuers.add(
          new Settings.Issuer(
              issuer,
              entry.address("metadata", metadata),
              entry.address("jwks", jwks),
              algorithms.isEmpty() ? TrustedIssuer.RSA_ALGORITHMS : algorithms,
              new LinkedHashSet<>(entry.texts("audiences"))));
    }
    return issuers;
  }

  private SettingsFile section(String name) {
    Object value = members.get(name);
    if (value != null && !(value instanceof Map<?, ?>)) {
      throw bad(name, "takes further keys below it");
    }
    return new SettingsFile(where + name + ".", value instanceof Map<?, ?> map ? map : Map.of());
  }

  private void known(String... names) {
    for (Object key : members.keySet()) {
      String name = String.valueOf(key);
      if (!Arrays.asList(names).contains(name)) {
        String nearest = names[0];
        for (String candidate : names) {
          if (distance(name, candidate) < distance(name, nearest)) {
            nearest = candidate;
          }
        }
        throw new BadSettings(
            "There is no setting " + where + name + "; did you mean " + where + nearest + "?");
      }
    }
  }

  private @Nullable String text(String name, @Nullable String otherwise) {
    Object value = members.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof String text) || text.isBlank()) {
      throw bad(name, "takes a text");
    }
    return text;
  }

  private String word(String name, String otherwise, Set<String> words) {
    String value = String.valueOf(text(name, otherwise));
    if (!words.contains(value)) {
      throw bad(name, "takes one of " + words.stream().sorted().toList());
    }
    return value;
  }

  private int number(String name, int otherwise, int least, int most) {
    Object value = members.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof Integer number) || number < least || number > most) {
      throw bad(name, "takes a whole number from " + least + " to " + most);
    }
    return number;
  }

  private boolean flag(String name, boolean otherwise) {
    Object value = members.get(name);
    if (value != null && !(value instanceof Boolean)) {
      throw bad(name, "takes true or false");
    }
    return value instanceof Boolean flag ? flag : otherwise;
  }

  private List<?> list(String name) {
    Object value = members.get(name);
    if (value != null && !(value instanceof List<?>)) {
      throw bad(name, "takes a list");
    }
    return value instanceof List<?> list ? list : List.of();
  }

  private List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    for (Object item : list(name)) {
      if (!(item instanceof String text) || text.isBlank()) {
        throw bad(name, "takes a list of texts");
      }
      texts.add(text);
    }
    return texts;
  }

  private @Nullable URI address(String name, @Nullable String text) {
    try {
      URI uri = text == null ? null : URI.create(text);
      if (uri == null
          || (uri.getHost() != null && List.of("http", "https").contains(uri.getScheme()))) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw bad(name, "takes an http or https URL");
    }
    throw bad(name, "takes an http or https URL");
  }

  private BadSettings bad(String name, String takes) {
    return new BadSettings("The setting " + where + name + " " + takes + ".");
  }

  /** The edit distance (Levenshtein) of two short names. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
