package no.portvakt.server;

import static no.portvakt.server.TestStack.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import no.portvakt.server.Settings.Role;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyRotation;
import no.portvakt.server.issuer.KeyRotation.Mode;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Rotations while verifiers work that keep the key set exactly as long as they may and never ask
 * for an unknown key. Not the node that signs rotates, but a command or another node beside it.
 */
class RotationUnderLoadTest {
  private static final int VERIFIERS = 3;
  private static final Duration MAX_AGE = Duration.ofSeconds(2);

  /** In a folder nobody announces a change: it is seen at the next look, within two seconds. */
  private static final Duration SKEW = Duration.ofSeconds(TestPostgres.CHOSEN ? 1 : 3);

  private static final Duration ROTATE_AFTER = Duration.ofSeconds(4);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern KEPT = Pattern.compile("max-age=(\\d+)");

  private final Set<String> signers = ConcurrentHashMap.newKeySet();
  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final AtomicLong verified = new AtomicLong();
  private volatile boolean ended;
  private volatile boolean old = true;

  @Test
  void breaksNoVerifierUnlessItIsAnEmergency(@TempDir Path folder) throws Exception {
    TestStore store = TestStore.in(folder);
    try (RemoteIssuer remote = RemoteIssuer.start();
        Server server = Server.start(settings(remote, store, Duration.ofDays(90)));
        HttpClient http = HttpClient.newHttpClient()) {
      String proof = proof(remote);
      List<Thread> verifiers = new ArrayList<>();
      for (int i = 0; i < VERIFIERS; i++) {
        verifiers.add(Thread.ofPlatform().start(() -> verify(http, server.port(), proof)));
      }
      try {
        eventually("a first token", () -> signers.size() == 1);
        rotateByCommand(remote, store);
        rotateByAge(remote, store);
        assertThat(failures).isEmpty();
        assertThat(signers).hasSizeGreaterThanOrEqualTo(5);
        breakInAnEmergency(remote, store);
      } finally {
        ended = true;
        for (Thread verifier : verifiers) {
          verifier.join();
        }
      }
    }
  }

  private void rotateByCommand(RemoteIssuer remote, TestStore store) {
    try (Database database = store.open();
        PlatformKeys keys = keys(settings(remote, store, Duration.ofDays(90)), database)) {
      for (int i = 0; i < 2; i++) {
        int before = signers.size();
        keys.rotation(Role.AUTHENTICATION).rotate("ES256", Mode.SCHEDULED, false);
        eventually("a token of the next key", () -> signers.size() > before);
        keys.tend(Role.AUTHENTICATION);
      }
    }
  }

  private void rotateByAge(RemoteIssuer remote, TestStore store) {
    int before = signers.size();
    try (Database database = store.open();
        PlatformKeys keys = keys(settings(remote, store, ROTATE_AFTER), database)) {
      eventually(
          "two rotations by age",
          () -> {
            keys.tend(Role.AUTHENTICATION);
            return signers.size() >= before + 2;
          });
    }
  }

  private void breakInAnEmergency(RemoteIssuer remote, TestStore store) {
    try (Database database = store.open();
        PlatformKeys keys = keys(settings(remote, store, Duration.ofDays(90)), database)) {
      KeyRotation rotation = keys.rotation(Role.AUTHENTICATION);
      old = false; // its tokens are refused from now on, and are meant to be
      long tokens = verified.get();
      eventually("no old token is looked at", () -> verified.get() > tokens + 10 * VERIFIERS);
      rotation.rotate("ES256", Mode.EMERGENCY, false);
      List<String> steps = rotation.rotate("ES256", Mode.EMERGENCY, false); // of a key unknown yet
      assertThat(steps).anyMatch(step -> step.startsWith("Breaks: a verifier that keeps an older"));
      eventually("a verifier with an older key set refuses", () -> !failures.isEmpty());

      Instant well = Instant.now().plus(MAX_AGE).plus(SKEW);
      eventually("every key set is newer", () -> Instant.now().isAfter(well));
      int broken = failures.size();
      long before = verified.get();
      eventually("tokens are verified again", () -> verified.get() > before + 20 * VERIFIERS);
      assertThat(failures).hasSize(broken);
    }
  }

  private void verify(HttpClient http, int port, String proof) {
    Map<String, VerificationKey> kept = Map.of();
    Map<String, CompactJws> earlier = new HashMap<>();
    long until = 0;
    while (!ended) {
      try {
        HttpResponse<String> answer = get(http, port, TestStack.EXCHANGE, proof);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        CompactJws token = CompactJws.parse(answer.body());
        long now = System.nanoTime();
        if (now >= until) {
          HttpResponse<String> set = get(http, port, TestStack.DISCOVERY + "/jwks", null);
          kept = keys(set.body());
          Matcher age = KEPT.matcher(set.headers().firstValue("Cache-Control").orElse(""));
          assertThat(age.find()).isTrue();
          until = now + Duration.ofSeconds(Long.parseLong(age.group(1))).toNanos();
        }
        String signer = String.valueOf(token.keyId());
        earlier.putIfAbsent(signer, token);
        check(kept, token);
        if (old) {
          for (CompactJws one : earlier.values()) {
            check(kept, one);
          }
        }
        signers.add(signer);
      } catch (Exception | AssertionError e) {
        failures.add(e.toString());
        return;
      }
    }
  }

  private void check(Map<String, VerificationKey> kept, CompactJws token) {
    VerificationKey key = kept.get(token.keyId());
    if (key == null) {
      failures.add(token.keyId() + " is unknown at " + Instant.now() + ", known " + kept.keySet());
    } else if (!key.verifies(token, "ES256")) {
      failures.add(token.keyId() + " did not sign");
    } else {
      verified.incrementAndGet();
    }
  }

  private static Map<String, VerificationKey> keys(String set) throws java.text.ParseException {
    Map<String, VerificationKey> keys = new HashMap<>();
    for (VerificationKey key : VerificationKey.fromJwkSet(set)) {
      keys.put(String.valueOf(key.keyId()), key);
    }
    return keys;
  }

  private static HttpResponse<String> get(
      HttpClient http, int port, String path, @Nullable String token) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).timeout(PATIENCE);
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private static String proof(RemoteIssuer remote) {
    TestClock now = new TestClock();
    now.advance(Duration.between(TestClock.START, Instant.now()));
    return remote.token(now).compact();
  }

  private static PlatformKeys keys(Settings settings, Database database) {
    AuditLog audit =
        new AuditLog(database, new AuditTable(database), (_, _, _) -> {}, RuleTrace::new);
    return PlatformKeys.of(
        settings, database, PrivateKeys.master(settings), InstantSource.system(), audit);
  }

  private static Settings settings(RemoteIssuer remote, TestStore store, Duration rotateAfter) {
    Settings trusting = TestStack.trusting(remote.trusted()).apply(Settings.development(null, 0));
    return Addresses.withPort(
        TestStack.signing(it ->
                new Settings.Signing(
                    List.of("ES256"), MAX_AGE, SKEW, it.together(), rotateAfter, true, null))
            .apply(store.settings().apply(trusting)));
  }
}
