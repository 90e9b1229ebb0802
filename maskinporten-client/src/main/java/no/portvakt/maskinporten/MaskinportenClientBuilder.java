package no.portvakt.maskinporten;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import no.portvakt.maskinporten.Authority.Endpoints;
import org.jspecify.annotations.Nullable;

/**
 * Puts a {@link MaskinportenClient} together. The methods refuse what can't be right with {@link
 * IllegalArgumentException}. Not for use by several threads.
 */
public final class MaskinportenClientBuilder {
  private static final RandomGenerator JITTER = () -> ThreadLocalRandom.current().nextLong();

  private @Nullable String clientId;
  private @Nullable GrantKey key;
  private @Nullable URI wellKnownUrl;
  private @Nullable String issuer;
  private @Nullable URI tokenEndpoint;
  String scopes = "";
  @Nullable URI platformUrl;
  boolean allowPlainHttp;
  int cacheSize = 10_000;
  Duration minimumLife = Duration.ofSeconds(30);
  Duration deadline = Duration.ofSeconds(15);
  Duration connectTimeout = Duration.ofSeconds(3);
  Duration requestTimeout = Duration.ofSeconds(5);
  Duration retryUnknownKey = Duration.ZERO;
  Duration grantLife = JwtGrant.LIFETIME;
  @Nullable HttpClient httpClient;
  ClientMetrics metrics = ClientMetrics.NONE;
  InstantSource clock = InstantSource.system();
  Pacing pacing = Pacing.REAL;
  RandomGenerator random = JITTER;

  MaskinportenClientBuilder() {}

  /** Takes what the environment has of {@code MASKINPORTEN_CLIENT_ID} and its like. */
  public MaskinportenClientBuilder environment(Map<String, String> environment) {
    ClientSettings.ofEnvironment(environment).applyTo(this);
    return this;
  }

  /** Takes what begins with {@code maskinporten.}; a name that is not known is refused. */
  public MaskinportenClientBuilder properties(Map<String, String> properties) {
    ClientSettings.ofProperties(properties).applyTo(this);
    return this;
  }

  /** The client's id at Maskinporten. Needed. */
  public MaskinportenClientBuilder clientId(String id) {
    clientId = id.strip();
    return this;
  }

  /** What the client signs with. Needed. */
  public MaskinportenClientBuilder key(GrantKey signing) {
    key = signing;
    return this;
  }

  /**
   * Where Maskinporten's metadata is (RFC 8414), with or without a slash at the end. Needed, unless
   * the issuer is given.
   */
  public MaskinportenClientBuilder wellKnownUrl(String url) {
    wellKnownUrl = Address.parse("well-known URL", url, allowPlainHttp);
    return this;
  }

  /**
   * Maskinporten's issuer, exactly: {@code https://maskinporten.no/} with its slash. Alone, the
   * metadata is looked for below it; with {@link #wellKnownUrl}, the metadata must name it; with
   * {@link #tokenEndpoint}, no metadata is asked for.
   */
  public MaskinportenClientBuilder issuer(String exact) {
    URI unused = Address.parse("issuer", exact, allowPlainHttp);
    issuer = exact;
    return this;
  }

  /** Maskinporten's token endpoint; counts together with the issuer only. */
  public MaskinportenClientBuilder tokenEndpoint(String url) {
    tokenEndpoint = Address.parse("token endpoint", url, allowPlainHttp);
    return this;
  }

  /** The scopes of {@link MaskinportenClient#token()}, with blanks between them. */
  public MaskinportenClientBuilder scopes(String usual) {
    TokenRequest unused = TokenRequest.of(usual);
    scopes = usual;
    return this;
  }

  /**
   * The address of the platform that exchanges tokens, such as {@code https://platform.altinn.no}.
   */
  public MaskinportenClientBuilder platformUrl(String url) {
    platformUrl = Address.parse("platform URL", url, allowPlainHttp);
    return this;
  }

  /** Lets plain HTTP be used for other machines too. Call it before the addresses. For tests. */
  public MaskinportenClientBuilder allowPlainHttp() {
    allowPlainHttp = true;
    return this;
  }

  /** How many tokens are kept, at least one; 10,000 unless said. */
  public MaskinportenClientBuilder cacheSize(int tokens) {
    if (tokens < 1) {
      throw new IllegalArgumentException("The cache keeps at least one token.");
    }
    cacheSize = tokens;
    return this;
  }

