package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.EXPIRED_KEY;
import static no.portvakt.server.MaskinportenClientFixture.SCOPE;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.certificates.TestOrder;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys that end within 30 days are announced before their clients fail. */
class MaskinportenKeyExpiryTest {
  private static final String HEADER = "Portvakt-Key-Expires";
  private static final String NAME = "digdir:expiry.read";

  private final TestStore store;
  private final Path anchors;

  MaskinportenKeyExpiryTest(@TempDir Path folder) {
    store = TestStore.in(folder.resolve("data"));
    anchors = folder.resolve("anchors.pem");
  }

  @Test
  void warnsDuringTheLastThirtyDays() {
    try (MaskinportenRows rows = rows()) {
      Instant expires = Instant.parse("2026-04-01T10:15:30.750Z");
      TestStack.Client client = rows.client(BRG, Map.of(), expires, NAME);
      assertThat(expires).isEqualTo(TestClock.START.plus(Duration.ofDays(30)));
      assertThat(ask(rows, client).headers().firstValue(HEADER)).isEmpty();
      rows.stack().clock().advance(Duration.ofMillis(1));
      assertThat(ask(rows, client).headers().firstValue(HEADER))
          .contains("Wed, 01 Apr 2026 10:15:30 GMT");
      assertThat(rows.stack().get("/metrics").body())
          .contains("portvakt_tokens_for_ending_keys_total{proof=\"private_key_jwt\"} 1.0")
          .contains("{proof=\"virksomhetssertifikat\"} 0.0");
    }
    List<AuditRecords.Stored> records = AuditRecords.decisions(store.records());
    assertThat(records.get(0).get("client_key_expires")).isNull();
    assertThat(records.get(1).get("client_key_expires")).isEqualTo("2026-04-01T10:15:30.750Z");
  }

  @Test
  void warnsOfNothingWhenNoTokenIsGiven() {
    try (MaskinportenRows rows = rows()) {
      Instant soon = TestClock.START.plusSeconds(60);
      TestStack.Client client = rows.client(BRG, Map.of(), soon, NAME);
      TokenForge other = rows.stack().grant(client, "digdir:other");
      HttpResponse<String> refused = rows.stack().requestToken(other.compact());
      MaskinportenClientFixture.assertRefused(rows.stack(), refused, SCOPE);
      assertThat(refused.headers().firstValue(HEADER)).isEmpty();
      rows.stack().clock().advance(Duration.ofMinutes(1));
      HttpResponse<String> late =
          rows.stack().requestToken(rows.stack().grant(client, NAME).compact());
      MaskinportenClientFixture.assertRefused(rows.stack(), late, EXPIRED_KEY);
      assertThat(late.headers().firstValue(HEADER)).isEmpty();
      assertThat(rows.stack().get("/metrics").body())
          .contains("portvakt_tokens_for_ending_keys_total{proof=\"private_key_jwt\"} 0.0");
    }
  }

  @Test
  void countsTheKeysOfActiveClientsThatEndSoon() {
    try (MaskinportenRows rows = rows()) {
      assertThat(rows.stack().get("/metrics").body()).contains("portvakt_client_keys_ending 0.0");
      for (Duration left :
          List.of(
              Duration.ofMillis(-1), // ended
              Duration.ZERO,
              Duration.ofDays(29),
              Duration.ofDays(30),
              Duration.ofDays(300))) {
        rows.client(BRG, Map.of(), TestClock.START.plus(left), NAME);
      }
      rows.tables().clients().add(new ClientRow("asleep", BRG, null, false, "{}", 0, 0));
      rows.tables()
          .clients()
          .putKeys(
              "asleep",
              rows.tables().clients().keys(rows.client(BRG, NAME).id()).stream()
                  .map(key ->
                      new KeyRow(
                          key.kid(),
                          key.jwk(),
                          0,
                          TestClock.START.plus(Duration.ofDays(1)).toEpochMilli()))
                  .toList());
    }
    // It is counted at the start and once an hour.
    try (TestStack again = TestStack.start(store.settings())) {
      assertThat(again.get("/metrics").body()).contains("portvakt_client_keys_ending 2.0");
    }
  }

  // Whichever certificate of the path ends first, the client's grants are refused from then on.
  @Test
  void warnsOfCertificatesThatEndSoon() {
    TestAuthority root = TestOrder.root("Test Root CA");
    TestOrder.writeAnchors(anchors, root);
    Instant begun = TestClock.START.minus(Duration.ofDays(30));
    Instant tenDays = TestClock.START.plus(Duration.ofDays(10));
    TestAuthority old =
        TestAuthority.of(TestOrder.of(TestStack.DIGDIR).valid(begun, tenDays).authority().by(root));
    Instant days29 = TestClock.START.plus(Duration.ofDays(29));
    try (MaskinportenRows rows =
        rows(it -> TestStack.withMaskinporten(it, own -> own.withFiles(anchors, null)))) {
      TestStack.Client client = rows.client(BRG, NAME);
      rows.tables().clients().putKeys(client.id(), List.of());
      assertThat(expires(rows, client, TestOrder.of(BRG).by(root))).isEmpty();
      assertThat(metrics(rows)).contains("{proof=\"virksomhetssertifikat\"} 0.0");
      assertThat(expires(rows, client, TestOrder.of(BRG).valid(begun, days29).by(root)))
          .contains("Tue, 31 Mar 2026 10:15:30 GMT");
      assertThat(metrics(rows)).contains("{proof=\"virksomhetssertifikat\"} 1.0");
      assertThat(expires(rows, client, TestOrder.of(BRG).by(old)))
          .contains("Thu, 12 Mar 2026 10:15:30 GMT");
      assertThat(metrics(rows))
          .contains("{proof=\"virksomhetssertifikat\"} 2.0")
          .contains("{proof=\"private_key_jwt\"} 0.0");
    }
    assertThat(AuditRecords.decisions(store.records()).getLast().get("client_key_expires"))
        .isEqualTo("2026-03-12T10:15:30Z");
  }

  private static Optional<String> expires(
      MaskinportenRows rows, TestStack.Client client, Issued issued) {
    TestStack.Client same = new TestStack.Client(client.id(), TestOrder.rsaKey(issued));
    TokenForge grant =
        rows.stack().grant(same, NAME).withoutHeader("kid").header("x5c", issued.x5c());
    HttpResponse<String> answer = rows.stack().requestToken(grant.compact());
    MaskinportenClientFixture.claims(answer);
    return answer.headers().firstValue(HEADER);
  }

  private static String metrics(MaskinportenRows rows) {
    return rows.stack().get("/metrics").body();
  }

  private MaskinportenRows rows() {
    return rows(it -> it);
  }

  private MaskinportenRows rows(UnaryOperator<Settings> change) {
    MaskinportenRows rows = MaskinportenRows.in(store, change);
    rows.scope(NAME, Map.of(), BRG);
    return rows;
  }

  private static HttpResponse<String> ask(MaskinportenRows rows, TestStack.Client client) {
    HttpResponse<String> answer =
        rows.stack().requestToken(rows.stack().grant(client, NAME).compact());
    MaskinportenClientFixture.claims(answer);
    return answer;
  }
}
