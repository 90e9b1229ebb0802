package no.portvakt.server;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import no.portvakt.server.administration.AdminApi;
import no.portvakt.server.certificates.Revocation;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.exchange.PlatformClaims;
import no.portvakt.server.http.HttpServer;
import no.portvakt.server.http.TlsFiles;
import no.portvakt.server.issuer.KeyRules;
import no.portvakt.server.issuer.SigningKeys;
import no.portvakt.server.maskinporten.TokenEndpoint;
import no.portvakt.server.registration.ScopeRules;
import no.portvakt.server.registration.SubscopeGrammar;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;

/**
 * Reads settings from YAML and from environment variables, over others that hold where they say
 * nothing. A key that does not exist is refused with the nearest one that does ({@code
 * docs/operations.md} lists them all).
 */
public final class SettingsFile {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration WEEK = Duration.ofDays(7);
  private static final Duration CENTURY = Duration.ofDays(36_500);

  /** Nodes that share a store look for changes every 2 seconds, and no clock is quite right. */
  private static final Duration LEAST_SHARED_SKEW = Duration.ofSeconds(5);

  /** Roles that later versions will have. */
  private static final Set<String> PLANNED_ROLES = Set.of("idporten", "register", "console");

  /** How a text with a scheme begins (RFC 3986 §3.1); a single letter is a drive of Windows. */
  private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:");

  private final Settings base;

  private SettingsFile(Settings base) {
    this.base = base;
  }