  /**
   * How long a token must live when it is handed out; 30 s unless said, and never more than half of
   * its whole life.
   */
  public MaskinportenClientBuilder minimumLife(Duration life) {
    minimumLife = notNegative("minimum life", life);
    return this;
  }

  /**
   * How long each step may take with all its tries: the metadata, which only the first call waits
   * for, the token request, and the exchange; 15 s unless said.
   */
  public MaskinportenClientBuilder deadline(Duration time) {
    deadline = positive("deadline", time);
    return this;
  }

  /** How long a connection may take; 3 s unless said. For the client's own HTTP client only. */
  public MaskinportenClientBuilder connectTimeout(Duration time) {
    connectTimeout = positive("connect timeout", time);
    return this;
  }

  /** How long one request may take, its answer included; 5 s unless said. */
  public MaskinportenClientBuilder requestTimeout(Duration time) {
    requestTimeout = positive("request timeout", time);
    return this;
  }

  /**
   * For how long the refusal "Unknown key identifier (kid)" is met with another try every 15 s,
   * because a key was registered just now; not at all unless said.
   */
  public MaskinportenClientBuilder retryUnknownKey(Duration time) {
    retryUnknownKey = notNegative("time to retry an unknown key", time);
    return this;
  }

  /**
   * How long a grant lives, in whole seconds: 1 s to 120 s, and 120 s unless said. Fewer are for a
   * server that refuses grants with "JWT has too long lifetime".
   */
  public MaskinportenClientBuilder grantLife(Duration life) {
    if (life.compareTo(Duration.ofSeconds(1)) < 0 || life.compareTo(JwtGrant.LIFETIME) > 0) {
      throw new IllegalArgumentException("The life of a grant is between 1 s and 120 s.");
    }
    grantLife = life;
    return this;
  }

  /**
   * The HTTP client to use, with its proxy and certificates; it must not follow redirects, and
   * stays the caller's to close.
   */
  public MaskinportenClientBuilder httpClient(HttpClient client) {
    httpClient = client;
    return this;
  }

  /** Whom to tell what the client does. */
  public MaskinportenClientBuilder metrics(ClientMetrics told) {
    metrics = told;
    return this;
  }

  /** What time it is; the system's clock unless said. */
  public MaskinportenClientBuilder clock(InstantSource source) {
    clock = source;
    return this;
  }

  /** How time passes while the client waits; for tests. */
  MaskinportenClientBuilder pacing(Pacing given, RandomGenerator jitter) {
    pacing = given;
    random = jitter;
    return this;
  }

  /**
   * The client. It has not asked anybody yet.
   *
   * @throws IllegalArgumentException when something is missing; the message names all of it
   */
  public MaskinportenClient build() {
    List<String> lacking = new ArrayList<>();
    String id = clientId;
    if (id == null || id.isEmpty()) {
      lacking.add(ClientSettings.named("client-id"));
    }
    GrantKey signing = key;
    if (signing == null) {
      lacking.add(ClientSettings.named("client-jwk") + " or another key");
    }
    if (wellKnownUrl == null && issuer == null) {
      lacking.add(ClientSettings.named("well-known-url") + " or the issuer");
    }
    if (id == null || signing == null || !lacking.isEmpty()) {
      throw new IllegalArgumentException(
          "The Maskinporten client lacks " + String.join("; ", lacking) + ".");
    }
    return new MaskinportenClient(this, id, signing);
  }

  /** What knows the endpoints: these settings, or the metadata. */
  Function<Retries.Deadline, Endpoints> authority(
      Http http, Retries retries, GuardedMetrics told, Executor background) {
    if (issuer != null && tokenEndpoint != null) {
      Endpoints fixed = new Endpoints(issuer, tokenEndpoint);
      return deadline -> fixed;
    }
    URI metadata = wellKnownUrl;
    if (metadata == null) {
      String base = String.valueOf(issuer);
      metadata =
          URI.create(
              base + (base.endsWith("/") ? "" : "/") + ".well-known/oauth-authorization-server");
    }
    return new Authority(
            metadata, issuer, allowPlainHttp, http, retries, told, pacing, clock, background)
        ::endpoints;
  }

  private static Duration positive(String name, Duration time) {
    if (time.isZero()) {
      throw new IllegalArgumentException("The " + name + " is more than nothing.");
    }
    return notNegative(name, time);
  }

  private static Duration notNegative(String name, Duration time) {
    if (time.isNegative() || time.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException("The " + name + " is between nothing and an hour.");
    }
    return time;
  }
}
