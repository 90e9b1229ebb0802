package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.ACCESS;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.CONSUMER;
import static no.portvakt.server.MaskinportenClientFixture.INVALID_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.SCOPE;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.MaskinportenClientFixture.delegation;
import static no.portvakt.server.MaskinportenRows.SOURCE;
import static no.portvakt.server.MaskinportenRows.party;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Contract §1.9: a supplier (brg) acts for a consumer (ttd). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenDelegationTest {
  private static final String SHARED = "digdir:shared.read";
  private static final String SECOND = "digdir:shared.write";
  private static final String ELSEWHERE = "digdir:shared/elsewhere";
  private static final String PLAIN = "digdir:plain.read";
  private static final String OPEN = "digdir:open.read";

  private final TestStore store;
  private final MaskinportenRows rows;
  private final TestStack.Client supplier;

  MaskinportenDelegationTest(@TempDir Path folder) {
    store = TestStore.in(folder);
    rows = MaskinportenRows.in(store);
    supplier = rows.client(BRG, SHARED, SECOND, ELSEWHERE, PLAIN, OPEN);
  }

  @BeforeAll
  void register() {
    Map<String, String> source = Map.of("delegation_source", SOURCE);
    rows.scope(SHARED, source, TTD);
    rows.scope(SECOND, source, TTD);
    rows.scope(ELSEWHERE, Map.of("delegation_source", "https://other.example/"), TTD);
    rows.scope(PLAIN, Map.of(), TTD, BRG);
    rows.scope(OPEN, Map.of("delegation_source", SOURCE, "accessible_for_all", true));
    rows.delegate(SHARED, TTD, BRG);
  }

  @AfterAll
  void stop() {
    rows.close();
  }

  @Test
  void speaksForTheConsumerAndNamesTheSupplier() {
    Map<String, @Nullable Object> claims = rows.accepts(grant(SHARED).claim("consumer_org", TTD));
    assertThat(claims)
        .containsEntry("consumer", party(TTD))
        .containsEntry("supplier", party(BRG))
        .containsEntry("delegation_source", SOURCE);
    assertThat(List.copyOf(claims.keySet()))
        .endsWith("jti", "consumer", "supplier", "delegation_source");
  }

  @Test
  void leavesARecordOfBothParties() {
    Map<String, @Nullable Object> claims = rows.accepts(grant(SHARED).claim("consumer_org", TTD));
    AuditRecords.Stored record =
        AuditRecords.decisions(store.records()).stream()
            .filter(it -> Objects.equals(it.get("jti"), claims.get("jti")))
            .findFirst()
            .orElseThrow();
    assertThat(record.get("organisation")).isEqualTo(TTD);
    assertThat(record.get("supplier")).isEqualTo(BRG);
    assertThat(record.get("delegation_source")).isEqualTo(SOURCE);
    assertThat(record.rule("delegation")).contains("held", TTD, BRG);
    String id =
        rows.refuses(CONSUMER, grant(SHARED).claim("consumer_org", BRG))
            .replaceFirst("(?s).*trace_id: ([0-9a-f]{32}).*", "$1");
    assertThat(AuditRecords.of(store.records(), id).get("reason")).isEqualTo("delegation.consumer");
    assertThat(AuditRecords.of(store.records(), id).get("supplier")).isNull();
  }

  @Test
  void refusesWhatTheConsumerDidNotDelegate() {
    rows.refuses(delegation(TTD, SECOND, BRG), grant(SECOND).claim("consumer_org", TTD));
    rows.refuses(
        delegation(TTD, SECOND, BRG), grant(SHARED + " " + SECOND).claim("consumer_org", TTD));
    rows.refuses(delegation(DIGDIR, OPEN, BRG), grant(OPEN).claim("consumer_org", DIGDIR));
    TestStack.Client third = rows.client(DIGDIR, SHARED);
    rows.refuses(
        delegation(TTD, SHARED, DIGDIR),
        rows.stack().grant(third, SHARED).claim("consumer_org", TTD));
  }

  @Test
  void refusesFromTheMomentADelegationIsTakenBack() {
    rows.delegate(OPEN, TTD, BRG);
    rows.accepts(grant(OPEN).claim("consumer_org", TTD));
    rows.takeBack(OPEN, TTD, BRG);
    rows.refuses(delegation(TTD, OPEN, BRG), grant(OPEN).claim("consumer_org", TTD));
  }

  @Test
  void refusesAConsumerWithoutAccess() {
    rows.delegate(SHARED, DIGDIR, BRG);
    assertThat(rows.refuses(ACCESS, grant(SHARED).claim("consumer_org", DIGDIR)))
        .startsWith(ACCESS.text() + SHARED + ".")
        .doesNotContain("consumer_org");
  }

  // Without consumer_org the supplier acts for itself.
  @Test
  void refusesASupplierThatActsForItselfWithoutAccess() {
    assertThat(rows.refuses(ACCESS, grant(SHARED))).contains("name that one in consumer_org");
    assertThat(rows.accepts(grant(OPEN)))
        .containsEntry("consumer", party(BRG))
        .doesNotContainKey("supplier")
        .doesNotContainKey("delegation_source");
  }

  @Test
  void refusesTheOwnOrganisationAsConsumer() {
    assertThat(rows.refuses(CONSUMER, grant(SHARED).claim("consumer_org", BRG)))
        .contains("client's own organisation");
    rows.refuses(CONSUMER, grant(PLAIN).claim("consumer_org", BRG));
  }

  @Test
  void refusesScopesThatCannotBeDelegatedTogether() {
    assertThat(rows.refuses(CONSUMER, grant(PLAIN).claim("consumer_org", TTD)))
        .contains(PLAIN + " has no delegation source");
    rows.refuses(CONSUMER, grant(SHARED + " " + PLAIN).claim("consumer_org", TTD));
    assertThat(rows.refuses(CONSUMER, grant(SHARED + " " + ELSEWHERE).claim("consumer_org", TTD)))
        .contains("different delegation sources");
  }

  @Test
  void refusesAConsumerThatIsNoOrganisationNumber() {
    for (Object value :
        Arrays.asList("", "0192:" + TTD, "405003308", "40500330", 405003309, null, List.of(TTD))) {
      assertThat(rows.refuses(INVALID_VALUE, grant(SHARED).claim("consumer_org", value)))
          .contains("consumer_org must be a valid organisation number as a string");
    }
  }

  @Test
  void actsOnBehalfOfAnOrganisationThatIsRegisteredOnTheClient() {
    rows.onBehalfOf(supplier, "customer", TTD);
    assertThat(rows.accepts(grant(PLAIN).claim("iss_onbehalfof", "customer")))
        .containsEntry("consumer", party(TTD))
        .containsEntry("supplier", party(BRG))
        .doesNotContainKey("delegation_source");
  }

  @Test
  void refusesToActOnBehalfOfOthers() {
    rows.onBehalfOf(supplier, "poor", DIGDIR);
    rows.onBehalfOf(rows.client(BRG, PLAIN), "theirs", TTD);
    for (String name : List.of("theirs", "Poor", TTD, BRG)) {
      assertThat(rows.refuses(INVALID_VALUE, grant(PLAIN).claim("iss_onbehalfof", name)))
          .contains("not registered on the client");
    }
    rows.refuses(ACCESS, grant(PLAIN).claim("iss_onbehalfof", "poor"));
    rows.refuses(INVALID_VALUE, grant(PLAIN).claim("iss_onbehalfof", 5));
    rows.refuses(INVALID_VALUE, grant(PLAIN).claim("iss_onbehalfof", ""));
  }

  @Test
  void refusesOnBehalfOfTogetherWithDelegation() {
    rows.onBehalfOf(supplier, "both", TTD);
    assertThat(
            rows.refuses(
                INVALID_VALUE,
                grant(SHARED).claim("iss_onbehalfof", "both").claim("consumer_org", TTD)))
        .contains("exclude each other");
    assertThat(rows.refuses(SCOPE, grant(SHARED).claim("iss_onbehalfof", "both")))
        .contains("consumer_org instead");
  }

  private TokenForge grant(String scopes) {
    return rows.stack().grant(supplier, scopes);
  }
}
