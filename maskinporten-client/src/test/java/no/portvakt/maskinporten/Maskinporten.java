package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.ScriptedServer.json;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import no.portvakt.maskinporten.ScriptedServer.Seen;

/** A scripted Maskinporten and platform, with a client of it whose time stands still. */
final class Maskinporten implements AutoCloseable {
  static final String TOKEN = "/token";
  static final String METADATA = "/.well-known/oauth-authorization-server";
  static final String EXCHANGE = "/authentication/api/v1/exchange/maskinporten";
  static final String CLIENT = "d395043f-19de-48f7-9ea7-9e38c96b5472";
  static final RSAKey KEY = newKey();

  final ScriptedServer server = new ScriptedServer();
  final TestClock clock = new TestClock();
  final TestPacing pacing = new TestPacing();

  Maskinporten() {
    server.at(METADATA, metadata(issuer()));
  }

  static RSAKey newKey() {
    try {
      return new RSAKeyGenerator(2048).keyID("key-1").generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  String issuer() {
    return server.base() + "/";
  }

  ScriptedServer.Reply metadata(String issuer) {
    return json(200, Map.of("issuer", issuer, "token_endpoint", server.base() + TOKEN));
  }

  /** Settings of a client by metadata. */
  MaskinportenClientBuilder builder() {
    return MaskinportenClient.builder()
        .clientId(CLIENT)
        .key(GrantKey.ofJwk(KEY.toJSONString()))
        .wellKnownUrl(server.base() + METADATA)
        .platformUrl(server.base())
        .clock(clock)
        .pacing(pacing, () -> 0);
  }

  /** The token requests so far. */
  List<Seen> requests() {
    return server.seen(TOKEN);
  }

  /** Waits for what another thread is about to do. */
  static void eventually(BooleanSupplier holds) {
    long end = System.nanoTime() + TimeUnit.NANOSECONDS.convert(Duration.ofSeconds(30));
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("This does not become true.");
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
