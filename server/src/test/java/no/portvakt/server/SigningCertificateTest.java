package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyRotation.Listed;
import no.portvakt.server.issuer.KeyRules;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.RuleTrace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A signing key's certificate ends: the key signs on, and it is said in time. */
class SigningCertificateTest {
  private static final Settings.Role ROLE = Settings.Role.AUTHENTICATION;

  private final Path folder;
  private final Database database;
  private final TestClock clock = new TestClock();

  SigningCertificateTest(@TempDir Path folder) {
    this.folder = folder;
    database = TestStore.in(folder.resolve("data")).open();
  }

  @AfterEach
  void close() {
    database.close();
  }

  private PlatformKeys keys(UnaryOperator<Settings> change) {
    Settings settings = change.apply(Settings.development(null, 0));
    AuditLog audit =
        new AuditLog(database, new AuditTable(database), (_, _, _) -> {}, RuleTrace::new);
    return PlatformKeys.of(settings, database, PrivateKeys.master(settings), clock, audit);
  }

  private static UnaryOperator<Settings> from(Path file) {
    Settings.Source source =
        new Settings.Source(
            "files",
            List.of(file),
            null,
            null,
            Map.of(),
            Duration.ofSeconds(30),
            Duration.ofDays(1));
    return TestStack.signing(it ->
        new Settings.Signing(
            it.algorithms(),
            it.keysMaxAge(),
            it.skew(),
            it.together(),
            it.rotateAfter(),
            it.standby(),
            source));
  }

  private SigningKeyFile endingIn(Duration left) {
    return SigningKeyFile.of(
        "RSA2048", TestClock.START.minusSeconds(60), TestClock.START.plus(left));
  }

  @Test
  void saysOnceThatACertificateEndsAndSignsOnAfterIt() {
    SigningKeyFile file = endingIn(Duration.ofDays(30).plusSeconds(1));
    try (LogLines log = LogLines.of(PlatformKeys.class);
        PlatformKeys keys = keys(from(file.writePem(folder.resolve("key.pem"))))) {
      keys.tend(ROLE);
      assertThat(keys.rotation(ROLE).certificateEnding()).isEmpty();
      assertThat(log.containing("certificate")).isEmpty();
      for (Duration time :
          List.of(Duration.ofSeconds(1), Duration.ofDays(7), Duration.ofDays(40))) {
        clock.advance(time);
        keys.tend(ROLE);
        assertThat(keys.rotation(ROLE).certificateEnding())
            .extracting(it -> it.key().kid())
            .containsExactly(file.keyId());
        assertThat(Objects.requireNonNull(keys.ring(ROLE).keys().active()).keyId())
            .isEqualTo(file.keyId());
      }
      assertThat(log.containing("certificate"))
          .singleElement()
          .asString()
          .startsWith("WARN ")
          .contains(file.keyId(), "ends at 2026-04-01T10:15:31Z");
    }
  }

  @Test
  void showsWhatEachCertificateHasLeft() {
    SigningKeyFile file = endingIn(Duration.ofDays(10));
    try (TestStack stack = TestStack.start(from(file.writePem(folder.resolve("key.pem"))))) {
      assertThat(stack.get("/metrics").body())
          .contains(
              "portvakt_signing_certificate_left_authentication_seconds{kid=\""
                  + file.keyId()
                  + "\",state=\"active\"} 863999.25")
          .contains("portvakt_signing_certificate_left_maskinporten_seconds{kid=");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rotatesInTimeThoughAsRarelyAsTheSettingsAllow(boolean standby) {
    Duration maxAge = Duration.ofDays(7);
    Duration skew = Duration.ofMinutes(10);
    Duration longest = KeyRules.longestUse(maxAge, skew, standby);
    UnaryOperator<Settings> rarely =
        TestStack.signing(it ->
            new Settings.Signing(
                List.of("ES256"), maxAge, skew, it.together(), longest, standby, null));
    try (PlatformKeys keys = keys(rarely)) {
      keys.tend(ROLE);
      String before = current(keys);
      for (int rotation = 0; rotation < 4; rotation++) {
        for (Duration time : List.of(longest, maxAge.plus(skew))) {
          clock.advance(time);
          keys.tend(ROLE);
          assertThat(keys.rotation(ROLE).certificateEnding()).isEmpty();
        }
        assertThat(current(keys)).isNotEqualTo(before);
        before = current(keys);
      }
    }
  }

  private static String current(PlatformKeys keys) {
    return keys.rotation(ROLE).list().stream()
        .filter(it -> it.state().equals("current"))
        .map(Listed::key)
        .map(it -> it.kid())
        .reduce((one, other) -> one + " " + other)
        .orElse("");
  }
}