  /** Settings do not hold; the message names the key and says what it takes. */
  public static final class BadSettings extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadSettings(String sentence) {
      super(sentence);
    }
  }

  /**
   * Reads settings.
   *
   * @param file YAML; null: there are only the variables
   * @param variables the process' environment; names that begin with {@code PORTVAKT_} count
   * @throws BadSettings when a key or a value does not hold
   */
  public static Settings read(@Nullable Path file, Map<String, String> variables, Settings base) {
    SettingsSection root = SettingsSection.read(file, variables);
    Settings settings = new SettingsFile(base).settings(root);
    root.refuseUnknownVariables();
    return settings;
  }

  /** Whether any of these variables is meant for the settings. */
  public static boolean anyIn(Map<String, String> variables) {
    return variables.keySet().stream().anyMatch(SettingsSection::isSetting);
  }

  private Settings settings(SettingsSection root) {
    root.known(
        "roles",
        "base-url",
        "data",
        "listen",
        "store",
        "master-key",
        "signing",
        "audit",
        "exchange",
        "maskinporten");
    String baseUrl = root.text("base-url", base.baseUrl());
    String problem = baseUrl == null ? null : Addresses.problemOf(baseUrl);
    if (problem != null) {
      throw new BadSettings("base-url can't be used: " + problem + ".");
    }
    Path data = root.path("data");
    PostgresAddress store = store(root.section("store"));
    return new Settings(
        roles(root),
        listen(root.section("listen")),
        baseUrl,
        data != null ? data : store != null && base.development() == null ? null : base.data(),
        store,
        masterKey(root.section("master-key")),
        signing(root.section("signing"), store != null),
        audit(root.section("audit")),
        exchange(root.section("exchange"), base.exchange()),
        maskinporten(root.section("maskinporten")),
        base.development());
  }

  private Settings.Maskinporten maskinporten(SettingsSection section) {
    section.known(
        "anchors",
        "admin-client",
        "revocation",
        "prefixes",
        "subscope-grammar",
        "status-codes",
        "grant-lifetime",
        "clock-skew",
        "reject-unknown-claims",
        "query-parameters",
        "misspelt-media-type",
        "legacy-claims");
    Settings.Maskinporten otherwise = base.maskinporten();
    Path anchors = section.path("anchors");
    Path adminClient = section.path("admin-client");
    return new Settings.Maskinporten(
        anchors == null ? otherwise.anchors() : anchors,
        adminClient == null ? otherwise.adminClientFile() : adminClient,
        revocation(section.section("revocation"), otherwise.revocation()),
        administration(section, otherwise.administration()),
        grants(section, otherwise.tokens()));
  }

  private static TokenEndpoint.Options grants(
      SettingsSection section, TokenEndpoint.Options otherwise) {
    return new TokenEndpoint.Options(
        section
            .duration(
                "grant-lifetime",
                Duration.ofSeconds(otherwise.grantLifetime()),
                SECOND,
                Duration.ofMinutes(10))
            .toSeconds(),
        section
            .duration(
                "clock-skew",
                Duration.ofSeconds(otherwise.clockSkew()),
                Duration.ZERO,
                TokenEndpoint.MOST_CLOCK_SKEW)
            .toSeconds(),
        section.flag("reject-unknown-claims", otherwise.rejectUnknownClaims()),
        section.flag("query-parameters", otherwise.queryParameters()),
        section.flag("misspelt-media-type", otherwise.misspeltMediaType()),
        section.flag("legacy-claims", otherwise.legacyClaims()));
  }

  private static Settings.Administration administration(
      SettingsSection section, Settings.Administration otherwise) {
    Map<String, String> prefixes = section.pairs("prefixes");
    prefixes.forEach((prefix, owner) -> {
      if (!ScopeRules.isPrefix(prefix) || OrganisationNumber.parse(owner) == null) {
        throw section.bad("prefixes", "takes prefixes, each with an organisation number");
      }
    });
    String grammar = section.word("subscope-grammar", "extended", Set.of("seed", "extended"));
    String codes = section.word("status-codes", "observed", Set.of("documented", "observed"));
    return new Settings.Administration(
        prefixes.isEmpty() ? otherwise.prefixes() : prefixes,
        SubscopeGrammar.valueOf(grammar.toUpperCase(Locale.ROOT)),
        AdminApi.StatusCodes.valueOf(codes.toUpperCase(Locale.ROOT)));
  }

  private Set<Settings.Role> roles(SettingsSection root) {
    Set<Settings.Role> roles = new LinkedHashSet<>();
    for (String name : root.texts("roles")) {
      try {
        roles.add(Settings.Role.valueOf(name.toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException e) {
        throw PLANNED_ROLES.contains(name.toLowerCase(Locale.ROOT))
            ? new BadSettings(
                "The role "
                    + name
                    + " is not part of this version; there are authentication and maskinporten.")
            : root.bad("roles", "takes authentication and maskinporten, not " + name);
      }
    }
    return roles.isEmpty() ? base.roles() : roles;
  }

  private HttpServer.Listen listen(SettingsSection section) {
    section.known("host", "port", "tls", "proxies");
    List<String> proxies = section.texts("proxies");
    return new HttpServer.Listen(
        String.valueOf(section.text("host", base.listen().host())),
        section.number("port", base.listen().port(), 0, 65_535),
        section.hasSection("tls") ? tls(section.section("tls")) : base.listen().tls(),
        proxies.isEmpty() ? base.listen().proxies() : proxies);
  }

  private static TlsFiles tls(SettingsSection section) {
    section.known("certificate", "key", "keystore", "password-file");
    Path certificate = section.path("certificate");
    Path key = section.path("key");
    Path keystore = section.path("keystore");
    Path passwordFile = section.path("password-file");
    if (certificate != null && key != null && keystore == null) {
      return TlsFiles.pem(certificate, key, passwordFile);
    }
    if (certificate == null && key == null && keystore != null) {
      return TlsFiles.pkcs12(keystore, passwordFile);
    }
    throw new BadSettings(section.name() + " takes certificate and key, or keystore.");
  }

  private @Nullable PostgresAddress store(SettingsSection section) {
    section.known("url", "user", "password", "password-file", "connections");
    String url = section.text("url", null);
    String user = section.text("user", null);
    String password = section.text("password", null);
    Path file = section.path("password-file");
    int connections = section.number("connections", 8, 1, 1000);
    if (password != null && file != null) {
      throw new BadSettings(section.name() + " takes one of password and password-file.");
    }
    if (url == null) {
      if (user != null || password != null || file != null || section.has("connections")) {
        throw new BadSettings(section.name() + " needs url, or nothing at all.");
      }
      return base.store();
    }
    try {
      return new PostgresAddress(url, user, file == null ? password : secret(file), connections);
    } catch (IllegalArgumentException e) {
      throw new BadSettings("The setting store.url can't be used. " + e.getMessage());
    }
  }

  private Settings.MasterKey masterKey(SettingsSection section) {
    section.known("file", "text", "device");
    Path file = section.path("file");
    String text = section.text("text", null);
    Settings.Device device =
        section.hasSection("device") ? device(section.section("device"), true) : null;
    if ((file == null ? 0 : 1) + (text == null ? 0 : 1) + (device == null ? 0 : 1) > 1) {
      throw new BadSettings(section.name() + " takes one of file, text and device.");
    }
    return new Settings.MasterKey(file, text, device);
  }

  private static Settings.Device device(SettingsSection section, boolean oneKey) {
    section.known("library", "slot-index", "pin-file", "alias");
    Path library = section.path("library");
    int slotIndex = section.number("slot-index", 0, 0, 1000);
    Path pin = section.path("pin-file");
    String alias = section.text("alias", null);
    if (library == null || pin == null || (oneKey && alias == null)) {
      throw new BadSettings(
          section.name() + " needs library and pin-file" + (oneKey ? ", and alias." : "."));
    }
    return new Settings.Device(library, slotIndex, pin, alias);
  }

  private Settings.Signing signing(SettingsSection section, boolean shared) {
    Settings.Signing otherwise = base.signing();
    section.known(
        "algorithm",
        "also",
        "keys-max-age",
        "skew",
        "together",
        "rotate-after",
        "standby-key",
        "source");
    Set<String> algorithms = new LinkedHashSet<>();
    algorithms.add(
        section.word(
            "algorithm",
            otherwise.algorithms().get(0),
            new LinkedHashSet<>(SigningKeys.ALGORITHMS)));
    for (String also : section.texts("also")) {
      if (!SigningKeys.ALGORITHMS.contains(also)) {
        throw section.bad("also", "takes a list of " + SigningKeys.ALGORITHMS);
      }
      algorithms.add(also);
    }
    Duration maxAge = section.duration("keys-max-age", otherwise.keysMaxAge(), SECOND, WEEK);
    Duration skew = section.duration("skew", otherwise.skew(), SECOND, Duration.ofMinutes(10));
    if (shared && skew.compareTo(LEAST_SHARED_SKEW) < 0) {
      throw section.bad(
          "skew", "takes 5 seconds or more with a store in PostgreSQL, which several nodes share");
    }
    boolean standby = section.flag("standby-key", otherwise.standby());
    Duration rotateAfter =
        section.duration("rotate-after", otherwise.rotateAfter(), SECOND, CENTURY);
    long most = KeyRules.longestUse(maxAge, skew, standby).toDays();
    if (rotateAfter.compareTo(Duration.ofDays(most)) > 0) {
      throw section.bad(
          "rotate-after",
          "takes " + most + "d or less: a key must not outlive the certificate that it gets");
    }
    return new Settings.Signing(
        List.copyOf(algorithms),
        maxAge,
        skew,
        section.number("together", otherwise.together(), 1, 1024),
        rotateAfter,
        standby,
        section.hasSection("source") ? source(section.section("source")) : null);
  }

  private static Settings.Source source(SettingsSection section) {
    section.known(
        "type", "files", "password-file", "device", "vault", "certificate", "refresh", "outage");
    String type = section.text("type", null);
    if (type == null) {
      throw new BadSettings(section.name() + " needs type: files, pkcs11 or azure-key-vault.");
    }
    List<Path> files = section.paths("files");
    Settings.Device device =
        section.hasSection("device") ? device(section.section("device"), false) : null;
    if (type.equals("files") == files.isEmpty() || type.equals("pkcs11") == (device == null)) {
      throw new BadSettings(
          section.name() + " needs files with the type files, and device with the type pkcs11.");
    }
    boolean vault = type.equals("azure-key-vault"); // whoever asks too often gets no answer
    Map<String, String> more = new LinkedHashMap<>();
    for (String name : List.of("vault", "certificate")) {
      String value = section.text(name, null);
      if (value != null) {
        more.put(name, value);
      }
    }
    return new Settings.Source(
        type,
        files,
        section.path("password-file"),
        device,
        more,
        section.duration(
            "refresh",
            vault ? Duration.ofMinutes(15) : Duration.ofSeconds(30),
            vault ? Duration.ofSeconds(30) : SECOND,
            Duration.ofDays(1)),
        section.duration("outage", Duration.ofDays(1), SECOND, CENTURY));
  }

  private Settings.Audit audit(SettingsSection section) {
    section.known("checkpoint-every", "retention");
    Duration forever = CENTURY.plusDays(1);
    Duration otherwise = base.audit().retention();
    Duration kept =
        section.duration("retention", otherwise == null ? forever : otherwise, SECOND, CENTURY);
    return new Settings.Audit(
        section.duration(
            "checkpoint-every", base.audit().checkpointEvery(), SECOND, Duration.ofDays(1)),
        kept.equals(forever) ? null : kept);
  }

  /** The secret in a file, without blanks and line ends around it. */
  static String secret(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new BadSettings("The file " + file + " can't be read.");
    }
  }

  private static Settings.Exchange exchange(SettingsSection section, Settings.Exchange base) {
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

  private static Revocation.Options revocation(SettingsSection section, Revocation.Options base) {
    section.known("check", "when-unknown", "timeout", "keep", "responder", "lists");
    List<String> asked = section.texts("check");
    Set<Revocation.Method> methods = new LinkedHashSet<>();
    for (String name : asked) {
      switch (name) {
        case "ocsp" -> methods.add(Revocation.Method.OCSP);
        case "crl" -> methods.add(Revocation.Method.CRL);
        case "none" -> {}
        default -> throw section.bad("check", "takes ocsp and crl, or none");
      }
    }
    if (asked.contains("none") && asked.size() > 1) {
      throw section.bad("check", "takes ocsp and crl, or none");
    }
    List<URI> lists = section.texts("lists").stream().map(it -> list(section, it)).toList();
    if (lists.size() > Revocation.MOST_LISTS) {
      throw section.bad("lists", "takes at most " + Revocation.MOST_LISTS + " lists");
    }
    URI responder = section.address("responder", section.text("responder", null));
    String unknown = base.acceptUnknown() ? "accept" : "refuse";
    return new Revocation.Options(
        asked.isEmpty() ? base.methods() : List.copyOf(methods),
        section.word("when-unknown", unknown, Set.of("refuse", "accept")).equals("accept"),
        section.duration("timeout", base.timeout(), SECOND, Duration.ofMinutes(1)),
        section.duration("keep", base.keep(), SECOND, WEEK),
        responder == null ? base.responder() : responder,
        lists.isEmpty() ? base.lists() : lists);
  }

  /** The place of a revocation list: an address, or a file as a path or a URL. */
  private static URI list(SettingsSection section, String text) {
    Matcher scheme = SCHEME.matcher(text);
    BadSettings bad = section.bad("lists", "takes http or https URLs and files");
    try {
      return switch (scheme.lookingAt() ? scheme.group() : "") {
        case "http:", "https:" -> Objects.requireNonNull(section.address("lists", text));
        case "file:" -> Path.of(URI.create(text)).toUri();
        case "" -> Path.of(text).toUri();
        default -> throw bad;
      };
    } catch (IllegalArgumentException e) {
      throw bad;
    }
  }

  private static List<Settings.Issuer> issuers(SettingsSection exchange) {
    List<Settings.Issuer> issuers = new ArrayList<>();
    for (SettingsSection entry : exchange.sections("maskinporten")) {
      String where = entry.name();
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
}
