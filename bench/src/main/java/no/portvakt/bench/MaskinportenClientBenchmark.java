package no.portvakt.bench;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import no.portvakt.maskinporten.AccessToken;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.TokenRequest;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;

/** A call of the Maskinporten client when the token is there. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MaskinportenClientBenchmark {
  private static final String SCOPE = "altinn:serviceowner/instances.read";
  private static final byte[] ANSWER =
      "{\"access_token\":\"a.b.c\",\"token_type\":\"Bearer\",\"expires_in\":86400,\"scope\":\"a\"}"
          .getBytes(StandardCharsets.UTF_8);

  private final TokenRequest request =
      TokenRequest.builder()
          .scopes(SCOPE, "altinn:serviceowner/instances.write")
          .consumerOrg("974760673")
          .resource("https://tt02.altinn.no")
          .build();
  private @Nullable HttpServer server;
  private @Nullable MaskinportenClient client;

  /** Starts a token endpoint, and gets the tokens. */
  @Setup
  public void start() throws IOException, NoSuchAlgorithmException {
    HttpServer started =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    started.createContext(
        "/token",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, ANSWER.length);
            exchange.getResponseBody().write(ANSWER);
          }
        });
    started.start();
    server = started;
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    KeyPair keys = generator.generateKeyPair();
    String pem =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(keys.getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n";
    MaskinportenClient made =
        MaskinportenClient.builder()
            .clientId("bench")
            .key(GrantKey.ofPem(pem, null, "bench"))
            .issuer("https://test.maskinporten.no/")
            .tokenEndpoint("http://localhost:" + started.getAddress().getPort() + "/token")
            .build();
    for (int i = 0; i < 1_000; i++) { // others, so that the cache is a real one
      AccessToken _ = made.token("altinn:other/" + i);
    }
    client = made;
  }

  /** A request that was made before. */
  @Benchmark
  public @Nullable AccessToken request() {
    MaskinportenClient made = client;
    return made == null ? null : made.token(request);
  }

  /** The same from two threads at once. */
  @Benchmark
  @Threads(2)
  public @Nullable AccessToken requestFromTwoThreads() {
    return request();
  }

  /** A scope by name. */
  @Benchmark
  public @Nullable AccessToken scope() {
    MaskinportenClient made = client;
    return made == null ? null : made.token(SCOPE);
  }

  /** Stops both. */
  @TearDown
  public void stop() {
    if (client != null) {
      client.close();
    }
    if (server != null) {
      server.stop(0);
    }
  }
}
